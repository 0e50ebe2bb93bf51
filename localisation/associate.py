"""Which arrivals belong to one shot: search places that explain them, best first, each arrival used once.

What is searched are *signals*: single arrivals, or the aligned arrivals of a burst (`localisation.rhythm`). A place
and a discharge time predict when the direct sound reaches each station; a station then speaks for them if a signal is
there, against them if not, and against them if a good signal came *before*: nothing outruns the direct sound. A
signal that follows a good one at its station may be its echo and weighs less.

Each signal is tried as direct sound. The ground around its station is searched by branch and bound: a cell is halved
while the best that its places could score is still worth it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from localisation.field import Field, Ways
from localisation.likelihood import wrapped
from localisation.starts import spaced
from localisation.tables import Bounds, Profile

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
SECTOR_RAD = math.radians(25.0)  # to each side of a bearing, in which places are sought
REACH_S = 4.0  # two arrivals further apart in time do not compete for one shot
POINTED = 2.0  # log odds that a bearing adds where it points to the place
BEARING_RAD = math.radians(3.0)  # added to a bearing's own σ
AGREE = 2.5  # standard deviations within which a bearing agrees with a place
APART_M = 48.0  # places closer than this are one
PLACES = 4  # that are judged for one signal
LEAST_WORTH = 0.6  # of a signal that is tried as direct sound
QUARTERS = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How places are searched; log-odds unless a unit says otherwise.

    `hearing_m`: a station further off cannot have heard it; `kernel_s`: spread of a signal about its prediction;
    `finest_m`: side of the smallest cells; `beam`: cells kept a halving; `certain`: worth of a loud first arrival;
    `snr_db`, `snr_scale_db`: where an arrival is as likely direct sound as not, and how fast that changes; `echo_s`:
    how long after a signal its echoes come; `echo`: share of its worth that a signal loses to an equally good one
    before; what follows an *explained* signal within `tail_s` keeps a share `tail`, or `tail_weak` where it is
    `weaker_db` weaker; `early`: cost of a good signal before the predicted one; `least`: score of a shot, `stations`:
    that must speak for it, `bare`: what it costs when no more do, and again when only two do; `margin`: within which
    another place for the same signals makes the shot ambiguous.
    """

    hearing_m: float = 1100.0
    kernel_s: float = 0.008
    finest_m: float = 4.0
    beam: int = 64
    certain: float = 5.0
    snr_db: float = 12.0
    snr_scale_db: float = 4.0
    echo_s: float = 0.5
    echo: float = 0.6
    tail_s: float = 1.0
    weaker_db: float = 5.0
    tail: float = 0.5
    tail_weak: float = 0.3
    early: float = 1.0
    least: float = 6.0
    bare: float = 2.0
    stations: int = 3
    margin: float = 1.5


@dataclass(frozen=True, slots=True)
class Signals:
    """N signals, (N,) each: station, time s, SNR dB, weight 0 to 1 to be direct sound, bearing and its σ rad or NaN."""

    station: Index
    time: Array
    snr_db: Array
    weight: Array
    azimuth: Array
    azimuth_sigma: Array


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A place (2,) m and a discharge time s, its score, and the signal of each station that speaks for it (or −1).

    `rivals`: other places (2,) m that use some of these signals and score nearly as well.
    """

    place: Array
    time: float
    score: float
    matched: Index
    rivals: tuple[Array, ...] = ()

    @property
    def signals(self) -> Index:
        """The signals that speak for it."""
        return self.matched[self.matched >= 0]


def weights(snr_db: Array, search: Search) -> Array:
    """How likely an arrival of this signal-to-noise ratio is direct sound, before its neighbours are looked at."""
    return 1 / (1 + np.exp(-(snr_db - search.snr_db) / search.snr_scale_db))


def firsts(signals: Signals, search: Search) -> Array:
    """Weight (N,) of the best signal that came before each one at its station, within the time that echoes take."""
    best = np.zeros(len(signals.time))
    for station in np.unique(signals.station):
        own = np.flatnonzero(signals.station == station)
        gap = signals.time[own][:, None] - signals.time[own][None]
        before = (gap > 0.006) & (gap < search.echo_s)
        best[own] = np.where(before, signals.weight[own][None], 0.0).max(axis=1, initial=0.0)
    return best


class Associator:
    """Explains a set of signals by shots, best first."""

    def __init__(self, field: Field, signals: Signals, search: Search) -> None:
        self.field, self.signals, self.search = field, signals, search
        count = len(signals.time)
        self.free = np.ones(count, dtype=bool)
        self._faith = np.ones(count)  # share of a signal's worth that is left after echoes are explained
        self._told = np.ones(count)
        self._before = firsts(signals, search)
        self._pointed = np.isfinite(signals.azimuth)
        self._hopeless = np.zeros(count, dtype=bool)  # what bounds have ruled out stays so: a score only falls
        self._known: dict[int, tuple[Hypothesis, ...]] = {}  # by anchor, best first
        self._stale: set[int] = set()  # known to give nothing, before others were explained
        self._order = np.argsort(signals.time, kind="stable")
        self._ordered = signals.time[self._order]
        span = (float(signals.time.min()), float(signals.time.max())) if count else (0.0, 0.0)
        self._bounds = Bounds(field.count, span)
        self._profile = Profile(field.count, span)
        self._worth = np.zeros(count)
        self._tell(range(field.count))

    def _tell(self, stations: Sequence[int] | range) -> None:
        """Tabulate anew what these stations say."""
        s, search = self.signals, self.search
        self._worth = search.certain * s.weight * (1 - search.echo * self._before) * self._faith
        value = self._worth + np.where(self._pointed, POINTED, 0.0)
        first = s.weight * (1 - self._before) * self._faith
        for k in stations:
            own = np.flatnonzero((s.station == k) & self.free)
            self._profile.fill(k, s.time[own], value[own], first[own], search.kernel_s, search.echo_s)
        self._bounds.fill(stations, self._profile)

    def use(self, taken: Sequence[int]) -> None:
        """Take signals out: they are explained, and with them much of what follows as an echo would.

        What was found far from them in time stays known.
        """
        if not len(taken):
            return
        s = self.signals
        for i in taken:
            late = s.time - s.time[i]
            echoes = (s.station == s.station[i]) & (late > 0) & (late < self.search.tail_s)
            weak = s.snr_db[echoes] < s.snr_db[i] - self.search.weaker_db
            self._faith[echoes] *= np.where(weak, self.search.tail_weak, self.search.tail)
        self.free[list(taken)] = False
        self._tell(sorted(set(s.station[list(taken)].tolist())))
        self._forget(list(taken))

    def _forget(self, taken: list[int]) -> None:
        """What was found near signals that are now used is found again, or weighed again where it used none of them."""
        s, places = self.signals, self.field.places[:, :2]
        touched = (self._faith < self._told) | ~self.free
        self._told = self._faith.copy()
        middle = places[s.station[taken]].mean(axis=0)
        low, high = s.time[taken].min() - REACH_S, s.time[taken].max() + REACH_S
        for i, known in list(self._known.items()):
            if not low <= s.time[i] <= high or math.dist(places[s.station[i]], middle) > 3 * self.field.hearing_m:
                continue
            if not known:
                self._stale.add(i)  # something may now be found where these signals came before
            elif touched[known[0].signals].any():
                del self._known[i]
            else:
                self._known[i] = _ranked(self.judge(h.place - self.field.centre[:2], h.time) for h in known)

    def best(self, begin: Mask) -> Hypothesis | None:
        """The best shot with a free signal marked in `begin` (N,), or None where none is good enough."""
        found = self._best(begin)
        while found is None and self._stale:
            for i in self._stale:
                self._known.pop(i, None)
            self._stale = set()
            found = self._best(begin)
        return None if found is None else replace(found, rivals=self._rivals(found))

    def _best(self, begin: Mask) -> Hypothesis | None:
        order = np.argsort(-self._worth, kind="stable")
        order = order[self.free[order] & begin[order] & (self._worth[order] >= LEAST_WORTH) & ~self._hopeless[order]]
        done = np.zeros(len(self.free), dtype=bool)
        found: Hypothesis | None = None
        for i in order.tolist():
            if done[i]:
                continue
            if i not in self._known:
                self._known[i] = self._from(i)
            if not self._known[i] or self._known[i][0].score < self.search.least:
                continue
            hypothesis = self._known[i][0]
            done[hypothesis.signals] = True
            if found is None or hypothesis.score > found.score:
                found = hypothesis
        return found

    def _rivals(self, found: Hypothesis) -> tuple[Array, ...]:
        others = [h for known in self._known.values() for h in known if h.score > found.score - self.search.margin]
        chosen: list[Array] = []
        for h in sorted(others, key=lambda h: -h.score):
            apart = all(math.dist(h.place, p) > APART_M for p in (found.place, *chosen))
            if apart and np.isin(h.signals, found.signals).any():
                chosen.append(h.place)
        return tuple(chosen)

    def _from(self, anchor: int) -> tuple[Hypothesis, ...]:
        """The places that explain the anchor as direct sound, best first."""
        cell, root = self._search(anchor)
        if not len(cell):
            self._hopeless[anchor] = True
            return ()
        score, early, discharge = self._score(anchor, cell, root)
        if score.max() < self.search.least:
            self._hopeless[anchor] = True
            return ()
        return _ranked(self.judge(cell[i], float(discharge[i])) for i in spaced(cell, early - score, APART_M, PLACES))

    def _search(self, anchor: int) -> tuple[Single, Index]:
        """The smallest cells (P, 2) that may be worth it, and the coarsest ones that they lie in; none if none can."""
        root = self.field.around(int(self.signals.station[anchor]))
        cell, side = self.field.roots[root], self.field.root_m
        while side > self.search.finest_m:
            near = self._within(anchor, cell, side)
            bound = self._bound(anchor, cell[near], root[near], side / math.sqrt(2))
            keep = np.flatnonzero(bound >= self.search.least)
            if len(keep) > self.search.beam:
                keep = keep[np.argsort(-bound[keep], kind="stable")[: self.search.beam]]
            side /= 2
            cell = (cell[near[keep]][:, None] + np.float32(side) * QUARTERS).reshape(-1, 2)
            root = np.repeat(root[near[keep]], 4)
        return cell, root

    def _within(self, anchor: int, cell: Single, side: float) -> Index:
        """The cells that the anchor's bearing points to; all of them where it has none."""
        azimuth = float(self.signals.azimuth[anchor])
        if math.isnan(azimuth):
            return np.arange(len(cell))
        way = cell - self.field.places[self.signals.station[anchor], :2]
        away = np.hypot(way[:, 0], way[:, 1])
        half = np.arcsin(np.minimum(side / math.sqrt(2) / np.maximum(away, 1e-6), 1.0))
        off = np.abs(wrapped(np.arctan2(way[:, 0], way[:, 1]) - azimuth))
        return np.flatnonzero((off <= SECTOR_RAD + half) | (away < side))

    def _bound(self, anchor: int, cell: Single, root: Index, radius: float) -> Single:
        """More than any place within `radius` of the cells (P, 2) can score."""
        ways, own, discharge = self._ways(anchor, cell, root)
        across = np.hypot(ways.east - own.east, ways.north - own.north)
        bend = np.float32(radius) / np.maximum(np.minimum(ways.metres, own.metres), np.float32(radius))
        wide = np.minimum(across + bend, np.float32(2.0)) * np.float32(radius / self.field.air[0])
        hit, miss = self.field.odds(ways.metres, radius)
        says = self._bounds.most(ways.station, discharge + ways.seconds, wide)
        return np.asarray(np.maximum(says + hit, miss).sum(axis=1))

    def _score(self, anchor: int, cell: Single, root: Index) -> tuple[Single, Single, Single]:
        """What stations say for and against places (P, 2), bearings taken for granted; what came before; discharge."""
        ways, _, discharge = self._ways(anchor, cell, root)
        hit, miss = self.field.odds(ways.metres)
        match, early = self._profile.at(ways.station, discharge + ways.seconds)
        before = self.search.early * (early * (ways.metres < self.field.far_m)).sum(axis=1)
        return np.maximum(match + hit, miss).sum(axis=1), before, discharge[:, 0]

    def _ways(self, anchor: int, cell: Single, root: Index) -> tuple[Ways, Ways, Single]:
        """From cells to the stations around and to the anchor's, the discharge times (P, 1) it gives."""
        ways = self.field.ways(cell, self.field.near[root])
        own = self.field.ways(cell, np.full((len(cell), 1), self.signals.station[anchor]))
        return ways, own, np.float32(self.signals.time[anchor]) - own.seconds

    def judge(self, place: Single, time: float) -> Hypothesis | None:
        """Which signal of each station answers a place (relative to the field's centre) and time, bearings included;
        None where too few do: two stations suffice where both have bearings, and they agree.
        """
        stations = np.arange(self.field.count)
        ways = self.field.ways(np.asarray(place, dtype=np.float32)[None], stations[None])
        predicted = time + ways.seconds[0].astype(np.float64)
        hit, miss = (row[0] for row in self.field.odds(ways.metres))
        near = ways.metres[0] < self.field.far_m
        some, value, agree = self._answers(predicted, near, np.arctan2(-ways.east[0], -ways.north[0]))
        matched, says = np.full(len(stations), -1, dtype=np.intp), miss.astype(np.float64)
        for i in np.lexsort((some, value)).tolist():  # the best of a station comes last
            k = self.signals.station[some[i]]
            if value[i] + hit[k] > miss[k]:
                matched[k], says[k] = some[i], value[i] + hit[k]
        pointing = int(agree[np.isin(some, matched)].sum())
        _, early = self._profile.at(stations, predicted)
        total = float(says.sum() - self.search.early * (early * near).sum())
        speaking = int((matched >= 0).sum())
        if speaking < self.search.stations and not (speaking == 2 == pointing):
            return None
        if speaking <= self.search.stations:
            total -= self.search.bare * (self.search.stations + 1 - speaking)
        return Hypothesis(self.field.centre[:2] + place, time, total, matched)

    def _answers(self, predicted: Array, near: Mask, azimuth: Array) -> tuple[Index, Array, Mask]:
        """The free signals near the times predicted at the stations (K,): what each is worth, and whether its bearing
        agrees with the azimuth from its station to the place.
        """
        s, room = self.signals, 4 * self.search.kernel_s
        low = np.searchsorted(self._ordered, predicted[near].min(initial=math.inf) - room)
        high = np.searchsorted(self._ordered, predicted[near].max(initial=-math.inf) + room)
        some = self._order[low:high]
        some = some[self.free[some] & near[s.station[some]]]
        off = s.time[some] - predicted[s.station[some]]
        some, off = some[np.abs(off) < room], off[np.abs(off) < room]
        turn = wrapped(s.azimuth[some] - azimuth[s.station[some]]) / np.hypot(s.azimuth_sigma[some], BEARING_RAD)
        pointed = np.where(self._pointed[some], POINTED - 0.5 * np.minimum(turn**2, 25.0), 0.0)
        return some, self._worth[some] - 0.5 * (off / self.search.kernel_s) ** 2 + pointed, np.abs(turn) < AGREE


def _ranked(judged: Iterable[Hypothesis | None]) -> tuple[Hypothesis, ...]:
    return tuple(sorted((h for h in judged if h is not None), key=lambda h: -h.score))

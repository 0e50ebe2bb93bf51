"""Which arrivals belong to one shot: places that explain them, best first, each arrival used once.

What is searched are *signals*: single arrivals, or the aligned arrivals of a burst (`localisation.rhythm`). A place
and a discharge time predict when the direct sound reaches each station; a station then speaks for them if a signal is
there, against them if not, and against them if a good signal came *before*: nothing outruns the direct sound. A
signal that follows a good one at its station may be its echo and weighs less.

The places that are tried are those that three signals, or a bearing and two, give in closed form
(`localisation.candidates`); all are scored at once, and the best of each first signal are refined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from localisation.candidates import YEAR_S, Heard, candidates
from localisation.field import Field, Ways
from localisation.likelihood import wrapped
from localisation.search import Search
from localisation.starts import spaced
from localisation.tables import COARSE, Profile

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
SHORTEST_S = 4.0  # in which a rate of strangers is told
SAME_S = 0.006  # what comes sooner after a signal is not its echo
POINTED = 2.0  # log odds that a bearing adds where it points to the place
BEARING_RAD = math.radians(3.0)  # added to a bearing's own σ
AGREE = 2.5  # standard deviations within which a bearing agrees with a place
APART_M = 48.0  # places closer than this are one
LEAST_WORTH = 0.6  # of a signal that is tried as the first of a shot
PLACES = 3  # that are refined for one first signal
SLACK = (7.0, 4.0)  # by which a place may miss the least score before it is refined, and after: others may go first
BLOCK = 4096  # places that are scored at once
HIDDEN = 0.0  # worth of a sound that another one hides
TOUCH_S = 0.1  # more than a signal speaks before and after itself
STEP_M = 40.0  # that a refinement may move a place
ROUNDS = 2
MIXED, LOOSE_S = 6, 0.009  # signals, and their spread about one place, from which they may be of two shots
OVERLAP_S, OVERLAP_M, TRIED = 0.4, 20.0, 6  # two shots that overlap: how near in time, how far apart, places tried


@dataclass(frozen=True, slots=True)
class Signals:
    """N signals, (N,) each: station, time s, SNR dB, weight 0 to 1 to be direct sound, bearing and its σ rad or NaN.

    `sound`: signals of one number are the same sound, of which only one time is right: none is another's echo.
    """

    station: Index
    time: Array
    snr_db: Array
    weight: Array
    azimuth: Array
    azimuth_sigma: Array
    sound: Index


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A place (2,) m and a discharge time s, its score, and the signals that speak for it, one a station.

    `rivals`: other places (2,) m that use half of these signals and score nearly as well.
    """

    place: Array
    time: float
    score: float
    signals: Index
    rivals: tuple[Array, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What M stations say to P places: score (P,), signals (P, M) that speak for each or −1, the way to them, and how
    late the signals are, s.
    """

    score: Array
    which: Index
    ways: Ways
    late: Array


def weights(snr_db: Array, search: Search) -> Array:
    """How likely an arrival of this signal-to-noise ratio is direct sound, before its neighbours are looked at."""
    return 1 / (1 + np.exp(-(snr_db - search.snr_db) / search.snr_scale_db))


class Associator:
    """Explains a set of signals by shots, but for those `used` (N,) already; what follows the `echoing` (N,) among them
    may be their echoes.

    `overlap`: whether the sounds of two shots may be among those that come first.
    """

    def __init__(
        self,
        field: Field,
        signals: Signals,
        search: Search,
        used: Mask | None = None,
        echoing: Mask | None = None,
        overlap: bool = True,
    ) -> None:
        self.field, self.search, self._overlap = field, search, overlap
        self._order = np.lexsort((signals.time, signals.station))
        self._signals = s = Signals(*(getattr(signals, name)[self._order] for name in Signals.__slots__))
        count = len(s.time)
        self._key = s.station * YEAR_S + (s.time - s.time.min(initial=math.inf))
        # the sound of two shots further apart in time than this reaches no station at once
        self._reach_s = field.far_m / field.air[0] + 1.0
        self._free = np.ones(count, dtype=bool)
        self._faith = np.ones(count)  # share of a signal's worth that is left after echoes are explained
        if used is not None:
            self._free &= ~used[self._order]
        if echoing is not None:
            self._doubt(np.flatnonzero(echoing[self._order]))
        self._sure = np.bincount(self._signals.sound)[self._signals.sound] == 1 if count else np.zeros(0, dtype=bool)
        self._before = self._firsts()
        self._pointed = bool(np.isfinite(s.azimuth).any())
        # the last of each is what no signal says
        self._azimuth, self._wide = np.append(s.azimuth, math.nan), np.append(s.azimuth_sigma, math.nan)
        self._times = np.append(s.time, math.nan)
        span = (float(s.time.min()), float(s.time.max())) if count else (0.0, 0.0)
        self._profile = Profile(field.count, span, search.kernel_s, search.echo_s)
        rate_hz = count / field.count / max(span[1] - span[0], SHORTEST_S)
        self._quiet = max(math.log(search.usual_hz / rate_hz), 0.0) if count else 0.0
        self._tell(np.arange(count))

    def _firsts(self) -> Array:
        """Weight (N,) of the best free signal that came before each one at its station, while echoes come."""
        s, best = self._signals, np.zeros(len(self._signals.time))
        for back in range(1, len(best)):
            gap = s.time[back:] - s.time[:-back]
            close = (s.station[back:] == s.station[:-back]) & (gap < self.search.echo_s)
            if not close.any():
                break
            other = close & (gap > SAME_S) & (s.sound[back:] != s.sound[:-back])
            before = np.where(other, s.weight[:-back] * self._free[:-back], 0.0)
            np.maximum(best[back:], before, out=best[back:])
        return best

    def _worth(self, rows: Index) -> Array:
        own = self._signals.weight[rows] * (1 - self.search.echo * self._before[rows])
        return np.asarray(self.search.certain * own * self._faith[rows])

    def _tell(self, rows: Index) -> None:
        """Tabulate these signals; one that is explained says nothing, but another sound may be hidden under it."""
        s, free = self._signals, self._free[rows]
        first = s.weight[rows] * (1 - self._before[rows]) * self._faith[rows] * self._sure[rows]
        worth = np.where(free, self._worth(rows), HIDDEN)
        self._profile.tell(np.where(free, rows, -1), s.station[rows], s.time[rows], worth, first * free)

    def _doubt(self, taken: Index) -> None:
        """Signals are explained, and with them much of what follows as an echo would."""
        s, search = self._signals, self.search
        self._free[taken] = False
        low, high = taken + 1, np.searchsorted(self._key, self._key[taken] + search.tail_s)
        each = np.maximum(high - low, 0)
        cause = np.repeat(taken, each)
        echo = np.repeat(low, each) + np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        weak = s.snr_db[echo] < s.snr_db[cause] - search.weaker_db
        np.minimum.at(self._faith, echo, np.where(weak, search.tail_weak, search.tail))

    def _use(self, taken: Index) -> None:
        self._doubt(taken)
        stations = self._signals.station[taken]
        self._profile.clear(stations)
        told = np.zeros(self.field.count, dtype=bool)
        told[stations] = True
        self._tell(np.flatnonzero(told[self._signals.station]))

    def shots(self) -> Iterator[Hypothesis]:
        """The shots that are good enough, best first; what one uses the next cannot have."""
        again = True
        while again:  # what is explained no longer stands before what comes after it
            again = False
            for shot in self._explained():
                again = True
                if not self._doubtful(shot):
                    yield shot

    def _doubtful(self, shot: Hypothesis) -> bool:
        """Whether as few stations as suffice, of a network that has more, agree on another place as well."""
        return bool(shot.rivals) and len(shot.signals) <= self.search.stations < self.field.count

    def _explained(self) -> Iterator[Hypothesis]:
        places, times = self._candidates()
        score = self._score(places, times)
        while len(score) and score.max() >= self.search.least:
            best = self._first(places, times, score)
            said = self._answers(places[best : best + 1], times[best : best + 1], every=True)
            taken = said.which[0][said.which[0] >= 0]
            rivals = self._rivals(best, taken, places, times, score)
            place = self.field.centre[:2] + places[best]
            yield Hypothesis(place, float(times[best]), float(score[best]), self._order[taken], rivals)
            self._use(taken)
            touched = self._touched(taken, places, times)
            score[touched] = self._score(places[touched], times[touched])
            score[best] = -math.inf
            keep = score >= self.search.least - SLACK[1]
            places, times, score = places[keep], times[keep], score[keep]

    def _touched(self, taken: Index, places: Single, times: Array) -> Index:
        """The places for whose scores it matters that these signals are used: those that look for sound beside them, or
        beside what may be their echoes, or soon after.
        """
        s, search = self._signals, self.search
        beside = np.flatnonzero(np.abs(times - s.time[taken].mean()) < self._reach_s)
        ways = self.field.ways(places[beside], np.tile(s.station[taken], (len(beside), 1)))
        after = times[beside, None] + ways.seconds - s.time[taken]
        last = search.tail_s + search.echo_s + TOUCH_S
        return np.asarray(beside[((after > -TOUCH_S) & (after < last)).any(1)])

    def _first(self, places: Single, times: Array, score: Array) -> int:
        """The best place; where its signals agree loosely, the one that leaves most to a second shot beside it.

        Of two shots that overlap, the sounds that come first at each station may fit one place between them.
        """
        best = int(score.argmax())
        if not self._overlap:
            return best
        said = self._answers(places[best : best + 1], times[best : best + 1])
        late = said.late[said.which >= 0]
        if len(late) < MIXED or late.std() < LOOSE_S:
            return best
        beside = (np.abs(times - times[best]) < OVERLAP_S) & (score >= self.search.least)
        near = np.flatnonzero(beside)
        tried = near[spaced(places[near], -score[near], OVERLAP_M, TRIED)]
        both = [score[i] + self._second(places[i], float(times[i]), places[near], times[near]) for i in tried]
        return int(tried[int(np.argmax(both))])

    def _second(self, place: Single, time: float, places: Single, times: Array) -> float:
        """The score that is left for another of these places once one has used its signals; 0 for none."""
        said = self._answers(place[None], np.array([time]), every=True)
        taken = said.which[0][said.which[0] >= 0]
        stations = self._signals.station[taken]
        kept = (self._free.copy(), self._faith.copy(), self._profile.saved(stations))
        self._use(taken)
        left = float(self._score(places, times).max(initial=0.0))
        self._free, self._faith, saved = kept
        self._profile.restore(saved)
        return left if left >= self.search.least else 0.0

    def _candidates(self) -> tuple[Single, Array]:
        """Places (P, 2) m and discharge times (P,) s that may explain free signals, refined."""
        s, rows = self._signals, np.flatnonzero(self._free)
        worth = self._worth(rows)
        heard = Heard(s.station[rows], s.time[rows], s.azimuth[rows], worth)
        places, times, first = candidates(self.field, heard, np.flatnonzero(worth >= LEAST_WORTH))
        score = self._score(places, times)
        order = np.lexsort((-score, first))
        order = order[score[order] >= self.search.least - SLACK[0]]
        rank = np.arange(len(order)) - np.searchsorted(first[order], first[order])
        order = order[rank < PLACES]
        return self._refined(places[order], times[order], score[order])

    def _refined(self, places: Single, times: Array, score: Array) -> tuple[Single, Array]:
        """Moved to where the signals that speak for them agree best (Gauss–Newton), where that scores no less."""
        moved, then = places, times
        for _ in range(ROUNDS):
            if not len(moved):
                break
            said = self._answers(moved, then)
            use = said.which >= 0
            slope = np.stack([said.ways.east, said.ways.north], -1) * np.float32(-1 / self.field.air[0])
            design = np.concatenate([slope, np.ones_like(slope[..., :1])], -1) * use[..., None]
            late = np.where(use, said.late, 0.0)
            normal = np.einsum("pmi,pmj->pij", design, design).astype(np.float64) + np.diag([1e-10, 1e-10, 1e-3])
            step = np.linalg.solve(normal, np.einsum("pmi,pm->pi", design, late)[..., None])[..., 0]
            moved = (moved + np.clip(step[:, :2], -STEP_M, STEP_M)).astype(np.float32)
            then = then + step[:, 2]
        better = self._score(moved, then)
        won = better >= score
        keep = np.maximum(better, score) >= self.search.least - SLACK[1]
        return np.where(won[:, None], moved, places)[keep], np.where(won, then, times)[keep]

    def _score(self, places: Single, times: Array) -> Array:
        blocks = range(0, len(times), BLOCK)
        parts = [self._answers(places[b : b + BLOCK], times[b : b + BLOCK]).score for b in blocks]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _answers(self, places: Single, times: Array, every: bool = False) -> Answers:
        """What the stations near places (P, 2) m say to discharge times (P,) s; all stations, where `every`."""
        field, profile, search = self.field, self._profile, self.search
        near = np.tile(np.arange(field.count), (len(places), 1)) if every else field.near(places)
        ways = field.ways(places, near)
        predicted = times[:, None] + ways.seconds
        slot = profile.slots(near, predicted)
        which = profile.which.take(slot).astype(np.intp)
        hit, miss = field.odds(ways.metres)
        value = profile.match.take(slot) + hit
        agree = np.zeros(which.shape, dtype=bool)
        if self._pointed:
            turn = wrapped(self._azimuth[which] - np.arctan2(-ways.east, -ways.north))
            turn = turn / np.hypot(self._wide[which], BEARING_RAD)
            value = value + np.where(np.isnan(turn), 0.0, POINTED - 0.5 * np.minimum(turn**2, 25.0))
            agree = np.abs(turn) < AGREE
        counts = value > miss
        speaks = counts & (which >= 0)
        before = profile.early.take(slot // COARSE) * (ways.metres < field.far_m)
        score = np.where(counts, value, miss).sum(1) - search.early * before.sum(1)
        speaking, pointing = speaks.sum(1), (speaks & agree).sum(1)
        clean = np.where(speaks, np.append((1 - self._before) * self._faith, 0.0)[which], 0.0).sum(1)
        score = score + self._quiet * np.maximum(clean - search.stations, 0.0)
        score = score - np.where(speaking <= search.stations, search.bare * (search.stations + 1 - speaking), 0.0)
        enough = (speaking >= search.stations) | ((speaking == 2) & (pointing == 2))
        late = self._times[which] - predicted
        return Answers(np.where(enough, score, -math.inf), np.where(speaks, which, -1), ways, late)

    def _rivals(self, best: int, taken: Index, places: Single, times: Array, score: Array) -> tuple[Array, ...]:
        """Other places that explain half of the signals nearly as well, best first, each apart from the others."""
        beside = np.abs(times - times[best]) < self._reach_s
        near = np.flatnonzero(beside & (score > score[best] - self.search.margin))
        near = near[np.hypot(*(places[near] - places[best]).T) > APART_M]
        if not len(near):
            return ()
        shared = np.isin(self._answers(places[near], times[near]).which, taken).sum(1)
        near = near[2 * shared >= len(taken)]
        chosen: list[int] = []
        for i in near[np.argsort(-score[near], kind="stable")].tolist():
            if all(math.dist(places[i], places[j]) > APART_M for j in chosen):
                chosen.append(i)
        return tuple(self.field.centre[:2] + places[i] for i in chosen)

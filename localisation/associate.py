"""Which arrivals belong to one shot: search places that explain them, best first, each arrival used once.

What is searched are *signals*: single arrivals, or the aligned arrivals of a burst (`localisation.rhythm`). A place
and a discharge time predict when the direct sound reaches each station; a station then speaks for them if a signal is
there, against them if not, and against them if a good signal came *before*: nothing outruns the direct sound. A
signal that follows a good one at its station may be its echo and weighs less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from localisation.likelihood import Priors, medium, travel_times

Array = NDArray[np.float64]
Index = NDArray[np.intp]
SECTOR_RAD = math.radians(25.0)  # to each side of a bearing, in which places are sought
REACH_S = 4.0  # two arrivals further apart in time do not compete for one shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How places are searched; log-odds unless a unit says otherwise.

    `hearing_m`: a station further off cannot have heard it; `loss_m`: distance over which hearing falls off;
    `kernel_s`: spread of a signal about its prediction; `step_m`: of the grid; `certain`: worth of a loud first
    arrival; `snr_db`, `snr_scale_db`: where an arrival is as likely direct sound as not, and how fast that changes;
    `echo_s`: how long after a signal its echoes come; `echo`: share of its worth that a signal loses to an equally
    good one before; what follows an *explained* signal within `tail_s`, `weaker_db` weaker, keeps a share `tail`;
    `early`: cost of a good signal before the predicted one; `least`: score of a shot, `stations`: that must speak for
    it, `bare`: what it costs when no more do.
    """

    hearing_m: float = 1100.0
    loss_m: float = 500.0
    kernel_s: float = 0.008
    step_m: float = 16.0
    certain: float = 5.0
    snr_db: float = 12.0
    snr_scale_db: float = 4.0
    echo_s: float = 0.5
    echo: float = 0.6
    tail_s: float = 1.0
    weaker_db: float = 5.0
    tail: float = 0.3
    early: float = 1.0
    least: float = 6.0
    bare: float = 2.0
    stations: int = 3


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
    """A place (2,) m and a discharge time s, its score, and the signal of each station that speaks for it (or −1)."""

    place: Array
    time: float
    score: float
    matched: Index


class Field:
    """The stations, (K, 3) m, and what a grid around each of them would hear; built once, used for every search."""

    def __init__(self, places: Array, air: Air, search: Search, priors: Priors) -> None:
        self.places, self.search = places, search
        self.air, self.height = np.split(medium(air, places, priors).mean, [3])
        count = math.ceil(search.hearing_m / search.step_m)
        axis = np.arange(-count, count + 1) * search.step_m
        east, north = np.meshgrid(axis, axis)
        inside = east**2 + north**2 <= search.hearing_m**2
        turned = np.argsort(np.arctan2(east[inside], north[inside]), kind="stable")
        self._disc = np.column_stack([east[inside], north[inside]])[turned]
        self._azimuth = np.arctan2(self._disc[:, 0], self._disc[:, 1])
        self._around: dict[int, tuple[Array, Array, Array, Array]] = {}

    def around(self, station: int) -> tuple[Array, Array, Array, Array]:
        """Grid (G, 2), travel times (G, K) and log odds of a hit and of a miss (G, K) around one station."""
        if station not in self._around:
            grid = self.places[station, :2] + self._disc
            self._around[station] = (grid, *self.heard(grid))
        return self._around[station]

    def toward(self, azimuth: float) -> Index | slice:
        """Rows of the grid around a station that its bearing points to; all of them where it has none."""
        if math.isnan(azimuth):
            return slice(None)
        low, high = azimuth - SECTOR_RAD, azimuth + SECTOR_RAD
        spans = [np.searchsorted(self._azimuth, (low + turn, high + turn)) for turn in (-2 * math.pi, 0, 2 * math.pi)]
        return np.concatenate([np.arange(a, b) for a, b in spans])

    def heard(self, grid: Array) -> tuple[Array, Array, Array]:
        """Travel times, log probability to hear and not to hear (G, K) of the stations for places (G, 2)."""
        sources = np.column_stack([grid, np.broadcast_to(self.height, len(grid))])
        times = travel_times(self.places, sources, self.air)
        distance = times * self.air[0]
        heard = 0.97 * np.exp(-0.5 * (distance / self.search.loss_m) ** 2)
        far = distance > 1.5 * self.search.hearing_m
        return times, np.where(far, -20.0, np.log(heard + 1e-9)), np.where(far, 0.0, np.log1p(-heard))


def weights(snr_db: Array, search: Search) -> Array:
    """How likely an arrival of this signal-to-noise ratio is direct sound, before its neighbours are looked at."""
    return 1 / (1 + np.exp(-(snr_db - search.snr_db) / search.snr_scale_db))


def firsts(signals: Signals, search: Search) -> Array:
    """Weight (N,) of the best signal that came before each one at its station, within the time that echoes take."""
    best = np.zeros(len(signals.time))
    for i in range(len(best)):
        gap = signals.time[i] - signals.time
        before = (signals.station == signals.station[i]) & (gap > 0.006) & (gap < search.echo_s)
        best[i] = signals.weight[before].max(initial=0.0)
    return best


class Table:
    """What each station says of a predicted time, tabulated: a signal is there (`match`), a good one came before
    (`early`).
    """

    STEP_S = 0.002
    NOTHING = -30.0

    def __init__(
        self,
        signals: Signals,
        before: Array,
        free: NDArray[np.bool_],
        faith: Array,
        stations: int,
        search: Search,
        blur_s: float,
    ) -> None:
        self.worth = search.certain * signals.weight * (1 - search.echo * before) * faith
        sigma = math.hypot(search.kernel_s, blur_s)
        self.start = float(signals.time.min()) - 4.0 if len(signals.time) else 0.0
        span = float(np.ptp(signals.time)) + 8.0 if len(signals.time) else 0.0
        length = math.ceil(span / self.STEP_S) + 2
        self.match = np.full((stations, length), self.NOTHING)
        self.early = np.zeros((stations, length))
        reach = math.ceil(3.5 * sigma / self.STEP_S)
        for i in np.flatnonzero(free):
            at = (signals.time[i] - self.start) / self.STEP_S
            low = round(at) - reach
            slot = np.arange(low, low + 2 * reach + 1)
            value = self.worth[i] - 0.5 * ((slot - at) * self.STEP_S / sigma) ** 2
            row = self.match[signals.station[i]]
            row[slot] = np.maximum(row[slot], value)
            late = slice(round(at + 0.02 / self.STEP_S), round(at + search.echo_s / self.STEP_S))
            row = self.early[signals.station[i], late]
            np.maximum(row, signals.weight[i] * (1 - before[i]) * faith[i], out=row)

    def score(self, predicted: Array, hit: Array, miss: Array, early: float) -> Array:
        """Sum over stations for predicted times (G, K)."""
        slot = ((predicted - self.start) * (1 / self.STEP_S)).astype(np.intp)
        np.clip(slot, 0, self.match.shape[1] - 1, out=slot)
        slot += np.arange(self.match.shape[0]) * self.match.shape[1]
        says = np.maximum(self.match.ravel().take(slot) + hit, miss) - early * self.early.ravel().take(slot)
        return np.asarray(says.sum(1))


class Associator:
    """Explains a set of signals by shots, best first."""

    def __init__(self, field: Field, signals: Signals) -> None:
        self.field, self.signals, self.search = field, signals, field.search
        self.free = np.ones(len(signals.time), dtype=bool)
        self._faith = np.ones(len(signals.time))  # share of a signal's worth that is left after echoes are explained
        self._firsts = firsts(signals, self.search)
        self._known: dict[int, Hypothesis | None] = {}
        self._prepare()

    def _prepare(self) -> None:
        stations, blur_s = len(self.field.places), 0.6 * self.search.step_m / self.field.air[0] / 2
        self._coarse = Table(self.signals, self._firsts, self.free, self._faith, stations, self.search, blur_s)
        self._fine = Table(self.signals, self._firsts, self.free, self._faith, stations, self.search, 0.002)

    def use(self, taken: Sequence[int]) -> None:
        """Take signals out: they are explained, and with them much of what follows as an echo would.

        What was found far from them in time stays known.
        """
        s, times = self.signals, self.signals.time
        for i in taken:
            late = times - times[i]
            echoes = (s.station == s.station[i]) & (late > 0) & (late < self.search.tail_s)
            self._faith[echoes & (s.snr_db < s.snr_db[i] - self.search.weaker_db)] *= self.search.tail
        self.free[list(taken)] = False
        self._known = {
            i: h
            for i, h in self._known.items()
            if np.abs(times[list(taken)] - times[i]).min(initial=math.inf) > REACH_S
        }
        self._prepare()

    def best(self, begin: NDArray[np.bool_]) -> Hypothesis | None:
        """The best shot with a free signal marked in `begin` (N,), or None where none is good enough."""
        order = np.argsort(-self._coarse.worth, kind="stable")
        done: set[int] = set()
        found: Hypothesis | None = None
        for i in order:
            if not (self.free[i] and begin[i]) or int(i) in done or self._coarse.worth[i] < 0.6:
                continue
            if int(i) not in self._known:
                self._known[int(i)] = self._from(int(i))
            hypothesis = self._known[int(i)]
            if hypothesis is None:
                continue
            if hypothesis.score >= self.search.least:
                done.update(int(j) for j in hypothesis.matched if j >= 0)
            if found is None or hypothesis.score > found.score:
                found = hypothesis
        return found if found is not None and found.score >= self.search.least else None

    def _from(self, anchor: int) -> Hypothesis | None:
        """The best place that explains the anchor as direct sound."""
        station, time = int(self.signals.station[anchor]), float(self.signals.time[anchor])
        rows = self.field.toward(float(self.signals.azimuth[anchor]))
        grid, travel, hit, miss = (table[rows] for table in self.field.around(station))
        score = self._coarse.score(time - travel[:, station, None] + travel, hit, miss, self.search.early)
        if score.max() < self.search.least:  # the coarse kernel is the wider one: refined, it can only fall
            return None
        best: Hypothesis | None = None
        for i in _peaks(grid, score, self.search.step_m):
            hypothesis = self._refined(grid[i], station, time)
            if hypothesis is not None and (best is None or hypothesis.score > best.score):
                best = hypothesis
        return best

    def _refined(self, place: Array, station: int, time: float) -> Hypothesis | None:
        axis = np.linspace(-1, 1, 9) * self.search.step_m
        grid = place + np.column_stack([np.repeat(axis, 9), np.tile(axis, 9)])
        travel, hit, miss = self.field.heard(grid)
        score = self._fine.score(time - travel[:, station, None] + travel, hit, miss, self.search.early)
        i = int(score.argmax())
        return self.judge(grid[i], time - float(travel[i, station]))

    def judge(self, place: Array, time: float) -> Hypothesis | None:
        """Which signal of each station answers a place and time, bearings included; None where too few do."""
        travel, hit, miss = (row[0] for row in self.field.heard(place[None]))
        matched = np.full(len(travel), -1, dtype=np.intp)
        total = 0.0
        for k in range(len(travel)):
            said, which = self._answer(k, place, time + float(travel[k]))
            if which >= 0 and said + hit[k] > miss[k]:
                matched[k], said = which, said + float(hit[k])
            else:
                said = float(miss[k])
            total += said - self.search.early * self._before(k, time + float(travel[k]))
        speaking = int((matched >= 0).sum())
        if speaking < self.search.stations:
            return None
        if speaking == self.search.stations:
            total -= self.search.bare
        return Hypothesis(place, time, total, matched)

    def _answer(self, station: int, place: Array, predicted: float) -> tuple[float, int]:
        s = self.signals
        near = np.flatnonzero(
            (s.station == station) & self.free & (np.abs(s.time - predicted) < 4 * self.search.kernel_s)
        )
        if not len(near):
            return Table.NOTHING, -1
        value = self._fine.worth[near] - 0.5 * ((s.time[near] - predicted) / self.search.kernel_s) ** 2
        way = place - self.field.places[station, :2]
        off = np.angle(np.exp(1j * (s.azimuth[near] - math.atan2(way[0], way[1]))))
        sigma = np.hypot(s.azimuth_sigma[near], math.radians(3.0))
        value = value + np.where(np.isfinite(off), 2.0 - 0.5 * np.minimum((off / sigma) ** 2, 25.0), 0.0)
        best = int(np.argmax(value))
        return float(value[best]), int(near[best])

    def _before(self, station: int, predicted: float) -> float:
        slot = round((predicted - self._fine.start) / Table.STEP_S)
        inside = 0 <= slot < self._fine.early.shape[1]
        return float(self._fine.early[station, slot]) if inside else 0.0


def _peaks(grid: Array, score: Array, step_m: float, most: int = 4) -> list[int]:
    """The best places of a grid, none within three steps of a better one."""
    chosen: list[int] = []
    top = np.argpartition(-score, 60 * most)[: 60 * most] if len(score) > 60 * most else np.arange(len(score))
    for i in top[np.lexsort((top, -score[top]))]:
        if all(np.hypot(*(grid[i] - grid[j])) > 3 * step_m for j in chosen):
            chosen.append(int(i))
        if len(chosen) == most:
            break
    return chosen

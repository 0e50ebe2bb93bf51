"""Which impulses of several recorders, whose clocks nobody set, are of one sound: to a tenth of a second.

Two recorders that hear the same few loud sounds hear them in the same rhythm; the lag at which most falls together
tells their clocks to about a second (the sounds took different ways). Then, sound by sound, levels and times on a
coarse grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

LEAST_RECORDERS = 4  # that must have heard a sound for it to tell more than its own place and time
MOST_SOUNDS = 24
MOST_IMPULSES = 200  # of a recorder, the clearest
WEAKER_DB = 15.0  # than the loudest of a group of impulses, down to which one may be its beginning
PAUSE_S, TAIL_S = 0.8, 2.0  # between rounds of one group; of echoes and more rounds after its clearest
SURE_S = 0.05  # a clock known so well is not sought
REACH_SIGMA = 4.0
SLACK_S = 0.02
EARLY_S = (0.06, 1.0)  # before a direct sound, what is none of its own: the pauses of bursts
FAINTER_DB = 10.0  # than direct sounds are rounds not
GRID = 20  # points a side, 30 % beyond the recorders
LEVEL_SIGMA_DB, FALL_DB = 6.0, 25.0  # of recorders' levels; what ten times the distance takes
ROUGH_S = 0.15
ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """What a recorder heard: its `place` (3,) m; `times` (n,) s of impulses by its clock, rising; `clear_db` (n,) how
    far each stands out; `clock_sigma_s` how well that clock is known, infinite where it is not.
    """

    place: Floats
    times: Floats
    clear_db: Floats
    clock_sigma_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """Speed of sound and wind (east, north), m/s, each with σ."""

    speed_ms: float
    speed_sigma_ms: float
    wind_ms: tuple[float, float]
    wind_sigma_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """Sounds that several recorders heard: `times` (K, N) s by each recorder's clock, NaN where it did not, and
    `clear_db` (K, N).
    """

    times: Floats
    clear_db: Floats

    def some(self, which: Index) -> Sounds:
        """Those of these numbers."""
        return Sounds(times=self.times[which], clear_db=self.clear_db[which])


def clearest(recorder: Recorder) -> Recorder:
    """The recorder with its clearest impulses only."""
    best = np.sort(np.argsort(-recorder.clear_db, kind="stable")[:MOST_IMPULSES])
    return Recorder(
        place=recorder.place,
        times=recorder.times[best],
        clear_db=recorder.clear_db[best],
        clock_sigma_s=recorder.clock_sigma_s,
    )


def pair_lags(recorders: Sequence[Recorder], speed_ms: float) -> tuple[Floats, Floats]:
    """What to add to the clock of each recorder j so that it agrees with that of i, (N, N) s, to about a second; and
    how well they agree then, (N, N).
    """
    count = len(recorders)
    lags, scores = np.zeros((count, count)), np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            lags[i, j], scores[i, j] = _lag(recorders[i], recorders[j], speed_ms)
            lags[j, i], scores[j, i] = -lags[i, j], scores[i, j]
    return lags, scores


def along_pairs(recorders: Sequence[Recorder], lags: Floats, scores: Floats) -> Floats:
    """What to add to each recorder's time, (N,) s: along the tree of the pairs that agree best, from a known clock."""
    sigmas = np.array([r.clock_sigma_s for r in recorders])
    offsets = np.full(len(recorders), np.nan)
    offsets[int(np.argmin(sigmas)) if np.isfinite(sigmas).any() else int(np.argmax(scores.sum(axis=1)))] = 0.0
    while np.isnan(offsets).any():
        known, new = np.flatnonzero(~np.isnan(offsets)), np.flatnonzero(np.isnan(offsets))
        a, b = np.unravel_index(np.argmax(scores[np.ix_(known, new)]), (len(known), len(new)))
        offsets[new[b]] = offsets[known[a]] + lags[known[a], new[b]]
    return offsets


def _lag(one: Recorder, other: Recorder, speed_ms: float) -> tuple[float, float]:
    """What to add to the other's clock so that most falls together with the one's, and how much that is: each pair of
    impulses counts by how clear both are, in a triangle as wide as the way between the recorders.
    """
    reach_s = math.dist(one.place, other.place) / speed_ms + SLACK_S
    apart = (one.times[:, None] - other.times[None, :]).ravel()
    weights = np.outer(np.maximum(one.clear_db, 1.0), np.maximum(other.clear_db, 1.0)).ravel()
    near = np.abs(apart) <= REACH_SIGMA * math.hypot(one.clock_sigma_s, other.clock_sigma_s) + reach_s
    if not near.any():
        return 0.0, 0.0
    order = np.flatnonzero(near)[np.argsort(apart[near], kind="stable")]
    apart, weights = apart[order], weights[order]
    total = np.concatenate([[0.0], np.cumsum(weights)])
    first = np.concatenate([[0.0], np.cumsum(weights * apart)])
    low, high = np.searchsorted(apart, apart - reach_s), np.searchsorted(apart, apart + reach_s, side="right")
    here = np.arange(len(apart))
    below = (total[here] - total[low]) * apart - (first[here] - first[low])
    above = (first[high] - first[here]) - (total[high] - total[here]) * apart
    score = total[high] - total[low] - (below + above) / reach_s
    best = int(np.argmax(score))
    inside = slice(int(low[best]), int(high[best]))
    pull = weights[inside] * (1.0 - np.abs(apart[inside] - apart[best]) / reach_s)
    return float(np.average(apart[inside], weights=pull + 1e-12)), float(score[best])


def find_sounds(recorders: Sequence[Recorder], offsets: Floats, speed_ms: float, share: float) -> Sounds:
    """The loud sounds that at least LEAST_RECORDERS heard, the clearest first, down to a `share` of its clearness: of
    each group of impulses the first, for nothing outruns the direct sound.
    """
    places = np.array([r.place for r in recorders])
    width_s = float(np.linalg.norm(places[:, None] - places[None], axis=2).max()) / speed_ms
    heard = [r.times + o for r, o in zip(recorders, offsets, strict=True)]
    left = [np.ones(len(times), bool) for times in heard]
    begins = np.unique(np.round(np.concatenate(heard), 1)) - 0.1
    times, levels = list[Floats](), list[Floats]()
    while len(times) < MOST_SOUNDS and len(begins):
        worth = np.zeros(len(begins))
        for recorder, at, free in zip(recorders, heard, left, strict=True):
            inside = (at[free] >= begins[:, None]) & (at[free] <= begins[:, None] + width_s)
            worth += np.where(inside, recorder.clear_db[free], 0.0).max(axis=1, initial=0.0)
        begin = float(begins[int(np.argmax(worth))])
        time, level = np.full(len(recorders), np.nan), np.full(len(recorders), np.nan)
        for n, (recorder, at, free) in enumerate(zip(recorders, heard, left, strict=True)):
            inside = np.flatnonzero(free & (at >= begin) & (at <= begin + width_s))
            if len(inside):
                time[n], level[n] = _beginning(recorder, free, int(inside[np.argmax(recorder.clear_db[inside])]))
        if np.isfinite(time).sum() < LEAST_RECORDERS or (levels and np.nansum(level) < share * np.nansum(levels[0])):
            break
        times.append(time)
        levels.append(level)
    shape = (len(times), len(recorders))
    return Sounds(times=np.array(times).reshape(shape), clear_db=np.array(levels).reshape(shape))


def _beginning(recorder: Recorder, free: NDArray[np.bool_], clear: int) -> tuple[float, float]:
    """When the group around a clear impulse began, and how clear it is; the group is taken out of what is `free`."""
    loud = np.flatnonzero(free & (recorder.clear_db >= recorder.clear_db[clear] - WEAKER_DB))
    first = int(np.searchsorted(loud, clear))
    while first > 0 and recorder.times[loud[first]] - recorder.times[loud[first - 1]] < PAUSE_S:
        first -= 1
    time = float(recorder.times[loud[first]])
    free &= (recorder.times < time - 0.5) | (recorder.times > recorder.times[clear] + TAIL_S)
    return time, float(recorder.clear_db[clear])


def roughly(
    recorders: Sequence[Recorder], sounds: Sounds, offsets: Floats, speed_ms: float, *, fixed: bool
) -> tuple[Floats, Floats, Floats]:
    """Offsets (N,), places (K, 2) m and times (K,) s of the sounds, to a tenth of a second: in turns each place on a
    grid, by levels and by times, and (unless `fixed`) each clock as the median of what its sounds say.
    """
    free = np.array([r.clock_sigma_s > SURE_S for r in recorders])
    free[0] &= not free.all()
    grid, metres = _grid(np.array([r.place for r in recorders]))
    level = sounds.clear_db[:, None] + FALL_DB * np.log10(metres)
    by_level = _misfit((level - _median(level)[..., None]) / LEVEL_SIGMA_DB)
    each = np.arange(len(sounds.times))
    for turn in range(ROUNDS):
        fired = (sounds.times + offsets)[:, None] - metres / speed_ms
        time = _median(fired)
        by_time = _misfit((fired - time[..., None]) / ROUGH_S)
        best = np.argmin(by_level + (by_time if turn or fixed else 0.0), axis=1)
        when = time[each, best]
        if fixed:
            break
        says = when[:, None] + metres[best] / speed_ms - sounds.times
        heard = np.isfinite(says).any(axis=0)
        offsets = offsets.copy()
        offsets[free & heard] = _median(says.T)[free & heard]
    return offsets, grid[best], when


def vote(apart: Floats, gate_s: float) -> tuple[float, int]:
    """The shift at which most of K sounds have one of n impulses within `gate_s`, of how far those are from where they
    should be, (K, n) s, NaN where it cannot be; 0 where no shift is better. And how many sounds have one there.
    """
    now = int((np.abs(apart) <= gate_s).any(axis=1).sum())
    which, column = np.nonzero(np.isfinite(apart))
    order = np.argsort(apart[which, column], kind="stable")
    far, which = apart[which, column][order], which[order]
    high = np.searchsorted(far, far + 2.0 * gate_s, side="right")
    votes = [len(set(which[low:end].tolist())) for low, end in enumerate(high)]
    best = int(np.argmax(votes)) if votes else 0
    if not votes or votes[best] <= now:
        return 0.0, now
    return float(np.median(far[best : high[best]])), votes[best]


def outrun(apart: Floats, clear_db: Floats, gate_s: float) -> int:
    """How many of K sounds have an impulse of n as much too early as each other, of how far those are from where they
    should be, (K, n) s, and how clear they are, (n,): nothing outruns the direct sound, so the impulses that were taken
    for it may be later rounds. Fainter ones than what is where it should be are strangers and do not count.
    """
    clear = np.broadcast_to(clear_db, apart.shape)
    there = np.abs(apart) <= gate_s
    least_db = float(np.median(clear[there])) - FAINTER_DB if there.any() else 0.0
    early = (apart < -EARLY_S[0]) & (apart > -EARLY_S[1]) & (clear >= least_db)
    return vote(np.where(early, apart, np.nan), gate_s)[1]


def tame(late: Floats) -> tuple[Floats, Floats]:
    """Deviations as a heavy tail (Cauchy) counts them, and the derivative."""
    size = np.sqrt(np.log1p(late**2))
    slope = np.where(size > 1e-9, np.abs(late) / ((1.0 + late**2) * np.maximum(size, 1e-12)), 1.0)
    return np.sign(late) * size, slope


def _grid(places: Floats) -> tuple[Floats, Floats]:
    """Points (G, 2) around the recorders, and the distance of each to each recorder, (G, N) m."""
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    room_m = 0.3 * float((high - low).max())
    axes = [np.linspace(low[i] - room_m, high[i] + room_m, GRID) for i in range(2)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid, np.sqrt(np.square(grid[:, None] - places[None, :, :2]).sum(axis=2) + 25.0)


def _median(values: Floats) -> Floats:
    """The lower median along the last axis of what is no NaN; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN last
    middle = (np.isfinite(values).sum(axis=-1) - 1) // 2
    return np.take_along_axis(ordered, np.maximum(middle, 0)[..., None], axis=-1)[..., 0]


def _misfit(late: Floats) -> Floats:
    """What deviations in σ along the last axis cost, with heavy tails; NaN costs nothing."""
    return np.asarray(np.nansum(np.log1p(late**2), axis=-1))

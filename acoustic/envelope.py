"""Features of an impulse's envelope, millisecond by millisecond: rise, decay, what came before and after, and rhythm.

Rounds of automatic fire come evenly, 50 to 200 ms apart, and alike; crackers of a string unevenly; an echo comes once.
So the rhythm of a window is told by the autocorrelation of its rises, as tempo is in music (Scheirer 1998), and by the
gaps between them.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Rows = NDArray[np.float32]
Index = NDArray[np.intp]

DECAYS_DB = (10, 20, 30)
UNDER_DB = -np.array(DECAYS_DB, np.float32)[:, None]
SLOPES_MS, EARLY_MS = ((2, 52), (52, 202)), 40  # behind the onset
COURSE_MS = (20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300, 320, 340)  # behind the onset
LAGS_MS = (20, 30, 40, 50, 60, 70, 80, 90, 100, 115, 130, 150, 175, 200)  # of the autocorrelation
LEAST_DB, RISEN_DB = -60.0, -10.5  # re peak: the floor; where a rise begins
QUIET_MS = (9, 3)  # before an instant, the mean over which a rise is measured from
LOUD_DB = -20.0  # re peak, from which a rise counts
RISE_DB, PULSE_DB, APART_MS = 6.0, -8.0, 12  # a pulse: its rise, its level re peak, how far from the next at least
FEW_UNEVEN = 0.5  # unevenness of fewer than three pulses, which have none

NAMES = (
    "rise_ms",
    *(f"decay{db}_ms" for db in DECAYS_DB),
    "early_slope_db",
    "late_slope_db",
    "before_peak_db",
    "peaks",
    "before_db",
    "early_late_db",
    *(f"course_{a}_{b}_db" for a, b in pairwise(COURSE_MS)),
    *(f"again_{a}_{b}_ms" for a, b in pairwise(LAGS_MS)),
    "pulses",
    "gap_ms",
    "unevenness",
    "pulses_differ_db",
)
TEMPORAL = NAMES.index("peaks") + 1
RHYTHM = TEMPORAL + 2 + len(COURSE_MS) - 1


def envelope(sound: Rows, step: int, onset: int) -> Rows:
    """Features (n, NAMES) of windows (n, samples) whose onset is at sample `onset`; a millisecond has `step` samples.

    `rise_ms`: from 0.3 of the peak to the peak; `decay…_ms`: from the peak to the last time over so many dB under it;
    `…_slope_db`: fall per 100 ms, over 50 ms behind the onset and over the next 150; `before_peak_db`, `before_db`:
    highest and mean level before it, dB re peak; `peaks` over 0.35 of the highest; `early_late_db`: energy of the first
    40 ms over that of the rest; `course_…_db`: mean level between so many ms behind the onset, dB
    re peak; `again_…_ms`: the highest autocorrelation of the rises at such lags, 0 to 1; `pulses`: how many rises stand
    out; `gap_ms`: the mean gap between them (0 where there is one pulse); `unevenness`: the gaps' deviation as a share
    of it (0.5 where there are fewer than three pulses); `pulses_differ_db`: the deviation of their levels, dB.
    """
    count, first = sound.shape[1] // step, onset // step
    blocks = sound[:, : count * step].reshape(len(sound), count, step)
    energy = np.einsum("ijk,ijk->ij", blocks, blocks)
    energy += np.float32(1e-12)
    n = np.arange(len(energy))
    peak = first - 5 + energy[:, first - 5 : first + 30].argmax(1)
    energy /= energy[n, peak][:, None]
    level_db = np.log(energy)
    level_db *= np.float32(10.0 / np.log(10.0))
    np.maximum(level_db, np.float32(LEAST_DB), out=level_db)
    rise, loudest = _rises(level_db, first)
    found = np.empty((len(sound), len(NAMES)), np.float32)
    found[:, :TEMPORAL] = _times(energy, level_db, first, peak)
    found[:, TEMPORAL:RHYTHM] = _levels_db(energy, first)
    found[:, RHYTHM : len(NAMES) - 4] = _again(rise)
    found[:, len(NAMES) - 4 :] = _pulses(rise, loudest)
    return found


def _times(energy: Rows, level_db: Rows, first: int, peak: Index) -> Rows:
    """What is named up to `peaks`: (n, TEMPORAL)."""
    found = np.empty((len(energy), TEMPORAL), np.float32)
    risen = (level_db[:, first - 10 : first + 30] >= RISEN_DB).argmax(1)
    found[:, 0] = np.minimum(np.maximum(peak - (first - 10) - risen, 0), 40)
    backwards = (level_db[:, None, ::-1] >= UNDER_DB).argmax(2)
    found[:, 1:4] = np.maximum((level_db.shape[1] - 1 - peak)[:, None] - backwards, 0)
    found[:, 4:6] = level_db @ _slopes(level_db.shape[1], first)
    found[:, 6] = level_db[:, : first - 6].max(1)
    middle = energy[:, 1:-1]
    over = (middle > 0.35**2) & (middle > energy[:, :-2]) & (middle >= energy[:, 2:])
    found[:, 7] = np.count_nonzero(over, axis=1)
    return found


@lru_cache(maxsize=4)
def _slopes(count: int, first: int) -> Rows:
    """What makes levels (n, count) the slopes of straight lines through parts of them, dB per 100 ms: (count, 2)."""
    made = np.zeros((count, len(SLOPES_MS)), np.float32)
    for column, (start, end) in zip(made.T, SLOPES_MS, strict=True):
        time = np.arange(start, end) - (start + end - 1) / 2
        column[first + start : first + end] = 100.0 * time / (time @ time)
    return made


def _levels_db(energy: Rows, first: int) -> Rows:
    """Levels before the onset, of early over late, and along the course: (n, RHYTHM − TEMPORAL)."""
    sums = energy @ _spans(energy.shape[1], first)
    sums[:, 1] /= sums[:, 2] + np.float32(1e-6)
    sums[:, 2:-1] = sums[:, 3:]
    return np.asarray(np.float32(10.0) * np.log10(sums[:, :-1] + np.float32(1e-6)))


@lru_cache(maxsize=4)
def _spans(count: int, first: int) -> Rows:
    """What sums energies (n, count): mean before the onset, early, late, means along the course."""
    edges = (-first, -6), (0, EARLY_MS), (EARLY_MS, count - first), *pairwise(COURSE_MS)
    made = np.zeros((count, len(edges)), np.float32)
    for k, (start, end) in enumerate(edges):
        made[first + start : first + end, k] = 1.0 if k in (1, 2) else 1.0 / (end - start)
    return made


def _rises(level_db: Rows, first: int) -> tuple[Rows, Rows]:
    """How far each millisecond from the onset on, and the two behind it, rise over what came before, dB; and their
    level.
    """
    far, near = QUIET_MS
    start, end = first - APART_MS, level_db.shape[1] - 2
    total = np.cumsum(level_db, axis=1)
    before = total[:, start - near : end - near] - total[:, start - far : end - far]
    before /= np.float32(far - near)
    loudest = np.maximum(level_db[:, start:end], level_db[:, start + 1 : end + 1])
    np.maximum(loudest, level_db[:, start + 2 :], out=loudest)
    rise = np.maximum(loudest - before, 0)
    rise *= loudest > LOUD_DB
    return rise, loudest


def _again(rise: Rows) -> Rows:
    """The highest autocorrelation of the rises (n, ms), without their mean, within each of the ranges of lags."""
    length = fft.next_fast_len(rise.shape[1] + LAGS_MS[-1], real=True)
    bins = fft.rfft(rise - rise.sum(1, keepdims=True) / np.float32(rise.shape[1]), length, axis=1)
    across = fft.irfft(np.square(bins.real) + np.square(bins.imag), length, axis=1)
    highest = np.maximum.reduceat(across[:, : LAGS_MS[-1]], LAGS_MS[:-1], axis=1)
    return np.asarray(np.maximum(highest, 0) / (across[:, :1] + np.float32(1e-3)))


def _pulses(rise: Rows, level_db: Rows) -> Rows:
    """Number of pulses, mean gap, unevenness of the gaps, deviation of the levels."""
    ahead = _highest(rise)
    earlier, later = np.zeros_like(rise), np.zeros_like(rise)
    earlier[:, APART_MS:] = ahead[:, :-APART_MS]
    np.maximum.accumulate(rise[:, : APART_MS - 1], axis=1, out=earlier[:, 1:APART_MS])
    later[:, :-1] = ahead[:, 1:]
    row, at = np.nonzero((rise > RISE_DB) & (level_db > PULSE_DB) & (rise > earlier) & (rise >= later))
    n = len(rise)
    count = np.bincount(row, minlength=n)
    level = level_db[row, at]
    mean = np.bincount(row, level, n) / np.maximum(count, 1)
    differ = np.sqrt(np.bincount(row, (level - mean[row]) ** 2, n) / np.maximum(count, 1))
    same = row[1:] == row[:-1]
    gap, whose = np.diff(at)[same], row[1:][same]
    gaps = np.maximum(count - 1, 0)
    usual = np.bincount(whose, gap, n) / np.maximum(gaps, 1)
    astray = np.sqrt(np.bincount(whose, (gap - usual[whose]) ** 2, n) / np.maximum(gaps, 1))
    uneven = np.where(gaps >= 2, astray / np.maximum(usual, 1.0), FEW_UNEVEN)
    return np.stack([count, usual, uneven, differ], axis=1, dtype=np.float32, casting="unsafe")


def _highest(rise: Rows) -> Rows:
    """The highest of the APART_MS instants from each one on (n, ms)."""
    high, wide = rise.copy(), 1
    while wide < APART_MS:
        more = min(wide, APART_MS - wide)
        np.maximum(high[:, :-more], high[:, more:], out=high[:, :-more])
        wide += more
    return high

"""Where an impulse begins: candidates among 1 ms energies, and the instant within a candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acoustic.filters import FRAME_STEPS

AFTER = 5  # steps whose energy must stand out
BEFORE = 16  # steps it must stand out from, up to one step before the onset
SKIPPED = 3  # steps left out behind padding, where the filter still swings
FAINTEST = 1e-12  # −120 dB re full scale: no floor lies lower
FLOOR_QUANTILE = 0.3
FLOOR_STEPS = 24  # of a frame that must be sound for it to have a floor
FLOOR_FRAMES = 10  # whose median is the floor in use
EDGE_STEPS = 192
EDGE_RATIO = 10.0  # by which an impulse that starts a recording must die away
SHORT = 4  # steps that a shock wave and the ground's copy of it fill
QUIET_SHARE = 0.1  # of its strongest step, how much the steps behind may hold
HIDDEN_FROM, HIDDEN_TO = 7, 20  # steps behind it, within which it can hide a muzzle blast
PICK_BACK_S, PICK_AHEAD_S, PICK_SHARE = 0.003, 0.008, 0.3


def running_sum(x: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Sum of `width` neighbours along the last axis: out[k] = x[k] + … + x[k + width − 1], (…, n − width + 1).

    By doubling, not by a running total: each value depends on its own neighbours only, whatever came before.
    """
    length = x.shape[-1] - width + 1
    total: NDArray[np.float32] | None = None
    at, power, part = 0, 1, x
    while True:
        if width & power:
            piece = part[..., at : at + length]
            total = piece if total is None else total + piece
            at += power
        power *= 2
        if power > width:
            break
        part = part[..., : -power // 2] + part[..., power // 2 :]
    return total if total is not None else np.zeros((*x.shape[:-1], length), np.float32)


def running_max(x: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Largest of `width` neighbours along the last axis, (…, n − width + 1)."""
    part, have = x, 1
    while have < width:
        shift = min(have, width - have)
        part = np.maximum(part[..., :-shift], part[..., shift:])
        have += shift
    return part


def frame_floors(energy: NDArray[np.float32], padding: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A low quantile of each frame's sound, ∞ where it is mostly padding: (rows, frames, steps) → (rows, frames)."""
    if not padding.any():
        rank = np.sort(energy, axis=2)[:, :, int(energy.shape[2] * FLOOR_QUANTILE)]
        return np.maximum(rank, np.float32(FAINTEST))
    rank = np.sort(np.where(padding, np.float32(np.inf), energy), axis=2)
    heard = padding.shape[2] - np.count_nonzero(padding, axis=2)
    at = (heard * FLOOR_QUANTILE).astype(np.intp)
    floors = np.take_along_axis(rank, np.minimum(at, padding.shape[2] - 1)[:, :, None], axis=2)[:, :, 0]
    return np.where(heard >= FLOOR_STEPS, np.maximum(floors, np.float32(FAINTEST)), np.float32(np.inf))


def floors_in_use(floors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of the finite floors among each frame and the FLOOR_FRAMES − 1 before it; FAINTEST where there is none.

    (rows, FLOOR_FRAMES − 1 + frames) → (rows, frames).
    """
    frames = np.arange(floors.shape[1] - FLOOR_FRAMES + 1)[:, None]
    rank = np.sort(floors[:, frames + np.arange(FLOOR_FRAMES)], axis=2)
    if np.isfinite(rank[:, :, -1]).all():
        return rank[:, :, (FLOOR_FRAMES - 1) // 2]
    known = np.count_nonzero(np.isfinite(rank), axis=2)
    middle = np.take_along_axis(rank, (np.maximum(known - 1, 0) // 2)[:, :, None], axis=2)[:, :, 0]
    return np.where(known > 0, middle, np.float32(FAINTEST))


def lively(
    energy: NDArray[np.float32], padding: NDArray[np.bool_], floors: NDArray[np.float32], first: int, floor_ratio: float
) -> NDArray[np.bool_]:
    """Whether a frame can hold a candidate at all: something stands clear of its floor, or follows padding.

    `energy`, `padding`: (rows, n), the first frame from step `first` ≥ 1 on; `floors`: (rows, frames) → the same.
    """
    frames = floors.shape[1]
    last = first + frames * FRAME_STEPS
    after = running_sum(energy[:, first : last + AFTER - 1], AFTER).reshape(len(floors), frames, FRAME_STEPS)
    loud: NDArray[np.bool_] = after.max(axis=2) * np.float32(1.0 / AFTER) >= floor_ratio * floors
    if padding[:, first - 1 : last].any():
        begins = padding[:, first - 1 : last - 1] & ~padding[:, first:last]
        loud |= begins.reshape(len(floors), frames, FRAME_STEPS).any(axis=2)
    return loud


def candidates(
    energy: NDArray[np.float32],
    padding: NDArray[np.bool_],
    floors: NDArray[np.float32],
    *,
    step_ratio: float,
    floor_ratio: float,
    dead: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Steps at which the energy rises, the clearest within ± `dead` steps: (frame, step in it, energy ÷ floor).

    `energy`, `padding`: (k, lead(dead) + FRAME_STEPS + dead + EDGE_STEPS), k frames, each with what surrounds it;
    `floors`: (k, 3), of the frame before, its own and the one after.
    """
    low, high = lead(dead) - dead, lead(dead) + FRAME_STEPS + dead
    after = running_sum(energy[:, low : high + AFTER - 1], AFTER) * np.float32(1.0 / AFTER)
    quiet = slice(low - BEFORE - 1, high - 2)
    heard = running_sum((~padding[:, quiet]).astype(np.float32), BEFORE)
    before = running_sum(energy[:, quiet], BEFORE) / np.maximum(heard, np.float32(1.0))
    floor = np.repeat(floors, (dead, FRAME_STEPS, dead), axis=1)
    against = np.maximum(before, floor)
    stands = (after >= step_ratio * against) & (after >= floor_ratio * floor)
    score = np.where(stands & (heard >= BEFORE // 4) & ~padding[:, low:high], after / against, np.float32(0.0))
    snr = after / floor
    for row, k in zip(*np.nonzero(padding[:, low - 1 : high - 1] & ~padding[:, low:high]), strict=True):
        score[row, k] = snr[row, k] = edge_ratio(energy[row, low + k :], padding[row, low + k :])
    peak = running_max(score, dead)
    centre = score[:, dead:-dead]
    frames, steps = np.nonzero((centre > peak[:, :FRAME_STEPS]) & (centre >= peak[:, dead + 1 :]))
    return frames, steps, snr[frames, steps + dead]


def lead(dead: int) -> int:
    """Steps before a frame that `candidates` looks at."""
    return BEFORE + 1 + dead


def edge_ratio(energy: NDArray[np.float32], padding: NDArray[np.bool_]) -> float:
    """How far the start of a recording stands above what follows 0.1 s later; 0 where it does not die away.

    Noise that begins goes on; an impulse cut at its onset decays.
    """
    later = slice(FRAME_STEPS, EDGE_STEPS)
    heard = EDGE_STEPS - FRAME_STEPS - int(np.count_nonzero(padding[later]))
    if heard < FLOOR_STEPS:
        return 0.0
    start = float(energy[SKIPPED : SKIPPED + AFTER].mean())
    ratio = start / max(float(energy[later].sum()) / heard, FAINTEST)
    return ratio if ratio >= EDGE_RATIO else 0.0


def hidden(
    energy: NDArray[np.float32], at: int, floor: float, *, step_ratio: float, floor_ratio: float, dead: int
) -> int | None:
    """The step at which another impulse rises 7 to 20 steps behind a short one at step `at`, once that is left out.

    `energy`: (n,). None where the first is not short, where nothing rises, and where it rises so far that it is found
    without help.
    """
    start = energy[at : at + HIDDEN_FROM].tolist()
    if sum(start[SHORT:]) > QUIET_SHARE * max(start[:SHORT]):
        return None
    low, high = at + 1, at + HIDDEN_TO + dead + 1
    wanted = slice(HIDDEN_FROM - 1, HIDDEN_TO)
    after = running_sum(energy[low : high + AFTER - 1], AFTER) * np.float32(1.0 / AFTER)
    loud = after >= floor_ratio * floor
    if not loud[wanted].any():
        return None
    past = energy[low - BEFORE - 1 : high - 2].copy()
    against = np.maximum(running_sum(past, BEFORE) * np.float32(1.0 / BEFORE), np.float32(floor))
    score = np.where(loud & (after >= step_ratio * against), after / against, np.float32(0.0))
    best = dead + int(score[dead:].argmax())
    if score[best] > score[best - dead : best].max():
        return None
    left = np.ones(len(past), np.float32)
    past[BEFORE - 1 : BEFORE + SHORT] = left[BEFORE - 1 : BEFORE + SHORT] = 0.0
    against = np.maximum(running_sum(past, BEFORE) / running_sum(left, BEFORE), np.float32(floor))
    score = np.where(loud & (after >= step_ratio * against), after / against, np.float32(0.0))[wanted]
    best = int(score.argmax())
    return low + wanted.start + best if score[best] > 0.0 else None


def pick(wave: NDArray[np.float32], at: int, rate_hz: float) -> tuple[int, float]:
    """The channel that crosses 0.3 of its own peak first, and where: (channel, fractional samples after `at`).

    `wave`: (channels, samples), high-passed; the peak is sought from 3 ms before to 8 ms after sample `at`. A channel
    whose peak is under 0.3 of the loudest is left out: on a wide array the sound may not have reached it yet.
    """
    back = round(PICK_BACK_S * rate_hz)
    size = np.abs(wave[:, at - back : at + round(PICK_AHEAD_S * rate_hz)])
    peaks = size.max(axis=1).tolist()
    best, onset, least = 0, float("inf"), PICK_SHARE * max(peaks)
    for channel, peak in enumerate(peaks):
        if peak < least:
            continue
        limit = PICK_SHARE * peak
        j = int((size[channel] >= limit).argmax())
        x = float(j)
        if j > 0:
            low, high = float(size[channel, j - 1]), float(size[channel, j])
            x -= (high - limit) / (high - low)
        if x < onset:
            best, onset = channel, x
    return best, onset - back

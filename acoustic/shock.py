"""The shock wave of a supersonic bullet in a microphone's signal: the N-wave, told from all other impulses.

A bullet faster than sound drags a cone of pressure along. What passes a microphone beside its path is an N: a jump up
within microseconds, a straight fall to as far below, a jump back, 0.1 to 0.8 ms in all (Whitham 1952; Maher 2006;
`acoustic.blast` has the formulas), then silence until the ground's copy of it and the muzzle blast. Much in the world
holds one such swing; little is silent before and after it. So the quality of a match is the share of the energy, from
4 ms before the wave to 6 ms behind it, that one N explains; one weaker copy behind it, the ground's, is forgiven.

Microphones turn the sign of pressure or do not; here a positive sample must be pressure.

Whitham: The flow pattern of a supersonic projectile, Comm. Pure Appl. Math. 5 (1952). Maher: Modeling and signal
processing of acoustic gunshot recordings, IEEE DSP Workshop (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from acoustic import blast
from acoustic.errors import InputError

Floats = NDArray[np.float64]

LEAST_RATE_HZ = 32_000.0  # below, an N is too few samples to be told from any other swing
SHORTEST_S, LONGEST_S, DURATIONS = 0.12e-3, 0.8e-3, 14
ROUNDED = 0.3  # of the duration, over which air, obstacles and microphone round the jumps
PHASES = (0.0, 0.5)  # of a sample, at which the wave may begin
FINE = 8  # points per sample from which a template is averaged
LEAD_IN_S, TAIL = 0.1e-3, 0.4  # silence that a template asks for: before it, and behind as a share of its length
EARLY_S, LATE_S = 0.5e-3, 1.0e-3  # around a picked onset, where the wave may begin
BEFORE_S, AFTER_S = 4e-3, 6e-3  # the silence that quality asks for
LEAST_SWING = 0.4  # of what is farther from 0, how far the other side goes; a muzzle blast's suction is shallower
NEAR_BEST = 0.85  # of the largest projection, from which on the closest template may win
LEAST_QUALITY = 0.75
TINY = 1e-30
MEAN_S, BLAST_S, MOST_BEFORE = 1e-3, 4e-3, 0.5  # of a blast: the mean that shows it, its length, a rival's share of it


@dataclass(frozen=True, slots=True)
class NWave:
    """A shock wave: its beginning, to a tenth of its length; its length, to a quarter; how well an N explains it."""

    onset_sample: float
    duration_s: float
    quality: float


@dataclass(frozen=True, slots=True)
class _Templates:
    """N-waves of unit energy: waves (templates, samples), how long each and its silence are, where each begins."""

    waves: Floats
    durations_s: Floats
    counts: NDArray[np.intp]
    starts: Floats


def n_wave(sound: NDArray[np.floating], rate_hz: float, onset_sample: float) -> NWave | None:
    """The N-wave that begins near an onset in the sound of one microphone, (samples,); None where there is none.

    `needs_s` says how much sound around the onset is looked at; what lies outside is silence. None, too, below
    32 kHz: nothing can be told there. Raises InputError for a sound that is not one-dimensional.
    """
    if sound.ndim != 1:
        raise InputError(f"sound has {sound.ndim} dimensions; expected 1")
    if rate_hz < LEAST_RATE_HZ:
        return None
    made = _templates(float(rate_hz))
    quiet, searched, after = (round(s * rate_hz) for s in (BEFORE_S, EARLY_S + LATE_S, AFTER_S))
    first = math.floor(onset_sample) - round(EARLY_S * rate_hz) - quiet
    cut = _cut(sound, first, quiet + searched + made.waves.shape[1] + after)
    cut -= cut[:quiet].mean()
    above, below = float(cut[quiet:-after].max()), -float(cut[quiet:-after].min())
    if not min(above, below) > LEAST_SWING * max(above, below):
        return None
    windows = np.lib.stride_tricks.sliding_window_view(cut, made.waves.shape[1])[quiet : quiet + searched]
    height = windows @ made.waves.T
    top = float(height.max())
    total = np.concatenate([[0.0], np.cumsum(cut * cut)])
    at = np.arange(quiet, quiet + searched)[:, None]
    energy = total[at + made.counts] - total[at]
    match = np.where(height > NEAR_BEST * top, height * height / np.maximum(energy, TINY), 0.0)
    row, best = divmod(int(match.argmax()), match.shape[1])
    start, end = quiet + row, quiet + row + int(made.counts[best])
    own = float(energy[row, best])
    around = float(total[start]) + _unexplained(cut[start:end], cut[end : end + after])
    quality = float(match[row, best]) * own / (own + around)
    if quality < LEAST_QUALITY:
        return None
    onset = first + start + float(made.starts[best])
    return NWave(onset, float(made.durations_s[best]), quality)


def first_blast(sound: NDArray[np.floating], rate_hz: float, onset_sample: float) -> bool:
    """Whether the blast at an onset is the first since a shock wave; `sound`: (samples,) from that wave's onset on.

    A blast can hide in the detector's dead time after its shock wave; what is found then is its echo, and weaker. Means
    over a millisecond of means over a millisecond leave little of shock waves, which are shorter and of zero mean.
    """
    width = max(round(MEAN_S * rate_hz), 1)
    smooth = np.asarray(sound, dtype=np.float64)
    for _ in range(2):
        total = np.concatenate([[0.0], np.cumsum(smooth)])
        smooth = (total[width:] - total[:-width]) / width
    size = np.abs(smooth - np.median(smooth))
    begins, ends = max(round(onset_sample) - 2 * width, 0), round(onset_sample + BLAST_S * rate_hz)
    return bool(size[:begins].max(initial=0.0) < MOST_BEFORE * size[begins:ends].max(initial=0.0))


def needs_s() -> tuple[float, float]:
    """Seconds of sound before and after an onset that `n_wave` looks at."""
    return BEFORE_S + EARLY_S, LATE_S + LEAD_IN_S + LONGEST_S * (1.0 + TAIL) + AFTER_S


def _cut(sound: NDArray[np.floating], first: int, count: int) -> Floats:
    """`count` samples from `first` on, silence where there are none: a copy."""
    cut = np.zeros(count)
    low, high = max(first, 0), min(first + count, len(sound))
    if low < high:
        cut[low - first : high - first] = sound[low:high]
    return cut


def _unexplained(wave: Floats, after: Floats) -> float:
    """Energy of what follows a wave, without the one copy of it, weaker and of the same sign, that takes most away."""
    copies = np.correlate(after, wave, "valid")
    own = float(wave @ wave)
    best = float(np.clip(copies.max(), 0.0, own))
    return float(after @ after) - best * best / own


@lru_cache(maxsize=8)
def _templates(rate_hz: float) -> _Templates:
    lead_in = math.ceil(LEAD_IN_S * rate_hz)
    size = lead_in + math.ceil(LONGEST_S * (1.0 + TAIL) * rate_hz) + 1
    waves, durations, counts, starts = [], [], [], []
    for duration_s in np.geomspace(SHORTEST_S, LONGEST_S, DURATIONS).tolist():
        width = max(round((1.0 + ROUNDED * duration_s * rate_hz) * FINE), 1)
        count = lead_in + math.ceil(duration_s * (1.0 + TAIL) * rate_hz) + 1
        for phase in PHASES:
            fine = (np.arange(-width, (size * FINE) + width) + 0.5) / FINE - lead_in - phase
            ideal = blast.n_wave(fine / rate_hz, 1.0, duration_s)
            rounded = np.convolve(ideal, np.ones(width) / width, "same")[width:-width]
            wave = rounded.reshape(size, FINE).mean(axis=1)
            wave[count:] = 0.0
            waves.append(wave / math.sqrt(float(wave @ wave)))
            durations.append(duration_s)
            counts.append(count)
            starts.append(lead_in + phase)
    return _Templates(np.array(waves), np.array(durations), np.array(counts), np.array(starts))

"""What may leave a node as sound: the impulses of a located shot, and nothing of what was said around them.

    clip = unintelligible(sound, 48_000.0, onsets)

Of the sound itself only a core of each impulse stays, bit for bit: shorter than a syllable, and in a burst shorter
still, so that the glimpses from which a listener fills in words are too few. Around a core comes noise, as long as
detector and classifier look; its levels in each band, before and after a core, are one course for all impulses of the
clip, which after a core only falls: a voice cannot be in it. Everything else is silence.

How this was chosen, and what it measures: docs/understand/privacy.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic.errors import InputError

CORE_BEFORE_S, CORE_AFTER_S = 0.005, 0.03  # of an onset
MOST_SHARE = 0.08  # of the time between two onsets that a core may fill
LEAST_APART_S = 0.05  # between onsets that get a core of their own: 1,200 rounds a minute
NOISE_BEFORE_S, NOISE_AFTER_S = 0.12, 0.25  # a core
EDGE_S = 0.001  # over which a core gives way to noise
FADE_S = 0.02  # over which noise gives way to silence
JUST_BEFORE_S = 0.02  # a core, where the level before it is taken
FRAME_S = 0.005
BANDS_HZ = (0.0, 130.0, 250.0, 500.0, 850.0, 1200.0, 1800.0, 2500.0, 3500.0, 5200.0, 8000.0, math.inf)
FLOOR_SHARE = 0.3  # of all frames lie below the background's level
LOWEST, HIGHEST = 1e-6, 10**-2.5  # that level, as power of a core's
FAINTEST = 1e-20
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Core:
    """Samples: the first that stays, the onset, the first that does not stay; of the noise around, first and end."""

    first: int
    onset: int
    last: int
    low: int
    high: int


def unintelligible(sound: NDArray[np.floating], rate_hz: float, onsets: Sequence[float]) -> NDArray[np.float32]:
    """The sound (n,) of one channel with nothing in it but its impulses, whose onsets are samples, fractional.

    An onset within LEAST_APART_S of the one before gets no core of its own. The same input gives the same output.
    Raises InputError for another shape, a sample that is no number, an onset outside the sound, and for none.
    """
    heard = _checked(sound, onsets)
    cores = _cores(sorted(onsets), rate_hz, len(heard))
    bands = _bands(heard, rate_hz)
    powers = np.array([_power(bands, core.onset, core.last) for core in cores])
    curves = np.median(powers / powers.sum(1, keepdims=True), axis=0)[:, None] * _curves(bands, cores, powers, rate_hz)
    levels = powers.sum(1).min() * curves  # of the faintest, so that noise hides none
    draw = np.random.default_rng(0)
    out = np.zeros(len(heard))
    for core in cores:
        out[core.low : core.high] = _noise(core, levels, rate_hz, draw)
    for core in cores:
        kept = _edges(core.last - core.first, round(EDGE_S * rate_hz))
        part = slice(core.first, core.last)
        out[part] = np.where(kept == 1.0, heard[part], kept * heard[part] + (1.0 - kept) * out[part])
    return out.astype(np.float32)


def _checked(sound: NDArray[np.floating], onsets: Sequence[float]) -> Floats:
    if sound.ndim != 1:
        raise InputError(f"sound has {sound.ndim} dimensions; expected one channel")
    heard = np.asarray(sound, dtype=np.float64)
    if not np.isfinite(heard).all():
        raise InputError("sound holds a sample that is no finite number")
    if len(onsets) == 0:
        raise InputError("onsets is empty; expected at least one impulse")
    for onset in onsets:
        if not 0.0 <= onset < len(heard):
            raise InputError(f"onset is sample {onset:g}; expected one of the sound's {len(heard)}")
    return heard


def _cores(onsets: Sequence[float], rate_hz: float, samples: int) -> list[_Core]:
    """What stays of each onset, and the noise around it, which meets its neighbour's and does not overlap it."""
    apart: list[float] = []
    for onset in onsets:
        if not apart or onset - apart[-1] >= LEAST_APART_S * rate_hz:
            apart.append(onset)
    gaps = np.diff(apart, prepend=-math.inf, append=math.inf) / rate_hz
    spans: list[tuple[int, int, int]] = []
    for onset, gap_s in zip(apart, np.minimum(gaps[:-1], gaps[1:]).tolist(), strict=True):
        share = min(1.0, MOST_SHARE * gap_s / (CORE_BEFORE_S + CORE_AFTER_S))
        first, last = onset - share * CORE_BEFORE_S * rate_hz, onset + share * CORE_AFTER_S * rate_hz
        spans.append((max(math.ceil(first), 0), int(onset), min(math.floor(last) + 1, samples)))
    ends = [0, *(last for _, _, last in spans)]
    starts = [*(first for first, _, _ in spans), samples]
    before, after = round(NOISE_BEFORE_S * rate_hz), round(NOISE_AFTER_S * rate_hz)
    lows = [max(first - before, end) for (first, _, _), end in zip(spans, ends, strict=False)]
    highs = [
        min(last + after, max(start - before, last), samples)
        for (_, _, last), start in zip(spans, [*starts[1:-1], samples + before], strict=True)
    ]
    return [_Core(*span, low, high) for span, low, high in zip(spans, lows, highs, strict=True)]


def _bands(sound: Floats, rate_hz: float) -> Floats:
    """The sound (n,) in each of BANDS_HZ, (bands, n)."""
    bins, hz = fft.rfft(sound), fft.rfftfreq(len(sound), 1.0 / rate_hz)
    within = [(hz >= low) & (hz < high) for low, high in pairwise(BANDS_HZ)]
    return np.stack([fft.irfft(np.where(one, bins, 0.0), len(sound)) for one in within])


def _curves(bands: Floats, cores: Sequence[_Core], powers: Floats, rate_hz: float) -> Floats:
    """Power (bands, 1 + frames) before a core and after it, as a share of the core's, the same for all cores.

    After it, it never rises.
    """
    frame, frames, just = round(FRAME_S * rate_hz), round(NOISE_AFTER_S / FRAME_S), round(JUST_BEFORE_S * rate_hz)
    shares = np.full((len(cores), len(bands), 1 + frames), np.nan)
    for share, core, power in zip(shares, cores, powers, strict=True):
        count = min((core.high - core.last) // frame, frames)
        after = (bands[:, core.last : core.last + count * frame] ** 2).reshape(len(bands), count, frame).mean(2)
        share[:, 1 : 1 + count] = np.minimum.accumulate(after, axis=1)
        if core.first > 0:
            share[:, 0] = _power(bands, max(core.first - just, 0), core.first)
        share /= power[:, None]
    known = np.isfinite(shares).any((0, 1))
    common = np.zeros(shares.shape[1:])
    common[:, known] = np.nanmedian(shares[:, :, known], axis=0)
    common[:, 1:] = np.minimum.accumulate(common[:, 1:], axis=1)
    return np.maximum(common, _floor(bands, np.median(powers, axis=0), frame)[:, None])


def _floor(bands: Floats, typical: Floats, frame: int) -> Floats:
    """The background's power, (bands,), as a share of a typical core's."""
    count = bands.shape[1] // frame
    background = np.zeros(len(bands))
    if count:
        frames = (bands[:, : count * frame] ** 2).reshape(len(bands), count, frame).mean(2)
        background = np.quantile(frames, FLOOR_SHARE, axis=1)
    return np.asarray(np.clip(background / typical, LOWEST, HIGHEST))


def _noise(core: _Core, levels: Floats, rate_hz: float, draw: np.random.Generator) -> Floats:
    """The noise around one core, under it too, from `low` to `high`."""
    count, behind = core.high - core.low, np.arange(core.low, core.high) - core.last
    noise = _bands(draw.standard_normal(count), rate_hz)
    noise /= np.sqrt(_power(noise, 0, count))[:, None]
    middles = (np.arange(levels.shape[1] - 1) + 0.5) * FRAME_S * rate_hz
    times = np.concatenate([[core.first - core.last], middles])
    for row, level_db in zip(noise, 10.0 * np.log10(levels), strict=True):
        row *= 10.0 ** (np.interp(behind, times, level_db) / 20.0)
    return np.asarray(noise.sum(0) * _edges(count, min(round(FADE_S * rate_hz), count // 2)))


def _power(bands: Floats, first: int, last: int) -> Floats:
    """Mean power of each band, (bands,), never quite nothing."""
    return np.asarray(np.maximum((bands[:, first:last] ** 2).mean(1), FAINTEST))


def _edges(count: int, edge: int) -> Floats:
    """Ones (count,) that rise from 0 and fall to 0 over `edge` samples."""
    edge = min(edge, count // 4)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(edge, 1))
    return np.concatenate([rise, np.ones(count - 2 * edge), rise[::-1]])

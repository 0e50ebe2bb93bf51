"""One chain of augmentation for every class: what removes a source's fingerprint and leaves the impulse.

Each link acts at about half probability or less: another tempo, echoes, a diffuse tail, band limits, tilt, resonances,
noise or another place's sound behind, a compressor, clipping, mu-law, cut starts and tails.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic.features import AFTER_S, BEFORE_S, RATE_HZ, window

Array = NDArray[np.float64]
Floats = NDArray[np.float32] | NDArray[np.float64]
Draw = np.random.Generator

MARGIN_S = 0.3  # of sound on both sides of a window
ONSET = (BEFORE_S + MARGIN_S) * RATE_HZ
DIFFUSE_AFTER = 40  # samples: a tail begins after the nearest walls' echoes


def augmented(sound: Floats, draw: Draw, behind: Sequence[Floats] = ()) -> Array:
    """A window (SAMPLES,) of a sound at 12 kHz with its onset at ONSET, changed; one of `behind` may lie under it."""
    out = _loudest_one(sound.astype(np.float64))
    if draw.random() < 0.4:
        out = _other_tempo(out, draw)
    out = _loudest_one(_filtered(out, draw))
    if draw.random() < 0.5:
        out = out + _loudest_one(_noise(len(out), draw, behind)) * 10 ** (-draw.uniform(20, 55) / 20)
    if draw.random() < 0.4:
        out = _loudest_one(_compressed(out, draw))
    if draw.random() < 0.25:
        out = np.sign(out) * np.abs(out) ** draw.uniform(0.5, 1.0)
    if draw.random() < 0.35:
        limit = 10 ** (-draw.uniform(1, 26) / 20)
        out = np.clip(out, -limit, limit) / limit
    if draw.random() < 0.3:
        out = _mu_law(out)
    onset = ONSET + draw.normal(0, 0.001) * RATE_HZ
    if draw.random() < 0.2:
        out[: round(onset - draw.uniform(0.002, 0.05) * RATE_HZ)] = 0
    if draw.random() < 0.2:
        out[round(onset + draw.uniform(0.08, AFTER_S) * RATE_HZ) :] = 0
    return window(out, RATE_HZ, onset)


def _loudest_one(sound: Array) -> Array:
    return np.asarray(sound / (np.abs(sound).max() + 1e-9))


def _other_tempo(sound: Array, draw: Draw) -> Array:
    at = np.arange(len(sound))
    return np.asarray(np.interp((at - ONSET) * draw.uniform(0.85, 1.18) + ONSET, at, sound, left=0, right=0))


def _filtered(sound: Array, draw: Draw) -> Array:
    """Single echoes, a diffuse tail, low and high limits, tilt, resonances."""
    bins, hz = fft.rfft(sound), fft.rfftfreq(len(sound), 1 / RATE_HZ)
    if draw.random() < 0.5:
        count = int(draw.integers(2, 10))
        delays = draw.uniform(0.003, 0.25, count)
        gains = draw.uniform(-0.6, 0.6, count) * np.exp(-delays / draw.uniform(0.05, 0.3))
        bins = bins * (1 + (gains[:, None] * np.exp(-2j * math.pi * delays[:, None] * hz)).sum(0))
    if draw.random() < 0.3:
        count = round(0.6 * RATE_HZ)
        tail = draw.normal(size=count) * np.exp(-np.arange(count) / RATE_HZ / draw.uniform(0.03, 0.2))
        tail[:DIFFUSE_AFTER] = 0
        tail *= draw.uniform(0.02, 0.25) * draw.uniform(0.5, 2) / math.sqrt(float(tail @ tail))
        bins = bins * (1 + fft.rfft(tail, len(sound)))
    if draw.random() < 0.5:
        bins = bins / np.sqrt(1 + (hz / draw.uniform(600, 5000)) ** draw.choice([2, 4]))
    if draw.random() < 0.4:
        bins = bins * (np.maximum(hz, 50) / 1000) ** draw.uniform(-0.6, 0.6)
    if draw.random() < 0.3:
        bins = bins / np.sqrt(1 + (draw.uniform(80, 350) / np.maximum(hz, 1)) ** 4)
    if draw.random() < 0.3:
        for _ in range(int(draw.integers(1, 4))):
            gain = 10 ** (draw.uniform(-8, 8) / 20) - 1
            octaves = np.log2(np.maximum(hz, 20) / draw.uniform(150, 5000)) / draw.uniform(0.2, 0.8)
            bins = bins * (1 + gain * np.exp(-0.5 * octaves**2))
    return np.asarray(fft.irfft(bins, len(sound)))


def _noise(count: int, draw: Draw, behind: Sequence[Floats]) -> Array:
    """Another place's sound, or noise between white and pink amplitude slopes."""
    if behind and draw.random() < 0.5:
        return np.roll(behind[int(draw.integers(len(behind)))], int(draw.integers(count))).astype(np.float64)
    hz = fft.rfftfreq(count, 1 / RATE_HZ)
    bins = np.exp(2j * math.pi * draw.random(len(hz))) / np.maximum(hz, 60) ** draw.uniform(0, 1)
    return np.asarray(fft.irfft(bins, count))


def _compressed(sound: Array, draw: Draw) -> Array:
    """A compressor, which lifts the tail as video sound tracks do."""
    hz = fft.rfftfreq(len(sound), 1 / RATE_HZ)
    slow = 1 + 2j * math.pi * hz * draw.uniform(0.002, 0.02)
    level = np.maximum(fft.irfft(fft.rfft(np.abs(sound)) / slow, len(sound)), 0)
    level = np.maximum(level / (level.max() + 1e-9), 10 ** (-draw.uniform(25, 50) / 20))
    return np.asarray(sound * level ** -draw.uniform(0.2, 0.85))


def _mu_law(sound: Array) -> Array:
    """Rounded to the levels of 8-bit mu-law, as the Pittsburgh sensors send."""
    steps = np.round(np.log1p(255 * np.minimum(np.abs(sound), 1)) / math.log(256) * 127)
    return np.asarray(np.sign(sound) * (256 ** (steps / 127) - 1) / 255)

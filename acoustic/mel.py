"""Power in mel bands over time, batched: Slaney's filters (Auditory Toolbox, 1998), as librosa computes them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.floating]


@lru_cache(maxsize=8)
def filters(rate_hz: float, length: int, bands: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Triangular mel filters (bands, length // 2 + 1) of unit area, for spectra of `length` samples; read only."""
    edges_hz = mel_to_hz(np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2))
    hz = fft.rfftfreq(length, 1 / rate_hz)
    rising = (hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - hz) / np.diff(edges_hz)[1:, None]
    made = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    made.flags.writeable = False
    return np.asarray(made)


def hz_to_mel(hz: float) -> float:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `hz_to_mel`, for arrays."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))


def spectra(sound: Floats, length: int, hop: int) -> Floats:
    """Power (n, frames, length // 2 + 1) of Hann frames of (n, samples), one every `hop` samples, not padded.

    Single precision stays single.
    """
    rows, sample = sound.strides
    shape = len(sound), (sound.shape[1] - length) // hop + 1, length
    frames = np.lib.stride_tricks.as_strided(sound, shape, (rows, hop * sample, sample), writeable=False)
    bins = fft.rfft(frames * _hann(length, sound.dtype.char), axis=-1, overwrite_x=True)
    power = np.square(bins.real)
    power += np.square(bins.imag)
    return np.asarray(power)


@lru_cache(maxsize=8)
def _hann(length: int, kind: str) -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2 * math.pi * np.arange(length) / length), dtype=kind)

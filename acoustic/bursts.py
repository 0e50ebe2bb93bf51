"""Rhythm: shots of a burst return the same waveform to a microphone, echoes included, so they can be paired there.

Two rounds fired from one place reach a sensor over the same paths: direct sound and echoes repeat, and the correlation
of the two windows peaks near one, at the interval between the rounds to about 0.1 ms (measured on the Pittsburgh live
fire, Calhoun et al. 2021). Strangers do not repeat. Intervals that several sensors report independently are the
burst's.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic.errors import InputError

BEFORE_S = 0.006
AFTER_S = 0.080
LOW_HZ, HIGH_HZ = 120.0, 2500.0  # what distance leaves of a blast
MOST_SHIFT_S = 0.006  # two onsets of one waveform are picked within this
FINE_HZ = 24_000.0  # the correlation is read on this grid, then between its points
LEAST_COHERENCE = 0.4


@dataclass(frozen=True, slots=True)
class Repeat:
    """An impulse that looks like an earlier one: its number, the interval between them, the normalised correlation."""

    earlier: int
    interval_s: float
    coherence: float


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    onset_s: float
    spectrum: NDArray[np.complex128]


class Repeats:
    """Pairs each impulse of one microphone with the earlier ones that it repeats; remembers `span_s`, `most` of them.

    What is kept of an impulse is the spectrum of 86 ms below 2.5 kHz, in memory. Raises InputError for a rate too low
    for that band.
    """

    def __init__(self, rate_hz: float, span_s: float = 4.0, most: int = 32) -> None:
        if not (math.isfinite(rate_hz) and rate_hz >= 2 * HIGH_HZ):
            raise InputError(f"rate_hz is {rate_hz}; expected at least {2 * HIGH_HZ:g}")
        self.rate_hz, self.span_s = rate_hz, span_s
        self.samples = round((BEFORE_S + AFTER_S) * rate_hz)
        self._kept: deque[_Kept] = deque(maxlen=most)
        self._length = fft.next_fast_len(self.samples + math.ceil(MOST_SHIFT_S * rate_hz), real=True)
        hz = np.arange(self._length // 2 + 1) * rate_hz / self._length
        self._band = slice(*(int(i) for i in np.searchsorted(hz, (LOW_HZ, HIGH_HZ))))
        self._fine = math.ceil(self._length * FINE_HZ / rate_hz)
        self._grid_s = self._length / rate_hz / self._fine
        self._reach = round(MOST_SHIFT_S / self._grid_s)

    def add(self, number: int, onset_sample: float, window: NDArray[np.floating]) -> list[Repeat]:
        """The earlier impulses that this one repeats, latest first.

        `window`: (samples,) sound from `start_of(onset_sample)` on, `self.samples` long. Raises InputError for another
        shape.
        """
        if window.shape != (self.samples,):
            raise InputError(f"window has shape {window.shape}; expected ({self.samples},)")
        kept = self._keep(number, onset_sample, window)
        repeats = self._compare(kept, list(reversed(self._kept)))
        self._kept.append(kept)
        oldest_s = kept.onset_s - self.span_s
        while self._kept[0].onset_s < oldest_s:
            self._kept.popleft()
        return [r for r in repeats if r.coherence >= LEAST_COHERENCE and 0 < r.interval_s <= self.span_s]

    def start_of(self, onset_sample: float) -> int:
        """Index of the first sample of the window that `add` wants."""
        return math.floor(onset_sample) - round(BEFORE_S * self.rate_hz)

    def reset(self) -> None:
        """Forget every impulse: the stream was interrupted."""
        self._kept.clear()

    def _keep(self, number: int, onset_sample: float, window: NDArray[np.floating]) -> _Kept:
        spectrum = fft.rfft(np.asarray(window, dtype=np.float64), self._length)[self._band]
        energy = float(np.vdot(spectrum, spectrum).real)
        scaled = spectrum / math.sqrt(energy) if energy > 0 else np.zeros_like(spectrum)
        return _Kept(number, self.start_of(onset_sample) / self.rate_hz, scaled)

    def _compare(self, later: _Kept, before: list[_Kept]) -> list[Repeat]:
        if not before:
            return []
        cross = np.zeros((len(before), self._fine // 2 + 1), dtype=np.complex128)
        cross[:, self._band] = later.spectrum * np.conj([earlier.spectrum for earlier in before])
        correlation = fft.irfft(cross, self._fine) * (self._fine / 2)
        near = np.concatenate([correlation[:, -self._reach :], correlation[:, : self._reach + 1]], axis=1)
        repeats = []
        for earlier, row, peak in zip(before, near, near.argmax(axis=1).tolist(), strict=True):
            shift, height = _summit(row, peak)
            interval_s = later.onset_s - earlier.onset_s + (shift - self._reach) * self._grid_s
            repeats.append(Repeat(earlier.number, interval_s, min(height, 1.0)))
        return repeats


def _summit(values: NDArray[np.float64], peak: int) -> tuple[float, float]:
    """Position and height of the parabola through a maximum and its neighbours; the maximum itself at an edge."""
    if not 0 < peak < len(values) - 1:
        return float(peak), float(values[peak])
    left, top, right = (float(v) for v in values[peak - 1 : peak + 2])
    curvature = left - 2 * top + right
    if curvature >= 0:
        return float(peak), top
    shift = 0.5 * (left - right) / curvature
    return peak + shift, top - 0.25 * (left - right) * shift

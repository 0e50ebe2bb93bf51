"""The detector's front end: any rate down to 6-12 kHz, high-passed, in fixed frames.

Frames are cut at absolute sample indices and each is filtered by matrix products of one shape, so that the result for a
sample does not depend, to the last bit, on how many frames are filtered at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError

LOWEST_RATE_HZ = 8_000.0
HIGHEST_RATE_HZ = 192_000.0
FRAME_STEPS = 96
BLOCK_STEPS = 4  # of one matrix product; its length bounds the filter's memory, 20 Hz still come out 47 dB weaker


@dataclass(frozen=True, slots=True)
class Grid:
    """How a stream is cut: `decimation` raw samples make one working sample, `step` of those about 1 ms, 96 steps a
    frame.

    Raises InputError for a rate outside 8 to 192 kHz.
    """

    rate_hz: float
    decimation: int
    step: int

    @classmethod
    def of(cls, rate_hz: float) -> Grid:
        """The grid of a sampling rate in Hz."""
        if not (math.isfinite(rate_hz) and LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ):
            raise InputError(f"rate_hz is {rate_hz}; expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz")
        decimation = max(1, int(rate_hz // 6_000.0))
        return cls(rate_hz, decimation, round(rate_hz / decimation / 1_000.0))

    @property
    def working_hz(self) -> float:
        """Rate after decimation, Hz."""
        return self.rate_hz / self.decimation

    @property
    def step_s(self) -> float:
        """Length of a step, about 1 ms."""
        return self.step / self.working_hz

    @property
    def frame(self) -> int:
        """Raw samples in a frame."""
        return FRAME_STEPS * self.step * self.decimation


def highpass_taps(rate_hz: float, corner_hz: float, count: int) -> NDArray[np.float64]:
    """First `count` samples of the impulse response of a second-order Butterworth high-pass, made blind to a constant.

    (count,) float64. Bilinear transform with prewarping (Oppenheim and Schafer, Discrete-Time Signal Processing, §7.1).
    Minimum phase: an onset stays where it is.
    """
    k = math.tan(math.pi * corner_hz / rate_hz)
    scale = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
    a1, a2 = 2.0 * (k * k - 1.0) * scale, (1.0 - math.sqrt(2.0) * k + k * k) * scale
    taps = np.zeros(count)
    for n, b in enumerate((scale, -2.0 * scale, scale)[:count]):
        taps[n] = b
    for n in range(1, count):
        taps[n] -= a1 * taps[n - 1] + (a2 * taps[n - 2] if n > 1 else 0.0)
    taps[-1] -= taps.sum()
    return taps


class FrontEnd:
    """Decimate (mean of each `decimation` samples) and high-pass whole frames of one stream, `most` at a time.

    The mean lets some of the sound above the working band fold into it: for finding impulses that is more of the same
    sound, not an error. The filter's past starts as the first sample repeated, so that a constant makes no onset.
    """

    def __init__(self, grid: Grid, channels: int, corner_hz: float, most: int) -> None:
        block = BLOCK_STEPS * grid.step
        taps = highpass_taps(grid.working_hz, corner_hz, block + 1)
        lag = np.arange(block)[None, :] - np.arange(-block, block)[:, None]
        whole = np.where((lag >= 0) & (lag <= block), taps[np.clip(lag, 0, block)], 0.0).astype(np.float32)
        self._old, self._new = whole[:block].copy(), whole[block:].copy()
        self._mean = np.full(grid.decimation, 1.0 / grid.decimation, np.float32)
        self._grid, self._block = grid, block
        self._low = np.zeros((channels, block + most * FRAME_STEPS * grid.step), np.float32)
        self._carried = np.zeros((channels, most * FRAME_STEPS * grid.step), np.float32)
        self._begun = False

    def restart(self) -> None:
        """Forget the past, as at the start of a stream."""
        self._begun = False

    def __call__(self, frames: NDArray[np.float32], wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter (channels, k × frame) float32 raw samples into `wave`; return the decimated samples, until the next
        call.

        Both (channels, k × FRAME_STEPS × step) float32.
        """
        channels, size = wave.shape
        block, count = self._block, frames.shape[1] // self._grid.frame
        low = self._low[:, block : block + size]
        if self._grid.decimation > 1:
            rows = frames.reshape(channels, count, -1, self._grid.decimation)
            np.matmul(rows, self._mean, out=low.reshape(channels, count, -1))
        else:
            low[:] = frames
        if not self._begun:
            self._low[:, :block] = low[:, :1]
            self._begun = True
        shape = (channels, count, FRAME_STEPS // BLOCK_STEPS, block)
        carried = self._carried[:, :size]
        np.matmul(low.reshape(shape), self._new, out=wave.reshape(shape))
        np.matmul(self._low[:, :size].reshape(shape), self._old, out=carried.reshape(shape))
        wave += carried
        self._low[:, :block] = self._low[:, size : size + block]
        return low

"""The only place where captured sound is kept: a few seconds of it, in memory."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError


class Ring:
    """The newest `samples` of a stream of `channels`, by sample counter; what is older or missing reads as zeros."""

    def __init__(self, channels: int, samples: int) -> None:
        if channels < 1 or samples < 1:
            raise InputError(f"a ring of {channels} channels and {samples} samples; expected 1 or more of each")
        size, own = 4 * channels * samples, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._pages = mmap.mmap(-1, size, flags=own)  # zeros, in pages of their own, which `lock` is about
        self._sound = np.frombuffer(self._pages, np.float32).reshape(channels, samples)
        self.end = 0  # sample counter after the newest sample

    @property
    def samples(self) -> int:
        """How many samples it holds."""
        return self._sound.shape[1]

    def lock(self) -> str:
        """Have the sound never go to swap, nor into a dump of memory; why the system does not, or nothing."""
        if sys.platform == "linux":
            self._pages.madvise(mmap.MADV_DONTDUMP)
        system = ctypes.CDLL(None, use_errno=True)
        if system.mlock(ctypes.c_void_p(self._sound.ctypes.data), ctypes.c_size_t(self._sound.nbytes)):
            return os.strerror(ctypes.get_errno())
        return ""

    def append(self, block: NDArray[np.float32]) -> None:
        """Take (channels, n) samples that follow, n at most `samples`."""
        count, size = block.shape[1], self.samples
        if count > size:
            raise InputError(f"a block of {count} samples for a ring of {size}; expected no more than it holds")
        at = self.end % size
        first = min(count, size - at)
        self._sound[:, at : at + first] = block[:, :first]
        if first < count:
            self._sound[:, : count - first] = block[:, first:]
        self.end += count

    def skip(self, count: int) -> None:
        """`count` samples are missing."""
        blank = np.zeros((len(self._sound), min(count, self.samples)), np.float32)
        self.end += count - blank.shape[1]
        self.append(blank)

    def held(self, first: int, end: int) -> NDArray[np.float32] | None:
        """A copy of (channels, end - first) samples; None where it does not hold them all."""
        oldest = max(self.end - self.samples, 0)
        return self.read(first, end - first) if oldest <= first <= end <= self.end else None

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        """A copy of (channels, count) samples from sample counter `start` on."""
        out = np.zeros((len(self._sound), count), np.float32)
        low, high = max(start, self.end - self.samples, 0), min(start + count, self.end)
        if low < high:
            at = low % self.samples
            first = min(high - low, self.samples - at)
            out[:, low - start : low - start + first] = self._sound[:, at : at + first]
            out[:, low - start + first : high - start] = self._sound[:, : high - low - first]
        return out


def padded(sound: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
    """(…, count) samples of (…, n) from `first` on, zeros where there are none."""
    out = np.zeros((*sound.shape[:-1], count), np.float32)
    low, high = max(first, 0), min(first + count, sound.shape[-1])
    if low < high:
        out[..., low - first : high - first] = sound[..., low:high]
    return out

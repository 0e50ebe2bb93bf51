"""A pulse per second on an audio channel: when its edges rise, to a fraction of a sample.

A GNSS receiver's pulse, at least 1 ms long and wired so that its start is the rising edge, reaches the converter as a
band-limited step: it crosses half its height when the second begins, whatever the height. An input that is coupled by a
capacitor lets the level sag behind the edge, too slowly to matter here.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from acoustic.onset import running_max, running_sum

LEAST_STEP = 0.05  # of full scale; a wire without a pulse is far below, a line input given 1 V far above
NEAR, FAR = 4, 32  # samples either side of an edge, between which its levels are taken
STEEP = 0.5  # of the step, that an edge rises within three samples
TAPS, PARTS = 32, 64  # of the sinc interpolator
REACH = 2 * FAR + TAPS // 2  # samples either side that a decision needs
TOLERANCE = 2e-4  # by which a sound card's second may differ from a second
RUN = 3  # pulses a second apart that make the last of them believed


def _interpolator() -> NDArray[np.float64]:
    """Hann-windowed sinc, (PARTS + 1, TAPS): values at 0, 1/PARTS … 1 between the two middle samples."""
    at = np.arange(PARTS + 1)[:, None] / PARTS + TAPS // 2 - 1 - np.arange(TAPS)
    weights: NDArray[np.float64] = np.sinc(at) * np.cos(np.pi * at / (TAPS + 2)) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


INTERPOLATOR = _interpolator()


class Pulses:
    """The pulses of one channel. An edge is believed when edges rose one and two seconds before it: what else is steep
    on the wire does not, and a missing pulse costs two more.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._next = -1  # sample index that must come, and what is held before it
        self._held = np.zeros(0, np.float32)
        self._runs: deque[tuple[float, int]] = deque()  # edges of the last second, and how many line up behind each

    def push(self, index: int, samples: NDArray[np.float32]) -> list[float]:
        """Sample indices, fractional, of the believed edges that (n,) more samples from `index` on make certain.

        However the stream is cut the edges are the same; after a hole it begins anew.
        """
        if index != self._next:
            self._held = np.zeros(0, np.float32)
            self._runs.clear()
        held = np.concatenate([self._held, samples])
        self._next = index + len(samples)
        self._held = held[-2 * REACH :]
        start = self._next - len(held)
        edges = [start + at + part for at, part in _edges(held)]  # whole first: the sum must not depend on the cut
        return [edge for edge in edges if self._believed(edge)]

    def _believed(self, edge: float) -> bool:
        """Whether this edge ends a run of pulses a second apart."""
        slack = TOLERANCE * self._rate_hz + 1.0
        while self._runs and edge - self._runs[0][0] > self._rate_hz + slack:
            self._runs.popleft()
        if self._runs and edge - self._runs[-1][0] < FAR:
            return False  # the same, found at another of its tops
        run = 1 + max((run for at, run in self._runs if edge - at >= self._rate_hz - slack), default=0)
        self._runs.append((edge, run))
        return run >= RUN


def _edges(x: NDArray[np.float32]) -> list[tuple[int, float]]:
    """Rising edges in (n,) samples, at least REACH from either end: the sample before each, and the part behind it."""
    if len(x) <= 2 * REACH:
        return []
    width = FAR - NEAR + 1
    level = running_sum(x, width) / np.float32(width)
    step = level[FAR + NEAR :] - level[: -FAR - NEAR]  # step[k]: from before to behind sample k + FAR
    if not (step >= LEAST_STEP).any():
        return []
    peak = running_max(step, 2 * FAR + 1)  # peak[k]: the largest around step[k + FAR]
    first, last = REACH - FAR, len(step) - (REACH - FAR)
    inner = step[first:last]
    tops = (np.flatnonzero((inner >= LEAST_STEP) & (inner == peak[first - FAR : last - FAR])) + first).tolist()
    return [edge for top in tops if (edge := _crossing(x, top + FAR, level[top], level[top + FAR + NEAR])) is not None]


def _crossing(x: NDArray[np.float32], middle: int, low: float, high: float) -> tuple[int, float] | None:
    """Where x, near `middle`, rises steeply through half the height between two levels; None where it does not."""
    half = 0.5 * (low + high)
    begin = middle - 2 * NEAR
    near = x[begin : middle + 2 * NEAR]
    up = np.flatnonzero((near[:-1] < half) & (near[1:] >= half))
    if not len(up):
        return None
    at = begin + int(up[np.argmax(near[up + 1] - near[up])])
    if x[at + 2] - x[at - 1] < STEEP * (high - low):
        return None
    fine = INTERPOLATOR @ x[at - TAPS // 2 + 1 : at + TAPS // 2 + 1].astype(np.float64)
    above = 1 + int(np.argmax(np.append(fine[1:-1] >= half, True)))  # fine[0] is x[at], fine[-1] is x[at + 1]
    return at, float(above - (fine[above] - half) / (fine[above] - fine[above - 1])) / PARTS

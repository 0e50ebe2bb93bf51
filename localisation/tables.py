"""What stations say of a predicted time, tabulated over time; and its maxima over windows, for bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.intp]

STEP_S = 0.002
ROOM_S = 4.0  # before the first and after the last signal
NOTHING = -30.0
LEVELS = 9


class Profile:
    """Per station and time: the value of the best signal near (`match`), of the best that came before (`early`).

    The last row is that of no station.
    """

    def __init__(self, stations: int, span: tuple[float, float]) -> None:
        self.start = span[0] - ROOM_S
        self.length = math.ceil((span[1] - span[0] + 2 * ROOM_S) / STEP_S) + 2
        self.match = np.full((stations + 1, self.length), NOTHING, dtype=np.float32)
        self.early = np.zeros((stations + 1, self.length), dtype=np.float32)

    def fill(self, station: int, times: Array, value: Array, first: Array, kernel_s: float, echo_s: float) -> None:
        """Tell what one station heard: times (n,), their values, and how good each is as a first sound."""
        match, early = self.match[station], self.early[station]
        match[:], early[:] = NOTHING, 0.0
        sigma = math.hypot(kernel_s, STEP_S)
        reach = math.ceil(3.5 * sigma / STEP_S)
        for time, worth, before in zip(times.tolist(), value.tolist(), first.tolist(), strict=True):
            at = (time - self.start) / STEP_S
            slot = np.arange(round(at) - reach, round(at) + reach + 1)
            near = worth - 0.5 * ((slot - at) * STEP_S / sigma) ** 2
            match[slot] = np.maximum(match[slot], near)
            late = slice(round(at + 0.02 / STEP_S), round(at + echo_s / STEP_S))
            early[late] = np.maximum(early[late], before)

    def at(self, station: Index, time: Array | Single) -> tuple[Single, Single]:
        """`match` and `early` of stations at times, of one shape."""
        slot = np.clip((time - self.start) * (1 / STEP_S) + 0.5, 0, self.length - 1).astype(np.intp)
        slot += station * self.length
        return self.match.ravel().take(slot), self.early.ravel().take(slot)


class Bounds:
    """The most that a station's match reaches within a window around a time: maxima over windows of 2, 4, 8 … steps."""

    STEP_S = 2 * STEP_S

    def __init__(self, stations: int, span: tuple[float, float]) -> None:
        self.start = span[0] - ROOM_S
        self.length = math.ceil((span[1] - span[0] + 2 * ROOM_S) / self.STEP_S) + 2
        self.table = np.full((LEVELS, stations + 1, self.length), NOTHING, dtype=np.float32)

    def fill(self, stations: Sequence[int] | range, profile: Profile) -> None:
        """Take over what the profile says of these stations."""
        rows = np.asarray(stations, dtype=np.intp)
        if not len(rows):
            return
        pairs = np.full((len(rows), 2 * self.length), NOTHING, dtype=np.float32)
        pairs[:, : profile.length] = profile.match[rows][:, : 2 * self.length]
        here = pairs.reshape(len(rows), self.length, 2).max(axis=2)
        here = _widened(here, 1)
        for level in range(LEVELS):
            self.table[level, rows] = here
            here = _widened(here, 2**level)

    def most(self, station: Index, time: Single, wide_s: Single) -> Single:
        """The maximum within `time` ± `wide_s`, or a little more; arrays of one shape."""
        level = np.ceil(np.log2(np.maximum(wide_s * np.float32(1 / self.STEP_S), np.float32(1.0)))).astype(np.intp)
        np.minimum(level, LEVELS - 1, out=level)
        slot = np.clip((time - self.start) * (1 / self.STEP_S), 0, self.length - 1).astype(np.intp)
        slot += (level * self.table.shape[1] + station) * self.length
        return np.asarray(self.table.ravel().take(slot))


def _widened(rows: Single, by: int) -> Single:
    """The maximum of each row within ± `by` slots of where it holds the maximum already."""
    out = rows.copy()
    np.maximum(out[:, by:], rows[:, :-by], out=out[:, by:])
    np.maximum(out[:, :-by], rows[:, by:], out=out[:, :-by])
    return out

"""What stations say of a predicted time, tabulated over time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.intp]
Saved = tuple[Index, NDArray[np.generic], NDArray[np.generic], NDArray[np.generic]]

STEP_S = 0.002
COARSE = 8  # steps in one of `early`
CLEAR_S = 0.02  # nothing so soon after a signal counts it as earlier
ROOM_S = 0.1  # before the first and after the last signal
NOTHING = -30.0


class Profile:
    """Per station and time: the value of the best signal near, which one it is (−1: none), and the best before.

    The last station is none, of which nothing is known.
    """

    def __init__(self, stations: int, span: tuple[float, float], kernel_s: float, echo_s: float) -> None:
        self._stations = stations + 1
        self._start = span[0] - ROOM_S
        self._sigma = math.hypot(kernel_s, STEP_S) / STEP_S
        reach = math.ceil(3.5 * self._sigma)
        self._near = np.arange(-reach, reach + 1)
        self._after = np.arange(math.ceil(CLEAR_S / STEP_S / COARSE), round(echo_s / STEP_S / COARSE))
        self._length = math.ceil((span[1] - span[0] + 2 * ROOM_S + echo_s) / STEP_S / COARSE) * COARSE
        self.match = np.full(self._stations * self._length, NOTHING, dtype=np.float32)
        self.which = np.full(self._stations * self._length, -1, dtype=np.int32)
        self.early = np.zeros(self._stations * self._length // COARSE, dtype=np.float32)

    def clear(self, stations: Index) -> None:
        """Forget what these stations said."""
        self.match.reshape(self._stations, -1)[stations] = NOTHING
        self.which.reshape(self._stations, -1)[stations] = -1
        self.early.reshape(self._stations, -1)[stations] = 0.0

    def saved(self, stations: Index) -> Saved:
        """What these stations say now, to come back to."""
        match, which, early = (t.reshape(self._stations, -1) for t in (self.match, self.which, self.early))
        return stations, match[stations], which[stations], early[stations]

    def restore(self, saved: Saved) -> None:
        """Back to what was told when it was saved."""
        stations, *rows = saved
        for table, row in zip((self.match, self.which, self.early), rows, strict=True):
            table.reshape(self._stations, -1)[stations] = row

    def tell(self, rows: Index, station: Index, time: Array, value: Array, first: Array) -> None:
        """Add signals, (n,) each: what they are called, where and when they came, their values, and how good each is as
        a first sound.
        """
        at = (time - self._start) / STEP_S
        middle = np.rint(at).astype(np.intp)
        slot = middle[:, None] + self._near
        near = (value[:, None] - 0.5 * ((slot - at[:, None]) / self._sigma) ** 2).astype(np.float32)
        slot += station[:, None] * self._length
        np.maximum.at(self.match, slot.ravel(), near.ravel())
        best = near == self.match[slot]
        self.which[slot[best]] = np.broadcast_to(rows[:, None], slot.shape)[best]
        after = ((station * self._length + middle) // COARSE)[:, None] + self._after
        np.maximum.at(self.early, after.ravel(), np.repeat(first, len(self._after)).astype(np.float32))

    def slots(self, station: Index, time: Array | Single) -> Index:
        """Where `match` and `which` of stations at times stand, of one shape; `early` stands at an eighth of it."""
        at = np.clip((time - self._start) * (1 / STEP_S) + 0.5, 0, self._length - 1).astype(np.intp)
        return np.asarray(at + station * self._length)

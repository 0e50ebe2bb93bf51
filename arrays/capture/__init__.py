"""Where sound comes from, one file a source, and the two things that a source yields.

A source yields `Block` and `Gap` in order of the sample counter, without hole or overlap. A block's samples are
read-only and good until the next one is asked for: a stage that needs them longer copies them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from arrays.timebase import Timebase


@dataclass(frozen=True, slots=True)
class Block:
    """Sound: `samples` (channels, n) float32, full scale ±1; `index` is the sample counter at the first of them."""

    index: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Gap:
    """`samples` samples are missing, from `index` on."""

    index: int
    samples: int


class Source(Protocol):
    """One stream: its rate, channels, the map from sample counter to UTC, and its sound."""

    @property
    def rate_hz(self) -> float:
        """Samples a second."""

    @property
    def channels(self) -> int:
        """Channels of every block."""

    @property
    def timebase(self) -> Timebase:
        """Known once the first block was yielded."""

    @property
    def clock_problem(self) -> str:
        """Why time is not known better; empty where all is well."""

    @property
    def problem(self) -> str:
        """Why no sound comes, as one sentence; empty where it does."""

    def blocks(self) -> Iterator[Block | Gap]:
        """The stream; raises InputError or ResourceError where it cannot go on."""

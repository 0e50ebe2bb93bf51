"""Where an array's microphones are, and what that means for times and bearings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError

FARTHEST_M = 100.0
LEAST_SPAN_M = 0.02


def offsets(microphones: Sequence[Sequence[float]] | None, channels: int) -> NDArray[np.float64]:
    """Offsets from the array's place, (channels, 3) m east, north, up; zeros where none are stated.

    Raises InputError where their number or a value does not suit.
    """
    if microphones is None:
        return np.zeros((channels, 3))
    if len(microphones) != channels:
        raise InputError(f"microphones has {len(microphones)} entries; expected {channels}, one a channel")
    for index, place in enumerate(microphones):
        if len(place) != 3 or not all(math.isfinite(v) and abs(v) <= FARTHEST_M for v in place):
            raise InputError(f"microphones[{index}] is {list(place)}; expected three offsets within {FARTHEST_M:g} m")
    return np.array(microphones, np.float64)


def gives_bearing(microphones: NDArray[np.float64]) -> bool:
    """Whether (mics, 3) offsets are three or more that do not stand in a line, seen from above."""
    if len(microphones) < 3:
        return False
    flat = microphones[:, :2] - microphones[:, :2].mean(axis=0)
    return bool(np.linalg.svd(flat, compute_uv=False)[1] > LEAST_SPAN_M)


def lag_s(offset: NDArray[np.float64], azimuth_deg: float, elevation_deg: float, speed_ms: float) -> float:
    """How much later the array's place hears a plane wave than the microphone at `offset` (3,) m, seconds.

    `azimuth_deg` clockwise from north and `elevation_deg` point from the array to the sound.
    """
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level = math.cos(elevation)
    towards = (level * math.sin(azimuth), level * math.cos(azimuth), math.sin(elevation))
    return float(np.dot(offset, towards)) / speed_ms


def radius_m(microphones: NDArray[np.float64]) -> float:
    """Largest distance of a microphone from the array's place."""
    return float(np.sqrt((microphones**2).sum(axis=1)).max())

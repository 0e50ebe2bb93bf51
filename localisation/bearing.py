"""Where an impulse came from, as one array hears it: azimuth and elevation of a plane wave, with honest deviations.

Arrival times at the microphones (`localisation.delays`) are differences in path along the direction to the sound. In the
principal axes of the array the best direction is the weighted projection of the unconstrained fit onto the unit sphere:
one unknown multiplier, the global optimum, for any shape of array. An array that is nearly flat cannot tell the two
sides of its plane apart; both are weighed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acoustic.errors import InputError
from localisation.delays import Times, arrival_times

Floats = NDArray[np.float64]

WHITENING = 0.7  # of the correlation: between the phase transform, which lifts noise, and none, which lifts echoes
MODEL_SIGMA_S = 1.0e-6  # by which microphones' places and the wave's flatness are off: a third of a millimetre
MOST_MISFIT = 4.0  # rms of the residuals ÷ their σ, above which this is no plane wave
LEAST_SNR = 0.5
FLAT_SHARE = 1e-4  # least ÷ greatest extent below which an array has no third axis (or no second)
SURE = 9.0  # difference of χ² at which one side of an array's plane is believed
WIDEST_DEG = 60.0  # σ beyond which an azimuth says nothing


@dataclass(frozen=True, slots=True)
class Bearing:
    """Direction to the sound: azimuth clockwise from north in 0…360, elevation above the horizon, 1 σ of each; degrees."""

    azimuth_deg: float
    azimuth_sigma_deg: float
    elevation_deg: float
    elevation_sigma_deg: float


@dataclass(frozen=True, slots=True)
class _Array:
    """An array in its principal axes."""

    centred: Floats  # (mics, 3)
    left: Floats  # (mics, 3)
    extent: tuple[float, float, float]
    axes: Floats  # (3, 3), a row each
    widest_m: float


def bearing(window: ArrayLike, microphones: ArrayLike, rate_hz: float, speed_ms: float) -> Bearing | None:
    """Direction to the sound in a window, (mics, samples), of an array at `microphones`, (mics, 3) m east, north, up.

    The window should begin some ms before the onset and end before strong echoes. None where the channels do not agree
    on one plane wave, or the azimuth is unknown (a flat upright array cannot tell front from back). Raises InputError
    for fewer than three microphones, microphones on one line, shapes that do not fit, samples that are not finite, or a
    speed or rate that is not positive.
    """
    places = np.asarray(microphones, dtype=np.float64)
    samples = np.asarray(window, dtype=np.float32)
    array = _array(places.shape, places.tobytes())
    if samples.shape[:-1] != places.shape[:1]:
        raise InputError(f"window has shape {samples.shape}; expected ({len(places)}, samples)")
    if not (math.isfinite(speed_ms) and speed_ms > 0.0):
        raise InputError(f"speed_ms is {speed_ms}; expected a positive number")
    if not math.isfinite(float(samples.sum())):
        raise InputError("window holds a sample that is not finite")
    times = arrival_times(samples, rate_hz, 1.05 * array.widest_m / speed_ms, whitening=WHITENING)
    return direction(times, array, speed_ms)


def bearing_of_times(seconds: ArrayLike, sigma_s: float, microphones: ArrayLike, speed_ms: float) -> Bearing | None:
    """Direction from arrival times at the microphones, (mics,), each with deviation `sigma_s`; as `bearing`."""
    places = np.asarray(microphones, dtype=np.float64)
    times = np.asarray(seconds, dtype=np.float64)
    return _direction(times - times.mean(), sigma_s, _array(places.shape, places.tobytes()), speed_ms)

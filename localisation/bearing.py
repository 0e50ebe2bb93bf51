"""Where an impulse came from, as one array hears it: azimuth and elevation of a plane wave, with honest deviations.

Arrival times at the microphones (`localisation.delays`) tell the part of the direction along each axis of the array,
the better the wider the array lies there. The direction is the weighted projection of that fit onto the unit sphere:
one unknown multiplier, the global optimum, for an array of any shape. An array that is nearly flat can hardly tell the
two sides of its plane apart; both are weighed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acoustic.errors import InputError
from localisation.delays import arrival_times

Floats = NDArray[np.float64]

WHITENING = 0.7  # of the correlation: more lifts noise, less lets echoes through
MODEL_SIGMA_S = 1.0e-6  # by which a wave is not flat and a microphone not where it is said to be: a third of a mm
MOST_MISFIT_S = 25e-6  # rms of the residuals, above what noise explains, from which on this is no plane wave
FLAT_SHARE = 1e-3  # of the greatest extent, below which an array has no third axis, or no second
WIDEST_DEG = 20.0  # σ beyond which an azimuth says nothing
NEWTON_STEPS = 30


@dataclass(frozen=True, slots=True)
class Bearing:
    """Direction to the sound: azimuth clockwise from north, 0…360, elevation over the horizon, 1 σ of each; degrees."""

    azimuth_deg: float
    azimuth_sigma_deg: float
    elevation_deg: float
    elevation_sigma_deg: float


@dataclass(frozen=True, slots=True)
class _Array:
    """An array in its principal axes: (mics, 3) left vectors, extents in metres, axes (3, 3), a row each."""

    left: Floats
    extent: tuple[float, float, float]
    axes: Floats
    widest_m: float


def bearing(window: ArrayLike, microphones: ArrayLike, rate_hz: float, speed_ms: float) -> Bearing | None:
    """Direction to the sound in a window, (mics, samples), of an array at `microphones`, (mics, 3) m east, north, up.

    The window should begin a few ms before the onset and end before strong echoes. None where the channels do not agree
    on one plane wave, or the azimuth is unknown (a flat upright array cannot tell front from back). Raises InputError
    for fewer than three microphones, microphones on one line, shapes that do not fit, samples that are not finite, or a
    speed or rate that is not positive.
    """
    array = _known(microphones, speed_ms)
    samples = np.asarray(window, dtype=np.float32)
    if samples.ndim != 2 or samples.shape[0] != len(array.left):
        raise InputError(f"window has shape {samples.shape}; expected ({len(array.left)}, samples)")
    if not math.isfinite(float(samples.sum())):
        raise InputError("window holds a sample that is not a finite number")
    times = arrival_times(samples, rate_hz, 1.05 * array.widest_m / speed_ms, whitening=WHITENING)
    return _direction(times.seconds.astype(np.float64), float(times.sigma_s), array, speed_ms)


def bearing_of_times(seconds: ArrayLike, sigma_s: float, microphones: ArrayLike, speed_ms: float) -> Bearing | None:
    """Direction from arrival times at the microphones, (mics,) s, each with deviation `sigma_s`; else as `bearing`."""
    array = _known(microphones, speed_ms)
    times = np.asarray(seconds, dtype=np.float64)
    if times.shape != (len(array.left),) or not np.isfinite(times).all():
        raise InputError(f"seconds is {times.tolist()}; expected {len(array.left)} finite numbers")
    if not sigma_s >= 0.0:
        raise InputError(f"sigma_s is {sigma_s}; expected 0 or more")
    return _direction(times - times.mean(), sigma_s, array, speed_ms)


def _known(microphones: ArrayLike, speed_ms: float) -> _Array:
    if not (math.isfinite(speed_ms) and speed_ms > 0.0):
        raise InputError(f"speed_ms is {speed_ms}; expected a positive number")
    places = np.ascontiguousarray(microphones, dtype=np.float64)
    return _array(places.shape, places.tobytes())


@lru_cache(maxsize=64)
def _array(shape: tuple[int, ...], places: bytes) -> _Array:
    if len(shape) != 2 or shape[1] != 3 or shape[0] < 3:
        raise InputError(f"microphones has shape {shape}; expected (3 or more, 3)")
    points = np.frombuffer(places).reshape(shape)
    if not np.isfinite(points).all():
        raise InputError("microphones holds a place that is not finite")
    left, extent, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    if not extent[1] > FLAT_SHARE * extent[0]:
        raise InputError("microphones lie on one line or at one place; expected them to span a plane")
    widest_m = float(np.linalg.norm(points[:, None] - points[None], axis=2).max())
    third = float(extent[2]) if extent[2] > FLAT_SHARE * extent[0] else 0.0
    return _Array(left, (float(extent[0]), float(extent[1]), third), axes, widest_m)


def _direction(times: Floats, sigma_s: float, array: _Array, speed_ms: float) -> Bearing | None:
    """Direction from arrival times of zero mean, σ of each against the mean of all."""
    if not math.isfinite(sigma_s):
        return None
    mics = len(times)
    part = times @ array.left
    free = tuple(-speed_ms * p / e if e > 0.0 else 0.0 for p, e in zip(part.tolist(), array.extent, strict=True))
    weights = tuple(e * e for e in array.extent)
    unit = _on_sphere(free, weights)
    misfit = sum(w * (f - u) ** 2 for w, f, u in zip(weights, free, unit, strict=True)) / speed_ms**2
    seen = part if array.extent[2] > 0.0 else part[:2]
    misfit += max(float(times @ times - seen @ seen), 0.0)
    variance = sigma_s**2 * mics / (mics - 1) + MODEL_SIGMA_S**2
    if mics > 3:
        per_time = misfit / (mics - 3)
        if per_time > 16.0 * variance + MOST_MISFIT_S**2:
            return None
        variance = per_time if per_time > 4.0 * variance else variance
    noise = speed_ms**2 * variance
    against = 4.0 * weights[2] * abs(free[2] * unit[2]) / noise
    mirrored = 1.0 / (1.0 + math.exp(min(0.5 * against, 700.0)))
    found = _angles(unit, array, noise)
    if mirrored > 1e-4:
        found = _mixed(found, _angles((unit[0], unit[1], -unit[2]), array, noise), mirrored)
    return found if found.azimuth_sigma_deg <= WIDEST_DEG else None


def _on_sphere(free: tuple[float, ...], weights: tuple[float, ...]) -> tuple[float, float, float]:
    """The unit vector u nearest to `free` by Σ w (u − free)²; w descending; u₂ > 0 on a tie.

    u = w·free ÷ (w + λ); Newton's steps on 1/|u| − 1, from a λ where |u| ≥ 1, converge from one side (Moré & Sorensen
    1983 use the same for trust regions).
    """
    x = [w * f for w, f in zip(weights, free, strict=True)]
    least = weights[2]
    bare = sum((x[k] / (weights[k] - least)) ** 2 for k in (0, 1) if weights[k] > least)
    if abs(x[2]) <= 1e-12 * weights[0] and bare < 1.0:
        u = [x[k] / (weights[k] - least) if weights[k] > least else 0.0 for k in (0, 1)]
        return u[0], u[1], math.sqrt(1.0 - u[0] ** 2 - u[1] ** 2)
    shift = max(abs(a) - w for a, w in zip(x, weights, strict=True))
    for _ in range(NEWTON_STEPS):
        u = [a / (w + shift) if a else 0.0 for a, w in zip(x, weights, strict=True)]
        square = u[0] ** 2 + u[1] ** 2 + u[2] ** 2
        slope = sum(a * a / (w + shift) for a, w in zip(u, weights, strict=True) if a)
        step = (math.sqrt(square) - 1.0) * square / slope
        shift += step
        if abs(step) <= 1e-13 * weights[0]:
            break
    length = math.sqrt(square)
    return u[0] / length, u[1] / length, u[2] / length


def _angles(unit: tuple[float, float, float], array: _Array, noise: float) -> Bearing:
    """Angles of a direction given in the array's axes; `noise` is the variance of path differences, m²."""
    u = array.axes.T @ unit
    azimuth, elevation = math.atan2(u[0], u[1]), math.asin(min(max(float(u[2]), -1.0), 1.0))
    sin_a, cos_a, sin_e, cos_e = math.sin(azimuth), math.cos(azimuth), math.sin(elevation), math.cos(elevation)
    turned = array.axes @ np.array([[cos_a * cos_e, -sin_a * sin_e], [-sin_a * cos_e, -cos_a * sin_e], [0.0, cos_e]])
    turned *= np.array(array.extent)[:, None]
    (aa, ae), (_, ee) = (turned.T @ turned).tolist()
    rest_a = aa - ae * ae / ee if ee > 0.0 else aa
    rest_e = ee - ae * ae / aa if aa > 0.0 else ee
    sigma_a = math.sqrt(noise / rest_a) if rest_a > 0.0 else math.inf
    sigma_e = math.sqrt(noise / rest_e) if rest_e > 0.0 else math.inf
    # In the plane of a flat array path differences are stationary: what is measured there is the square of an angle.
    at_most = math.sqrt(2.0 * math.sqrt(noise) / array.extent[1])
    sigma_a, sigma_e = min(sigma_a, at_most / max(cos_e, 1e-9)), min(sigma_e, at_most)
    return Bearing(
        math.degrees(azimuth) % 360.0,
        min(math.degrees(sigma_a), 180.0),
        math.degrees(elevation),
        min(math.degrees(sigma_e), 90.0),
    )


def _mixed(one: Bearing, other: Bearing, share: float) -> Bearing:
    """Mean and deviation of two directions, the other with probability `share`."""
    turn = (other.azimuth_deg - one.azimuth_deg + 180.0) % 360.0 - 180.0
    rise = other.elevation_deg - one.elevation_deg
    spread = math.sqrt(share * (1.0 - share))
    return Bearing(
        (one.azimuth_deg + share * turn) % 360.0,
        min(math.hypot(one.azimuth_sigma_deg, spread * turn), 180.0),
        one.elevation_deg + share * rise,
        min(math.hypot(one.elevation_sigma_deg, spread * rise), 90.0),
    )

"""Where a near impulse was, as one array hears it: direction and range from the curvature of the wave's front.

A source at the range r in the direction u from the array's centre is heard at the place x, seen from there, later than
at the centre by

    t = (|u − κx| − 1) ÷ κc,   κ = 1/r.

The unknown is κ: at 0 the wave is plane and the direction that of `localisation.bearing`, and near 0 the errors of κ
are normal, which those of r never are. Where the interval of κ reaches 0, the range has no upper limit: "far".

What a small array takes for curvature can be a wrong speed of sound: a regular tetrahedron cannot tell the two apart.
So the speed is a nuisance with a prior, and the interval is marginal over it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from acoustic.errors import InputError
from localisation.bearing import FLAT_SHARE, MODEL_SIGMA_S, MOST_MISFIT_S
from localisation.likelihood import wrapped

Floats = NDArray[np.float64]

LEVEL = 0.9
LEAST_MICROPHONES = 5  # four that are not flat hear the same times from two places
STARTS = (0.0, 0.5, 1.0)  # of the curvature, times the distance of the outermost microphone from the centre
MOST_CURVED = 2.0  # the same: no source is sought nearer than half that distance
AZIMUTH, ELEVATION, CURVATURE, SPEED = range(4)  # the unknowns, rad, rad, 1/outermost distance, σ
CURVED, PLANE = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0, 1.0])  # which of them are free
LOOSE = np.diag([1.0, 1.0, 0.01, 0.0])  # information that keeps a covariance finite: ± a radian, ± 10 in curvature
HOLLOW = 5.0  # σ below 0, from which on a curvature is none of a source's front
ROUNDS, CONVERGED = 15, 1e-9


@dataclass(frozen=True, slots=True)
class Source:
    """Where impulses came from, seen from the centre (mean place) of the microphones, (…) each.

    `azimuth_deg` clockwise from north, `elevation_deg`; `range_m`, inf where far, with its 90 % interval from `low_m`
    to `high_m`, inf where the front is not significantly curved: the direction is that of a plane wave then.
    `covariance` (…, 3, 3) of azimuth and elevation, rad, and curvature 1/range, 1/m. All NaN where no front fits.
    """

    azimuth_deg: Floats
    elevation_deg: Floats
    range_m: Floats
    low_m: Floats
    high_m: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class _Array:
    """Microphones (mics, 3) seen from their centre, the outermost at distance 1; the axis across their plane."""

    places: Floats
    outermost_m: float
    across: Floats


@dataclass(frozen=True, slots=True)
class _Problem:
    """B events: path differences (B, mics) of zero mean, σ (B,), in outermost distances; relative σ of the speed."""

    array: _Array
    paths: Floats
    sigma: Floats
    doubt: float


def source(
    seconds: ArrayLike, sigma_s: ArrayLike, microphones: ArrayLike, speed_ms: float, speed_sigma_ms: float
) -> Source:
    """Direction and range of near sources from arrival times (…, mics) s, each with deviation `sigma_s` (…).

    As `localisation.delays.arrival_times` gives them; `microphones` (mics, 3) m east, north, up; the speed of sound and
    how far it may be wrong, the wind's part included. An array that is nearly flat cannot tell the sides of its plane
    apart; both are weighed. Raises InputError for fewer than five microphones, microphones on one line, shapes that do
    not fit, times that are not finite, or a speed or deviation that makes no sense.
    """
    array = _known(microphones)
    times, sigmas = np.asarray(seconds, dtype=np.float64), np.asarray(sigma_s, dtype=np.float64)
    mics = len(array.places)
    if times.shape[-1:] != (mics,) or sigmas.shape != times.shape[:-1]:
        raise InputError(f"seconds and sigma_s have shapes {times.shape} and {sigmas.shape}; expected (…, {mics}), (…)")
    if not np.isfinite(times).all() or not (sigmas >= 0.0).all():
        raise InputError("seconds or sigma_s holds a number that is not finite or negative")
    if not (0.0 < speed_ms < math.inf and 0.0 <= speed_sigma_ms < math.inf):
        raise InputError(f"speed_ms is {speed_ms} ± {speed_sigma_ms}; expected a positive number and its deviation")
    unit_s = array.outermost_m / speed_ms
    clear = np.isfinite(sigmas).ravel()
    flat = times.reshape(-1, mics)[clear]
    variance = sigmas.ravel()[clear] ** 2 * mics / (mics - 1) + MODEL_SIGMA_S**2
    problem = _Problem(
        array, (flat - flat.mean(axis=1, keepdims=True)) / unit_s, np.sqrt(variance) / unit_s, speed_sigma_ms / speed_ms
    )
    told = np.full((times[..., 0].size, 14), np.nan)
    if clear.any():
        told[clear] = _told(problem, MOST_MISFIT_S / unit_s)
    told = told.reshape(*sigmas.shape, 14)
    azimuth, elevation, middle, low, high = np.moveaxis(told[..., :5], -1, 0)
    return Source(azimuth, elevation, middle, low, high, told[..., 5:].reshape(*sigmas.shape, 3, 3))


def _known(microphones: ArrayLike) -> _Array:
    places = np.asarray(microphones, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 3 or len(places) < LEAST_MICROPHONES or not np.isfinite(places).all():
        raise InputError(f"microphones has shape {places.shape}; expected ({LEAST_MICROPHONES} or more, 3), all finite")
    places = places - places.mean(axis=0)
    _, extent, axes = np.linalg.svd(places, full_matrices=False)
    if not extent[1] > FLAT_SHARE * extent[0]:
        raise InputError("microphones lie on one line or at one place; expected them to span a plane")
    outermost_m = float(np.sqrt((places**2).sum(axis=1)).max())
    return _Array(places / outermost_m, outermost_m, axes[2])


def _told(problem: _Problem, most_misfit: float) -> Floats:
    """The fields of `Source` in their order, (B, 14), the covariance in rows."""
    starts = _starts(problem)
    mean, covariance, misfit = _solved(problem, starts, CURVED)
    plane, plane_covariance, _ = _solved(problem, starts, PLANE)
    variance = problem.sigma**2
    inflated = np.where(misfit > 4.0 * variance, misfit / variance, 1.0)
    inflated[misfit > 16.0 * variance + most_misfit**2] = np.nan
    covariance, plane_covariance = (x * inflated[:, None, None] for x in (covariance, plane_covariance))
    curvature, sigma = mean[:, CURVATURE], np.sqrt(covariance[:, CURVATURE, CURVATURE])
    far = ~(curvature > sigma * ndtri(0.5 + 0.5 * LEVEL))
    plane_covariance[:, CURVATURE, CURVATURE] = sigma**2
    mean = np.where(far[:, None], plane, mean)
    covariance = np.where(far[:, None, None], plane_covariance, covariance)
    # the posterior of the curvature is normal, cut off at 0
    cut_off = ndtr(-curvature / sigma)

    def bent(share: Floats) -> Floats:
        return np.asarray(curvature + sigma * ndtri(cut_off + share * (1.0 - cut_off)))

    least = np.where(far, 0.0, 0.5 - 0.5 * LEVEL)
    straightest, most_curved = np.where(far, 0.0, bent(least)), bent(least + LEVEL)
    with np.errstate(divide="ignore"):
        ranges = problem.array.outermost_m / np.stack([mean[:, CURVATURE], most_curved, straightest], axis=1)
    per_m = np.array([1.0, 1.0, 1.0 / problem.array.outermost_m])
    angles = np.degrees(mean[:, :CURVATURE])
    angles[:, AZIMUTH] %= 360.0
    told = np.concatenate([angles, ranges, (covariance * np.outer(per_m, per_m)).reshape(-1, 9)], axis=1)
    hollow = curvature < -HOLLOW * sigma
    return np.where((np.isnan(inflated) | hollow)[:, None], np.nan, told)


def _starts(problem: _Problem) -> Floats:
    """Where to begin, (B, starts, 4): the plane wave's direction, and that of its part in the array's plane on either
    side of it, each with every one of STARTS.
    """
    across = problem.array.across
    free = -problem.paths @ np.linalg.pinv(problem.array.places, rcond=FLAT_SHARE).T
    within = free - np.outer(free @ across, across)
    length = np.sqrt((within**2).sum(axis=1, keepdims=True))
    within = within * np.minimum(0.99 / np.maximum(length, 1e-9), 1.0)
    rise = np.sqrt(1.0 - (within**2).sum(axis=1, keepdims=True)) * across
    directions = np.stack([within + rise, within - rise, free], axis=1)
    directions /= np.sqrt((directions**2).sum(axis=2, keepdims=True)) + 1e-12
    azimuth = np.arctan2(directions[..., 0], directions[..., 1])
    elevation = np.arcsin(np.clip(directions[..., 2], -1.0, 1.0))
    angles = np.repeat(np.stack([azimuth, elevation], axis=2), len(STARTS), axis=1)
    rest = np.zeros_like(angles)
    rest[..., 0] = np.tile(STARTS, directions.shape[1])
    return np.concatenate([angles, rest], axis=2)


def _solved(problem: _Problem, starts: Floats, free: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and covariance of azimuth, elevation and curvature, (B, 3) and (B, 3, 3), and the misfit's variance, (B,).

    The best fit on each side of the array's plane, weighed by likelihood.
    """
    unknowns, cost, information, squares = _descended(problem, starts * (1.0, 1.0, free[CURVATURE], 1.0), free)
    east, north, up = np.moveaxis(_towards(unknowns), -1, 0)
    unknowns[..., AZIMUTH], unknowns[..., ELEVATION] = np.arctan2(east, north), np.arcsin(np.clip(up, -1.0, 1.0))
    covariance = np.linalg.inv(information + LOOSE)[..., :SPEED, :SPEED] * np.outer(free, free)[:SPEED, :SPEED]
    curvature, sigma = unknowns[..., CURVATURE], np.sqrt(covariance[..., CURVATURE, CURVATURE])
    events = np.arange(len(cost))
    best = cost.argmin(axis=1)
    side = _towards(unknowns) @ problem.array.across >= 0.0
    same = np.abs(curvature - curvature[events, best, None]) <= 3.0 * sigma[events, best, None]
    mirrored = np.where((side != side[events, best, None]) & same, cost, np.inf)
    other = mirrored.argmin(axis=1)
    weight = np.exp(-np.minimum(mirrored[events, other] - cost[events, best], 700.0))
    share = (weight / (1.0 + weight))[:, None]
    one, two = unknowns[events, best, :SPEED], unknowns[events, other, :SPEED]
    apart = two - one
    apart[:, AZIMUTH] = wrapped(apart[:, AZIMUTH])
    within = (1.0 - share[..., None]) * covariance[events, best] + share[..., None] * covariance[events, other]
    between = (share * (1.0 - share))[..., None] * apart[:, :, None] * apart[:, None, :]
    return one + share * apart, within + between, squares[events, best] / (problem.paths.shape[1] - 1 - SPEED)


def _towards(unknowns: Floats) -> Floats:
    """Unit vectors of directions, (…, 3) east, north, up."""
    azimuth, elevation = unknowns[..., AZIMUTH], unknowns[..., ELEVATION]
    level = np.cos(elevation)
    return np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, np.sin(elevation)], axis=-1)


def _descended(problem: _Problem, starts: Floats, free: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Levenberg–Marquardt from starts (B, S, 4): unknowns, and the first, second and fourth of `_evaluated`."""
    unknowns = starts
    cost, information, gradient, squares = _evaluated(problem, unknowns, free)
    damping = np.full(cost.shape, 1e-3)
    for _ in range(ROUNDS):
        diagonal = np.einsum("bsii->bsi", information) + 1e-9
        step = np.linalg.solve(information + (damping[..., None] * diagonal + 1e-9)[..., None] * np.eye(4), gradient)
        trial = unknowns + step[..., 0]
        trial[..., CURVATURE] = np.clip(trial[..., CURVATURE], -MOST_CURVED, MOST_CURVED)
        told = _evaluated(problem, trial, free)
        better = told[0] <= cost
        unknowns = np.where(better[..., None], trial, unknowns)
        cost, squares = np.where(better, told[0], cost), np.where(better, told[3], squares)
        information = np.where(better[..., None, None], told[1], information)
        gradient = np.where(better[..., None, None], told[2], gradient)
        damping = np.clip(np.where(better, 0.1 * damping, 8.0 * damping), 1e-9, 1e9)
        if not float(np.abs(step[better]).max(initial=0.0)) > CONVERGED:
            break
    return unknowns, cost, information, squares


def _evaluated(problem: _Problem, unknowns: Floats, free: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Cost (B, S), information (B, S, 4, 4), step's right side (B, S, 4, 1) and sum of squared residuals (B, S)."""
    azimuth, elevation, curvature, speed = (unknowns[..., k, None] for k in range(4))
    sin_a, cos_a, sin_e, cos_e = np.sin(azimuth), np.cos(azimuth), np.sin(elevation), np.cos(elevation)
    east, north, up = problem.array.places.T
    ahead = (sin_a * east + cos_a * north) * cos_e + up * sin_e
    turned = (cos_a * east - sin_a * north) * cos_e
    raised = up * cos_e - (sin_a * east + cos_a * north) * sin_e
    square = east**2 + north**2 + up**2
    reach = np.sqrt(np.maximum(1.0 - 2.0 * curvature * ahead + curvature**2 * square, 1e-12))
    path = (curvature * square - 2.0 * ahead) / (reach + 1.0)  # (reach − 1) ÷ κ, sound at κ = 0, too
    bent = (square - path * (curvature * square - ahead) / reach) / (reach + 1.0)
    slower = 1.0 - problem.doubt * speed
    slope = np.stack([-turned / reach, -raised / reach, bent, np.zeros_like(path)], axis=-1) * slower[..., None]
    slope[..., SPEED] = -problem.doubt * path
    slope -= slope.mean(axis=-2, keepdims=True)
    path = path * slower
    late = problem.paths[:, None] - path + path.mean(axis=-1, keepdims=True)
    slope *= free
    weight = problem.sigma[:, None] ** -2
    squares = (late**2).sum(axis=-1)
    turned_slope = np.swapaxes(slope, -1, -2)
    information = (turned_slope @ slope) * weight[..., None, None]
    information[..., SPEED, SPEED] += 1.0
    gradient = (turned_slope @ late[..., None]) * weight[..., None, None]
    gradient[..., SPEED, 0] -= unknowns[..., SPEED]
    return 0.5 * (squares * weight + unknowns[..., SPEED] ** 2), information, gradient, squares

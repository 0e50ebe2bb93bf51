"""From an information matrix to an ellipse that tells the truth, and the Cramér–Rao bound of a geometry.

What a station tells about a source is a 7 × 7 information matrix over the place (east, north), the four nuisances of
`localisation.likelihood` (speed of sound, wind east and north, height; each in units of its prior's σ) and the
discharge time. What several tell is the sum; what is left for the place once the others are eliminated is its inverse
covariance. No unbiased solver does better.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.arrivals import Ellipse
from localisation.likelihood import UNKNOWNS, Medium, Priors

Array = NDArray[np.float64]
LARGEST_M = 20_000.0  # σ of a direction in which nothing is known
PATH_S = Priors().path_s  # delays of paths around corners and over roofs, as measured on live fire
NOISE = 1e-11  # share of the information before elimination, below which what is left is rounding
NUISANCES = slice(2, 6)
LEAST_TIMES, LEAST_BEARINGS = 3, 2
NARROWEST = 0.02  # ratio of axes below which an ellipse counts as this narrow
ANGLES = (np.arange(8) + 0.5) * math.pi / 16


def ellipse(covariance: Array, level: float = 0.9, freedom: float = math.inf) -> Ellipse:
    """The ellipse of a (2, 2) covariance, m², east and north, that holds the place with probability `level`.

    `freedom`: degrees of freedom of the scale where it was estimated (Hotelling: 2·F(2, ν) in place of χ²(2)).
    """
    values, vectors = np.linalg.eigh(covariance)
    radius = math.sqrt(squared_radius(level, freedom))
    minor, major = (min(radius * math.sqrt(max(float(v), 1e-12)), LARGEST_M) for v in values)
    east, north = vectors[:, 1]
    return Ellipse(
        semi_major_m=major,
        semi_minor_m=minor,
        azimuth_deg=math.degrees(math.atan2(east, north)) % 180.0,
        level=level,
    )


def covariance(region: Ellipse) -> Array:
    """The covariance (2, 2) m², east and north, of the normal distribution that has this ellipse."""
    azimuth = math.radians(region.azimuth_deg)
    along = np.array([math.sin(azimuth), math.cos(azimuth)])
    across = np.array([along[1], -along[0]])
    radius = squared_radius(region.level)
    parts = ((region.semi_major_m, along), (region.semi_minor_m, across))
    return np.asarray(sum(m**2 / radius * np.outer(way, way) for m, way in parts))


def squared_radius(level: float, freedom: float = math.inf) -> float:
    """Squared Mahalanobis radius that holds `level` of a two-dimensional normal or t distribution (closed forms)."""
    if math.isinf(freedom):
        return -2.0 * math.log(1.0 - level)
    return float(freedom * ((1.0 - level) ** (-2.0 / freedom) - 1.0))


def bound(
    places: Array,
    stations: Array,
    sigma_s: float | Array,
    around: Medium,
    azimuth_sigma_rad: float | Array = math.nan,
    path_s: float = PATH_S,
) -> Array:
    """Cramér–Rao bound of sources at places (P, 2) m that all stations (K, 3) m hear: covariances (P, 2, 2) m².

    `sigma_s`: picking ⊕ clock of the stations, one or (K,); `path_s` is added in squares. `azimuth_sigma_rad`: of their
    bearings, reflections included, one or (K,); NaN where a station has none. `around`: the air's and the height's
    means and priors; a prior of 0 is knowledge. Always finite: a direction about which nothing is known gets
    LARGEST_M², and so does every direction where fewer than three stations hear, two with bearings excepted.

    Raises InputError where a place is not finite, or a σ is not a positive number.
    """
    times = np.broadcast_to(np.asarray(sigma_s, dtype=float), (len(stations),))
    bearings = np.broadcast_to(np.asarray(azimuth_sigma_rad, dtype=float), (len(stations),))
    if not (np.isfinite(places).all() and np.isfinite(stations).all()):
        raise InputError("places or stations are not all finite; expected metres")
    if not (np.isfinite(times) & (times > 0)).all():
        raise InputError("sigma_s is not positive everywhere; expected seconds")
    if not (bearings[~np.isnan(bearings)] > 0).all():
        raise InputError("azimuth_sigma_rad is not positive everywhere; expected radians, or NaN for no bearing")
    if len(stations) < LEAST_TIMES and np.isfinite(bearings).sum() < LEAST_BEARINGS:
        return np.tile(np.eye(2) * LARGEST_M**2, (len(places), 1, 1))
    near = np.broadcast_to(stations, (len(places), *stations.shape))
    each = information(places, near, np.hypot(times, path_s), bearings, around)
    east, mixed, north, worth = (m[:, 0] for m in left(each.sum(axis=1)[..., None]))
    major, minor = axes(east, mixed, north, worth)
    turn = 0.5 * np.arctan2(2.0 * mixed, east - north)  # towards which the information is greatest
    along = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    parts = ((minor, along), (major, across))
    return np.asarray(sum(v[:, None, None] * way[:, :, None] * way[:, None] for v, way in parts))


def information(places: Array, stations: Array, sigma_s: Array, azimuth_sigma_rad: Array, around: Medium) -> Array:
    """What each station would tell of a source: places (P, 2), stations (P, K, 3) m, σ (K,) or (P, K) → (P, K, 7, 7).

    Unknowns: east, north m; speed, wind east, wind north, height in units of their priors; discharge time s.
    """
    source = np.column_stack([places, np.full(len(places), around.mean[3])])
    way = stations - source[:, None]
    distance = np.sqrt((way**2).sum(-1)) + 1e-6
    unit = way / distance[..., None]
    speed = around.mean[0] + unit[..., 0] * around.mean[1] + unit[..., 1] * around.mean[2]
    slowness = -distance / speed**2
    slope = np.empty((*distance.shape, UNKNOWNS))
    slope[..., 0], slope[..., 1] = -unit[..., 0] / speed, -unit[..., 1] / speed
    nuisances = (slowness, slowness * unit[..., 0], slowness * unit[..., 1], -unit[..., 2] / speed)
    slope[..., NUISANCES] = np.stack(nuisances, axis=-1) * around.sigma
    slope[..., 6] = 1.0
    slope /= sigma_s[..., None]
    told = slope[..., :, None] * slope[..., None, :]
    turn = np.stack([-way[..., 1], way[..., 0]], axis=-1) / ((way[..., :2] ** 2).sum(-1) + 1e-12)[..., None]
    turn = np.nan_to_num(turn / azimuth_sigma_rad[..., None], nan=0.0)
    told[..., :2, :2] += turn[..., :, None] * turn[..., None, :]
    return np.asarray(told)


def left(total: Array) -> tuple[Array, Array, Array, Array]:
    """What summed information (P, 7, 7, S) leaves for the place once time and nuisances are eliminated.

    (P, S) each: east–east, east–north, north–north, and the sum of the diagonal before.
    """
    m = total.copy()
    before = m[:, 0, 0] + m[:, 1, 1]
    for n in range(NUISANCES.start, NUISANCES.stop):
        m[:, n, n] += 1.0
    for n in range(UNKNOWNS - 1, 1, -1):
        row = m[:, n, :n] / np.maximum(m[:, n, n], 1e-300)[:, None]
        for i in range(n):  # what lies above the diagonal is not needed
            m[:, i, : i + 1] -= m[:, n, i][:, None] * row[:, : i + 1]
    return m[:, 0, 0], m[:, 1, 0], m[:, 1, 1], before


def axes(east: Array, mixed: Array, north: Array, before: Array) -> tuple[Array, Array]:
    """Variances m² along the major and minor axis of what `left` gives: any shape, LARGEST_M² at most."""
    mean, apart = (east + north) / 2, np.hypot((east - north) / 2, mixed)
    least, most = (np.where(v < NOISE * before, 0.0, v) for v in (mean - apart, mean + apart))
    return 1 / np.maximum(least, LARGEST_M**-2), 1 / np.maximum(most, LARGEST_M**-2)


def radial(radii: Array, major: Array, minor: Array, weights: Array) -> Array:
    """Probability that the error stays within each radius (R,) m: (P, R), the weighted sum over S normal errors.

    `major`, `minor`: variances (P, S) m² along the axes; `weights` (P, S). With x = a·ρ·cos t, y = b·ρ·sin t (ρ
    Rayleigh, t uniform) it is the mean over t of 1 − exp(−R²/2(a² cos² t + b² sin² t)): eight angles in a quarter turn,
    moved towards the narrow side of the ellipse, give it to 1e-4, of needles (1 : 50) to 0.003.
    """
    minor = np.maximum(minor, NARROWEST**2 * major)
    stretch = (major / minor) ** 0.3
    cosines, sines = np.cos(ANGLES) ** 2, np.sin(ANGLES) ** 2
    share = [1 / (c + stretch * s) for c, s in zip(cosines, sines, strict=True)]
    scale = weights / sum(share)
    within = np.zeros((len(major), len(radii)))
    for w, c, s in zip(share, cosines, sines, strict=True):
        slope = -0.5 / (w * (major * c + minor * stretch * s))
        weight = w * scale
        for r, radius in enumerate(radii.tolist()):
            within[:, r] -= (weight * np.expm1(slope * radius**2)).sum(axis=1)
    return within

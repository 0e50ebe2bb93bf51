"""From an information matrix to an ellipse that tells the truth, and the Cramér–Rao bound of a geometry."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Ellipse

Array = NDArray[np.float64]
LARGEST_M = 20_000.0


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


def squared_radius(level: float, freedom: float = math.inf) -> float:
    """Squared Mahalanobis radius that holds `level` of a two-dimensional normal or t distribution (closed forms)."""
    if math.isinf(freedom):
        return -2.0 * math.log(1.0 - level)
    return float(freedom * ((1.0 - level) ** (-2.0 / freedom) - 1.0))


def bound(places: Array, source: Array, sigma_s: float | Array, speed_ms: float) -> Array:
    """Cramér–Rao bound (2, 2) m² of a source's place, (3,) m, from times at places (K, 3), its time unknown.

    `sigma_s`: one or (K,) standard deviations. Raises numpy.linalg.LinAlgError where the geometry gives no place.
    """
    way = source[None] - places
    unit = way[:, :2] / np.sqrt((way**2).sum(-1))[:, None]
    slope = np.column_stack([unit / speed_ms, np.ones(len(places))])
    weight = 1 / np.broadcast_to(np.asarray(sigma_s, dtype=float), (len(places),)) ** 2
    return np.asarray(np.linalg.inv(slope.T @ (weight[:, None] * slope))[:2, :2])

"""Did a sound burst high over the roofs? Two hypotheses, weighed against each other on what the nodes heard.

Near the ground is where every origin is sought. A shell or a rocket bursts far above: consumer ones at 20 to 60 m, a
display's at 20 to 30 m for each inch of calibre, so 25 to 250 m. To nodes at different distances its sound comes later
by different times than from any place on the ground, and an array sees it under a steep angle. The ratio of the two
posteriors' masses (Laplace: cost at the maximum, and half the logarithm of the information's determinant) is the odds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from localisation.arrivals import Arrival, Origin
from localisation.likelihood import Fit, Medium, Priors, Rows, X, Y, Z, descend, media
from localisation.solve import NOBODY, rows_of, together
from localisation.starts import profiled

Array = NDArray[np.float64]
ABOVE_M, ABOVE_SPREAD_M = 100.0, 60.0  # the ground
BEGIN_M = (40.0, 100.0, 180.0)
LEAST_TIMES, LEAST_ANGLES = 5, 2  # that can tell at all: four times fit any height
ANGLE_DEG, TURNED = 6.0, 0.1  # of an elevation beside its own σ (roofs, ground near the array), and how many are wrong
HEIGHT = 3  # of the nuisances


def aloft(
    shots: Sequence[Sequence[Arrival]], origins: Sequence[Origin], airs: Sequence[Air], priors: Priors | None = None
) -> list[float]:
    """Log-odds that each sound was high over the roofs, both being as likely before; NaN where nothing can tell.

    `shots`: the arrivals of each, `origins`: where they were located near the ground.
    """
    used = [_used(*one) for one in zip(shots, origins, strict=True)]
    tells = [i for i, own in enumerate(used) if len(own) >= LEAST_TIMES or _angles(own) >= LEAST_ANGLES]
    odds = [math.nan] * len(shots)
    if tells:
        chosen = [used[i] for i in tells]
        near = np.array([(origins[i].x, origins[i].y) for i in tells])
        for i, told in zip(tells, _odds(chosen, near, [airs[i] for i in tells], priors or Priors()), strict=True):
            odds[i] = told
    return odds


def _used(arrivals: Sequence[Arrival], origin: Origin) -> list[Arrival]:
    kept = {r.arrival for r in origin.used}
    return [a for a in arrivals if a.id in kept]


def _angles(arrivals: Sequence[Arrival]) -> int:
    return sum(a.elevation_deg is not None for a in arrivals)


def _odds(shots: Sequence[Sequence[Arrival]], near: Array, airs: Sequence[Air], priors: Priors) -> list[float]:
    epochs_ns = [min(a.time_ns for a in own) for own in shots]
    rows = together([rows_of(own, epoch, NOBODY) for own, epoch in zip(shots, epochs_ns, strict=True)])
    low = media(rows, airs, priors)
    high = replace(low, mean=_with(low.mean, low.mean[:, HEIGHT] + ABOVE_M), sigma=_with(low.sigma, ABOVE_SPREAD_M))
    angles = np.full((2, *rows.times.shape), math.nan)
    for i, own in enumerate(shots):
        angles[:, i, : len(own)] = np.radians([a.elevation for a in own]).T
    below = _mass(near, [low], low, rows, angles, priors)
    begin = [replace(high, mean=_with(high.mean, low.mean[:, HEIGHT] + up)) for up in BEGIN_M]
    above = _mass(near, begin, high, rows, angles, priors)
    return [float(odds) for odds in above - below]


def _with(values: Array, height: Array | float) -> Array:
    changed = values.copy()
    changed[:, HEIGHT] = height
    return changed


def _mass(near: Array, begin: Sequence[Medium], around: Medium, rows: Rows, angles: Array, priors: Priors) -> Array:
    """ln of each posterior's mass (B,), the largest over where its height `begin`s, up to what all have in common."""
    masses = []
    for start in begin:
        fit = descend(profiled(near[:, None], rows, start)[:, 0], rows, around, priors)
        size = np.linalg.slogdet(fit.information)[1]
        masses.append(-fit.cost - _angle_cost(fit, rows, angles) - 0.5 * size - np.log(around.sigma[:, HEIGHT]))
    return np.asarray(np.max(masses, axis=0))


def _angle_cost(fit: Fit, rows: Rows, angles: Array) -> Array:
    """−ln likelihood (B,) of elevations and their σ (2, B, K) rad, NaN where there is none, up to a constant."""
    way = fit.unknowns[:, None, [X, Y, Z]] - rows.places
    expected = np.arctan2(way[..., 2], np.hypot(way[..., 0], way[..., 1]))
    sigma = np.hypot(np.nan_to_num(angles[1], nan=1.0), math.radians(ANGLE_DEG))
    normal = np.exp(-0.5 * (np.nan_to_num(angles[0] - expected) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    cost = -np.log((1 - TURNED) * normal + TURNED / math.pi)
    return np.asarray(np.where(np.isfinite(angles[0]), cost, 0.0).sum(-1))

"""What a bullet's shock wave tells besides the muzzle blast: how far the shooter is, and on which side it passed.

A bullet of Mach number M on a straight line radiates its shock wave at the angle 90° − μ to that line, sin μ = 1/M
(Whitham 1952). A place at the distance r from the muzzle and the angle φ off the line of fire hears it where
φ < 90° − μ, from the point r cos(φ + μ) ÷ cos μ down the line, and before the muzzle blast by

    L = r/c · (1 − sin(φ + μ)) = r/c · (1 − cos δ),

δ being the angle between the directions that the two come from (Maher 2007; Lindgren, Wilsson, Gustafsson & Habberstad,
Shooter localization in wireless sensor networks, FUSION 2009). With both directions the distance follows whatever M
and φ are; without, they are marginalised and a lead tells the distance to a factor.

Bullets slow down: their speed falls by 1/e over some 700 m (light rifle bullets) to 2.5 km (heavy ones), and a distance
from the formula is then too long, by 2–5 % at 100 m and 10–30 % at 400 m. `shooter` has that in its tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from acoustic.errors import InputError
from localisation.likelihood import Priors, wrapped

Floats = NDArray[np.float64]

MACHS = 1.1 + 1.9 * (np.arange(8) + 0.5) / 8.0  # at the muzzle: from magnum pistols to light rifle bullets
SLOWS_M = np.array([700.0, 1000.0, 1500.0, 2500.0])  # over which the speed falls by 1/e
OFF_RAD = math.radians(72.0) * (np.arange(30) + 0.5) / 30.0  # lines of fire, all around; beyond, no shock wave comes
NEAREST_M, FARTHEST_M, RANGES = 1.0, 1500.0, 48
HEARING_M = Priors().hearing_m
LEAST_M, MOST_M, LEADS = 0.02, 1000.0, 160  # of c·L
DIRECTION_RAD = math.radians(1.0)  # added to every angle δ: paths bend, and bullets fly a curve
LEVEL = 0.9
CONTRARY = 3.0  # σ between the directions and all that the lead allows, from which on the two are not of one shot
VAGUE = 6.0  # longest distance ÷ shortest, from which on an interval says nothing
NODES = np.array([-1.7320508075688772, 0.0, 1.7320508075688772])  # Gauss–Hermite, over the error of a lead
NODE_WEIGHTS = np.array([1.0, 4.0, 1.0]) / 6.0
HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Shooter:
    """What leads say of shooters, (…) each.

    `range_m`: distance of the muzzle from the array, median; `low_m`, `high_m`: 90 % interval; all NaN where unknown,
    because the interval would be too wide to help or the directions are contrary to the lead. `left`: probability that
    the bullet passed on the left of the array as the shooter sees it, NaN without directions. `contrary`: no shot has
    this lead and these directions.
    """

    range_m: Floats
    low_m: Floats
    high_m: Floats
    left: Floats
    contrary: NDArray[np.bool_]


def lead_s(places: ArrayLike, muzzle: ArrayLike, fire: ArrayLike, mach: ArrayLike, speed_ms: float) -> Floats:
    """By how much the shock wave leads the muzzle blast, s; NaN at places that it does not reach.

    `places`, `muzzle` (…, 3) m; `fire` (…, 3), unit vectors of the line of fire; `mach` (…), constant along it; all
    broadcast. The line is taken as endless. Nothing is raised: a Mach number of 1 or less has no shock wave.
    """
    way = np.asarray(places, dtype=np.float64) - np.asarray(muzzle, dtype=np.float64)
    along = (way * np.asarray(fire, dtype=np.float64)).sum(axis=-1)
    distance = np.sqrt((way * way).sum(axis=-1))
    aside = np.sqrt(np.maximum(distance**2 - along**2, 0.0))
    fast = np.maximum(np.asarray(mach, dtype=np.float64), 1.0)
    cotangent = np.sqrt(fast**2 - 1.0)  # of the Mach angle
    reached = along * cotangent > aside
    return np.where(reached, (distance - (along + aside * cotangent) / fast) / speed_ms, np.nan)


def shooter(
    lead: ArrayLike,
    sigma_s: ArrayLike,
    speed_ms: float,
    blast: ArrayLike | None = None,
    shock: ArrayLike | None = None,
) -> Shooter:
    """Distance and side of shooters from leads (…) s with deviations `sigma_s`.

    `blast`, `shock`: where muzzle blast and shock wave came from, (…, 4): azimuth, its σ, elevation, its σ, degrees, as
    `Bearing` has them; None, or NaN, where the array has none. Marginalised over Mach number and slowing of the bullet,
    lines of fire all around, shooters anywhere within hearing. Raises InputError for a lead or σ that is not positive,
    or a speed that is not.
    """
    leads, sigmas = np.asarray(lead, dtype=np.float64), np.asarray(sigma_s, dtype=np.float64)
    for name, value in (("lead", leads), ("sigma_s", sigmas), ("speed_ms", np.asarray(speed_ms))):
        if not (np.isfinite(value).all() and (value > 0.0).all()):
            raise InputError(f"{name} is {value.tolist()}; expected positive numbers")
    one, other = (np.full(4, np.nan) if x is None else np.asarray(x, dtype=np.float64) for x in (blast, shock))
    leads, sigmas, _, _ = np.broadcast_arrays(leads, sigmas, one[..., 0], other[..., 0])
    one, other = (np.broadcast_to(x, (*leads.shape, 4)) for x in (one, other))
    between, between_sigma = _between(one, other)
    ranges, weights, misfit = _posterior(leads * speed_ms, sigmas * speed_ms, between, between_sigma)
    low, middle, high = _quantiles(ranges, weights)
    contrary = misfit > CONTRARY
    unknown = contrary | ~(high < VAGUE * low)
    turn = (other[..., 0] - one[..., 0] + 180.0) % 360.0 - 180.0
    return Shooter(
        np.where(unknown, np.nan, middle),
        np.where(unknown, np.nan, low),
        np.where(unknown, np.nan, high),
        ndtr(turn / np.hypot(one[..., 1], other[..., 1])),
        contrary,
    )


def _between(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Angle between two directions (…, 4) and its σ, rad (…); NaN where a direction is not known."""
    azimuth, azimuth_sigma, elevation, elevation_sigma = np.moveaxis(np.radians(one), -1, 0)
    other_azimuth, other_azimuth_sigma, other_elevation, other_elevation_sigma = np.moveaxis(np.radians(other), -1, 0)
    level = np.cos(elevation) * np.cos(other_elevation)
    turn, rise = wrapped(other_azimuth - azimuth), other_elevation - elevation
    cosine = level * np.cos(turn) + np.sin(elevation) * np.sin(other_elevation)
    across, up = level * turn**2, rise**2
    across_variance = level * (azimuth_sigma**2 + other_azimuth_sigma**2)
    up_variance = elevation_sigma**2 + other_elevation_sigma**2
    share = across / np.maximum(across + up, 1e-12)
    share = np.where(across + up > 1e-12, share, 1.0)
    sigma = np.sqrt(share * across_variance + (1.0 - share) * up_variance + DIRECTION_RAD**2)
    return np.arccos(np.clip(cosine, -1.0, 1.0)), sigma


def _posterior(paths_m: Floats, sigmas_m: Floats, between: Floats, sigma: Floats) -> tuple[Floats, Floats, Floats]:
    """Distances and their weights, (…, cases) each, and by how many σ the directions miss all of them, (…).

    `paths_m`: c·L, (…), and its σ; `between`, `sigma`: angle between the directions, rad, NaN where unknown.
    """
    log_ranges, angles, priors = _table()
    at = np.log(np.clip(paths_m[..., None] + sigmas_m[..., None] * NODES, LEAST_M, MOST_M) / LEAST_M)
    at *= (LEADS - 1) / math.log(MOST_M / LEAST_M)
    left = np.minimum(at.astype(np.intp), LEADS - 2)
    part = at - left

    def read(table: Floats) -> Floats:
        cases = table[:, left] * (1.0 - part) + table[:, left + 1] * part
        return np.asarray(np.moveaxis(cases, 0, -1).reshape(*paths_m.shape, -1))

    weights = read(priors) * np.repeat(NODE_WEIGHTS, len(priors))
    off = np.nan_to_num((read(angles) - between[..., None]) / sigma[..., None], nan=0.0)
    misfit = np.where(weights > 0.0, np.abs(off), np.inf).min(axis=-1)
    return np.exp(read(log_ranges)), weights * np.exp(-0.5 * off**2), misfit


def _quantiles(values: Floats, weights: Floats) -> list[Floats]:
    """Values below which (1 − LEVEL) ÷ 2, half and (1 + LEVEL) ÷ 2 of the weight lie, (…) each; NaN without weight."""
    order = np.argsort(values, axis=-1)
    rank = np.take_along_axis(values, order, axis=-1)
    total = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    whole = total[..., -1:]
    found = []
    for share in (0.5 - 0.5 * LEVEL, 0.5, 0.5 + 0.5 * LEVEL):
        at = np.minimum((total < share * whole).sum(axis=-1, keepdims=True), total.shape[-1] - 1)
        found.append(np.where(whole > 0.0, np.take_along_axis(rank, at, axis=-1), np.nan)[..., 0])
    return found


@lru_cache(maxsize=1)
def _table() -> tuple[Floats, Floats, Floats]:
    """For each case (Mach number, slowing, line of fire) and each c·L: ln r, angle δ, prior weight; (cases, LEADS)."""
    ranges = np.geomspace(NEAREST_M, FARTHEST_M, RANGES)
    mach, slow, off = (x.ravel()[:, None] for x in np.meshgrid(MACHS, SLOWS_M, OFF_RAD, indexing="ij"))
    along, aside = ranges * np.cos(off), ranges * np.sin(off)
    left = _radiates_at(along, aside, mach, slow)
    ray = np.hypot(along - left, aside)
    path = ranges - slow / mach * np.expm1(left / slow) - ray
    angle = np.arctan2(aside, along - left) - off
    wanted = np.log(np.geomspace(LEAST_M, MOST_M, LEADS))
    log_ranges, angles, priors = (np.zeros((len(path), LEADS)) for _ in range(3))
    for case, seen in enumerate(path > 0.0):
        known = np.log(path[case, seen])
        if len(known) < 2:
            continue
        log_ranges[case] = np.interp(wanted, known, np.log(ranges[seen]))
        angles[case] = np.interp(wanted, known, angle[case, seen])
        within = (wanted >= known[0]) & (wanted <= known[-1])
        distance = np.exp(log_ranges[case])
        slope = np.gradient(log_ranges[case], wanted)
        priors[case] = within * slope * distance**2 * np.exp(-0.5 * (distance / HEARING_M) ** 2)
    return log_ranges, angles, priors


def _radiates_at(along: Floats, aside: Floats, mach: Floats, slow: Floats) -> Floats:
    """How far down the line of fire the shock wave heard at a place leaves the bullet, m; NaN where none is heard.

    There the bullet, of Mach number m = mach · exp(−x/slow), sees the place under the angle 90° − μ: along − x =
    aside ÷ √(m² − 1). The two sides cross once, so halving finds the place.
    """

    def ahead(x: Floats) -> Floats:
        square = (mach * np.exp(-x / slow)) ** 2 - 1.0
        return along - x - aside / np.sqrt(np.maximum(square, 1e-12))

    low, high = np.zeros_like(along), np.minimum(np.maximum(along, 0.0), slow * np.log(mach))
    reached = ahead(low) > 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        before = ahead(middle) > 0.0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.where(reached, 0.5 * (low + high), np.nan)

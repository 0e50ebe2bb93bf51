"""Arrivals of one shot to its origin: every mode of the likelihood, the best of them, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from localisation.arrivals import MOVED_M, Arrival, Ellipse, Origin, Place, Residual
from localisation.likelihood import UNKNOWNS, C, Fit, Medium, Priors, Rows, T, X, Y, Z, descend, medium, travel_times
from localisation.uncertainty import ellipse

Array = NDArray[np.float64]

SOLVER = "tocsin 1"
BEYOND_M = 900.0  # how far outside the sensors a source is sought
GRID = 44  # places along each side of the first search
STARTS = 10
APART_M = 60.0  # starts closer than this find the same mode
SAME_M = 25.0
RIVAL = 3.0  # a second mode within this of the best log posterior makes the answer ambiguous
LONG_M = 25.0  # and so does a geometry whose 90 % ellipse reaches further: its ends explain them nearly as well
SCALE_FREEDOM = 20.0  # weight, in arrivals, of the belief in the path delay's standard deviation
SCALE_MEAN = 0.3  # of the prior's variance of the path delay: 7 ms of 13
REFUSED = 0.2  # an arrival less likely than this to be an inlier was not used
LARGEST_SPREAD_S = 60.0


@dataclass(frozen=True, slots=True)
class Mode:
    """One maximum of the posterior: its unknowns, cost, place covariance (2, 2) m² as the residuals scale it and as the
    prior expects it, time σ, lateness, inlier shares, and the degrees of freedom of the scale.
    """

    unknowns: Array
    cost: float
    covariance: Array
    expected: Array
    time_sigma_s: float
    late: Array
    inlier: Array
    freedom: float


def rows_of(arrivals: Sequence[Arrival], epoch_ns: int) -> Rows:
    """The arrivals as arrays, times in seconds after `epoch_ns`."""
    bearings = np.radians([a.bearing_deg for a in arrivals]).reshape(-1, 2)
    return Rows(
        places=np.array([(a.x, a.y, a.z) for a in arrivals], dtype=float).reshape(-1, 3),
        times=np.array([(a.time_ns - epoch_ns) * 1e-9 for a in arrivals]),
        sigmas=np.array([a.sigma_s for a in arrivals], dtype=float),
        azimuths=bearings[:, 0],
        azimuth_sigmas=bearings[:, 1],
    )


def check(arrivals: Sequence[Arrival]) -> None:
    """Raise InputError where the arrivals cannot give a place, or are not what they say."""
    for a in arrivals:
        if not all(map(math.isfinite, (a.x, a.y, a.z))):
            raise InputError(f"position of node {a.node} is ({a.x}, {a.y}, {a.z}); expected finite metres")
        if not (math.isfinite(a.sigma_s) and a.sigma_s > 0):
            raise InputError(f"sigma_s of node {a.node} is {a.sigma_s}; expected a positive number of seconds")
    places: dict[str, tuple[float, float, float]] = {}
    for a in arrivals:
        apart = math.dist(places.setdefault(a.node, (a.x, a.y, a.z)), (a.x, a.y, a.z))
        if apart > MOVED_M:
            raise InputError(f"node {a.node} is at two places {apart:.0f} m apart; expected one")
    nodes = {(round(a.x, 1), round(a.y, 1)) for a in arrivals}
    bearings = {(round(a.x, 1), round(a.y, 1)) for a in arrivals if a.azimuth_deg is not None}
    if len(nodes) < 3 and len(bearings) < 2:
        raise InputError(
            f"arrivals are at {len(nodes)} places, {len(bearings)} with bearings; expected 3, or 2 with bearings"
        )
    spread = (max(a.time_ns for a in arrivals) - min(a.time_ns for a in arrivals)) * 1e-9
    if spread > LARGEST_SPREAD_S:
        raise InputError(f"time spreads over {spread:.0f} s; expected arrivals of one shot, in seconds since 1970")


def modes(rows: Rows, air: Air, priors: Priors, near: Array | None = None) -> list[Mode]:
    """Every distinct maximum of the posterior, best first; sought around `near` (n, 2) m if given, else everywhere."""
    around = medium(air, rows.places, priors)
    starts = _starts(rows, around, priors) if near is None else _profiled(near, rows, around)
    fit = descend(starts, rows, np.ones((len(starts), rows.count), dtype=bool), around, priors)
    order = np.argsort(fit.cost, kind="stable")
    kept: list[int] = []
    for i in order:
        place = fit.unknowns[i, :2]
        if all(np.hypot(*(place - fit.unknowns[j, :2])) > SAME_M for j in kept):
            kept.append(int(i))
    return [_mode(fit, i, rows, around, priors) for i in kept]


def origin_of(arrivals: Sequence[Arrival], air: Air, priors: Priors | None = None, near: Array | None = None) -> Origin:
    """The origin of one shot's arrivals. Raises InputError where they cannot give one (see `check`)."""
    check(arrivals)
    priors = priors or Priors()
    epoch_ns = min(a.time_ns for a in arrivals)
    found = modes(rows_of(arrivals, epoch_ns), air, priors, near)
    best = found[0]
    region = ellipse(best.covariance, freedom=best.freedom)
    also = _rivals(found, region, ellipse(best.expected).semi_major_m > LONG_M)
    if not (best.inlier >= REFUSED).any():
        raise InputError("no place explains any of the arrivals; expected arrivals of one shot")
    residuals = tuple(
        Residual(
            arrival=a.id,
            node=a.node,
            residual_s=float(late),
            refused="" if inlier >= REFUSED else f"{1e3 * late:+.0f} ms off",
        )
        for a, late, inlier in zip(arrivals, best.late, best.inlier, strict=True)
    )
    return Origin(
        x=float(best.unknowns[X]),
        y=float(best.unknowns[Y]),
        z=float(best.unknowns[Z]),
        time_ns=epoch_ns + round(float(best.unknowns[T]) * 1e9),
        time_sigma_s=best.time_sigma_s,
        ellipse=region,
        ambiguous=bool(also),
        also=also,
        residuals=residuals,
        solver=SOLVER,
    )


def with_rivals(origin: Origin, places: Iterable[Array]) -> Origin:
    """The origin with other places (2,) m that association found for some of its arrivals: it is ambiguous then."""
    known = [Place(x=origin.x, y=origin.y), *origin.also]
    for east, north in (p.tolist() for p in places):
        if all(math.hypot(east - p.x, north - p.y) > SAME_M for p in known):
            known.append(Place(x=east, y=north))
    return replace(origin, ambiguous=len(known) > 1, also=tuple(known[1:]))


def _rivals(found: list[Mode], region: Ellipse, long: bool) -> tuple[Place, ...]:
    """Other places that explain the arrivals nearly as well: rival modes, or the ends of a long ellipse."""
    best = found[0]
    places = [Place(x=float(m.unknowns[X]), y=float(m.unknowns[Y])) for m in found[1:] if m.cost - best.cost < RIVAL]
    if not places and long:
        along = 0.6 * region.semi_major_m * np.exp(1j * math.radians(region.azimuth_deg))
        centre = complex(best.unknowns[Y], best.unknowns[X])
        places = [Place(x=float(end.imag), y=float(end.real)) for end in (centre + along, centre - along)]
    return tuple(places)


def _starts(rows: Rows, around: Medium, priors: Priors) -> Array:
    """The best places of a coarse grid over the sensors and their surroundings, apart from each other: (n, 7)."""
    low, high = rows.places[:, :2].min(0) - BEYOND_M, rows.places[:, :2].max(0) + BEYOND_M
    axes = [np.linspace(a, b, GRID) for a, b in zip(low, high, strict=True)]
    east, north = np.meshgrid(*axes)
    grid = np.column_stack([east.ravel(), north.ravel()])
    near = rows.places[:, :2] + np.array([3.0, 4.0])
    grid = np.vstack([grid, near])
    starts = _profiled(grid, rows, around)
    cell_s = float(max(high - low)) / GRID / 2 / around.mean[0]
    sigma = np.sqrt(rows.sigmas**2 + priors.path_s**2 + cell_s**2)
    late = rows.times - travel_times(rows.places, _sources(grid, around), around.mean) - starts[:, T, None]
    cost = np.minimum((late / sigma) ** 2, 12.0).sum(-1)
    heard = np.isfinite(rows.azimuths)
    if heard.any():
        way = grid[:, None] - rows.places[None, heard, :2]
        off = np.angle(np.exp(1j * (rows.azimuths[heard] - np.arctan2(way[..., 0], way[..., 1]))))
        sigma_a = np.sqrt(rows.azimuth_sigmas[heard] ** 2 + math.radians(priors.bearing_deg + 3.0) ** 2)
        cost = cost + np.minimum((off / sigma_a) ** 2, 12.0).sum(-1)
    chosen: list[int] = []
    for i in np.argsort(cost, kind="stable")[: 40 * STARTS]:
        if all(np.hypot(*(grid[i] - grid[j])) > APART_M for j in chosen):
            chosen.append(int(i))
        if len(chosen) == STARTS:
            break
    return starts[chosen]


def _sources(grid: Array, around: Medium) -> Array:
    return np.column_stack([grid, np.full(len(grid), around.mean[3])])


def _profiled(grid: Array, rows: Rows, around: Medium) -> Array:
    """Unknowns (n, 7) at places (n, 2): the nuisances at their means, the discharge time the median over the rows."""
    discharge = np.median(rows.times - travel_times(rows.places, _sources(grid, around), around.mean), axis=1)
    starts = np.zeros((len(grid), UNKNOWNS))
    starts[:, :2], starts[:, T], starts[:, C:] = grid, discharge, around.mean
    return starts


def _mode(fit: Fit, i: int, rows: Rows, around: Medium, priors: Priors) -> Mode:
    """A fit with its covariance: what path delays add is scaled by what the residuals say of them (normal–inverse-χ²
    prior), what air and height add is not.
    """
    inlier, late = fit.inlier[i], fit.late[i]
    whitened = inlier * late**2 / (rows.sigmas**2 + priors.path_s**2)
    spare = max(float(inlier.sum()) - 3.0, 0.0)
    scale = (SCALE_FREEDOM * SCALE_MEAN + float(whitened.sum())) / (SCALE_FREEDOM + spare)
    believed = np.diag([0.0, 0.0, 0.0, *around.sigma**-2])
    inverse = np.linalg.inv(fit.information[i] + np.eye(UNKNOWNS) * 1e-9)
    covariance, expected = (
        inverse @ (s * (fit.information[i] - believed) + believed) @ inverse for s in (scale, SCALE_MEAN)
    )
    return Mode(
        fit.unknowns[i],
        float(fit.cost[i]),
        covariance[:2, :2],
        expected[:2, :2],
        float(np.sqrt(covariance[T, T])),
        late,
        inlier,
        SCALE_FREEDOM + spare,
    )

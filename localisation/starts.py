"""Where the search for an origin begins: places that three arrivals give in closed form, or that a grid suggests.

Three arrivals leave at most two places (`localisation.intersect`). With every triple tried, some hold no outlier, and
both places of an ambiguous geometry are among them. Stations in a line, or two with bearings, leave that no footing:
there a coarse grid is scored.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from localisation.intersect import of_triples
from localisation.likelihood import UNKNOWNS, C, Medium, Priors, Rows, T, X, Y, Z, late_mixture, travel_times, wrapped

Array = NDArray[np.float64]
Index = NDArray[np.intp]

BEYOND_M = 900.0  # how far outside the sensors a source is sought
BESIDE_M = np.array([3.0, 4.0])  # from a station: at it, directions have no meaning
TRIPLES = 60
GRID = 44  # places along each side
STARTS = 10
APART_M = 5.0  # starts closer than this find the same mode
NARROW = 0.05  # of a network's length: less across is a line
ROOM_S = 0.010  # added to σ when starts are compared: they are not yet where they lead to
MOST = 12.0  # that one bearing can cost a start


def starts(rows: Rows, around: Medium, priors: Priors) -> tuple[Array, Index]:
    """Unknowns (N, 7) to start from, and the problem (N,) that each belongs to. `around`: (B, 4) of each."""
    found, problem = [], []
    for i, counts in enumerate(rows.use):
        one = rows.of(np.array([i]))
        own = Medium(around.mean[i], around.sigma[i])
        if counts.sum() >= 3 and _wide(one.places[0, counts]):
            begin, room_s = _triples(one, own), ROOM_S
        else:
            grid, cell_m = _grid(one.places[0, counts])
            begin, room_s = profiled(grid, one, own), cell_m / 2 / float(own.mean[0])
        best = _best(begin, one, priors, room_s)
        found.append(best)
        problem.append(np.full(len(best), i))
    return np.concatenate(found), np.concatenate(problem)


def profiled(grid: Array, rows: Rows, around: Medium) -> Array:
    """Unknowns (n, 7) at places (n, 2) of one problem: the nuisances at their means, the discharge time the median."""
    unknowns = _unknowns(grid, np.zeros(len(grid)), around)
    unknowns[:, T] = np.median(_late(unknowns, rows), axis=1)
    return unknowns


def _unknowns(places: Array, discharge: Array, around: Medium) -> Array:
    unknowns = np.zeros((len(places), UNKNOWNS))
    unknowns[:, :2], unknowns[:, T], unknowns[:, C:] = places, discharge, around.mean
    return unknowns


def _late(unknowns: Array, rows: Rows) -> Array:
    """How late (n, K) the rows that count are for unknowns (n, 7) of one problem, of which all have the same air."""
    counts, air = rows.use[0], unknowns[0, C:Z]
    travel = travel_times(rows.places[0, counts], unknowns[:, [X, Y, Z]], air)
    return np.asarray(rows.times[0, counts] - unknowns[:, T, None] - travel)


def _wide(places: Array) -> bool:
    extent = np.linalg.svd(places[:, :2] - places[:, :2].mean(0), compute_uv=False)
    return bool(extent[1] > NARROW * extent[0])


@lru_cache(maxsize=64)
def _chosen(count: int) -> Index:
    """Triples (M, 3) of so many rows: all of them, or an even choice."""
    every = np.array(list(combinations(range(count), 3)), dtype=np.intp)
    return every if len(every) <= TRIPLES else every[np.linspace(0, len(every) - 1, TRIPLES).astype(np.intp)]


def _triples(rows: Rows, around: Medium) -> Array:
    """Unknowns (n, 7) that the triples of one problem's rows give, places far outside the network left out, and a start
    beside each station.
    """
    places, times = rows.places[0, rows.use[0]], rows.times[0, rows.use[0]]
    chosen = _chosen(len(times))
    found, metres = of_triples(places[chosen], times[chosen], around.mean[: Z - C], float(around.mean[Z - C]))
    discharge = times[chosen[:, 0]] - metres / around.mean[0]
    low, high = _box(places)
    inside = ((found >= low) & (found <= high)).all(-1) & np.isfinite(metres)
    direct = _unknowns(found[inside], discharge[inside], around)
    return np.vstack([direct, profiled(places[:, :2] + BESIDE_M, rows, around)])


def _box(places: Array) -> tuple[Array, Array]:
    """The corners, (2,) m each, of where a source is sought."""
    return places[:, :2].min(0) - BEYOND_M, places[:, :2].max(0) + BEYOND_M


def _grid(places: Array) -> tuple[Array, float]:
    """Places over the stations and their surroundings, (n, 2), and how far apart they are, m."""
    low, high = _box(places)
    east, north = np.meshgrid(*(np.linspace(a, b, GRID) for a, b in zip(low, high, strict=True)))
    grid = np.column_stack([east.ravel(), north.ravel()])
    return np.vstack([grid, places[:, :2] + BESIDE_M]), float(max(high - low)) / GRID


def _best(begin: Array, rows: Rows, priors: Priors, room_s: float) -> Array:
    """Of unknowns (n, 7) for one problem, those that explain it best at places apart from each other."""
    counts, places = rows.use[0], begin[:, :2]
    sigma = np.sqrt(rows.sigmas[0, counts] ** 2 + priors.path_s**2 + room_s**2)
    cost = late_mixture(_late(begin, rows), sigma, priors)[0].sum(-1)
    pointed = counts & np.isfinite(rows.azimuths[0])
    if pointed.any():
        way = places[:, None] - rows.places[0, pointed, :2]
        off = wrapped(rows.azimuths[0, pointed] - np.arctan2(way[..., 0], way[..., 1]))
        wide = np.sqrt(rows.azimuth_sigmas[0, pointed] ** 2 + math.radians(priors.bearing_deg + 3.0) ** 2)
        cost = cost + np.minimum((off / wide) ** 2, MOST).sum(-1)
    return begin[spaced(places, cost, APART_M, STARTS)]


def spaced(places: NDArray[Any], cost: NDArray[Any], apart_m: float, most: int) -> list[int]:
    """The rows of places (P, 2) with the least cost (P,), at most so many, none within `apart_m` of a cheaper one."""
    chosen: list[int] = []
    for i in np.argsort(cost, kind="stable").tolist():
        if all(math.dist(places[i], places[j]) > apart_m for j in chosen):
            chosen.append(i)
        if len(chosen) == most:
            break
    return chosen

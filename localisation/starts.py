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
Mask = NDArray[np.bool_]

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
    counts = rows.use.sum(1)
    for count in np.unique(counts).tolist():
        own = np.flatnonzero(counts == count)
        wide = _wide(_packed(rows, own).places) if count >= 3 else np.zeros(len(own), dtype=bool)
        for members, begin in ((own[wide], _triples), (own[~wide], _grid)):
            if len(members):
                packed, air = _packed(rows, members), around.of(members)
                unknowns, room_s = begin(packed, air)
                best, which = _best(unknowns, packed, priors, room_s)
                found.append(best)
                problem.append(members[which])
    of = np.concatenate(problem)
    order = np.argsort(of, kind="stable")
    return np.concatenate(found)[order], of[order]


def profiled(places: Array, rows: Rows, around: Medium) -> Array:
    """Unknowns (B, P, 7) at places (B, P, 2): the nuisances at their means, the discharge time the median."""
    unknowns = _unknowns(places, np.zeros(places.shape[:2]), around)
    late = np.sort(np.where(rows.use[:, None], _late(unknowns, rows), math.inf), axis=-1)
    count = rows.use.sum(1)
    middle = [np.take_along_axis(late, at[:, None, None], -1) for at in ((count - 1) // 2, count // 2)]
    unknowns[..., T] = np.mean(middle, axis=0)[..., 0]
    return unknowns


def _packed(rows: Rows, members: Index) -> Rows:
    """These problems, of which as many rows count, with only the rows that do."""
    count = int(rows.use[members[0]].sum()) if len(members) else 0
    first = np.argsort(~rows.use[members], axis=1, kind="stable")[:, :count]
    at = (members[:, None], first)
    one = rows.of(members)
    return Rows(
        rows.places[at],
        rows.times[at],
        rows.sigmas[at],
        rows.azimuths[at],
        rows.azimuth_sigmas[at],
        rows.leads[at],
        rows.use[at],
        one.silent,
    )


def _unknowns(places: Array, discharge: Array, around: Medium) -> Array:
    """Unknowns (B, P, 7) of places (B, P, 2) and times (B, P)."""
    unknowns = np.empty((*places.shape[:2], UNKNOWNS))
    unknowns[..., :2], unknowns[..., T], unknowns[..., C:] = places, discharge, around.mean[:, None]
    return unknowns


def _late(unknowns: Array, rows: Rows) -> Array:
    """How late (B, P, K) the rows are for unknowns (B, P, 7)."""
    travel = travel_times(rows.places[:, None], unknowns[..., [X, Y, Z]], unknowns[..., C:Z])
    return np.asarray(rows.times[:, None] - unknowns[..., T, None] - travel)


def _wide(places: Array) -> Mask:
    """Whether each of the networks (B, K, 3) m is more than a line."""
    extent = np.linalg.svd(places[..., :2] - places[..., :2].mean(1, keepdims=True), compute_uv=False)
    return np.asarray(extent[:, 1] > NARROW * extent[:, 0])


@lru_cache(maxsize=64)
def _chosen(count: int) -> Index:
    """Triples (M, 3) of so many rows: all of them, or an even choice."""
    every = np.array(list(combinations(range(count), 3)), dtype=np.intp)
    return every if len(every) <= TRIPLES else every[np.linspace(0, len(every) - 1, TRIPLES).astype(np.intp)]


def _triples(rows: Rows, around: Medium) -> tuple[Array, Array]:
    """Unknowns (B, P, 7) that the triples of each problem's rows give, and beside each station, and what their times
    may be off, (B,) s; places that are none, or far outside the network, are NaN.
    """
    chosen = _chosen(rows.times.shape[1])
    many, per = len(rows.times), len(chosen)
    stations, times = rows.places[:, chosen].reshape(-1, 3, 3), rows.times[:, chosen].reshape(-1, 3)
    mean = np.repeat(around.mean, per, axis=0)
    found, metres = of_triples(stations, times, mean[:, : Z - C], mean[:, Z - C])
    discharge = times[:, 0] - metres / mean[:, 0]
    places = found.reshape(2, many, per, 2).transpose(1, 0, 2, 3).reshape(many, -1, 2)
    low, high = _box(rows.places)
    places = np.where(((places >= low) & (places <= high)).all(-1, keepdims=True), places, math.nan)
    direct = _unknowns(places, discharge.reshape(2, many, per).transpose(1, 0, 2).reshape(many, -1), around)
    beside = profiled(rows.places[..., :2] + BESIDE_M, rows, around)
    return np.concatenate([direct, beside], axis=1), np.full(many, ROOM_S)


def _box(places: Array) -> tuple[Array, Array]:
    """The corners, (B, 1, 2) m each, of where a source is sought."""
    return places[..., :2].min(1, keepdims=True) - BEYOND_M, places[..., :2].max(1, keepdims=True) + BEYOND_M


def _grid(rows: Rows, around: Medium) -> tuple[Array, Array]:
    """Unknowns (B, P, 7) over the stations and their surroundings, and what their times may be off, (B,) s."""
    low, high = _box(rows.places)
    steps = np.linspace(0.0, 1.0, GRID)
    unit = np.stack(np.meshgrid(steps, steps), -1).reshape(1, -1, 2)
    places = np.concatenate([low + (high - low) * unit, rows.places[..., :2] + BESIDE_M], axis=1)
    cell_m = (high - low).max((1, 2)) / GRID
    return profiled(places, rows, around), cell_m / 2 / around.mean[:, 0]


def _best(begin: Array, rows: Rows, priors: Priors, room_s: Array) -> tuple[Array, Index]:
    """Of unknowns (B, P, 7), those that explain each problem best, apart from each other, and their problems."""
    sigma = np.sqrt(rows.sigmas**2 + priors.path_s**2 + room_s[:, None] ** 2)[:, None]
    cost = late_mixture(_late(begin, rows), sigma, priors)[0].sum(-1)
    if np.isfinite(rows.azimuths).any():
        way = begin[:, :, None, :2] - rows.places[:, None, :, :2]
        off = wrapped(rows.azimuths[:, None] - np.arctan2(way[..., 0], way[..., 1]))
        wide = np.hypot(rows.azimuth_sigmas, math.radians(priors.bearing_deg + 3.0))[:, None]
        cost = cost + np.minimum(np.nan_to_num((off / wide) ** 2), MOST).sum(-1)
    cost = np.where(np.isfinite(cost), cost, math.inf)
    every, chosen, which = np.arange(len(cost)), [], []
    for _ in range(STARTS):
        at = cost.argmin(1)
        left = np.flatnonzero(np.isfinite(cost[every, at]))
        chosen.append(begin[left, at[left]])
        which.append(left)
        off_m = np.hypot(*np.moveaxis(begin[..., :2] - begin[every, at, None, :2], -1, 0))
        cost[~(off_m > APART_M)] = math.inf
    return np.concatenate(chosen), np.concatenate(which)


def spaced(places: NDArray[Any], cost: NDArray[Any], apart_m: float, most: int) -> list[int]:
    """The rows of places (P, 2) with the least cost (P,), at most so many, none within `apart_m` of a cheaper one."""
    chosen: list[int] = []
    for i in np.argsort(cost, kind="stable").tolist():
        if all(math.dist(places[i], places[j]) > apart_m for j in chosen):
            chosen.append(i)
        if len(chosen) == most:
            break
    return chosen

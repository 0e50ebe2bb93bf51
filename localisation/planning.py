"""Where to put nodes: the one that helps most, or as many as a goal needs.

A goal is a share of all shots, fired anywhere in the area, that is located within some metres. What is gained counts
up to the goal only: ground that meets it already is worth no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.coverage import DRAWS, Assumed, Nodes, draws, enough
from localisation.likelihood import UNKNOWNS
from localisation.uncertainty import axes, left, radial

Array = NDArray[np.float64]
Index = NDArray[np.intp]

COARSE, FINE = 100, 25  # places that are tried for one more node: all over, then around the best
BEGUN = 0.6  # share of the area that meets the goal when filling in begins
MORE = 1.1  # by which the number of evenly spread nodes grows until then
MENDERS = 40  # candidates around the worst place that are tried to mend it
STEEP = 40.0  # how much a place below the goal outweighs one above it
SPARE = 0.02  # of the share, by which a proposal goes beyond the goal: what draws and cells leave open


@dataclass(frozen=True, slots=True)
class Goal:
    """A share of all shots, located within `metres`."""

    share: float
    metres: float


class Ground:
    """Places (P, 2) m and what the nodes so far tell of them, so that one more or one fewer is quickly tried."""

    def __init__(self, places: Array, nodes: Nodes, goal_m: float, assumed: Assumed) -> None:
        self.places, self.goal_m, self._assumed = places, goal_m, assumed
        self._total = np.zeros((len(places), UNKNOWNS, UNKNOWNS, DRAWS))
        self._times, self._pointing = np.zeros((len(places), DRAWS)), np.zeros((len(places), DRAWS))
        self.within = np.zeros(len(places))
        for place, bearing in zip(nodes.places, nodes.bearings.tolist(), strict=True):
            self.change(place, bearing)

    def change(self, place: Array, bearing: bool, sign: int = 1) -> None:
        """A node comes to a place (3,) m; with sign −1 it goes again."""
        rows, sums = self._with(place, bearing, sign)
        self._total[rows], self._times[rows], self._pointing[rows] = sums
        self.within[rows] = self._score(*sums)

    def tried(self, place: Array, bearing: bool, sign: int = 1, below: float = math.inf) -> tuple[Array, Array]:
        """Share of shots located within the goal, where that node would change it and it is `below`: now, and then."""
        rows, sums = self._with(place, bearing, sign, below)
        return self.within[rows], self._score(*sums)

    def _with(
        self, place: Array, bearing: bool, sign: int, below: float = math.inf
    ) -> tuple[Index, tuple[Array, Array, Array]]:
        away = np.hypot(*(self.places - place[:2]).T)
        rows = np.flatnonzero((away < self._assumed.reach_m) & (self.within < below))
        heard = sign * (draws(place[None]) < self._assumed.chance(away[rows])[:, None]).astype(np.float64)
        near = np.broadcast_to(place, (len(rows), 1, 3))
        told = self._assumed.told(self.places[rows], near, np.full((len(rows), 1), bearing))[:, 0, ..., None]
        times = self._times[rows] + heard
        total = (self._total[rows] + told * heard[:, None, None]) * (times > 0)[:, None, None]  # nobody left: exactly 0
        return rows, (total, times, self._pointing[rows] + bearing * heard)

    def _score(self, total: Array, times: Array, pointing: Array) -> Array:
        weights = enough(times, pointing) / DRAWS
        return radial(np.array([self.goal_m]), *axes(*left(total)), weights)[:, 0]


def next_node(ground: Ground, candidates: Array, bearing: bool, share: float) -> tuple[Array, float]:
    """Where of candidates (C, 3) m one more node helps most, and what it gains: how much higher the mean share of shots
    located within the goal gets, each place counted up to `share`. Nothing is gained where all ground meets the goal.
    """

    def gain(place: Array) -> float:
        now, then = ground.tried(place, bearing, below=share)  # elsewhere there is nothing to gain
        return float((np.minimum(then, share) - now).sum())

    coarse = candidates[:: max(1, len(candidates) // COARSE)]
    best = coarse[int(np.argmax([gain(c) for c in coarse]))]
    near = np.argsort(np.hypot(*(candidates - best)[:, :2].T), kind="stable")
    fine = candidates[near[: FINE * max(1, len(candidates) // COARSE) : max(1, len(candidates) // COARSE)]]
    gains = [gain(c) for c in fine]
    return fine[int(np.argmax(gains))], max(gains) / len(ground.places)


def propose(places: Array, candidates: Array, there: Nodes, goal: Goal, assumed: Assumed) -> Array:
    """Nodes without bearings, (N, 3) m of the candidates (C, 3), that together with those that are there meet the goal
    at every place (P, 2) m.

    Spread as far from each other as can be (corners first, then edges, then the inside) until most places meet the
    goal; then the worst place gets the node that mends it best, again and again; then every node that can be spared
    goes. Not the fewest possible, but none can be left out. Raises InputError where nodes at all candidates miss it.
    """
    ground = Ground(places, there, goal.metres, assumed)
    share = min(goal.share + SPARE, (1 + goal.share) / 2)
    order = _spread(candidates, there.places)
    used: list[int] = []
    while (ground.within >= share).mean() < BEGUN and len(used) < len(order):
        for i in order[len(used) : max(3, math.ceil(len(used) * MORE))]:
            ground.change(candidates[i], False)
            used.append(i)
    return candidates[_spared(ground, candidates, _mended(ground, candidates, used, share), share)]


def _mended(ground: Ground, candidates: Array, used: list[int], share: float) -> list[int]:
    used, free = list(used), np.ones(len(candidates), dtype=bool)
    free[used] = False
    while ground.within.min() < share:
        worst = ground.places[int(np.argmin(ground.within))]
        away = np.hypot(*(candidates[:, :2] - worst).T)
        near = [i for i in np.argsort(away, kind="stable")[: 4 * MENDERS].tolist() if free[i]][::4]
        if not near:
            raise InputError(
                f"goal is not reached: with {len(used)} nodes, as close as this plan can put them, "
                f"{ground.within.min():.0%} of the shots at the worst place are located within {ground.goal_m:g} m; "
                f"expected fewer per cent or more metres"
            )
        best = near[int(np.argmin([_cost(ground, candidates[i], share) for i in near]))]
        ground.change(candidates[best], False)
        free[best] = False
        used.append(best)
    return used


def _spared(ground: Ground, candidates: Array, used: list[int], share: float) -> list[int]:
    """Without the nodes that the goal does not need; those that help least are tried first."""
    kept = list(used)
    for i in sorted(used, key=lambda i: _cost(ground, candidates[i], share, -1)):
        if ground.tried(candidates[i], False, -1)[1].min(initial=1.0) >= share:
            ground.change(candidates[i], False, -1)
            kept.remove(i)
    return kept


def _cost(ground: Ground, place: Array, share: float, sign: int = 1) -> float:
    """How much worse all gets with one node more or fewer; places below the goal weigh most."""
    now, then = (np.exp(STEEP * (share - within)).sum() for within in ground.tried(place, False, sign))
    return float(then - now)


def _spread(candidates: Array, there: Array) -> list[int]:
    """The candidates in an order in which each is as far as can be from those before it and from what is there."""
    flat = candidates[:, :2]
    away = np.full(len(flat), math.inf)
    for place in there[:, :2]:
        away = np.minimum(away, np.hypot(*(flat - place).T))
    order = [int(np.argmax(away if len(there) else np.hypot(*(flat - flat.mean(axis=0)).T)))]
    while len(order) < len(flat):
        away = np.minimum(away, np.hypot(*(flat - flat[order[-1]]).T))
        order.append(int(np.argmax(away)))
    return order

"""The stations of a network and the ground around them: who would hear a shot where, and how long sound takes.

The ground is cut into square cells. A search begins with the coarse ones around a station and halves those that are
still worth it, so its cost does not grow with the size of the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from localisation.likelihood import Priors, medium

Array = NDArray[np.float64]
Single = NDArray[np.float32]  # a millisecond and a decimetre are enough to search
Index = NDArray[np.intp]

NEAREST = 24  # stations that are asked about one place
NOWHERE_M = 1e9
AXIS_M = 4.0  # of the tabulated odds of hearing
UNHEARD = -20.0  # log odds to hear what is too far off


@dataclass(frozen=True, slots=True)
class Ways:
    """From places to stations, (P, M) each: station (or the number of stations for none), direction, s, m."""

    station: Index
    east: Single
    north: Single
    seconds: Single
    metres: Single


class Field:
    """The stations, (K, 3) m, in this air; built once and used for every search.

    Places are told relative to `centre`, at the height where sources are expected. `hearing_m`: how far from a station
    places are sought; `root_m`: side of the coarsest cells. How hearing falls off with distance is the priors'.
    """

    def __init__(self, places: Array, air: Air, priors: Priors, hearing_m: float, root_m: float = 128.0) -> None:
        self.count, self.hearing_m, self.far_m, self.root_m = len(places), hearing_m, 1.5 * hearing_m, root_m
        *self.air, height = medium(air, places, priors).mean.tolist()
        self.centre = np.array([*places[:, :2].mean(axis=0), height])
        self.places = np.vstack([places - self.centre, np.full((1, 3), NOWHERE_M)]).astype(np.float32)
        axis = np.arange(0.0, self.far_m + AXIS_M, AXIS_M)
        heard = priors.heard * np.exp(-0.5 * (axis / priors.hearing_m) ** 2)
        self._hit = np.append(np.log(heard + 1e-9), UNHEARD).astype(np.float32)
        self._miss = np.append(np.log1p(-heard), 0.0).astype(np.float32)
        self._lay()

    def _lay(self) -> None:
        """The coarsest cells within hearing of any station, the stations nearest to each, and each station's cells."""
        reach = math.ceil(self.hearing_m / self.root_m) + 1
        steps = np.arange(-reach, reach + 1)
        east, north = (g.ravel() for g in np.meshgrid(steps, steps))
        inside = np.hypot(east, north) * self.root_m <= self.hearing_m + self.root_m
        disc = np.column_stack([east, north])[inside]
        corner = self.places[: self.count, :2].min(axis=0)
        own = np.floor((self.places[: self.count, :2] - corner) / self.root_m).astype(np.int64)
        cells = np.unique((own[:, None] + disc[None]).reshape(-1, 2), axis=0)
        self.roots = (corner + (cells + 0.5) * self.root_m).astype(np.float32)
        most = min(NEAREST, self.count)
        self.near = np.empty((len(self.roots), most), dtype=np.intp)
        for start in range(0, len(self.roots), 1024):
            block = self.roots[start : start + 1024]
            away = np.hypot(*(block[:, None] - self.places[None, : self.count, :2]).transpose(2, 0, 1))
            order = np.argsort(away, axis=1, kind="stable")[:, :most]
            near = np.take_along_axis(away, order, 1)
            order[near > self.far_m + self.root_m] = self.count
            self.near[start : start + 1024] = order
        self._cells = [self._around(k) for k in range(self.count)]

    def _around(self, station: int) -> Index:
        rows = np.flatnonzero((self.near == station).any(axis=1))
        away = np.hypot(*(self.roots[rows] - self.places[station, :2]).T)
        return np.asarray(rows[away <= self.hearing_m + self.root_m / math.sqrt(2)])

    def around(self, station: int) -> Index:
        """The coarsest cells, rows of `roots`, in which a shot may be that this station heard."""
        return self._cells[station]

    def ways(self, places: Single, stations: Index) -> Ways:
        """From places (P, 2) m to stations (P, M)."""
        to = self.places[stations]
        east, north = to[..., 0] - places[:, None, 0], to[..., 1] - places[:, None, 1]
        metres = np.sqrt(east**2 + north**2 + to[..., 2] ** 2 + np.float32(1e-6))
        east /= metres
        north /= metres
        speed = np.float32(self.air[0]) + east * np.float32(self.air[1]) + north * np.float32(self.air[2])
        return Ways(stations, east, north, metres / speed, metres)

    def odds(self, metres: Single, spread_m: float = 0.0) -> tuple[Single, Single]:
        """The log probabilities to hear and not to hear at distances; the kindest of each within ± `spread_m`."""
        return self._hit.take(self._row(metres - spread_m)), self._miss.take(self._row(metres + spread_m))

    def _row(self, metres: Single) -> Index:
        return np.asarray(np.clip(metres * np.float32(1 / AXIS_M), 0, len(self._hit) - 1).astype(np.intp))

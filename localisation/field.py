"""The stations of a network and the ground around them: who would hear a shot where, and how long sound takes.

The ground is cut into square cells, each of which knows the stations near it, so that what a place costs does not grow
with the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from acoustic.air import Air
from localisation.likelihood import Priors, medium

Array = NDArray[np.float64]
Single = NDArray[np.float32]  # a millisecond and a decimetre are enough to search
Index = NDArray[np.intp]

CELL_M = 128.0
KEY = np.array([2**32, 1])  # one number for the two of a cell
NEAREST = 24  # stations that are asked about one place
PARTNERS = 10  # stations that are asked what else they heard of a sound
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
    places are sought; `partners`: the stations nearest to each, (K, P), and how far off they are, m. How hearing falls
    off with distance is the priors'.
    """

    def __init__(self, places: Array, air: Air, priors: Priors, hearing_m: float) -> None:
        self.count, self.hearing_m, self.far_m = len(places), hearing_m, 1.5 * hearing_m
        *self.air, self.height = medium(air, places, priors).mean.tolist()
        self.centre = np.array([*places[:, :2].mean(axis=0), self.height])
        self.places = np.vstack([places - self.centre, np.full((1, 3), NOWHERE_M)]).astype(np.float32)
        self._tree = KDTree(self.places[: self.count, :2])
        axis = np.arange(0.0, self.far_m + AXIS_M, AXIS_M)
        heard = priors.heard * np.exp(-0.5 * (axis / priors.hearing_m) ** 2)
        self._hit = np.append(np.log(heard + 1e-9), UNHEARD).astype(np.float32)
        self._miss = np.append(np.log1p(-heard), 0.0).astype(np.float32)
        self._lay()
        self.partners, self.partners_m = self._nearest(self.places[: self.count, :2], min(PARTNERS + 1, self.count))
        self.partners, self.partners_m = self.partners[:, 1:], self.partners_m[:, 1:]

    def _lay(self) -> None:
        """The cells within hearing of any station, and the stations nearest to each."""
        reach = math.ceil(self.hearing_m / CELL_M) + 1
        steps = np.arange(-reach, reach + 1)
        east, north = (g.ravel() for g in np.meshgrid(steps, steps))
        inside = np.hypot(east, north) * CELL_M <= self.hearing_m + CELL_M
        disc = np.column_stack([east, north])[inside]
        own = self.places[: self.count, :2]
        self._corner = own.min(axis=0) - np.float32((reach + 1) * CELL_M)
        cells = np.unique((self._grid(own)[:, None] + disc[None]).reshape(-1, 2) @ KEY)
        self._cells = cells
        middle = self._corner + (np.column_stack([cells // KEY[0], cells % KEY[0]]) + 0.5) * CELL_M
        near, away = self._nearest(middle.astype(np.float32), min(NEAREST, self.count))
        near[away > self.far_m + CELL_M] = self.count
        self._near = np.vstack([near, np.full((1, near.shape[1]), self.count)])

    def _grid(self, places: Single) -> NDArray[np.int64]:
        return np.asarray(np.floor((places - self._corner) * np.float32(1 / CELL_M)).astype(np.int64))

    def _nearest(self, places: Single, most: int) -> tuple[Index, Single]:
        """The stations (P, most) nearest to places (P, 2), nearest first, and how far off they are, m."""
        metres, nearest = (np.reshape(part, (-1, most)) for part in self._tree.query(places, most))
        return nearest, metres.astype(np.float32)

    @property
    def cells(self) -> int:
        """How many cells the ground is cut into."""
        return len(self._cells)

    def near(self, places: Single) -> Index:
        """The stations (P, M) that are asked about places (P, 2) m; `count` for none, as where nobody hears."""
        wanted = self._grid(places) @ KEY
        row = np.searchsorted(self._cells, wanted)
        row[self._cells.take(row, mode="clip") != wanted] = len(self._cells)
        return np.asarray(self._near[row])

    def ways(self, places: Single, stations: Index) -> Ways:
        """From places (P, 2) m to stations (P, M)."""
        to = self.places[stations]
        east, north = to[..., 0] - places[:, None, 0], to[..., 1] - places[:, None, 1]
        metres = np.sqrt(east**2 + north**2 + to[..., 2] ** 2 + np.float32(1e-6))
        east /= metres
        north /= metres
        speed = np.float32(self.air[0]) + east * np.float32(self.air[1]) + north * np.float32(self.air[2])
        return Ways(stations, east, north, metres / speed, metres)

    def odds(self, metres: Single) -> tuple[Single, Single]:
        """The log probabilities to hear and not to hear at distances."""
        row = np.minimum(metres * np.float32(1 / AXIS_M), np.float32(len(self._hit) - 1)).astype(np.intp)
        return self._hit.take(row), self._miss.take(row)

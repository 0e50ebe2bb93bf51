"""The ground in square cells. A cell hears every node that may hear a shot in it: cells overlap by how far that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.store.progress import CELL
from localisation.search import Search

MARGIN_M = 200.0  # two cells' places of one shot at their border differ by less, and so both may claim it
HEARING_M = Search().hearing_m + MARGIN_M
FEWEST = 2  # nodes that can locate a shot together
SUBJECT = "tocsin.arrivals"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Column and row of a square of `side_m`, counted east and north from the origin."""

    column: int
    row: int
    side_m: float

    def hears(self, x: float, y: float) -> bool:
        """Whether a node at this place (m) may hear a shot that this cell claims."""
        return self._outside_m(x, y) <= HEARING_M

    def claims(self, x: float, y: float) -> bool:
        """Whether a shot here (m) is for this cell to tell of: in it, or so near that its neighbour may miss it."""
        return self._outside_m(x, y) <= MARGIN_M

    @property
    def subject(self) -> str:
        """Where its arrivals are queued."""
        return f"{SUBJECT}.{self.column}.{self.row}"

    @property
    def name(self) -> str:
        """Of its consumer, and in logs."""
        return f"cell_{self.column}_{self.row}"

    @property
    def note(self) -> str:
        """Under which the store notes how far it was seen through."""
        return f"{CELL}_{self.column}_{self.row}"

    @property
    def number(self) -> int:
        """32 bits with a sign, another one for every cell within 32,768 of the origin."""
        bits = (self.column & 0xFFFF) << 16 | self.row & 0xFFFF
        return bits - (1 << 32) if bits >> 31 else bits

    def _outside_m(self, x: float, y: float) -> float:
        aside = [
            max(self.side_m * at - value, value - self.side_m * (at + 1), 0.0)
            for at, value in ((self.column, x), (self.row, y))
        ]
        return math.hypot(*aside)


def around(x: float, y: float, side_m: float) -> list[Cell]:
    """The cells that hear a node at a place (m)."""
    low, high = [[math.floor((value + shift) / side_m) for value in (x, y)] for shift in (-HEARING_M, HEARING_M)]
    square = (Cell(column, row, side_m) for column in range(low[0], high[0] + 1) for row in range(low[1], high[1] + 1))
    return [cell for cell in square if cell.hears(x, y)]


def cells_of(places: Iterable[tuple[float, float]], side_m: float) -> list[Cell]:
    """The cells in which nodes at these places (m) can locate a shot, in order."""
    count: dict[Cell, int] = {}
    for x, y in places:
        for cell in around(x, y, side_m):
            count[cell] = count.get(cell, 0) + 1
    return sorted(cell for cell, nodes in count.items() if nodes >= FEWEST)

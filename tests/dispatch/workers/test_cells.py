"""The ground in cells: whatever is heard of a shot reaches every cell that claims it, and some cell always does."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from dispatch.workers.cells import HEARING_M, MARGIN_M, Cell, around, cells_of
from localisation.search import Search

metres = st.floats(-60_000.0, 60_000.0)
sides = st.floats(500.0, 20_000.0)


def home(x: float, y: float, side_m: float) -> Cell:
    return Cell(math.floor(x / side_m), math.floor(y / side_m), side_m)


@given(metres, metres, sides, st.floats(0.0, Search().hearing_m), st.floats(0.0, 2.0 * math.pi))
def test_every_node_that_may_hear_a_shot_is_heard_by_every_cell_that_claims_it(
    x: float, y: float, side_m: float, away_m: float, towards: float
) -> None:
    node = x + away_m * math.cos(towards), y + away_m * math.sin(towards)
    claiming = [cell for cell in around(x, y, side_m) if cell.claims(x, y)]
    assert home(x, y, side_m) in claiming
    assert len(claiming) <= 4
    assert set(claiming) <= set(around(*node, side_m))


@given(metres, metres, sides)
def test_the_cells_around_a_node_are_those_that_hear_it(x: float, y: float, side_m: float) -> None:
    found, at = set(around(x, y, side_m)), home(x, y, side_m)
    reach = math.ceil(HEARING_M / side_m) + 1
    near = range(-reach, reach + 1)
    every = (Cell(at.column + i, at.row + j, side_m) for i in near for j in near)
    assert found == {cell for cell in every if cell.hears(x, y)}


@given(st.integers(-32_768, 32_767), st.integers(-32_768, 32_767))
def test_a_cells_number_is_its_own_and_one_of_postgresqls(column: int, row: int) -> None:
    number = Cell(column, row, 1.0).number
    assert -(2**31) <= number < 2**31
    assert (number >> 16, number & 0xFFFF) == (column, row & 0xFFFF)


def test_a_shot_within_a_cell_is_its_own_alone_and_one_at_a_corner_is_claimed_by_four() -> None:
    assert [c.claims(MARGIN_M + 1.0, 2500.0) for c in (Cell(0, 0, 5000.0), Cell(-1, 0, 5000.0))] == [True, False]
    assert sum(cell.claims(5000.0, 5000.0) for cell in around(5000.0, 5000.0, 5000.0)) == 4


def test_there_is_work_only_where_two_nodes_can_hear() -> None:
    assert cells_of([(2500.0, 2500.0)], 5000.0) == []
    assert cells_of([(2500.0, 2500.0), (2600.0, 2500.0)], 5000.0) == [Cell(0, 0, 5000.0)]
    assert len(cells_of([(5000.0, 5000.0), (5001.0, 5000.0)], 5000.0)) == 4

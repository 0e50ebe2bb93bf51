"""Two cells' solutions of one shot are told of once, whoever is first; what was told goes on under its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.store import Store
from dispatch.store.events import add_shots, first_shots, latest_shots
from dispatch.workers.borders import same_shot, untold
from localisation.arrivals import Arrival, Shot
from localisation.verdict import withdrawn
from tests.dispatch.test_store import METHOD, arrival
from tests.recordings.test_events import shot


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def heard(*numbers: int) -> tuple[Arrival, ...]:
    return tuple(arrival(number) for number in numbers)


def keep(store: Store, shots: Sequence[Shot]) -> list[str]:
    return [e.subject for e in store.write_now(lambda c: add_shots(c, untold(c, shots), 1, METHOD))]


def standing(store: Store) -> dict[str, int]:
    kept = store.read_now(lambda c: latest_shots(c, 0, 2**62))
    return {s.key: s.version for s in kept if s.verdict.label != "withdrawn"}


def test_the_neighbours_solution_of_a_shot_is_dropped_and_the_firsts_goes_on(store: Store) -> None:
    west = replace(shot("west"), arrivals=heard(1, 2, 3, 4))
    east = replace(shot("east", 0.01, 3.0), arrivals=heard(2, 3, 4, 5))
    assert keep(store, [west])
    assert keep(store, [east]) == []
    assert keep(store, [replace(west, version=2, arrivals=heard(1, 2, 3, 4, 5))])
    assert keep(store, [replace(east, version=2)]) == []
    assert standing(store) == {"west": 2}


def test_a_shot_that_its_cell_took_back_may_be_told_by_the_neighbour(store: Store) -> None:
    west = replace(shot("west"), arrivals=heard(1, 2, 3))
    east = replace(shot("east"), arrivals=heard(1, 2, 3))
    keep(store, [west])
    keep(store, [replace(west, version=2, verdict=withdrawn(west.verdict))])
    assert keep(store, [east])
    assert standing(store) == {"east": 1}


def test_a_shot_never_told_is_not_taken_back(store: Store) -> None:
    keep(store, [replace(shot("west"), arrivals=heard(1, 2, 3))])
    east = replace(shot("east"), version=2, arrivals=heard(1, 2, 3))
    assert keep(store, [replace(east, verdict=withdrawn(east.verdict))]) == []
    assert store.read_now(lambda c: list(first_shots(c, ["west", "east"]))) == ["west"]


def test_two_cells_that_told_of_one_shot_by_different_nodes_end_with_one(store: Store) -> None:
    west, east = replace(shot("west"), arrivals=heard(1, 2, 3)), replace(shot("east"), arrivals=heard(4, 5, 6))
    assert keep(store, [west])
    assert keep(store, [east])
    every = heard(1, 2, 3, 4, 5, 6)
    assert keep(store, [replace(west, version=2, arrivals=every)])
    assert standing(store) == {"east": 1}
    assert keep(store, [replace(east, version=2, arrivals=every)])
    assert keep(store, [replace(west, version=3, arrivals=every)]) == []
    assert standing(store) == {"east": 2}


def test_rounds_at_one_place_that_share_an_arrival_are_two(store: Store) -> None:
    one = replace(shot("one"), arrivals=heard(1, 2, 3, 4))
    other = replace(shot("other", 0.2), arrivals=heard(4, 5, 6, 7))
    assert not same_shot(one, other)
    keep(store, [one])
    assert keep(store, [other])
    assert standing(store) == {"one": 1, "other": 1}


def test_what_one_network_changes_at_once_is_kept_as_it_says(store: Store) -> None:
    keep(store, [replace(shot("one"), arrivals=heard(1, 2, 3))])
    moved = [
        replace(shot("one"), version=2, arrivals=heard(7, 8, 9)),
        replace(shot("two"), arrivals=heard(1, 2, 3)),
    ]
    keep(store, moved)
    assert standing(store) == {"one": 2, "two": 1}


def test_an_exercise_hides_no_shot(store: Store) -> None:
    drill = replace(shot("drill"), arrivals=tuple(replace(a, exercise=True) for a in heard(1, 2, 3)))
    assert drill.exercise
    assert not same_shot(drill, replace(shot("true"), arrivals=heard(1, 2, 3)))

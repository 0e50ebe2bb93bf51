"""Coverage and planning against arithmetic and simulation, and the symmetries that any plan must have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.errors import InputError
from localisation.area import Area, hull
from localisation.coverage import PISTOL_DB, Assumed, Nodes, coverage, hearing_m
from localisation.planning import Goal, Ground, next_node, propose
from localisation.uncertainty import bound
from tests.localisation.simulated import Array, stations

ASSUMED = Assumed()
PLACES = np.random.default_rng(1).uniform(0, 600, (30, 2))


def nodes(places: Array, bearings: bool = False) -> Nodes:
    return Nodes(places=places, bearings=np.full(len(places), bearings))


def heard(metres: float) -> float:
    return 0.97 * math.exp(-0.5 * (metres / 500.0) ** 2)


def test_three_nodes_detect_what_all_three_hear() -> None:
    ring = np.array([[200.0, 0, 8], [-100.0, 173.0, 8], [-100.0, -173.0, 8]])
    (found,) = coverage(np.zeros((1, 2)), nodes(ring), 15.0, ASSUMED).detected
    assert found == pytest.approx(heard(200.0) ** 3, rel=1e-3)


def test_two_arrays_detect_and_two_plain_nodes_do_not() -> None:
    two = np.array([[300.0, 0, 8], [0, 300.0, 8]])
    here = np.zeros((1, 2))
    assert coverage(here, nodes(two), 15.0, ASSUMED).detected[0] == 0.0
    assert coverage(here, nodes(two, bearings=True), 15.0, ASSUMED).detected[0] == pytest.approx(heard(300.0) ** 2)


def test_the_share_within_the_goal_is_that_of_simulated_shots() -> None:
    network, place, rng = stations(8, seed=3), np.array([[270.0, 240.0]]), np.random.default_rng(2)
    metres = np.hypot(*(network[:, :2] - place[0]).T)
    chance = np.array([heard(m) for m in metres])
    hits = 0
    for _ in range(3000):
        some = network[rng.random(8) < chance]
        if len(some) >= 3:
            (covariance,) = bound(place, some, ASSUMED.sigma_s, ASSUMED.around)
            hits += math.hypot(*rng.multivariate_normal([0, 0], covariance)) <= 10.0
    assert coverage(place, nodes(network), 10.0, ASSUMED).within[0] == pytest.approx(hits / 3000, abs=0.03)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.tuples(st.floats(0, 600), st.floats(0, 600)))
def test_one_more_node_never_makes_a_place_deafer(seed: int, at: tuple[float, float]) -> None:
    network = stations(6, seed=seed)
    more = np.vstack([network, [[*at, 10.0]]])
    before, after = (coverage(PLACES, nodes(n), 15.0, ASSUMED) for n in (network, more))
    assert (after.detected >= before.detected - 1e-9).all()
    assert (after.within >= before.within - 0.05).all()  # draws: within what they leave open


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_the_worst_node_down_costs_no_less_than_any_other(seed: int) -> None:
    network = stations(6, seed=seed)
    worst = coverage(PLACES[:5], nodes(network), 15.0, ASSUMED, down=1).within
    for gone in range(6):
        rest = coverage(PLACES[:5], nodes(np.delete(network, gone, axis=0)), 15.0, ASSUMED).within
        assert (worst <= rest + 1e-9).all()


def test_a_quieter_shot_is_heard_less_far() -> None:
    assert hearing_m(PISTOL_DB - 10) < hearing_m(PISTOL_DB) == pytest.approx(500.0, rel=1e-3)
    with pytest.raises(InputError, match="level is 20 dB"):
        hearing_m(20.0)


def test_the_next_node_goes_to_the_side_that_has_none() -> None:
    west = np.column_stack([np.repeat([0.0, 250.0], 3), np.tile([0.0, 250.0, 500.0], 2), np.full(6, 10.0)])
    east, north = np.meshgrid(np.arange(25, 1000, 100.0), np.arange(25, 500, 100.0))
    places = np.column_stack([east.ravel(), north.ravel()])
    candidates = np.column_stack([places, np.full(len(places), 8.0)])
    best, gain = next_node(Ground(places, nodes(west), 15.0, ASSUMED), candidates, False, 0.9)
    assert best[0] > 400.0
    assert gain > 0.01


def test_a_proposal_meets_its_goal_and_wastes_no_node() -> None:
    area = Area((np.array([[0.0, 0.0], [500.0, 0.0], [500.0, 500.0], [0.0, 500.0]]),))
    places = area.cells(200).centres
    flat = np.vstack([area.border(100.0), area.cells(120).centres])
    candidates = np.column_stack([flat, np.full(len(flat), 8.0)])
    found = propose(places, candidates, nodes(np.zeros((0, 3))), Goal(0.8, 20.0), ASSUMED)
    assert coverage(places, nodes(found), 20.0, ASSUMED).within.min() >= 0.79
    for gone in range(len(found)):
        rest = coverage(places, nodes(np.delete(found, gone, axis=0)), 20.0, ASSUMED)
        assert rest.within.min() < 0.83


def test_cells_fill_an_outline_and_leave_its_hole() -> None:
    outer = np.array([[0.0, 0.0], [400.0, 0.0], [400.0, 400.0], [0.0, 400.0]])
    area = Area((outer, outer / 2 + 100.0))
    cells = area.cells(1000)
    assert len(cells.at) * cells.area_km2 == pytest.approx(0.16 - 0.04, rel=0.08)
    assert not area.holds(np.array([[200.0, 200.0]]))[0]
    assert len(hull(np.vstack([outer, [[200.0, 200.0]]]))) == 4

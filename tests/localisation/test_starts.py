"""Where a search begins: three arrivals give the place in closed form, a line of stations still gets both sides."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from localisation.likelihood import Medium, Priors, T, X, Y, medium
from localisation.solve import NOBODY, rows_of, together
from localisation.starts import APART_M, STARTS, starts
from tests.localisation.simulated import AIR, EPOCH_NS, Array, arrivals, stations


def begun(places: Array, source: tuple[float, float], late: Array | float = 0.0) -> Array:
    rows = rows_of(arrivals(places, source, 1.0, late), EPOCH_NS, NOBODY)
    one = medium(AIR, places, Priors())
    return starts(rows, Medium(one.mean[None], one.sigma[None]), Priors())[0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 8), st.tuples(st.floats(-300, 900), st.floats(-300, 900)))
def test_exact_arrivals_have_the_truth_among_their_starts(seed: int, count: int, source: tuple[float, float]) -> None:
    found = begun(stations(count, seed=seed), source)
    nearest = min(found, key=lambda u: math.dist(u[[X, Y]], source))
    assert math.dist(nearest[[X, Y]], source) < APART_M  # of two as good as each other, one is kept
    assert abs(nearest[T] - 1.0) < APART_M / AIR.speed_ms


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_one_start_is_near_the_truth_though_a_quarter_of_the_arrivals_is_late(seed: int) -> None:
    rng = np.random.default_rng(seed)
    late = np.zeros(8)
    late[rng.choice(8, 2, replace=False)] = rng.uniform(0.02, 0.3, 2)
    found = begun(stations(8, seed=seed), (260.0, 330.0), late)
    assert min(math.dist(u[[X, Y]], (260.0, 330.0)) for u in found) < APART_M


def test_stations_in_a_line_are_searched_on_both_sides() -> None:
    places = np.column_stack([np.linspace(0, 600, 5), np.zeros(5), np.full(5, 10.0)])
    found = begun(places, (250.0, 180.0))
    assert {math.copysign(1, u[Y]) for u in found} == {1.0, -1.0}


def test_each_problem_of_a_batch_gets_its_own_starts() -> None:
    sources, networks = [(200.0, 200.0), (400.0, 100.0)], [stations(5), stations(9, seed=3)]
    batch = together([rows_of(arrivals(p, s, 1.0), EPOCH_NS, NOBODY) for p, s in zip(networks, sources, strict=True)])
    each = [medium(AIR, p, Priors()) for p in networks]
    around = Medium(np.stack([m.mean for m in each]), np.stack([m.sigma for m in each]))
    found, problem = starts(batch, around, Priors())
    assert len(found) == len(problem) <= 2 * STARTS
    for i, source in enumerate(sources):
        assert min(math.dist(u[[X, Y]], source) for u in found[problem == i]) < 1.0

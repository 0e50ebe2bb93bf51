"""Closed forms: three exact arrivals give the place back, whatever the wind, and a line of stations both sides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from localisation.intersect import of_bearings, of_triples

SPEED = 340.0


def heard(stations: np.ndarray, source: np.ndarray, wind: np.ndarray) -> np.ndarray:
    """Arrival times (K,) of plain physics: the front is a sphere that drifts with the air."""
    times = []
    for station in stations:
        way = station - source
        square, half, rest = SPEED**2 - wind @ wind, way[:2] @ wind, way @ way
        times.append((-half + math.sqrt(half**2 + square * rest)) / square)
    return np.array(times)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**6),
    st.tuples(st.floats(-600, 600), st.floats(-600, 600)),
    st.tuples(st.floats(-12, 12), st.floats(-12, 12)),
)
def test_exact_arrivals_give_the_place_back_in_any_wind(
    seed: int, at: tuple[float, float], wind: tuple[float, float]
) -> None:
    stations = np.random.default_rng(seed).uniform([-300, -300, 5], [300, 300, 25], (3, 3))
    sides = stations[1:, :2] - stations[0, :2]
    assume(abs(np.linalg.det(sides)) > 0.2 * math.prod(np.hypot(*sides.T)))
    source, blows = np.array([*at, 3.0]), np.array(wind)
    places, metres = of_triples(
        stations[None], heard(stations, source, blows)[None], np.array([SPEED, *wind]), float(source[2])
    )
    nearest = np.nanargmin(np.hypot(*(places[:, 0] - source[:2]).T))
    assert np.hypot(*(places[nearest, 0] - source[:2])) < 0.05
    assert metres[nearest, 0] == pytest.approx(SPEED * heard(stations, source, blows)[0], abs=0.05)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 3.14), st.floats(50, 400), st.floats(-350, 350))
def test_stations_in_a_line_give_a_place_on_either_side(turn: float, across: float, along: float) -> None:
    east, north = math.cos(turn), math.sin(turn)
    stations = np.array([[s * east, s * north, 10.0] for s in (-200.0, 30.0, 240.0)])
    sides = [np.array([along * east - k * across * north, along * north + k * across * east, 2.0]) for k in (1, -1)]
    times = heard(stations, sides[0], np.zeros(2))
    places, _ = of_triples(stations[None], times[None], np.array([SPEED, 0.0, 0.0]), 2.0)
    for side in sides:
        assert min(math.dist(p, side[:2]) for p in places[:, 0]) < 0.1


def test_times_that_no_place_explains_give_none() -> None:
    stations = np.array([[[0.0, 0.0, 8.0], [100.0, 0.0, 8.0], [0.0, 100.0, 8.0]]])
    _, metres = of_triples(stations, np.array([[0.0, 2.0, 2.0]]), np.array([SPEED, 0.0, 0.0]), 8.0)
    assert np.isnan(metres).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(-500, 500), st.floats(-500, 500))
def test_a_bearing_and_a_second_arrival_give_the_place(east: float, north: float) -> None:
    stations = np.array([[-100.0, 20.0], [180.0, -40.0]])
    source = np.array([east, north])
    metres = np.hypot(*(stations - source).T)
    assume(metres[0] > 1.0 and metres.sum() > 1.01 * math.dist(*stations))  # between them, bearings have no meaning
    azimuth = math.atan2(*(source - stations[0]))
    places, away = of_bearings(stations[None], (metres / SPEED)[None], np.array([azimuth]), SPEED)
    assert np.hypot(*(places[0] - source)) < 0.1
    assert away[0] == pytest.approx(metres[0], abs=0.1)


def test_a_bearing_away_from_the_other_station_that_heard_it_first_gives_none() -> None:
    stations = np.array([[[0.0, 0.0], [100.0, 0.0]]])
    places, metres = of_bearings(stations, np.array([[1.0, 0.8]]), np.array([-math.pi / 2]), SPEED)
    assert np.isnan(metres).all()
    assert np.isnan(places).all()

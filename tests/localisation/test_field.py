"""The field: travel times of plain physics, who is near, and odds that fall with distance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.air import Air
from localisation.field import NEAREST, Field
from localisation.likelihood import Priors
from tests.localisation.simulated import AIR, stations

PLACES = stations(9, seed=4)


def test_sound_takes_as_long_as_distance_and_wind_say() -> None:
    air = Air(temperature_c=15.0, wind_east_ms=5.0, wind_north_ms=0.0)
    field = Field(np.array([[340.0, 0.0, 8.0], [-340.0, 0.0, 8.0]]), air, Priors(), 1100.0)
    with_wind, against = field.ways(np.zeros((1, 2), dtype=np.float32), np.array([[0, 1]])).seconds[0]
    assert with_wind == pytest.approx(math.hypot(340.0, 8.0) / (air.speed_ms + 5.0), rel=1e-3)
    assert against == pytest.approx(math.hypot(340.0, 8.0) / (air.speed_ms - 5.0), rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 8), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_the_cells_around_a_station_cover_all_that_it_can_hear(station: int, east: float, north: float) -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    if math.hypot(east, north) < field.hearing_m:
        place = field.places[station, :2] + np.array([east, north])
        cells = field.roots[field.around(station)]
        assert np.abs(cells - place).max(axis=1).min() <= field.root_m / 2 + 1e-2


def test_a_town_costs_each_cell_its_nearest_stations_only() -> None:
    field = Field(stations(100, side_m=3500.0), AIR, Priors(), 1100.0)
    assert field.near.shape[1] == NEAREST
    away = np.hypot(*(field.roots[0] - field.places[:100, :2]).T)
    assert set(field.near[0].tolist()) <= {*np.argsort(away)[:NEAREST].tolist(), 100}


def test_two_networks_far_apart_need_no_ground_between_them() -> None:
    apart = np.vstack([PLACES, PLACES + np.array([900_000.0, 0.0, 0.0])])
    one, two = (Field(places, AIR, Priors(), 1100.0) for places in (PLACES, apart))
    assert len(two.roots) < 3 * len(one.roots)


def test_odds_fall_with_distance_and_are_kinder_within_a_cell() -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    metres = np.array([10.0, 300.0, 900.0, 5000.0], dtype=np.float32)
    hit, miss = field.odds(metres)
    assert (np.diff(hit) < 0).all()
    assert (np.diff(miss) > 0).all()
    assert miss[-1] == 0.0
    kind_hit, kind_miss = field.odds(metres, 64.0)
    assert (kind_hit >= hit).all()
    assert (kind_miss >= miss).all()

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


def test_a_town_asks_the_nearest_stations_about_a_place() -> None:
    field = Field(stations(100, side_m=3500.0), AIR, Priors(), 1100.0)
    place = np.array([[120.0, -340.0]], dtype=np.float32)
    (near,) = field.near(place)
    assert len(near) == NEAREST
    away = np.hypot(*(place[0] - field.places[:100, :2]).T)
    assert set(np.argsort(away)[: NEAREST // 2].tolist()) <= set(near.tolist())  # the last may differ within a cell


def test_nobody_is_asked_about_a_place_out_of_hearing() -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    assert (field.near(np.array([[9_000.0, 0.0], [0.0, -1e6]], dtype=np.float32)) == field.count).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 8), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_station_is_asked_about_all_places_that_it_can_hear(station: int, east: float, north: float) -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    if math.hypot(east, north) < field.hearing_m:
        place = field.places[station, :2] + np.array([east, north], dtype=np.float32)
        assert station in field.near(place[None])


def test_two_networks_far_apart_need_no_ground_between_them() -> None:
    apart = np.vstack([PLACES, PLACES + np.array([900_000.0, 0.0, 0.0])])
    one, two = (Field(places, AIR, Priors(), 1100.0) for places in (PLACES, apart))
    assert two.cells < 3 * one.cells


def test_the_partners_of_a_station_are_the_others_nearest_to_it() -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    away = np.hypot(*(PLACES[:, None, :2] - PLACES[None, :, :2]).transpose(2, 0, 1))
    for station, partners in enumerate(field.partners):
        assert partners.tolist() == np.argsort(away[station])[1:].tolist()
        assert field.partners_m[station] == pytest.approx(away[station][partners], abs=0.01)


def test_odds_fall_with_distance() -> None:
    field = Field(PLACES, AIR, Priors(), 1100.0)
    metres = np.array([10.0, 300.0, 900.0, 5000.0], dtype=np.float32)
    hit, miss = field.odds(metres)
    assert (np.diff(hit) < 0).all()
    assert (np.diff(miss) > 0).all()
    assert miss[-1] == 0.0

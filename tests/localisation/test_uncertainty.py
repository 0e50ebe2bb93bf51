"""Ellipses and bounds against closed forms and simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from acoustic.errors import InputError
from localisation.likelihood import Medium
from localisation.uncertainty import bound, ellipse, radial, squared_radius


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("freedom", [3.0, 8.0, 40.0])
def test_radii_agree_with_scipy(level: float, freedom: float) -> None:
    assert squared_radius(level) == pytest.approx(stats.chi2.ppf(level, 2))
    assert squared_radius(level, freedom) == pytest.approx(2 * stats.f.ppf(level, 2, freedom))


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0, 179.9))
def test_axes_and_azimuth_of_a_turned_normal(major: float, minor: float, azimuth_deg: float) -> None:
    major, minor = max(major, minor) * 1.01, min(major, minor)
    a = math.radians(azimuth_deg)
    along, across = np.array([math.sin(a), math.cos(a)]), np.array([math.cos(a), -math.sin(a)])
    e = ellipse(major**2 * np.outer(along, along) + minor**2 * np.outer(across, across))
    assert e.semi_major_m == pytest.approx(major * math.sqrt(stats.chi2.ppf(0.9, 2)), rel=1e-6)
    assert e.semi_minor_m == pytest.approx(minor * math.sqrt(stats.chi2.ppf(0.9, 2)), rel=1e-6)
    assert math.cos(2 * (math.radians(e.azimuth_deg) - a)) == pytest.approx(1, abs=1e-6)


SQUARE = np.array([[100.0, 0, 0], [0, 100.0, 0], [-100.0, 0, 0], [0, -100.0, 0]])
HERE = np.zeros((1, 2))
KNOWN = Medium(np.array([340.0, 0.0, 0.0, 0.0]), np.zeros(4))
DOUBTED = Medium(np.array([340.0, 0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0, 15.0]))


def test_the_bound_of_a_square_around_the_source_is_the_textbook_one() -> None:
    # four sensors on a circle: information per axis is (sum of cos²)/(cσ)² = 2/(cσ)²
    (found,) = bound(HERE, SQUARE, 1e-3, KNOWN, path_s=0.0)
    assert found == pytest.approx(np.eye(2) * (340.0 * 1e-3) ** 2 / 2)


def test_picking_and_path_add_in_squares() -> None:
    both, one = bound(HERE, SQUARE, 3e-3, KNOWN, path_s=4e-3), bound(HERE, SQUARE, 5e-3, KNOWN, path_s=0.0)
    assert both == pytest.approx(one)


def test_bearings_of_two_arrays_cross() -> None:
    # σ across the line of sight is distance · σ of the bearing; the two lines cross at a right angle
    arrays = np.array([[100.0, 0, 0], [0, 200.0, 0]])
    (found,) = bound(HERE, arrays, 10.0, KNOWN, azimuth_sigma_rad=0.02)
    assert np.sqrt(np.diag(found)) == pytest.approx([200.0 * 0.02, 100.0 * 0.02], rel=1e-3)


@pytest.mark.parametrize("stations", [SQUARE[:2], np.tile(SQUARE[:1], (4, 1)), SQUARE[:0]])
def test_a_geometry_without_a_place_is_told_by_a_size_and_not_by_an_error(stations: np.ndarray) -> None:
    (found,) = bound(HERE, stations, 1e-3, DOUBTED)
    assert np.isfinite(found).all()
    assert np.linalg.eigvalsh(found)[1] > 1e6


@given(st.integers(0, 10**6), st.integers(0, 6))
def test_a_station_less_is_never_better(seed: int, gone: int) -> None:
    rng = np.random.default_rng(seed)
    stations, places = rng.uniform(-300, 300, (7, 3)) * [1, 1, 0.05], rng.uniform(-200, 200, (5, 2))
    every, fewer = (bound(places, s, 1e-3, DOUBTED) for s in (stations, np.delete(stations, gone, axis=0)))
    assert (np.linalg.eigvalsh(fewer - every) > -1e-6 * np.linalg.eigvalsh(fewer)[:, 1:]).all()


@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_the_bound_moves_and_turns_with_the_network(seed: int, turn: float, east: float, north: float) -> None:
    rng = np.random.default_rng(seed)
    stations, places = rng.uniform(-300, 300, (6, 3)) * [1, 1, 0.05], rng.uniform(-200, 200, (3, 2))
    c, s = math.cos(turn), math.sin(turn)
    around, shift = np.array([[c, -s], [s, c]]), np.array([east, north])
    moved = np.column_stack([stations[:, :2] @ around.T + shift, stations[:, 2]])
    here, there = bound(places, stations, 1e-3, DOUBTED), bound(places @ around.T + shift, moved, 1e-3, DOUBTED)
    assert there == pytest.approx(around @ here @ around.T, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("minor_m", "tolerance"), [(10.0, 1e-3), (3.0, 1e-3), (0.5, 5e-3)])
def test_the_share_within_a_radius_agrees_with_a_million_draws(minor_m: float, tolerance: float) -> None:
    drawn = np.random.default_rng(8).normal(0, [10.0, minor_m], (1_000_000, 2))
    radii = np.array([4.0, 10.0, 25.0])
    (found,) = radial(radii, np.array([[100.0]]), np.array([[minor_m**2]]), np.ones((1, 1)))
    truth = (np.hypot(*drawn.T)[:, None] <= radii).mean(axis=0)
    assert found == pytest.approx(truth, abs=tolerance + 1.5e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sigma_s": 0.0}, "sigma_s is not positive"),
        ({"sigma_s": math.inf}, "sigma_s is not positive"),
        ({"azimuth_sigma_rad": -0.1}, "azimuth_sigma_rad is not positive"),
        ({"places": np.array([[math.nan, 0.0]])}, "not all finite"),
    ],
)
def test_bad_values_are_one_clear_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        bound(**{"places": HERE, "stations": SQUARE, "sigma_s": 1e-3, "around": KNOWN, **change})

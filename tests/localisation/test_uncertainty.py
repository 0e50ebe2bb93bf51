"""Ellipses and bounds against closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from localisation.uncertainty import bound, ellipse, squared_radius


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


def test_the_bound_of_a_square_around_the_source_is_the_textbook_one() -> None:
    # four sensors on a circle: information per axis is (sum of cos²)/(cσ)² = 2/(cσ)²
    places = np.array([[100.0, 0, 0], [0, 100.0, 0], [-100.0, 0, 0], [0, -100.0, 0]])
    assert bound(places, np.zeros(3), 1e-3, 340.0) == pytest.approx(np.eye(2) * (340.0 * 1e-3) ** 2 / 2)

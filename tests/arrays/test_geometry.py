"""Arrays: places, plane waves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.geometry import gives_bearing, lag_s, offsets, radius_m

ANGLES = st.floats(0.0, 360.0)
ELEVATIONS = st.floats(-89.0, 89.0)


def test_sound_from_the_east_reaches_an_eastern_microphone_first() -> None:
    assert lag_s(np.array([0.34, 0.0, 0.0]), 90.0, 0.0, 340.0) == pytest.approx(1e-3)
    assert lag_s(np.array([-0.34, 0.0, 0.0]), 90.0, 0.0, 340.0) == pytest.approx(-1e-3)
    assert lag_s(np.array([0.0, 0.0, 0.34]), 12.0, 90.0, 340.0) == pytest.approx(1e-3)


@given(ANGLES, ELEVATIONS, st.floats(300.0, 360.0))
def test_a_far_source_s_spherical_wave_is_the_plane_wave(azimuth: float, elevation: float, speed: float) -> None:
    offset, far_m = np.array([0.2, -0.1, 0.15]), 1e6
    a, e = math.radians(azimuth), math.radians(elevation)
    source = far_m * np.array([math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e)])
    spherical = (far_m - float(np.linalg.norm(source - offset))) / speed
    assert lag_s(offset, azimuth, elevation, speed) == pytest.approx(spherical, abs=1e-9)


def test_which_arrays_give_a_bearing() -> None:
    square = np.array([[0.1, 0, 0], [-0.1, 0, 0], [0, 0.1, 0], [0, -0.1, 0.0]])
    assert gives_bearing(square)
    assert gives_bearing(square[:3])
    assert not gives_bearing(square[:2])
    assert not gives_bearing(np.array([[0.1, 0, 0], [0.2, 0, 0], [0.3, 0, 0.5]]))
    assert not gives_bearing(np.zeros((4, 3)))
    assert radius_m(square) == pytest.approx(0.1)


def test_offsets_are_zero_where_none_are_stated_and_checked_where_they_are() -> None:
    assert np.array_equal(offsets(None, 3), np.zeros((3, 3)))
    with pytest.raises(InputError, match="has 1 entries; expected 2"):
        offsets([[0.0, 0.0, 0.0]], 2)
    with pytest.raises(InputError, match=r"microphones\[0\] is \[nan, 0.0, 0.0\]"):
        offsets([[math.nan, 0.0, 0.0]], 1)

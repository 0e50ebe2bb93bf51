"""The air: speed of sound against published values, and values that no air has."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.air import Air, speed_of_sound_ms
from acoustic.errors import InputError


@pytest.mark.parametrize(
    ("temperature_c", "published_ms"), [(20.0, 343.2), (0.0, 331.3), (-10.0, 325.2), (30.0, 349.0)]
)
def test_speed_of_sound_agrees_with_published_values(temperature_c: float, published_ms: float) -> None:
    assert speed_of_sound_ms(temperature_c) == pytest.approx(published_ms, abs=0.2)


def test_a_stated_speed_overrides_the_temperature() -> None:
    assert Air(temperature_c=30.0, speed_of_sound_ms=331.3).speed_ms == 331.3


def test_air_that_nobody_measured_is_mild() -> None:
    assert Air().speed_ms == pytest.approx(340.3, abs=0.2)


@given(st.floats(-80, 79), st.floats(0.01, 1.0))
def test_warmer_air_is_faster(temperature_c: float, more_c: float) -> None:
    assert speed_of_sound_ms(temperature_c + more_c) > speed_of_sound_ms(temperature_c)


@pytest.mark.parametrize(
    "field", ["temperature_c", "wind_east_ms", "wind_north_ms", "humidity_pct", "speed_of_sound_ms"]
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -1e6, 1e6])
def test_air_that_cannot_be_names_the_field_and_the_range(field: str, value: float) -> None:
    with pytest.raises(InputError, match=rf"air\.{field} is .*; expected a number from"):
        Air(**{field: value})

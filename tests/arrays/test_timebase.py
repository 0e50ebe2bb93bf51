"""Time is a sample count."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.timebase import Timebase, format_utc_ns, parse_utc_ns

INSTANTS = st.integers(0, 4_000_000_000 * 10**9)


@given(INSTANTS)
def test_an_instant_survives_being_written(utc_ns: int) -> None:
    assert parse_utc_ns(format_utc_ns(utc_ns)) == utc_ns


def test_instants_with_zone_and_without() -> None:
    expected = int(datetime(2018, 12, 19, 0, 49, 26, tzinfo=UTC).timestamp()) * 10**9
    for text in ("2018-12-19T00:49:26Z", "2018-12-19T00:49:26", "2018-12-19T01:49:26.000+01:00"):
        assert parse_utc_ns(text) == expected
    assert parse_utc_ns("2018-12-19T00:49:26.000001Z") == expected + 1000


@pytest.mark.parametrize("text", ["", "2018-12-19", "2018-12-19T25:00:00Z", "2018-12-19 00:49:26", "now"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|hour"):
        parse_utc_ns(text)


@given(INSTANTS, st.integers(0, 10**9), st.floats(8e3, 192e3))
def test_a_sample_keeps_its_place_in_time(anchor_ns: int, samples: int, rate_hz: float) -> None:
    timebase = Timebase(0, anchor_ns, rate_hz, 0.0)
    assert abs(timebase.utc_ns(samples) - anchor_ns - samples * 1e9 / rate_hz) <= 100
    assert timebase.utc_ns(samples + 1) > timebase.utc_ns(samples)


def test_a_fraction_of_a_sample_counts() -> None:
    assert Timebase(100, 0, 48_000.0, 0.0).utc_ns(100.5) == round(0.5e9 / 48_000)


@pytest.mark.parametrize(("rate_hz", "sigma_s"), [(0.0, 0.0), (math.nan, 0.0), (48e3, -1.0), (48e3, math.nan)])
def test_a_clock_that_cannot_be_is_refused(rate_hz: float, sigma_s: float) -> None:
    with pytest.raises(InputError, match=r"rate_hz|time_sigma_s"):
        Timebase(0, 0, rate_hz, sigma_s)

"""What stations say over time: profiles of signals, and bounds that are never below them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from localisation.tables import NOTHING, Bounds, Profile


def profile(times: list[float], value: float = 4.0, first: float = 0.8) -> Profile:
    table = Profile(1, (min(times), max(times)))
    n = len(times)
    table.fill(0, np.array(times), np.full(n, value), np.full(n, first), 0.008, 0.5)
    return table


def test_a_signal_speaks_at_its_time_and_stands_against_what_comes_after() -> None:
    table = profile([2.0])
    match, early = table.at(np.zeros(5, dtype=np.intp), np.array([1.0, 2.0, 2.008, 2.1, 2.7]))
    assert match[1] > 3.9
    assert 3.2 < match[2] < 3.8
    assert (match[[0, 3, 4]] == NOTHING).all()
    assert (early > 0).tolist() == [False, False, False, True, False]


def test_no_station_says_nothing() -> None:
    match, early = profile([2.0]).at(np.array([1]), np.array([2.0]))
    assert (match[0], early[0]) == (NOTHING, 0.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=6),
    st.floats(-5.0, 10.0),
    st.floats(0.0, 0.5),
    st.floats(-1.0, 1.0),
)
def test_a_bound_is_never_below_what_is_said_within_its_window(
    times: list[float], at: float, wide: float, part: float
) -> None:
    table = profile(times)
    bounds = Bounds(1, (min(times), max(times)))
    bounds.fill([0], table)
    station = np.zeros(1, dtype=np.intp)
    most = bounds.most(station, np.array([at], dtype=np.float32), np.array([wide], dtype=np.float32))
    said, _ = table.at(station, np.array([at + part * wide]))
    assert most[0] >= said[0]


def test_used_signals_are_gone_once_told_anew() -> None:
    table = profile([2.0, 3.0])
    table.fill(0, np.array([3.0]), np.array([4.0]), np.array([0.8]), 0.008, 0.5)
    match, early = table.at(np.zeros(2, dtype=np.intp), np.array([2.0, 2.2]))
    assert (match == NOTHING).all()
    assert (early == 0).all()

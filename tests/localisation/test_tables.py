"""What stations say over time."""

from __future__ import annotations

import numpy as np

from localisation.tables import COARSE, NOTHING, Profile


def profile(times: list[float], value: float = 4.0, first: float = 0.8) -> Profile:
    table = Profile(1, (min(times), max(times)), 0.008, 0.5)
    n = len(times)
    table.tell(np.arange(n), np.zeros(n, dtype=np.intp), np.array(times), np.full(n, value), np.full(n, first))
    return table


def said(table: Profile, times: list[float], station: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    slot = table.slots(np.full(len(times), station), np.array(times))
    return table.match[slot], table.which[slot], table.early[slot // COARSE]


def test_a_signal_speaks_at_its_time_and_stands_against_what_comes_after() -> None:
    match, which, early = said(profile([2.0]), [1.0, 2.0, 2.008, 2.1, 2.7])
    assert match[1] > 3.9
    assert 3.2 < match[2] < 3.8
    assert (match[[0, 3, 4]] == NOTHING).all()
    assert which.tolist() == [-1, 0, 0, -1, -1]
    assert (early > 0).tolist() == [False, False, False, True, False]


def test_of_two_signals_that_overlap_the_better_speaks() -> None:
    table = Profile(1, (2.0, 2.01), 0.008, 0.5)
    station = np.zeros(2, dtype=np.intp)
    table.tell(np.array([0, 1]), station, np.array([2.0, 2.01]), np.array([2.0, 5.0]), np.full(2, 0.5))
    match, which, _ = said(table, [1.98, 2.01])
    assert which.tolist() == [0, 1]
    assert match[1] > 4.9


def test_no_station_and_no_time_that_is_far_say_nothing() -> None:
    for station, time in ((1, 2.0), (0, -1e6), (0, 1e6)):
        match, which, early = said(profile([2.0]), [time], station)
        assert (match[0], which[0], early[0]) == (NOTHING, -1, 0.0)


def test_what_is_cleared_is_gone() -> None:
    table = profile([2.0, 3.0])
    table.clear(np.array([0]))
    match, which, early = said(table, [2.0, 2.2, 3.0])
    assert (match == NOTHING).all()
    assert (which == -1).all()
    assert (early == 0).all()

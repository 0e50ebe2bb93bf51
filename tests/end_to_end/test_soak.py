"""`make soak` for a moment: what a fleet accepted is at the centre once, whatever was killed, cut, filled or spoilt."""

from __future__ import annotations

import pytest

from benchmarks._soak import kills, soak


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_a_small_fleet_under_faults_loses_and_doubles_nothing() -> None:
    told = soak(3, 15.0, seed=3)
    assert sum(told["faults"].values()) >= 1
    assert told["arrivals"] > 0
    assert (told["lost"], told["doubled"], told["waiting_at_the_end"], told["shots_doubled"]) == (0, 0, 0, 0)


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_a_node_killed_at_any_moment_loses_and_doubles_nothing() -> None:
    told = kills(3)
    assert told["faults"] == {"node killed": 3}
    assert told["arrivals"] > 0
    assert (told["lost"], told["doubled"], told["waiting_at_the_end"]) == (0, 0, 0)

"""kill -9 of centre, worker, database and broker under load, a few of each; `make soak` does fifty."""

from __future__ import annotations

import pytest

from benchmarks._kills import VICTIMS, town_kills


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_no_shot_told_twice() -> None:
    told = town_kills(2)
    assert told["killed"] == dict.fromkeys(sorted(VICTIMS), 2)
    assert told["reports_acknowledged"] == 12 * told["shots"] > 0
    wrong = ("answered_otherwise", "lost", "doubled", "shots_doubled", "other_shots")
    assert {name: told[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert told["shots_located"] == told["shots"]
    assert told["chain_holds"]

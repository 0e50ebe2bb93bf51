"""A node's state, from its reports and their absence."""

from __future__ import annotations

import pytest

from dispatch.nodes import Nodes
from dispatch.store.nodes import NodeRecord
from tests.dispatch.wire import health

S = 10**9


class Clock:
    """A clock that the test turns."""

    def __init__(self, now_s: float = 1.7e9) -> None:
        self.now_s = now_s

    def __call__(self) -> int:
        return round(self.now_s * S)


def nodes(clock: Clock, *names: str) -> Nodes:
    return Nodes([NodeRecord(id=name, public_key=b"", x=1.0, y=2.0, z=3.0) for name in names], clock)


def test_a_node_is_new_then_ok_then_silent_within_ten_seconds() -> None:
    clock = Clock()
    known = nodes(clock, "a")
    assert known.state("a") == "new"
    known.heard("a", clock(), clock(), health())
    assert known.state("a") == "ok"
    clock.now_s += 7.0
    assert known.state("a") == "ok"
    clock.now_s += 2.0
    assert known.state("a") == "silent"
    known.heard("a", clock(), clock(), health())
    assert known.state("a") == "ok"


@pytest.mark.parametrize("interval_s", [1.0, 3.0, 60.0])
def test_the_threshold_follows_the_interval(interval_s: float) -> None:
    clock = Clock()
    known = nodes(clock, "a")
    known.heard("a", clock(), clock(), health(interval_s=interval_s))
    clock.now_s += 2.4 * interval_s
    assert known.state("a") == "ok"
    clock.now_s += 0.2 * interval_s
    assert known.state("a") == "silent"


def test_after_a_restart_a_node_has_time_to_report_before_it_counts_as_silent() -> None:
    clock = Clock()
    known = nodes(clock, "a")
    hour_ago = clock() - 3600 * S
    known.heard("a", hour_ago, hour_ago, health("degraded"))
    assert known.state("a") == "degraded"
    clock.now_s += 8.0
    assert known.state("a") == "silent"


def test_of_two_healths_the_one_sent_later_counts() -> None:
    clock = Clock()
    known = nodes(clock, "a")
    known.heard("a", clock(), clock(), health("fault"))
    known.heard("a", clock(), clock() - 60 * S, health("ok"))
    assert known.state("a") == "fault"


def test_only_healthy_nodes_are_listening() -> None:
    clock = Clock()
    known = nodes(clock, "fault", "never", "ok", "old", "degraded")
    known.heard("old", clock(), clock(), health())
    clock.now_s += 20
    for name in ("ok", "degraded", "fault"):
        known.heard(name, clock(), clock(), health(name))
    assert [s.node for s in known.stations()] == ["degraded", "ok"]


def test_news_are_a_changed_state_or_fresh_figures_each_told_once() -> None:
    clock = Clock()
    known = nodes(clock, "a", "b")
    assert known.news() == ({"a": "new", "b": "new"}, [])
    known.told(["a", "b"])
    assert known.news() == ({}, [])
    known.heard("a", clock(), clock(), health())
    assert known.news() == ({"a": "ok"}, [])
    known.told(["a"])
    known.heard("a", clock(), clock(), health())
    assert known.news() == ({}, ["a"])
    known.told(["a"])
    clock.now_s += 60
    assert known.news() == ({"a": "silent"}, [])

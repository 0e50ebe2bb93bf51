"""From reports to events in a real centre: located, kept once, taken up after kill -9, late arrivals included."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dispatch import wire
from tests.dispatch.running import FakeNode, Lines, RunningCentre, block, running_centre, said, send, tokens, wait_for

S = 10**9


def enrolled(centre: RunningCentre, client: Lines) -> list[FakeNode]:
    nodes = block()
    for node, secret in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
        node.enrol(client, secret)
        assert send(client, node.sealed(node.report(health=wire.health()))).status_code == 200
    return nodes


def fire(nodes: Sequence[FakeNode], x: float, y: float, time_ns: int) -> list[bytes]:
    """The sealed reports of one shot, nearest node first."""
    order = sorted(nodes, key=lambda n: math.hypot(n.x - x, n.y - y))
    return [node.sealed(node.report([node.hear(x, y, time_ns)])) for node in order]


def deliver(client: Lines, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        assert send(client, body).status_code == 200


def near(events: Sequence[dict[str, Any]], x: float, y: float) -> list[dict[str, Any]]:
    return [e for e in events if e["label"] != "withdrawn" and math.hypot(e["x"] - x, e["y"] - y) < 15.0]


def settled(centre: RunningCentre) -> dict[str, Any]:
    """The state once nothing changes any more."""
    last = -1
    while True:
        state = centre.state()
        if state["last_id"] == last:
            return state
        last = state["last_id"]
        time.sleep(1.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("locator") / "data"


def test_shots_are_located_once_through_kill_and_restart(data: Path) -> None:
    with running_centre(data) as centre, centre.client() as client:
        nodes = enrolled(centre, client)
        start_ns = time.time_ns()
        deliver(client, fire(nodes, 100.0, 80.0, start_ns))
        (first,) = wait_for(lambda: near(centre.state()["events"], 100.0, 80.0))
        assert first["count"] == 1
        assert first["label"] == "gunshot"
        assert first["nodes"] >= 3
        half = fire(nodes, 330.0, 210.0, start_ns + 20 * S)
        deliver(client, half[:6])
        centre.kill()
    address = centre.ingest.removeprefix("https://")
    with running_centre(data, listen=address) as centre, centre.client() as client:
        deliver(client, half)  # what was not acknowledged, and what was, comes again
        wait_for(lambda: near(centre.state()["events"], 330.0, 210.0))
        state = settled(centre)
        standing = [e for e in state["events"] if e["label"] != "withdrawn"]
        assert len(standing) == 2
        assert {e["id"] for e in near(standing, 100.0, 80.0)} == {first["id"]}
        assert [e["count"] for e in standing] == [1, 1]
        assert not any(e["late"] for e in standing)
        detail = centre.api.get(f"/api/events/{standing[0]['id']}").json()
        assert len({a["node"] for a in detail["arrivals"] if not a["refused"]}) == 12


def test_arrivals_that_come_late_make_an_event_and_are_marked(data: Path) -> None:
    with running_centre(data) as centre, centre.client() as client:
        nodes = block("other")
        for node, secret in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
            node.enrol(client, secret)
        before = {e["id"] for e in settled(centre)["events"]}
        deliver(client, fire(nodes, 200.0, 150.0, time.time_ns() - 7200 * S))
        new = wait_for(lambda: [e for e in near(centre.state()["events"], 200.0, 150.0) if e["id"] not in before])
        assert [e["late"] for e in new] == [True]


def test_a_node_that_is_enrolled_anew_elsewhere_is_heard_there_at_once(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as client:
        nodes = enrolled(centre, client)
        start_ns = time.time_ns()
        deliver(client, fire(nodes, 100.0, 80.0, start_ns))
        (first,) = wait_for(lambda: near(centre.state()["events"], 100.0, 80.0))
        moved = FakeNode(nodes[0].id, 250.0, -120.0)
        secret = said("centre", "token", "--node", moved.id, "--data", centre.data)
        welcome = moved.enrol(client, secret)
        moved.sequence, moved.number = welcome["first_sequence"], welcome["first_number"]
        later = [moved, *nodes[1:]]
        deliver(client, fire(later, 260.0, 60.0, start_ns + 20 * S))
        (second,) = wait_for(lambda: near(centre.state()["events"], 260.0, 60.0))
        state = settled(centre)
        assert centre.process.poll() is None
        assert {e["id"] for e in state["events"] if e["label"] != "withdrawn"} == {first["id"], second["id"]}
        detail = centre.api.get(f"/api/events/{second['id']}").json()
        assert moved.id in {a["node"] for a in detail["arrivals"] if not a["refused"]}
    with running_centre(tmp_path / "data") as centre:
        wait_for(lambda: near(centre.state()["events"], 260.0, 60.0))
        kept = settled(centre)["events"]
        assert {e["id"] for e in kept if e["label"] != "withdrawn"} == {first["id"], second["id"]}

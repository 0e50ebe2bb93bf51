"""A roll-out from the centre: ring after ring, each node as it says itself, and no further than where it does harm."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from acoustic.errors import InputError
from arrays.order import Order, verify_order
from arrays.parcel import decode_answers
from arrays.release import Body
from arrays.report import WireAnswer
from dispatch.commands.rollout import rollout
from dispatch.store import Store
from dispatch.store.decisions import AbsentError
from dispatch.store.journal import LATEST_MS, lines_before
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.store.rollouts import advance, answered, begin, newest, stop
from dispatch.trust.authority import open_authority
from recordings.models import default
from recordings.registry import register
from tests.dispatch.running import FakeNode, Lines, RunningCentre, running_centre, send, tokens, wait_for
from tests.dispatch.test_console import healthy

RINGS = [["roof-1"], ["roof-2", "roof-3"], []]


def enrolled(centre: RunningCentre, lines: Lines) -> list[FakeNode]:
    nodes = [FakeNode(f"roof-{n}", 100.0 * n) for n in range(1, 5)]
    for node, secret in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
        node.enrol(lines, secret)
    healthy(centre, nodes)
    return nodes


def orders(lines: Lines, node: str) -> list[Order]:
    """What a node gets when it asks."""
    return [one for one in decode_answers(lines.of(node).get("/orders").content).orders if one.kind == "settings"]


def say(lines: Lines, node: FakeNode, *answer: str) -> None:
    report = msgspec.structs.replace(node.report(), answers=[WireAnswer(*answer)])
    assert send(lines, node.sealed(report)).status_code == 200


def steps(admin: httpx.Client) -> dict[str, str]:
    """How far each node is, in the newest roll-out."""
    return {one["node"]: one["state"] for one in admin.get("/api/rollouts").json()[0]["steps"]}


def test_ring_after_ring_until_a_node_goes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (settings := tmp_path / "centre.toml").write_text(f'models = "{tmp_path / "models"}"\n')
    with running_centre(tmp_path / "data", str(settings)) as centre, centre.client() as lines:
        nodes = enrolled(centre, lines)
        admin, data = centre.let_in("administrator"), str(centre.data)
        asked: dict[str, Any] = {"kind": "settings", "changes": {"ring_s": 60.0}, "rings": RINGS, "because": "clips"}
        assert admin.post("/api/rollouts", json={**asked, "rings": [["roof-9"]]}).status_code == 400
        refused = admin.post("/api/rollouts", json={**asked, "changes": {"ring_s": 90.0}})
        assert (refused.status_code, refused.json()["error"]) == (
            400,
            "changes: ring_s is 90.0; expected a number from 2 to 60",
        )
        assert admin.get("/api/rollouts/offer").json()["models"] == []
        assert admin.post("/api/rollouts", json=asked).status_code == 201
        assert admin.post("/api/rollouts", json=asked).status_code == 409
        wait_for(lambda: steps(admin)["roof-1"] == "given")
        (order,) = orders(lines, "roof-1")
        assert verify_order(order, open_authority(centre.data).order_key.public_key().public_bytes_raw())
        assert msgspec.convert(order.body, Body).changes == {"ring_s": 60.0}
        assert steps(admin) == {"roof-1": "given", "roof-2": "waiting", "roof-3": "waiting", "roof-4": "waiting"}
        say(lines, nodes[0], order.id, "done")
        say(lines, nodes[0], order.id, "refused")  # it has said so before
        wait_for(lambda: steps(admin)["roof-3"] == "given")
        assert steps(admin)["roof-4"] == "waiting"
        (second,), (third,) = orders(lines, "roof-2"), orders(lines, "roof-3")
        say(lines, nodes[1], second.id, "done")
        say(lines, nodes[2], third.id, "rolled_back", "the node was deaf: no sound")
        wait_for(lambda: admin.get("/api/rollouts").json()[0]["state"] == "stopped")
        assert steps(admin) == {"roof-1": "done", "roof-2": "done", "roof-3": "rolled_back", "roof-4": "waiting"}
        rollout(["--data", data])
        assert "ring 2  roof-3  rolled_back: the node was deaf: no sound" in capsys.readouterr().out
        (path := tmp_path / "changes.toml").write_text("health_interval_s = 5.0\n")
        rollout(["settings", str(path), "--rest", "--by", "Ann", "--because", "a dear link", "--data", data])
        wait_for(lambda: set(steps(admin).values()) == {"given"})
        rollout(["stop", "--by", "Ann", "--because", "not now", "--data", data])
        (newer, older) = admin.get("/api/rollouts").json()
        assert (newer["state"], newer["changes"], newer["by"]) == ("stopped", {"health_interval_s": 5.0}, "Ann")
        assert (newer["because"], newer["ended"]) == ("a dear link", "not now")
        assert (older["because"], older["ended"]) == ("clips", "roof-3: the node was deaf: no sound")
        offer = admin.get("/api/rollouts/offer").json()
        assert {one["node"]: one["taken"] for one in offer["nodes"]} == {
            "roof-1": {"ring_s": 60.0},
            "roof-2": {"ring_s": 60.0},
            "roof-3": {},
            "roof-4": {},
        }
        assert {one["name"]: one["default"] for one in offer["settings"]}["outbox_days"] == 30.0
        roll_out_registered(admin, tmp_path)
        assert {node["program"] for node in centre.state()["nodes"]} == {"test"}
    store = Store(centre.data)
    told = [msgspec.json.decode(x.data) for x in store.read_now(lambda c: lines_before(c, LATEST_MS, 100, "rollout"))]
    store.close()
    first = told[::-1][:10]
    assert [next(iter(one)) for one in first] == [
        *("begun", "ring", "node", "ring", "node", "node", "stopped"),
        *("begun", "ring", "stopped"),
    ]
    assert (first[7]["by"], first[7]["because"], first[6]["because"]) == (
        "Ann",
        "a dear link",
        "roof-3: the node was deaf: no sound",
    )


def roll_out_registered(admin: httpx.Client, folder: Path) -> None:
    """A classifier of the registry, by its digest alone."""
    (data := folder / "set").mkdir()
    (data / "manifest.csv").write_text("path,class,source,licence,group\n")
    (file := folder / "new.npz").write_bytes(default())
    entry = register(folder / "models", file, data, "with the range", "R. M.")
    (shown,) = admin.get("/api/rollouts/offer").json()["models"]
    assert (shown["digest"], shown["name"], shown["measured"]) == (entry.digest, "with the range", 0)
    asked = {"kind": "model", "model": entry.digest, "rings": [["roof-1"]], "because": "trained anew"}
    assert admin.post("/api/rollouts", json={**asked, "model": "0" * 64}).status_code == 400
    (newest, *_) = admin.post("/api/rollouts", json=asked).raise_for_status().json()
    assert (newest["kind"], newest["model"], newest["state"]) == ("model", entry.digest, "running")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """With four nodes."""
    store = Store(tmp_path / "data")
    for n in range(1, 5):
        record = NodeRecord(id=f"roof-{n}", public_key=bytes([n]) * 32, x=0.0, y=0.0, z=0.0, enrolled_ms=0)
        store.write_now(partial(add_node, record=record))
    yield store
    store.close()


def states(store: Store) -> dict[str, str]:
    (one,) = store.read_now(lambda c: newest(c, 1))
    return {step.node: step.state for step in one.steps}


def test_the_next_ring_waits_until_the_last_is_healthy(store: Store) -> None:
    changes = Body(changes={"ring_s": 9.0})
    identity = store.write_now(lambda c: begin(c, "settings", changes, RINGS, "Ann", "why", 1))
    well = {f"roof-{n}": "ok" for n in range(1, 5)}
    store.write_now(lambda c: advance(c, well, 2))
    store.write_now(lambda c: answered(c, "roof-1", f"{identity}-roof-1", "done", "", 3))
    store.write_now(lambda c: advance(c, well | {"roof-1": "silent"}, 4))
    assert states(store) == {"roof-1": "done", "roof-2": "waiting", "roof-3": "waiting", "roof-4": "waiting"}
    store.write_now(lambda c: advance(c, well | {"roof-1": "degraded"}, 5))
    assert states(store) == {"roof-1": "done", "roof-2": "given", "roof-3": "given", "roof-4": "waiting"}
    for n in (2, 3, 4):
        store.write_now(
            partial(answered, node=f"roof-{n}", order=f"{identity}-roof-{n}", state="done", why="", now_ms=6)
        )
        store.write_now(lambda c: advance(c, well, 7))
    assert states(store) == dict.fromkeys(well, "done")
    store.write_now(lambda c: advance(c, well, 8))
    (one,) = store.read_now(lambda c: newest(c, 1))
    assert one.state == "finished"
    with pytest.raises(AbsentError, match="no roll-out is running"):
        store.write_now(lambda c: stop(c, "Ann", "why", 9))


def test_what_cannot_be_rolled_out_is_one_sentence(store: Store) -> None:
    changes = Body(changes={"ring_s": 9.0})
    for kind, body, rings, sentence in (
        ("settings", changes, [], "rings is empty"),
        ("settings", changes, [["roof-1"], ["roof-1"]], "node 'roof-1' is in two rings"),
        ("settings", changes, [["roof-9"]], "ring 1 names 'roof-9'; expected a node that is enrolled"),
        ("settings", Body(npz=b"x"), [[]], "a roll-out of settings needs changes"),
        ("model", changes, [[]], "a roll-out of settings needs changes"),
        ("sound", changes, [[]], "kind is 'sound'; expected settings or model"),
    ):
        with pytest.raises(InputError, match=sentence):
            store.write_now(partial(begin, kind=kind, body=body, rings=rings, by="Ann", because="why", now_ms=1))

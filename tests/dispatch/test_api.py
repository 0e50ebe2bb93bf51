"""The page's API: strict, only for this machine, and a stream that forgets nothing."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from dispatch.api.decision_models import EventDetail
from dispatch.api.heard import HeardAround
from dispatch.api.models import Event, Node, State
from tests.dispatch import wire
from tests.dispatch.running import (
    SPEED_MS,
    FakeNode,
    Lines,
    RunningCentre,
    block,
    running_centre,
    send,
    tokens,
    wait_for,
)

ORIGIN = "[origin]\nlat = 44.84\nlon = -0.58\nheight_m = 20.0\n"


@dataclass
class Site:
    """A centre with a block of nodes."""

    centre: RunningCentre
    client: Lines
    nodes: list[FakeNode]

    def fire(self, x: float, y: float) -> int:
        """Report one shot from every node; returns when the last report was acknowledged, ns."""
        now = time.time_ns()
        for node in self.nodes:
            assert send(self.client, node.sealed(node.report([node.hear(x, y, now)]))).status_code == 200
        return time.time_ns()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("api")
    (folder / "centre.toml").write_text('name = "Test block"\n' + ORIGIN)
    with (
        running_centre(folder / "data", str(folder / "centre.toml")) as centre,
        centre.client() as client,
    ):
        nodes = block()
        for node, secret in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
            node.enrol(client, secret)
            send(client, node.sealed(node.report(health=wire.health())))
        yield Site(centre, client, nodes)


def news(lines: Iterator[str]) -> Iterator[tuple[int, str, Any]]:
    """Server-sent events as (id, kind, data)."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


def first_news(site: Site, kind: str, headers: dict[str, str] | None = None, count: int = 1) -> list[Any]:
    with site.centre.api.stream("GET", "/api/stream", headers=headers, timeout=30.0) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(islice((n for n in news(answer.iter_lines()) if n[1] == kind), count))


def test_the_state_is_what_the_models_say(site: Site) -> None:
    body = site.centre.api.get("/api/state").content
    state = State.model_validate_json(body)
    assert state.name == "Test block"
    assert state.origin is not None
    assert (state.origin.lat, state.origin.lon) == (44.84, -0.58)
    assert len(state.nodes) == 12
    east = next(node for node in state.nodes if node.id == "roof-10")
    assert east.lon is not None
    assert (east.lon + 0.58) * 111_320 * math.cos(math.radians(44.84)) == pytest.approx(450.0, rel=0.01)
    wait_for(lambda: {node["state"] for node in site.centre.state()["nodes"]} <= {"ok", "silent"})


def test_a_shot_is_on_the_stream_soon_after_its_last_report_and_in_full_on_request(site: Site) -> None:
    with site.centre.api.stream("GET", "/api/stream", timeout=30.0) as answer:
        coming = (n for n in news(answer.iter_lines()) if n[1] == "event")
        sent_ns = site.fire(120.0, 90.0)
        for _, _, data in coming:
            event = Event.model_validate_json(json.dumps(data))
            if event.nodes >= 8:
                break
        assert (time.time_ns() - sent_ns) * 1e-9 < 2.0
    assert math.hypot(event.x - 120.0, event.y - 90.0) < 15.0
    body = site.centre.api.get(f"/api/events/{event.id}").content
    detail = EventDetail.model_validate_json(body)
    assert [v.preferred for v in detail.versions][-1]
    assert sum(v.preferred for v in detail.versions) == len(detail.shots)
    assert {a.node for a in detail.arrivals} <= {node.id for node in site.nodes}


def test_what_was_heard_around_a_shot_is_told_with_what_no_shot_rests_on(site: Site) -> None:
    time.sleep(1.0)  # beyond what other tests fired
    x, y, now = 200.0, 60.0, time.time_ns()
    echo_ns = 170_000_000
    for node in site.nodes:
        direct = node.hear(x, y, now)
        echo = wire.arrival(node.number + 500, direct.time_ns + echo_ns, "gunshot")
        heard = [direct, echo] if node.id == "roof-1" else [direct]
        assert send(site.client, node.sealed(node.report(heard))).status_code == 200

    def told() -> HeardAround | None:
        for event in site.centre.state()["events"]:
            if math.hypot(event["x"] - x, event["y"] - y) < 15.0 and event["nodes"] >= 11:
                return HeardAround.model_validate_json(site.centre.api.get(f"/api/events/{event['id']}/heard").content)
        return None

    around = wait_for(told)
    ours = [a for a in around.arrivals if a.time_ms > now / 1e6]
    direct, echo = sorted((a for a in ours if a.node == "roof-1"), key=lambda a: a.time_ms)
    assert echo.time_ms - direct.time_ms == pytest.approx(170.0, abs=0.01)
    newest = max(around.versions, key=lambda v: v.version)
    fits = {fit.arrival: fit for fit in newest.fits}
    assert direct.id in fits
    assert echo.id not in fits or fits[echo.id].refused
    assert {a.node for a in ours} == {node.id for node in site.nodes}
    for one in ours:
        if one.id in fits and not fits[one.id].refused:
            late_ms = one.time_ms - now / 1e6 - 1e3 * math.dist((one.x, one.y, one.z), (x, y, 1.5)) / SPEED_MS
            assert late_ms == pytest.approx(0.0, abs=0.01)  # the nodes are told where they stand
            assert fits[one.id].residual_ms == pytest.approx(late_ms, abs=20.0)  # of the place found
    assert around.air.speed_ms == pytest.approx(SPEED_MS, abs=1.0)


def test_the_stream_replays_what_was_missed(site: Site) -> None:
    last = site.centre.state()["last_id"]
    site.fire(300.0, 200.0)
    wait_for(lambda: [e for e in site.centre.state()["events"] if math.hypot(e["x"] - 300.0, e["y"] - 200.0) < 15.0])
    with site.centre.api.stream("GET", "/api/stream", headers={"Last-Event-ID": str(last)}) as answer:
        events = (n for n in news(answer.iter_lines()) if n[1] == "event")
        number = next(n for n, _, data in events if math.hypot(data["x"] - 300.0, data["y"] - 200.0) < 15.0)
    assert number > last
    everything = first_news(site, "node", {"Last-Event-ID": "0"}, count=12)
    assert {Node.model_validate_json(json.dumps(d)).id for _, _, d in everything} == {n.id for n in site.nodes}


def test_a_node_that_stops_is_silent_within_ten_seconds(site: Site) -> None:
    node = site.nodes[0]
    send(site.client, node.sealed(node.report(health=wire.health())))
    started = time.monotonic()

    def its_state() -> str:
        return str(next(n for n in site.centre.state()["nodes"] if n["id"] == node.id)["state"])

    wait_for(lambda: its_state() == "ok", 3.0)
    wait_for(lambda: its_state() == "silent", 10.0)
    assert time.monotonic() - started > 6.0
    replayed = first_news(site, "node", {"Last-Event-ID": "0"}, count=12)
    assert next(d["state"] for _, _, d in replayed if d["id"] == node.id) == "silent"


@pytest.mark.parametrize("wrong", ["seven", "-1", "1" * 30])
def test_a_wrong_last_id_is_one_sentence(site: Site, wrong: str) -> None:
    answer = site.centre.api.get("/api/stream", headers={"Last-Event-ID": wrong})
    assert answer.status_code == 400
    assert "Last-Event-ID" in answer.json()["error"]


def test_an_unknown_event_is_one_sentence(site: Site) -> None:
    answer = site.centre.api.get("/api/events/none")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no event 'none'"})


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", ""])
def test_a_page_from_elsewhere_gets_nothing(site: Site, host: str) -> None:
    answer = site.centre.api.get("/api/state", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "nodes" not in answer.text


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for path in ("/", "/api/state", "/api/events/none", "/nowhere"):
        answer = site.centre.api.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


def test_the_page_itself_or_a_word_how_to_build_it(site: Site) -> None:
    answer = site.centre.api.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_the_api_describes_itself(site: Site) -> None:
    paths = site.centre.api.get("/api/openapi.json").json()["paths"]
    assert {"/api/state", "/api/events/{identity}", "/api/stream"} < set(paths)


def test_the_page_listens_on_this_machine_only(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data", listen="0.0.0.0:0") as centre:
        assert centre.page.startswith("http://127.0.0.1:")

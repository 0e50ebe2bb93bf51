"""People decide through the API of a running centre: in their own name, seen on every page at once, never doubled."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dispatch.running import FakeNode, Lines, RunningCentre, running_centre, wait_for
from tests.dispatch.test_api import ORIGIN, news
from tests.dispatch.test_locator import deliver, enrolled, fire, near


@dataclass
class Site:
    """A centre with a block of nodes, and people in their browsers."""

    centre: RunningCentre
    nodes: list[FakeNode]
    node: Lines
    alice: httpx.Client
    bob: httpx.Client
    wall: httpx.Client
    auditor: httpx.Client

    def alert(self, x: float, y: float) -> dict[str, Any]:
        """An event at a place of its own."""
        deliver(self.node, fire(self.nodes, x, y, time.time_ns()))
        return dict(wait_for(lambda: near(self.centre.state()["events"], x, y))[0])

    def decide(self, who: httpx.Client, event: dict[str, Any], **what: object) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return who.post(f"/api/events/{event['id']}/decisions", content=json.dumps(what), headers=headers)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("deciding")
    (folder / "centre.toml").write_text('name = "Test block"\ntimezone = "Europe/Paris"\n' + ORIGIN)
    with running_centre(folder / "data", str(folder / "centre.toml")) as centre, centre.client() as node:
        roles = ("dispatcher", "dispatcher", "wall", "auditor")
        yield Site(centre, enrolled(centre, node), node, *map(centre.let_in, roles))


def name(client: httpx.Client) -> str:
    return str(client.get("/api/session").json()["name"])


def test_a_decision_is_in_the_callers_name_and_on_every_page_at_once(site: Site) -> None:
    event = site.alert(100.0, 80.0)
    with site.wall.stream("GET", "/api/stream", timeout=30.0) as answer:
        coming = (data for _, kind, data in news(answer.iter_lines()) if kind == "event" and data["id"] == event["id"])
        started = time.monotonic()
        done = site.decide(site.alice, event, action="acknowledge")
        shown = next(data for data in coming if data["status"] == "acknowledged")
        assert time.monotonic() - started < 5.0
    assert (done.status_code, done.json()) == (201, shown)
    assert shown["taken_by"] == name(site.alice)
    with site.wall.stream("GET", "/api/stream", headers={"Last-Event-ID": "0"}) as answer:
        missed = (data for _, kind, data in news(answer.iter_lines()) if kind == "event" and data["id"] == event["id"])
        assert next(missed)["taken_by"] == name(site.alice), "who was away sees it when they come back"


def test_of_two_at_once_one_gets_the_event_and_the_other_the_name(site: Site) -> None:
    event = site.alert(300.0, 200.0)
    both, answers = threading.Barrier(2), {}

    def take(who: httpx.Client) -> None:
        both.wait()
        answers[who] = site.decide(who, event, action="dispatch", text="patrol 3")

    threads = [threading.Thread(target=take, args=(who,)) for who in (site.alice, site.bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    (first,) = [who for who, answer in answers.items() if answer.status_code == 201]
    (second,) = [who for who, answer in answers.items() if answer.status_code == 409]
    assert name(first) in answers[second].json()["error"]
    over = site.decide(second, event, action="acknowledge", instead_of=name(first))
    assert (over.status_code, over.json()["taken_by"]) == (201, name(second))


def test_the_history_is_for_who_may_read_the_log(site: Site) -> None:
    event = site.alert(200.0, 150.0)
    site.decide(site.alice, event, action="note", text="asked the caller: Mme Durand")
    finds = {"lat": event["lat"] + 0.001, "lon": event["lon"]}
    site.decide(site.alice, event, action="close", outcome="confirmed", grounds=["casings"], found=finds)
    for who, told in ((site.wall, False), (site.auditor, True), (site.bob, True)):
        text = who.get(f"/api/events/{event['id']}").text
        assert ("Mme Durand" in text) == told
    history = site.bob.get(f"/api/events/{event['id']}").json()["history"]
    assert [(h["what"]["action"], h["by"], h["undone"]) for h in history] == [
        ("note", name(site.alice), False),
        ("close", name(site.alice), False),
    ]
    spot = history[1]["what"]["found"]
    assert spot["lat"] is None, "kept in metres: a bundle must not tell the globe"
    assert spot["y"] - event["y"] == pytest.approx(111.1, abs=0.2), "a thousandth of a degree of latitude there"
    undone = site.decide(site.bob, event, action="undo", line=history[1]["line"])
    assert (undone.status_code, undone.json()["status"]) == (201, "open")


def test_who_judges_blind_sees_nothing_of_the_machines(site: Site) -> None:
    event = site.alert(400.0, 50.0)
    answer = site.bob.get(f"/api/events/{event['id']}/blind")
    assert set(answer.json()) == {"id", "nodes", "heard"}
    assert answer.json()["heard"][0]["after_ms"] == 0.0
    assert not {"gunshot", "probability", "label", "roof-"} & set(json.dumps(answer.json()).split('"'))
    done = site.decide(site.bob, event, action="judge", label="firework", count=1, blind=True)
    assert done.json()["verdict"] == {"by": name(site.bob), "label": "firework", "count": 1, "blind": True}
    assert (done.json()["label"], done.json()["status"]) == ("gunshot", "open")
    again = site.decide(site.bob, event, action="judge", label="gunshot", blind=True)
    assert again.status_code == 409


def test_what_came_in_is_suggested_and_attached(site: Site) -> None:
    event = site.alert(50.0, 250.0)
    call = {"source": "call", "time_ms": int(event["time_ms"]) + 20_000, "text": "two bangs", "reference": "112-9"}
    came = site.alice.post("/api/incoming", json={**call, "place": {"lat": event["lat"], "lon": event["lon"]}})
    assert came.status_code == 201
    nearest = came.json()["suggested"][0]
    assert (nearest["number"], round(nearest["after_s"])) == (event["number"], 20)
    assert nearest["metres"] < 30.0
    attached = site.alice.post(f"/api/events/{event['id']}/corroborations", json={"incoming": came.json()["id"]})
    assert (attached.status_code, attached.json()["corroborated"]) == (201, 1)
    (listed,) = [one for one in site.auditor.get("/api/incoming").json() if one["reference"] == "112-9"]
    assert listed["attached"] == [event["number"]]
    assert site.wall.get("/api/incoming").status_code == 403


def test_a_call_is_on_every_page_at_once_but_the_walls_and_again_for_who_was_away(site: Site) -> None:
    event = site.alert(250.0, 50.0)
    call = {"source": "call", "time_ms": int(event["time_ms"]) + 9000, "text": "heard by M. Petit", "reference": "17-4"}
    since = str(site.centre.state()["last_id"])
    with (
        site.bob.stream("GET", "/api/stream", timeout=30.0) as answer,
        site.wall.stream("GET", "/api/stream", timeout=30.0) as wall,
    ):
        coming = ((number, data) for number, kind, data in news(answer.iter_lines()) if kind == "incoming")
        entered = site.alice.post("/api/incoming", json=call).json()
        line, shown = next(coming)
        assert shown == entered
        assert (entered["by"], entered["suggested"][0]["number"]) == (name(site.alice), event["number"])
        site.decide(site.alice, event, action="note", text="after the call")
        for number, kind, _ in news(wall.iter_lines()):
            assert kind != "incoming", "who may not read the log gets no words"
            if number > line:
                break
    again = site.alice.post("/api/incoming", json=call)
    assert again.json()["id"] == entered["id"]
    with site.bob.stream("GET", "/api/stream", headers={"Last-Event-ID": since}, timeout=30.0) as answer:
        told = []
        for number, kind, data in news(answer.iter_lines()):
            told += [data["reference"]] if kind == "incoming" else []
            if number > line:
                break
    assert told == ["17-4"], "kept once, told once"


def test_a_miss_is_entered_once_and_no_call_takes_it_back(site: Site) -> None:
    miss = {"time_ms": int(time.time() * 1e3) - 7_200_000, "place": {"x": 200.0, "y": 100.0}}
    miss |= {"reference": "2026/114", "grounds": ["victim"]}
    assert site.alice.post("/api/missed", json=miss).status_code == 201
    again = site.bob.post("/api/missed", json=miss)
    assert (again.status_code, name(site.alice) in again.json()["error"]) == (409, True)
    for method in ("PUT", "PATCH", "DELETE"):
        assert site.alice.request(method, "/api/missed").status_code == 405
    figures = site.wall.get("/api/performance").json()
    assert figures[0]["missed"] == 1
    table = list(csv.DictReader(io.StringIO(site.wall.get("/api/performance.csv").text)))
    assert table[0]["missed"] == "1"
    assert {"precision.decided.value", "precision.undecided.value"} <= set(table[0])


def test_a_shooting_near_an_alert_is_not_missed(site: Site) -> None:
    event = site.alert(350.0, 100.0)
    miss = {"time_ms": int(event["time_ms"]), "place": {"x": 350.0, "y": 100.0}, "reference": "b", "grounds": ["call"]}
    answer = site.alice.post("/api/missed", json=miss)
    assert answer.status_code == 409
    near_it = [int(n) for n in re.findall(r"\d+", answer.json()["error"])]
    assert event["number"] in near_it
    assert site.alice.post("/api/missed", json={**miss, "other_than": near_it}).status_code == 201


def test_the_log_of_the_day_comes_in_each_form(site: Site) -> None:
    event = site.alert(420.0, 280.0)
    site.decide(site.alice, event, action="acknowledge")
    text = site.auditor.get("/api/log", params={"form": "csv", "language": "fr"}).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert [str(event["number"]), name(site.alice)] in [[row[2], row[4]] for row in rows]
    pdf = site.alice.get("/api/log")
    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["content-disposition"].startswith('attachment; filename="log-')
    assert site.wall.get("/api/log").status_code == 403
    assert site.alice.get("/api/log", params={"day": "yesterday!"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"action": "shout"}, 422, "action"),
        ({"action": "close", "outcome": "confirmed"}, 400, "grounds are"),
        ({"action": "undo", "line": 10_000}, 400, "line is 10000"),
        ({"action": "undo", "line": "3"}, 422, "line"),
        ({"action": "note", "text": "a", "by": "somebody else"}, 422, "by"),
        ({"action": "note", "text": "\ud800"}, 422, "text"),
        ({"action": "note", "text": "x" * 2001}, 422, "text"),
        ({"action": "undo", "line": 10**30}, 400, "line is"),
    ],
)
def test_a_wrong_decision_is_one_sentence_and_changes_nothing(
    site: Site, body: dict[str, object], status: int, said: str
) -> None:
    event = site.alert(120.0, 280.0)
    answer = site.decide(site.alice, event, **body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    assert site.alice.get(f"/api/events/{event['id']}").json()["history"] == []


def test_nobody_decides_about_an_event_that_is_not_there(site: Site) -> None:
    answer = site.decide(site.alice, {"id": "none"}, action="acknowledge")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no event 'none'"})
    assert site.alice.get("/api/events/none/blind").status_code == 404


def test_decisions_outlive_a_power_cut(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as client:
        deliver(client, fire(enrolled(centre, client), 100.0, 80.0, time.time_ns()))
        (event,) = wait_for(lambda: near(centre.state()["events"], 100.0, 80.0))
        alice = centre.let_in("dispatcher")
        assert alice.post(f"/api/events/{event['id']}/decisions", json={"action": "acknowledge"}).status_code == 201
        centre.kill()
    with running_centre(tmp_path / "data") as centre:
        (again,) = near(centre.state()["events"], 100.0, 80.0)
        assert (again["status"], again["id"]) == ("acknowledged", event["id"])

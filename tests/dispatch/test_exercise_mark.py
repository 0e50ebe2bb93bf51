"""An exercise goes the whole way from a signed report to the alerts, is marked everywhere, and counts nowhere."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from arrays.report import Report, decode_report, sign
from dispatch.daylog.rows import day_log
from dispatch.figures.counting import counted, span_of
from dispatch.reminders import reminders
from dispatch.settings import read_settings
from dispatch.store import Store
from dispatch.town.places import Frame
from recordings.evidence.verify import verify_bundle
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, RunningCentre, command, running_centre, send, wait_for
from tests.dispatch.test_locator import deliver, enrolled, near

PLACE = (210.0, 140.0)
SETTINGS = """
name = "Pessac"
[origin]
lat = 44.84
lon = -0.58
[[alerts]]
name = "all"
to = {kind = "feed", sender = "tocsin.example"}
[[alerts]]
name = "real"
when = {exercises = false}
to = {kind = "feed", sender = "tocsin.example"}
"""


def exercise(report: Report) -> Report:
    return msgspec.structs.replace(report, exercise=True)


def fire(client: Any, nodes: Sequence[FakeNode], time_ns: int, *, marked: bool) -> None:
    reports = [node.report([node.hear(*PLACE, time_ns)]) for node in nodes]
    chosen = [exercise(report) if marked else report for report in reports]
    deliver(client, [node.sealed(report) for node, report in zip(nodes, chosen, strict=True)])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exercise") / "centre.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def centre(settings: Path) -> Iterator[RunningCentre]:
    """A real shot and an exercise at the same place, 0.3 s apart, heard by the same nodes; and a node in training."""
    with running_centre(settings.parent / "data", str(settings)) as running, running.client() as client:
        nodes = enrolled(running, client)
        trainee = FakeNode("trainee", 60.0, 40.0)
        trainee.enrol(
            client, subprocess.check_output(command("centre", "token", "--data", running.data), text=True).strip()
        )
        start_ns = time.time_ns()
        fire(client, nodes, start_ns, marked=False)
        fire(client, [*nodes, trainee], start_ns + 300_000_000, marked=True)
        wait_for(lambda: len(near(running.state()["events"], *PLACE)) == 2)
        yield running


def events(centre: RunningCentre) -> dict[bool, dict[str, Any]]:
    return {event["exercise"]: event for event in near(centre.state()["events"], *PLACE)}


def test_the_mark_is_signed_and_costs_no_byte_where_there_is_none() -> None:
    node = FakeNode("roof-1")
    plain = node.report([wire.arrival(1, time.time_ns())])
    assert b"exercise" not in sign(plain, node.key).body
    assert decode_report(sign(exercise(plain), node.key).body).exercise is True


def test_an_exercise_and_a_shot_at_the_same_place_and_time_are_two_events(centre: RunningCentre) -> None:
    both = events(centre)
    assert set(both) == {True, False}
    assert [event["count"] for event in both.values()] == [1, 1]
    assert both[False]["nodes"] == 12
    assert both[True]["nodes"] == 13


def test_an_exercise_says_nothing_of_how_a_node_is(centre: RunningCentre) -> None:
    state = {node["id"]: node["state"] for node in centre.state()["nodes"]}
    assert state["trainee"] == "new"
    assert state["roof-1"] == "ok"


def test_alerts_say_so_and_who_wants_no_exercise_gets_none(centre: RunningCentre) -> None:
    def told(feed: str) -> dict[bool, dict[str, Any]]:
        found = centre.api.get(f"/api/alerts/{feed}/geojson").raise_for_status().json()["features"]
        return {one["properties"]["exercise"]: one["properties"] for one in found if one["geometry"]["type"] == "Point"}

    both = wait_for(lambda: len(found := told("all")) == 2 and found)
    assert both[True]["headline"].startswith("EXERCISE: Possible gunshot")
    assert both[True]["text"].startswith("EXERCISE: ")
    assert not both[False]["headline"].startswith("EXERCISE")
    assert set(told("real")) == {False}
    atom = centre.api.get("/api/alerts/all/atom").raise_for_status().text
    assert atom.count("<status>Exercise</status>") == atom.count("<headline>EXERCISE: ") >= 1
    assert atom.count("<status>Actual</status>") >= 1


def test_it_is_in_the_log_and_in_no_figure(centre: RunningCentre, settings: Path) -> None:
    store, chosen = Store(centre.data), read_settings(settings)
    now_ms = time.time_ns() // 1_000_000
    day = datetime.fromtimestamp(now_ms / 1e3, UTC).date()
    try:
        log = store.read_now(lambda c: day_log(c, day, ZoneInfo("UTC"), Frame(), "en"))
        figures = store.read_now(lambda c: counted(c, chosen, span_of("", "", ZoneInfo("UTC"), now_ms)))
        later_ms = now_ms + 3_600_000
        reminded = store.write_now(lambda c: reminders(c, 1000, later_ms))
    finally:
        store.close()
    assert log.alerts == 1
    assert sum(row.what.startswith("EXERCISE: ") for row in log.rows) >= 1
    assert figures[0].alerts == 1
    assert [line.subject for line in reminded] == [events(centre)[False]["id"]]


def test_evidence_of_either_holds_only_its_own_reports_and_verifies(centre: RunningCentre, tmp_path: Path) -> None:
    for marked, event in events(centre).items():
        path = tmp_path / f"{event['number']}.zip"
        line = command(
            "centre", "evidence", str(event["number"]), "--data", centre.data, "--for", "a test", "--out", path
        )
        subprocess.run(line, check=True, capture_output=True)
        evidence, findings = verify_bundle(path)
        assert evidence is not None
        assert all(finding.good for finding in findings), findings
        heard = [decode_report(report.body) for report in evidence.reports]
        assert {bool(one.exercise) for one in heard if one.arrivals} == {marked}


def test_after_a_restart_they_are_still_apart(settings: Path, centre: RunningCentre) -> None:
    centre.process.terminate()
    centre.process.wait(20)
    with running_centre(centre.data, str(settings), listen=centre.ingest.removeprefix("https://")) as again:
        both = events(again)
        assert set(both) == {True, False}
        assert {node["id"]: node["state"] for node in again.state()["nodes"]}["trainee"] == "new"
        with again.client() as client:
            late = FakeNode("late", 400.0, 250.0)
            late.enrol(
                client, subprocess.check_output(command("centre", "token", "--data", again.data), text=True).strip()
            )
            heard = exercise(late.report([late.hear(*PLACE, round(both[True]["time_ms"] * 1e6))]))
            assert send(client, late.sealed(heard)).status_code == 200
        wait_for(lambda: events(again)[True]["nodes"] == 14)
        assert events(again)[False]["nodes"] == 12

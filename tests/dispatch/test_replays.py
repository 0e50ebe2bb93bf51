"""Replays beside a running centre: who may, what comes of them, and that they end with it."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.commands.replay import replay
from dispatch.replays.anew import Wanted
from dispatch.replays.running import Replays
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.store.reports import Received, add_arrivals, add_reports
from localisation.arrivals import Arrival
from tests.dispatch.running import RunningCentre, running_centre, wait_for
from tests.dispatch.test_replay import NS, PLACES, START_NS, heard

BEGIN_NS = (time.time_ns() // NS - 7200) * NS  # when the fixture's hour begins: what is older than a day is erased
SPAN = {"since_ms": BEGIN_NS // 10**6, "until_ms": BEGIN_NS // 10**6 + 3_600_000}
LONG_AGO_NS = BEGIN_NS - 30 * 86400 * NS
SLOW = {"since_ms": LONG_AGO_NS // 10**6, "until_ms": LONG_AGO_NS // 10**6 + 10 * 86_400_000}
SETTINGS = """
data = "{data}"
[air]
speed_of_sound_ms = 340.0
[origin]
lat = 44.84
lon = -0.58
[[zones]]
name = "west"
corners_m = [[0, 0], [150, 0], [150, 300], [0, 300]]
"""


def moved(to_ns: int, name: str = "") -> list[Arrival]:
    """The three shots of an hour, heard in another."""
    return [changed(a, id=f"{a.id}{name}", time_ns=a.time_ns - START_NS + to_ns) for a in heard()]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("replays")
    (folder / "centre.toml").write_text(SETTINGS.format(data=folder / "data"))
    now_ns, store = time.time_ns(), Store(folder / "data")

    def fill(connection: Any) -> None:
        for node, (x, y) in PLACES.items():
            add_node(connection, NodeRecord(id=node, public_key=node.encode() * 16, x=x, y=y, z=10.0))
        reports = [
            Received(node=a.node, sequence=k, received_ns=now_ns, body=b"", signature=b"", arrivals=(a,))
            for k, a in enumerate(moved(BEGIN_NS))
        ]
        add_reports(connection, reports)

    store.write_now(fill)
    store.close()
    return str(folder / "centre.toml")


@pytest.fixture(scope="module")
def centre(settings: str) -> Iterator[RunningCentre]:
    """It locates what its store has; then so much comes to be from long ago that a replay of it takes a while."""
    data = Path(settings).parent / "data"
    with running_centre(data, settings) as running:
        wait_for(lambda: len(running.state()["events"]) == 3)
        store = Store(data)
        arrivals = [a for hour in range(240) for a in moved(LONG_AGO_NS + hour * 3600 * NS, f"@{hour}")]
        store.write_now(lambda connection: add_arrivals(connection, time.time_ns() // 10**6, arrivals))
        store.close()
        yield running


@pytest.fixture(scope="module")
def analyst(centre: RunningCentre) -> httpx.Client:
    return centre.let_in("analyst")


def finished(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    """A replay, once it has ended."""
    begun = client.post("/api/replays", json=SPAN | asked)
    assert begun.status_code == 201, begun.text

    def ended() -> dict[str, Any] | None:
        told: dict[str, Any] = client.get(f"/api/replays/{begun.json()['id']}").raise_for_status().json()
        return told if told["state"] != "running" else None

    return dict(wait_for(ended, 60.0))


def printed(capsys: pytest.CaptureFixture[str], settings: str, *arguments: str) -> str:
    """What the command prints of the same hour."""
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(SPAN[name] // 1000)) for name in ("since_ms", "until_ms")]
    assert replay([settings, "--since", times[0], "--until", times[1], *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "arguments", "counts"),
    [
        ({}, [], {"same": 3}),
        ({"changes": ["search.least=60"]}, ["--set", "search.least=60"], {"gone": 3}),
        ({"zone": "west", "changes": ["priors.below_m=40"]}, ["--zone", "west", "--set", "priors.below_m=40"], None),
    ],
)
def test_the_page_is_told_what_the_command_prints_byte_for_byte(
    analyst: httpx.Client,
    settings: str,
    capsys: pytest.CaptureFixture[str],
    asked: dict[str, Any],
    arguments: list[str],
    counts: dict[str, int] | None,
) -> None:
    told = finished(analyst, **asked)
    assert (told["state"], told["share"], told["problem"]) == ("done", 1.0, "")
    assert counts is None or told["counts"] == counts
    files = {
        "changes.jsonl": ["--recorded", "--format", "jsonl"],
        "shots.jsonl": ["--format", "jsonl"],
        "shots.geojson": ["--format", "geojson"],
    }
    for name, more in files.items():
        got = analyst.get(f"/api/replays/{told['id']}/{name}").raise_for_status()
        assert got.text == printed(capsys, settings, *arguments, *more)


def test_each_shot_leads_to_its_event_and_says_how_far_it_moved(centre: RunningCentre, analyst: httpx.Client) -> None:
    told = finished(analyst, changes=["priors.below_m=40"])
    comparison = analyst.get(f"/api/replays/{told['id']}/changes").raise_for_status().json()
    events = {event["id"]: event for event in centre.state()["events"]}
    assert {event["id"] for event in comparison["events"]} == set(events)
    assert len(comparison["rows"]) == 3
    assert not comparison["more"]
    for row in comparison["rows"]:
        before, now, event = row["before"], row["now"], events[row["event"]]
        assert math.dist((before["x"], before["y"]), (event["x"], event["y"])) < 0.01
        assert row["moved_m"] == pytest.approx(math.dist((before["x"], before["y"]), (now["x"], now["y"])), abs=2e-3)
        assert before["nodes"] == now["nodes"] == 5


def test_what_may_be_changed_is_told_with_its_value(analyst: httpx.Client) -> None:
    told = analyst.get("/api/replays").raise_for_status().json()
    settings = {one.pop("name"): one for one in told["settings"]}
    assert settings["search.least"] == {"value": 6.5, "whole": False, "below_one": False}
    assert settings["search.stations"] == {"value": 3.0, "whole": True, "below_one": False}
    assert settings["priors.outlier"]["below_one"]
    assert not any(name.startswith("detector.") for name in settings)
    assert told["zones"] == ["west"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"zone": "east"}, "there is no zone 'east'; the settings have west"),
        ({"changes": ["search.lest=1"]}, "there is no setting 'search.lest'; did you mean search.least?"),
        ({"until_ms": SPAN["since_ms"]}, "until_ms is not after since_ms; expected a span of time"),
        ({"since_ms": 0}, "the span of time is longer than 31 days; `tocsin centre replay` takes any"),
    ],
)
def test_what_cannot_be_is_one_sentence(analyst: httpx.Client, asked: dict[str, Any], sentence: str) -> None:
    answer = analyst.post("/api/replays", json=SPAN | asked)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


def test_one_runs_at_a_time_and_is_cancelled_by_name(centre: RunningCentre, analyst: httpx.Client) -> None:
    begun = analyst.post("/api/replays", json=SLOW | {"changes": ["search.least=6"]}).raise_for_status().json()
    second = centre.let_in("administrator")
    refused = second.post("/api/replays", json=SPAN)
    assert refused.status_code == 409
    assert refused.json()["error"].startswith(f"a replay that {begun['by']} started is running")
    at = f"/api/replays/{begun['id']}"
    wait_for(lambda: 0.0 < second.get(at).json()["share"] < 1.0)
    (child,) = children(centre)
    assert niceness(child) == min(niceness(centre.process.pid) + 10, 19)
    assert second.get(f"{at}/changes").status_code == 409
    second.post(f"{at}/cancel").raise_for_status()
    assert second.get(at).json()["state"] == "cancelled"
    wait_for(lambda: children(centre) == [])
    assert finished(analyst)["state"] == "done"
    lines = second.get("/api/journal", params={"kind": "replay", "text": begun["id"]}).json()["lines"]
    ended, started = (json.loads(line["data"]) for line in lines)
    assert (started["by"], started["changes"], started["since_ms"]) == (
        begun["by"],
        ["search.least=6"],
        SLOW["since_ms"],
    )
    assert ended["cancelled"]
    assert ended["by"].startswith("administrator")


def test_the_last_five_are_kept(analyst: httpx.Client) -> None:
    ids = []
    for _ in range(6):
        ids.append(analyst.post("/api/replays", json=SPAN).raise_for_status().json()["id"])
        analyst.post(f"/api/replays/{ids[-1]}/cancel").raise_for_status()
    assert [one["id"] for one in analyst.get("/api/replays").json()["replays"]] == ids[:0:-1]
    gone = analyst.get(f"/api/replays/{ids[0]}")
    assert gone.status_code == 404
    assert "a centre keeps its last 5 for 24 hours" in gone.json()["error"]


def test_a_replay_whose_process_dies_has_failed_and_says_so(centre: RunningCentre, analyst: httpx.Client) -> None:
    begun = analyst.post("/api/replays", json=SLOW).raise_for_status().json()
    wait_for(lambda: len(children(centre)) == 1)
    os.kill(children(centre)[0], signal.SIGKILL)
    at = f"/api/replays/{begun['id']}"
    wait_for(lambda: analyst.get(at).json()["state"] == "failed")
    assert analyst.get(at).json()["problem"] == "its process ended with code -9; the centre's log says why"


def test_what_was_found_is_forgotten_after_a_day(tmp_path: Path) -> None:
    now_ms = 0

    async def a_day() -> None:
        nonlocal now_ms
        replays = Replays(Settings(data=str(tmp_path)), lambda: now_ms)
        replays.cancel(replays.start("Ann", Wanted(since_ns=0, until_ns=1)))
        now_ms = 24 * 3_600_000
        assert len(replays.all()) == 1
        now_ms += 1
        assert replays.all() == []

    asyncio.run(a_day())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_replay_ends_with_the_centre_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    with running_centre(tmp_path / "data") as centre:
        centre.let_in("analyst").post("/api/replays", json=SLOW).raise_for_status()
        wait_for(lambda: len(children(centre)) == 1)
        (child,) = children(centre)
        centre.process.send_signal(how)
        assert centre.process.wait(20) == (0 if how == signal.SIGTERM else -how)
        wait_for(lambda: not alive(child))
        assert "Traceback" not in (tmp_path / "data.log").read_text()


def children(centre: RunningCentre) -> list[int]:
    pid = centre.process.pid
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


def niceness(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16])


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"

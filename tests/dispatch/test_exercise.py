"""Recordings played into a running centre are an exercise there, and leave nothing behind that listens or counts."""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from acoustic.errors import InputError
from arrays.session import read_session
from dispatch.exercises.playback import OVER, names_of
from dispatch.store import Store
from dispatch.store.journal import lines_between
from dispatch.store.nodes import EXERCISE
from tests.dispatch.running import FakeNode, RunningCentre, command, running_centre, token, wait_for
from tests.recordings.test_replay import PLACES, SHOT, SHOT_S, shooting

SITE = "[origin]\nlat = 44.84\nlon = -0.58\nheight_m = 20.0\n[air]\ntemperature_c = 15.0\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("exercise")
    (made / "site.toml").write_text(SITE)
    shooting(made / "session")
    return made


@pytest.fixture(scope="module")
def centre(folder: Path) -> Iterator[RunningCentre]:
    with running_centre(folder / "data", str(folder / "site.toml")) as running:
        yield running


def play(centre: RunningCentre, session: Path, *more: str) -> subprocess.CompletedProcess[str]:
    line = command("centre", "exercise", session, "--data", centre.data, "--centre", centre.ingest, *more)
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)


def exercises(centre: RunningCentre) -> list[dict[str, Any]]:
    return [e for e in centre.state()["events"] if e["exercise"]]


def rounds(centre: RunningCentre) -> int:
    """Shots of exercises, which are one event where one follows the other within seconds."""
    return sum(len(event["shots"]) for event in exercises(centre))


def test_a_session_is_an_exercise_on_the_page_where_and_when_it_was(centre: RunningCentre, folder: Path) -> None:
    begun_s = time.time()
    done = play(centre, folder / "session", "--by", "R. M.", "--speed", "2")
    took_s = time.time() - begun_s
    assert done.returncode == 0, done.stderr
    assert f"{len(PLACES)} nodes, {EXERCISE}roof-1 to {EXERCISE}roof-5, at 2 times its pace" in done.stdout
    assert took_s > 2.0, "four seconds of sound, at twice their pace"
    (event,) = wait_for(lambda: exercises(centre))
    (shot,) = event["shots"]
    assert math.dist((shot["x"], shot["y"]), SHOT[:2]) < 5.0
    end_ms = (begun_s + took_s) * 1e3
    assert end_ms - 4.0e3 * (1 + took_s) < shot["time_ms"] < end_ms - (4.0 - SHOT_S) * 1e3, "moved to now"
    assert all(e["exercise"] for e in centre.state()["events"]), "nothing of it is taken for real"
    store = Store(centre.data)
    try:
        lines = store.read_now(lambda c: lines_between(c, 0, 2**53))
    finally:
        store.close()
    (line,) = [one for one in lines if one.kind == "exercise"]
    assert json.loads(line.data) == {"by": "R. M.", "speed": 2.0, "nodes": len(PLACES)}


def test_its_nodes_leave_the_list_and_stay_in_the_journal(centre: RunningCentre) -> None:
    names = {f"{EXERCISE}roof-{n}" for n in range(1, len(PLACES) + 1)}
    wait_for(lambda: not [n for n in centre.state()["nodes"] if n["id"] in names])
    assert told_as_gone(centre, len(names)) == names
    store = Store(centre.data)
    try:
        lines = store.read_now(lambda c: [one for one in lines_between(c, 0, 2**53) if one.kind == "node"])
    finally:
        store.close()
    for name in names:
        said = [json.loads(one.data) for one in lines if one.subject == name]
        assert "enrolled" in said[0]
        assert {"revoked": OVER, "by": "R. M."} in said


@pytest.mark.browser
def test_a_page_that_is_open_shows_them_come_and_go(centre: RunningCentre, folder: Path, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    centre.show(page)
    expect(page.get_by_test_id("link")).to_contain_text("Live")
    page.goto(f"{centre.page}/#/nodes")
    one = page.get_by_test_id("nodes-table").get_by_role("row", name=re.compile(f"{EXERCISE}roof-1"))
    expect(one).to_have_count(0)
    line = command("centre", "exercise", folder / "session", "--data", centre.data, "--centre", centre.ingest)
    with subprocess.Popen([*line, "--by", "R. M."], stdout=subprocess.DEVNULL) as playing:
        expect(one).to_have_count(1, timeout=20_000)
        assert playing.wait(30) == 0
    expect(one).to_have_count(0, timeout=20_000)
    page.close()


def told_as_gone(centre: RunningCentre, count: int) -> set[str]:
    """The nodes that a page which was away is told to list no more."""
    found: set[str] = set()
    with centre.api.stream("GET", "/api/stream", headers={"Last-Event-ID": "0"}) as answer:
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "gone":
                found.add(json.loads(line.removeprefix("data: "))["id"])
            if len(found) == count:
                break
    return found


def test_a_node_that_is_called_as_those_of_exercises_is_refused(centre: RunningCentre) -> None:
    node = FakeNode(id=f"{EXERCISE}roof-9", x=0.0, y=0.0)
    with centre.client() as lines:
        refused = lines.post("/enrol", json=node.request(token(centre.data)))
    assert refused.status_code == 403
    assert "is called as those of exercises are; expected another name" in refused.text


def test_the_same_may_be_played_again(centre: RunningCentre, folder: Path) -> None:
    before = rounds(centre)
    assert play(centre, folder / "session", "--by", "R. M.", "--speed", "10").returncode == 0
    wait_for(lambda: rounds(centre) > before)


def test_bad_input_is_one_sentence(centre: RunningCentre, folder: Path) -> None:
    for more, said in (
        (["--by", ""], "tocsin centre: "),
        (["--by", "R. M.", "--centre", "https://127.0.0.1:1"], "tocsin centre: centre 127.0.0.1:1 cannot be reached"),
    ):
        done = play(centre, folder / "session", *more)
        assert done.returncode == 2
        assert done.stderr.startswith(said)
        assert len(done.stderr.splitlines()) == 1
    assert play(centre, folder / "session", "--by", "x", "--speed", "1000").returncode == 2


def test_nodes_that_would_be_called_alike_are_refused(folder: Path, tmp_path: Path) -> None:
    shooting(tmp_path / "alike")
    text = (tmp_path / "alike" / "session.json").read_text()
    (tmp_path / "alike" / "session.json").write_text(text.replace('"roof-1"', '"roof 2"'))
    with pytest.raises(InputError, match="would be called 'exercise-roof-2'"):
        names_of(read_session(tmp_path / "alike"))
    assert names_of(read_session(folder / "session"))[0] == "exercise-roof-1"

"""The centre is killed in mid-scene and started again: no event is lost or doubled. A node is killed: it is shown."""

from __future__ import annotations

import math
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dispatch.demo.processes import City
from dispatch.demo.show import BOUND_M, Page, centre_settings, enrol, fired_in, start_nodes
from dispatch.demo.truth import outcome
from recordings.scene import scene, write_scene
from tests.dispatch.running import wait_for

pytestmark = pytest.mark.alone


@pytest.mark.timeout(180)
def test_killed_in_mid_scene_the_centre_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chosen = scene(2, 20.0, shots=4, strings=1, slams=1)
    write_scene(chosen, tmp_path / "scene")
    page = Page()
    with City(tmp_path, centre_settings(chosen)) as city:
        city.start_centre()
        enrol(city, chosen, tmp_path / "scene")
        start = start_nodes(city, chosen, tmp_path / "scene")
        listener = city.listen(page.hear)
        wait_for(page.all, chosen.seconds + 30.0)
        seen = set(page.all())
        city.kill("centre")
        time.sleep(3.0)
        city.start_centre()
        _check_silence_is_shown(city, chosen.nodes[0].id)
        time.sleep(max(0.0, start.timestamp() + chosen.seconds - time.time()))
        time.sleep(5.0)
        wait_for(lambda: city.backlog() == 0, 40.0)
        time.sleep(1.0)
        listener.end()
        events = city.state()["events"]
    result = outcome(fired_in(chosen, start), page.all(), BOUND_M)
    assert result.missed == ()
    assert seen <= {shot["key"] for event in events for shot in event["shots"]}
    standing = [shot for event in events for shot in event["shots"] if shot["label"] != "withdrawn"]
    assert len({shot["key"] for shot in standing}) == len(standing)
    assert not [(a, b) for a, b in combinations(standing, 2) if _same(a, b)]
    assert sorted(event["number"] for event in events) == list(range(1, len(events) + 1))


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two located shots are one shot twice: no gun and no string of crackers fires so fast at one place."""
    return abs(a["time_ms"] - b["time_ms"]) < 15.0 and math.dist((a["x"], a["y"]), (b["x"], b["y"])) < BOUND_M


def _check_silence_is_shown(city: City, node: str) -> None:
    def its_state() -> str:
        return str(next(n["state"] for n in city.state()["nodes"] if n["id"] == node))

    wait_for(lambda: its_state() == "ok", 10.0)
    city.kill(node)
    killed = time.monotonic()
    wait_for(lambda: its_state() == "silent", 15.0)
    assert time.monotonic() - killed < 10.0

"""A centre, and nodes of which one heard too little: it is asked to look again, and the shot gets its answer."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.demo.processes import City
from dispatch.store import Store
from dispatch.store.events import latest_shots
from localisation.arrivals import Shot
from tests.dispatch.running import wait_for
from tests.recordings.test_again import FAINT, SHOT_S, scene

pytestmark = pytest.mark.alone

NAMES = [f"roof-{number}" for number in range(1, 7)]
READY_S = 8.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # six nodes start, on a machine that may be busy


def node_settings(city: City, name: str, start: datetime) -> Path:
    """A node that plays its part of the scene from `start` on, and reports its health twice a second."""
    path = city.folder / f"{name}.toml"
    at = start.isoformat().replace("+00:00", "Z")
    source = f'[source]\nkind = "session"\nfolder = "scene"\nstart_at_utc = "{at}"\n'
    path.write_text(f'node = "{name}"\ndata = "{name}"\nhealth_interval_s = 0.5\n{source}')
    return path


@pytest.mark.timeout(120)
def test_the_centre_has_a_node_look_again_and_the_shot_gets_its_next_version(tmp_path: Path) -> None:
    scene(tmp_path / "scene", FAINT)
    with City(tmp_path, "[air]\ntemperature_c = 14.5\nwind_east_ms = 0.0\nwind_north_ms = 0.0\n") as city:
        city.start_centre()
        start = datetime.now(UTC) + timedelta(seconds=60.0)
        for name, token in zip(NAMES, city.tokens(len(NAMES)), strict=True):
            where = ("--centre", city.ingest, "--token", token)
            city.start(f"{name}-enrolment", "node", "enrol", node_settings(city, name, start), *where)
        city.wait([f"{name}-enrolment" for name in NAMES])
        start = datetime.now(UTC) + timedelta(seconds=READY_S)
        for name in NAMES:
            city.start(name, "node", node_settings(city, name, start))
        wait_for(lambda: all(n["state"] in ("starting", "ok") for n in city.state()["nodes"]), READY_S)
        time.sleep(max(0.0, start.timestamp() + SHOT_S - time.time()))
        shots: list[dict[str, Any]] = wait_for(lambda: standing(city), 10.0)
        assert len(shots) == 1
        wait_for(lambda: "state=found" in log_of(city), 15.0)
        time.sleep(1.0)
        log = log_of(city)
    (shot,) = kept(tmp_path / "centre")
    found = [a for a in shot.arrivals if a.again]
    assert [(a.node, a.again) for a in found] == [("roof-6", shot.key)]
    assert shot.version >= 2
    assert {r.node for r in shot.origin.used} == set(NAMES)
    assert log.count("order given") == 1  # once a station and shot


def standing(city: City) -> list[dict[str, Any]]:
    """The shots on the page."""
    return [shot for event in city.state()["events"] for shot in event["shots"]]


def log_of(city: City) -> str:
    """What the centre has said so far."""
    return (city.folder / "centre.log").read_text()


def kept(folder: Path) -> list[Shot]:
    """The latest version of every shot that a centre has kept."""
    store = Store(folder)
    shots = store.read_now(lambda connection: latest_shots(connection, 0, 2**62))
    store.close()
    return shots

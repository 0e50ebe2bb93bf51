"""A shot in a city of real nodes: a person asks for its sound at the centre, and hears the shot and nothing else."""

from __future__ import annotations

import io
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from dispatch.commands.mandate import mandate
from dispatch.demo.processes import City
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write
from tests.dispatch.running import wait_for
from tests.end_to_end.test_again import READY_S, node_settings
from tests.recordings.test_again import PLACES, SHOT, SPEED_MS

pytestmark = pytest.mark.alone

SECONDS, SHOT_S = 45.0, 4.0
NAMES = [f"roof-{number}" for number in range(1, len(PLACES))]


def scene(folder: Path) -> None:
    """Four nodes that hear a shot, on recordings that go on after it."""
    folder.mkdir()
    nodes = []
    for number, (name, place) in enumerate(zip(NAMES, PLACES, strict=False)):
        away_m = math.dist(place, SHOT)
        at = round((SHOT_S + away_m / SPEED_MS) * RATE_HZ)
        sound = with_bangs(noise(SECONDS, seed=number), [at], 30.0 / away_m)
        soundfile.write(folder / f"{name}.wav", sound.T, RATE_HZ, subtype="PCM_24")
        nodes.append(node(name, position=dict(zip("xyz", place, strict=True))))
    write(folder, nodes, air={"speed_of_sound_ms": SPEED_MS})


@pytest.mark.timeout(240)
def test_a_person_asks_for_the_sound_of_a_shot_and_hears_it(tmp_path: Path) -> None:
    scene(tmp_path / "scene")
    with City(tmp_path, f"[air]\nspeed_of_sound_ms = {SPEED_MS}\n") as city:
        city.start_centre()
        mandate(["--clips", "--data", str(city.data)])
        start = datetime.now(UTC) + timedelta(seconds=60.0)
        for name, token in zip(NAMES, city.tokens(len(NAMES)), strict=True):
            where = ("--centre", city.ingest, "--token", token)
            city.start(f"{name}-enrolment", "node", "enrol", settings(city, name, start), *where)
        city.wait([f"{name}-enrolment" for name in NAMES])
        start = datetime.now(UTC) + timedelta(seconds=READY_S)
        for name in NAMES:
            city.start(name, "node", settings(city, name, start))
        time.sleep(max(0.0, start.timestamp() + SHOT_S - time.time()))
        (event,) = wait_for(lambda: city.state()["events"], 20.0)
        with httpx.Client(base_url=city.page, headers={"Origin": city.page}, timeout=20.0) as person:
            secret = city.link().rpartition("/")[2]
            person.post("/api/session/link", json={"secret": secret}).raise_for_status()
            because = {"because": "is it a shot?"}
            asked = person.post(f"/api/events/{event['id']}/clips", json=because)
            assert asked.status_code == 201, asked.text

            def clips() -> list[dict[str, Any]]:
                return list(person.get(f"/api/events/{event['id']}/clips").json()["clips"])

            wait_for(lambda: all(one["state"] != "asked" for one in clips()), 30.0)
            assert [one["state"] for one in clips()] == ["found"] * 3
            for one in clips():
                answer = person.post(f"/api/clips/{one['order']}/heard", json=because)
                sound, rate_hz = soundfile.read(io.BytesIO(answer.content))
                onset = int(np.argmax(np.abs(sound) > 0.3 * np.abs(sound).max()))
                assert rate_hz == RATE_HZ
                assert onset == pytest.approx(RATE_HZ, abs=50)  # a second after its start
                assert np.abs(sound[: RATE_HZ // 2]).max() == 0.0  # no street before the shot


def settings(city: City, name: str, start: datetime) -> Path:
    """A node that remembers for as long as a person needs to ask."""
    path = node_settings(city, name, start)
    path.write_text(f"ring_s = 40.0\n{path.read_text()}")
    return path

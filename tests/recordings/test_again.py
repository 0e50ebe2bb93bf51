"""Looking again in replay: what lies below a node's own threshold is found where the network knows a shot to be."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import soundfile

from acoustic.classify import Model
from arrays.session import read_session
from localisation.arrivals import Shot
from recordings import models
from recordings.replaying import arrivals_of, replay
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write

SPEED_MS = 340.0
PLACES = [(0.0, 0.0, 10.0), (300.0, 0.0, 12.0), (0.0, 280.0, 8.0), (310.0, 290.0, 15.0), (150.0, 160.0, 11.0)]
BEHIND = (480.0, 120.0, 9.0)  # a house
SHOT, SHOT_S = (120.0, 90.0, 1.5), 5.0
FAINT = 0.0065  # of a bang: 8 dB above the floor, 6 dB above what came before; a node's own threshold is 8 and 7 dB
MODEL = Model.from_bytes(models.default())


def scene(folder: Path, level: float) -> Path:
    """Five nodes that hear a shot clearly, and one that hears it at `level`."""
    folder.mkdir()
    nodes = []
    for number, place in enumerate([*PLACES, BEHIND], start=1):
        away_m = math.dist(place, SHOT)
        at = round((SHOT_S + away_m / SPEED_MS) * RATE_HZ)
        sound = with_bangs(noise(8.0, seed=number), [at], level if place == BEHIND else 30.0 / away_m)
        soundfile.write(folder / f"roof-{number}.wav", sound.T, RATE_HZ, subtype="PCM_24")
        x, y, z = place
        nodes.append(node(f"roof-{number}", position={"x": x, "y": y, "z": z}))
    return write(folder, nodes, air={"speed_of_sound_ms": SPEED_MS})


def located(folder: Path) -> Shot:
    (shot,) = replay(read_session(folder), MODEL)
    return shot


def test_a_shot_below_a_nodes_threshold_is_found_where_it_must_be(tmp_path: Path) -> None:
    session = read_session(scene(tmp_path / "faint", FAINT))
    assert arrivals_of(session, session.node("roof-6"), MODEL) == []
    shot = located(tmp_path / "faint")
    (found,) = [a for a in shot.arrivals if a.node == "roof-6"]
    expected_s = SHOT_S + math.dist(BEHIND, SHOT) / SPEED_MS
    assert (found.time_ns - session.nodes[0].start_ns) * 1e-9 == pytest.approx(expected_s, abs=4 * found.sigma_s)
    assert found.again == shot.key
    assert shot.version == 2
    assert "roof-6" in {r.node for r in shot.origin.used}
    others = [a.sigma_s for a in shot.arrivals if not a.again]
    assert found.sigma_s > max(others)
    assert shot.verdict.reasons[1].values == {"nodes": 5}  # heard by five: the sixth was told where to look


def test_noise_alone_is_not_found(tmp_path: Path) -> None:
    shot = located(scene(tmp_path / "silent", 0.0))
    assert {a.node for a in shot.arrivals} == {f"roof-{n}" for n in range(1, 6)}
    assert shot.version == 1

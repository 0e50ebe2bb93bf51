"""Replay: the live path on recordings, the same bytes on any number of cores."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.session import Session, read_session
from localisation.arrivals import Arrival, Ellipse, Origin, Shot, Verdict
from recordings import models
from recordings.commands.replay import main
from recordings.printing import chosen
from recordings.replaying import arrivals_of, read_any, replay, sessions_in
from tests.arrays.nodes import ENVIRONMENT, REPOSITORY, tocsin
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write

SPEED_MS = 340.0
PLACES = [(0.0, 0.0, 10.0), (300.0, 0.0, 12.0), (0.0, 280.0, 8.0), (310.0, 290.0, 15.0), (150.0, 160.0, 11.0)]
SHOT = (120.0, 90.0, 1.5)
SHOT_S = 1.0


def shooting(folder: Path, name: str = "one shot", shot: tuple[float, float, float] = SHOT) -> Path:
    """A session of five single microphones that hear one bang at SHOT_S."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = []
    for number, place in enumerate(PLACES, start=1):
        x, y, z = place
        away_m = math.dist(place, shot)
        at = round((SHOT_S + away_m / SPEED_MS) * RATE_HZ)
        sound = with_bangs(noise(4.0, seed=number), [at], 30.0 / away_m)
        soundfile.write(folder / f"roof-{number}.wav", sound.T, RATE_HZ, subtype="PCM_16")
        nodes.append(node(f"roof-{number}", position={"x": x, "y": y, "z": z}))
    air = {"speed_of_sound_ms": SPEED_MS}
    return write(folder, nodes, id=name, air=air, origin={"lat": 44.84, "lon": -0.58, "height_m": 20.0})


def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def test_a_shot_is_found_where_it_was_fired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, shooting(tmp_path / "a"), "--format", "jsonl", "--all")
    (shot,) = [json.loads(line) for line in out.splitlines()]
    start_s = read_session(tmp_path / "a").nodes[0].start_ns * 1e-9
    assert shot["session"] == "one shot"
    assert math.hypot(shot["x"] - SHOT[0], shot["y"] - SHOT[1]) < 3.0
    assert shot["time"] == pytest.approx(start_s + SHOT_S, abs=0.02)
    assert shot["ellipse"]["level"] == 0.9
    assert len(shot["used"]) >= 4


def test_one_core_or_many_the_same_bytes_in_the_order_given(tmp_path: Path) -> None:
    places = [SHOT, (200.0, 150.0, 1.5), (60.0, 200.0, 1.5), (250.0, 60.0, 1.5)]
    folders = [shooting(tmp_path / f"s{n}", f"session {n}", place) for n, place in enumerate(places)]
    folders.reverse()
    outs = []
    for workers in ("1", "3"):
        line = tocsin("replay", *folders, "--format", "jsonl", "--all", "--workers", workers)
        done = subprocess.run(line, capture_output=True, env=ENVIRONMENT, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""  # no progress bar where nobody watches
        outs.append(done.stdout)
    assert outs[0] == outs[1]
    names = [json.loads(line)["session"] for line in outs[0].splitlines()]
    assert names == ["session 3", "session 2", "session 1", "session 0"]


def test_geojson_and_table_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shooting(tmp_path / "a")
    (feature,) = json.loads(printed(capsys, folder, "--format", "geojson", "--all"))["features"]
    lon, lat = feature["geometry"]["coordinates"]
    assert (lat - 44.84) * 111_130 == pytest.approx(feature["properties"]["y"], abs=0.5)
    assert (lon + 0.58) * 111_320 * math.cos(math.radians(44.84)) == pytest.approx(feature["properties"]["x"], abs=1.0)
    head, row = printed(capsys, folder, "--format", "table", "--all").splitlines()
    assert head.split()[0] == "session"
    assert f"{feature['properties']['x']:.1f}" in row


def test_geojson_without_an_origin_is_refused(tmp_path: Path) -> None:
    folder = shooting(tmp_path / "a")
    raw = json.loads((folder / "session.json").read_text())
    del raw["origin"]
    (folder / "session.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match="session 'one shot' has no origin; GeoJSON needs"):
        main([str(folder), "--format", "geojson", "--all"])


def a_shot(label: str, probability: float) -> Shot:
    origin = Origin(
        x=0.0,
        y=0.0,
        z=0.0,
        time_ns=0,
        time_sigma_s=0.0,
        ellipse=Ellipse(semi_major_m=1.0, semi_minor_m=1.0, azimuth_deg=0.0),
        ambiguous=False,
        also=(),
        residuals=(),
        solver="test",
    )
    verdict = Verdict(label=label, probability=probability, probabilities={})
    return Shot(key="k", version=1, origin=origin, verdict=verdict, arrivals=())


@pytest.mark.parametrize(
    ("label", "probability", "printed"),
    [
        ("gunshot", 0.6, True),
        ("shock_wave", 0.9, True),
        ("unknown", 0.0, True),
        ("firework", 0.89, True),
        ("firework", 0.9, False),
        ("other", 0.99, False),
    ],
)
def test_only_a_confident_rival_is_left_out(label: str, probability: float, printed: bool) -> None:
    assert bool(chosen([a_shot(label, probability)], False)) is printed
    assert chosen([a_shot(label, probability)], True)


def test_trees_of_folders_are_searched_in_order_and_what_is_none_is_refused(tmp_path: Path) -> None:
    for name in ("b", "a/inner", "c"):
        write(tmp_path / "tree" / name)
    found = sessions_in([tmp_path / "tree"])
    assert [p.relative_to(tmp_path / "tree").as_posix() for p in found] == ["a/inner", "b", "c"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no session\.json and no Pittsburgh test"):
        sessions_in([tmp_path / "empty"])
    with pytest.raises(InputError, match="absent is not a folder"):
        sessions_in([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"air": {"speed_of_sound_ms": -340.0}}, "air.speed_of_sound_ms is -340.0; expected a number from 250 to 450"),
        ({"nodes": [node(), node()]}, "nodes[1].id is 'roof-1' again; expected each id once"),
        ({"version": 3}, "version is 3; this program reads version 1"),
    ],
)
def test_bad_input_is_one_sentence_and_an_exit_code(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    folders = [write(tmp_path / "good"), write(tmp_path / "bad")]
    raw = json.loads((folders[1] / "session.json").read_text())
    (folders[1] / "session.json").write_text(json.dumps({**raw, **change}))
    done = subprocess.run(tocsin("replay", *folders), capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


ENDED = """
import os, sys
import recordings.replaying
from tocsin import main
def dies(model, settings, part, keep):
    os.kill(os.getpid(), 9)
recordings.replaying.replay_part = dies
sys.exit(main(["replay", *sys.argv[1:], "--workers", "2"]))
"""


def test_a_process_that_is_killed_is_one_sentence(tmp_path: Path) -> None:
    folders = [str(write(tmp_path / name)) for name in ("a", "b")]
    line = [sys.executable, "-c", ENDED, *folders]
    done = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, cwd=REPOSITORY, timeout=60)
    assert done.returncode == 2
    assert done.stderr == (
        "tocsin replay: a replay process was ended from outside, perhaps for lack of memory; try --workers 1\n"
    )


def test_the_end_of_the_first_era_of_ntp_moves_a_session_and_nothing_else(tmp_path: Path) -> None:
    (before,) = replay(read_any(shooting(tmp_path / "a")), None)
    told = json.loads((tmp_path / "a" / "session.json").read_text())
    for one in told["nodes"]:
        one["start"] = "2036-02-07T06:28:16.000Z"
    (tmp_path / "a" / "session.json").write_text(json.dumps(told))
    (after,) = replay(read_any(tmp_path / "a"), None)
    assert math.dist((before.origin.x, before.origin.y), (after.origin.x, after.origin.y)) < 1e-3
    era_s = datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC).timestamp()
    assert after.origin.time_ns * 1e-9 - era_s == pytest.approx(SHOT_S, abs=0.01)


def test_the_truth_beside_a_session_is_never_opened(tmp_path: Path) -> None:
    folder = shooting(tmp_path / "a")
    without = replay(read_any(folder), None)
    (folder / "truth.json").write_text("no JSON at all")
    assert replay(read_any(folder), None) == without


def arrivals(session: Session) -> list[Arrival]:
    model = Model.from_bytes(models.default())
    return [a for one in session.nodes for a in arrivals_of(session, one, model)]


def test_a_real_test_is_located(shared: Path) -> None:
    session = read_any(shared / "pittsburgh" / "FP7" / "test_091")
    assert np.unique([a.node for a in arrivals(session)]).size >= 4
    assert len(replay(session, Model.from_bytes(models.default()))) >= 1

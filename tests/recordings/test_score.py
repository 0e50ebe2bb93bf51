"""`tocsin score`: the counting of the data's own score.py, on the same answers; two cards compared."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from acoustic.errors import InputError
from localisation.arrivals import Ellipse
from recordings.commands.score import main
from recordings.scoring.card import Card, differences
from recordings.scoring.classes import Verdict
from recordings.scoring.location import Answer, Outcome, level_at, match
from recordings.scoring.truth import Fired, incident
from recordings.scoring.words import markdown
from tests.arrays.nodes import ENVIRONMENT, REPOSITORY, tocsin
from tests.recordings.test_replay import SHOT, SHOT_S, shooting

PROGRAM = f"{sys.executable} {REPOSITORY / 'tocsin.py'}"


def module(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    assert main([*map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_any_answers_are_counted_as_the_live_fires_own_scorecard_counts_them(shared: Path) -> None:
    score = module(shared / "pittsburgh" / "score.py", "pittsburgh_own_score")
    folders = sorted((shared / "pittsburgh").glob("FP*/test_*"))
    tests = [score.Test(folder) for folder in folders]
    draw = np.random.default_rng(8)
    theirs: dict[str, list[dict[str, Any]]] = {}
    for t in tests:  # some missed, some far, some at another time, some that were never fired
        fired = [d for d in t.discharge if draw.uniform() > 0.1]
        times = [d + draw.normal(0, 0.06) for d in fired] + draw.uniform(
            min(t.discharge), 3 + min(t.discharge), draw.integers(3)
        ).tolist()
        theirs[t.key] = [
            {"time": at, **dict(zip("xy", t.survey[:2] + draw.normal(0, 9, 2), strict=True))} for at in times
        ]
    ellipse = Ellipse(semi_major_m=1.0, semi_minor_m=1.0, azimuth_deg=0.0)
    ours = {
        t.folder.name: [Answer(x=a["x"], y=a["y"], time=a["time"], ellipse=ellipse) for a in theirs[t.key]]
        for t in tests
    }
    counted = match([incident(folder) for folder in folders], ours)
    expected = score.match(tests, theirs)
    assert expected["false"] > 5
    assert expected["found"] < expected["shots"] == 179
    assert counted.keys() == expected.keys()
    for name, value in expected.items():
        assert counted[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), name


def test_the_same_program_gets_the_same_figures(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = printed(capsys, shared / "pittsburgh" / "FP8")
    for task, part in (("audio", "location"), ("onsets", "detection")):
        own = [
            sys.executable,
            str(shared / "pittsburgh" / "score.py"),
            task,
            "--program",
            PROGRAM,
            "--positions",
            "FP8",
        ]
        done = subprocess.run(own, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=200)
        expected = json.loads(done.stdout)
        del expected["sensor_seconds_per_second"]
        assert card[part].keys() == expected.keys()
        for name, value in expected.items():  # onsets are handed over to 1 µs
            close = pytest.approx(value, abs=2e-3) if isinstance(value, float) else value
            assert card[part][name] == close, name


def test_arrivals_are_scored_as_the_live_fires_own_scorecard_does(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one shot each, all sensors and random ones, and of whole incidents: two tests of one position."""
    own = shared / "pittsburgh"
    (tmp_path / "FP2").mkdir()
    for name in ("test_019", "test_020"):
        (tmp_path / "FP2" / name).symlink_to(own / "FP2" / name)
    (tmp_path / "none.jsonl").write_text("")
    card = printed(capsys, tmp_path / "FP2", "--arrivals", "--answers", tmp_path / "none.jsonl")["arrivals"]
    assert any(line.startswith("| 4 | 30 |") for line in markdown(Card(sets=[], method="", arrivals=card)))
    for task, ours in (("sets", card["one_shot"]), ("pulses", {"": card["every_pulse"]})):
        line = [sys.executable, str(own / "score.py"), task, "--program", PROGRAM, "--data", str(tmp_path)]
        done = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=200)
        theirs = json.loads(done.stdout) if task == "sets" else {"": json.loads(done.stdout)}
        assert ours.keys() == theirs.keys()
        for nodes, expected in theirs.items():
            del expected["whole_run_ms_per_set" if task == "sets" else "whole_run_ms_per_incident"]
            assert ours[nodes].keys() == expected.keys()
            for name, value in expected.items():
                close = pytest.approx(value, abs=2e-3) if isinstance(value, float) else value
                assert ours[nodes][name] == close, (nodes, name)


def test_clips_are_scored_as_their_own_score_does(
    impulses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (impulses / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["path"].startswith("evaluate")]
    rows = [r for r in rows if r["class"] == "gunshot"][::12] + [r for r in rows if r["class"] != "gunshot"][::24]
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "evaluate").symlink_to(impulses / "evaluate")
    own = [
        sys.executable,
        str(impulses / "score.py"),
        "--program",
        PROGRAM,
        "--manifest",
        str(tmp_path / "manifest.csv"),
    ]
    done = subprocess.run(own, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=200)
    card = printed(capsys, tmp_path / "manifest.csv")
    assert card["classes"] == json.loads(done.stdout)
    assert len(card["verdicts"]) == len(rows)


def labelled(folder: Path) -> Path:
    """The session of one shot, with its truth and a door slammed long after."""
    shooting(folder)
    at = 1_780_347_600.0 + SHOT_S  # 2026-06-01T21:00:00Z
    shot = {"time": at, **dict(zip("xyz", SHOT, strict=True)), "kind": "gunshot"}
    (folder / "truth.json").write_text(json.dumps({"shots": [shot], "distractors": []}))
    return folder


def test_a_session_with_its_truth_is_scored_in_words_figures_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, picture = labelled(tmp_path / "one"), tmp_path / "card.svg"
    card = printed(capsys, folder, "--picture", picture)
    assert (card["location"]["shots"], card["location"]["found"], card["location"]["false"]) == (1, 1, 0)
    assert card["location"]["median_m"] < 3.0
    assert card["detection"]["shot_arrivals_found_pct"] == 100.0
    away_s = [math.dist(SHOT, p) / 340.0 for p in ((300.0, 0.0, 12.0), (150.0, 160.0, 11.0))]
    assert min(away_s) + 0.45 < card["latency"]["median_s"] < max(away_s) + 0.45 + 1.0
    (outcome,) = card["outcomes"]
    assert outcome["error_m"] == card["location"]["median_m"]
    root = ElementTree.fromstring(picture.read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert main([str(folder), "--against", str(tmp_path / "card.json")]) == 0
    told = capsys.readouterr().out
    assert "| shots fired | 1 |" in told
    assert "| within 10 m | +0.0 | +0.0 to +0.0 |" in told


def test_answers_of_another_program_are_scored_in_place_of_a_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = labelled(tmp_path / "one")
    done = subprocess.run(
        tocsin("replay", folder, "--format", "jsonl"), capture_output=True, env=ENVIRONMENT, check=True
    )
    (tmp_path / "shots.jsonl").write_bytes(done.stdout)
    card = printed(capsys, folder, "--answers", tmp_path / "shots.jsonl")
    assert card["location"] == printed(capsys, folder)["location"]
    assert card["detection"] == card["latency"] == {}
    (tmp_path / "none.jsonl").write_text("")
    assert printed(capsys, folder, "--answers", tmp_path / "none.jsonl")["location"]["found"] == 0


def test_what_cannot_be_scored_is_one_sentence(tmp_path: Path) -> None:
    shooting(tmp_path / "unlabelled")
    with pytest.raises(InputError, match=r"unlabelled has no truth\.json and no survey; expected a labelled session"):
        main([str(tmp_path / "unlabelled")])
    with pytest.raises(InputError, match="absent is neither a folder of labelled sessions nor a manifest"):
        main([str(tmp_path / "absent")])
    folder = labelled(tmp_path / "one")
    (folder / "truth.json").write_text('{"shots": [{"time": 1, "x": 0, "y": 0, "z": 0, "kind": "thunder"}]}')
    with pytest.raises(InputError, match=r"truth\.json: kind 'thunder'; expected one of gunshot"):
        main([str(folder)])
    (tmp_path / "clips.csv").write_text("path,class\na.wav,gunshot\n")
    with pytest.raises(InputError, match=r"clips\.csv: 'source'; expected a CSV with path, class, source and group"):
        main([str(tmp_path / "clips.csv")])
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(InputError, match=r"card\.json: missing required field sets; expected what"):
        main([str(tmp_path / "one"), "--against", str(tmp_path / "card.json")])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_level_that_just_holds_a_place_is_its_own_on_the_ellipse_and_right_for_gaussian_errors(
    level: float,
) -> None:
    draw = np.random.default_rng(4)
    turn = math.radians(30.0)
    away = draw.normal(size=(4000, 2)) * (9.0, 5.0)  # along and across
    chi = math.sqrt(-2.0 * math.log(0.1))
    ellipse = Ellipse(semi_major_m=9.0 * chi, semi_minor_m=5.0 * chi, azimuth_deg=30.0)
    answer = Answer(x=0.0, y=0.0, time=0.0, ellipse=ellipse)

    def at(along: float, across: float) -> float:
        x = along * math.sin(turn) + across * math.cos(turn)
        y = along * math.cos(turn) - across * math.sin(turn)
        return level_at(answer, Fired(label="gunshot", time=0.0, x=x, y=y), 0.0)

    assert at(9.0 * chi, 0.0) == pytest.approx(0.9)
    assert at(0.0, 5.0 * chi) == pytest.approx(0.9)
    held = np.mean([at(*xy) <= level for xy in away.tolist()])
    assert held == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 4000))


def test_differences_are_paired_and_their_interval_is_over_groups() -> None:
    def outcomes(found: list[list[bool]]) -> list[Outcome]:
        return [
            Outcome(session=f"{g}", group=f"{g}", time=float(k), error_m=1.0 if good else None)
            for g, some in enumerate(found)
            for k, good in enumerate(some)
        ]

    def clips(shots: list[float], others: list[float]) -> list[Verdict]:
        every = [(True, p) for p in shots] + [(False, p) for p in others]
        return [
            Verdict(path=f"{n}", group=f"{n}", shot=shot, gunshot=p, called=False, impulses=1)
            for n, (shot, p) in enumerate(every)
        ]

    before = Card(sets=[], method="", outcomes=outcomes([[False, True]] * 4), verdicts=clips([0.6] * 9, [0.1] * 99))
    same = differences(before, before)
    assert set(map(tuple, same.values())) == {(0.0, 0.0, 0.0)}
    now = Card(sets=[], method="", outcomes=outcomes([[True, True]] * 2 + [[False, True]] * 2))
    value, low, high = differences(before, now)["within 10 m"]
    assert value == 25.0
    assert 0.0 <= low < value < high <= 50.0
    assert "recall at 1% false" not in differences(before, now)

"""`tocsin classify`, as it is typed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tocsin
from acoustic.classify import LABELS
from recordings.models import default
from recordings.simulation import RATE_HZ, impulse

KEYS = ["file", "channel", "onset_s", "snr_db", "gunshot", "label", "probabilities"]


def recording(folder: Path, kind: str, seed: int = 900_004) -> str:
    sound = impulse(kind, seed)
    path = folder / f"{kind}.wav"
    soundfile.write(path, 0.5 * sound / np.abs(sound).max(), round(RATE_HZ), subtype="FLOAT")
    return str(path)


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert tocsin.main(["classify", *arguments, "--format", "jsonl"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_is_what_the_format_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path, "gunshot")
    lines = lines_of(capsys, path)
    assert lines
    for line in lines:
        assert list(line) == KEYS
        assert line["file"] == path
        assert tuple(line["probabilities"]) == LABELS
        assert sum(line["probabilities"].values()) == pytest.approx(1.0, abs=4e-6)
        assert line["gunshot"] == line["probabilities"]["gunshot"]
        best = max(LABELS, key=lambda name: line["probabilities"][name])
        assert line["label"] == (best if line["probabilities"][best] >= 0.5 else "unknown")


def test_the_impulses_are_those_that_detect_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path, "burst")
    classified = lines_of(capsys, path)
    assert tocsin.main(["detect", path, "--format", "jsonl"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [{k: line[k] for k in KEYS[:4]} for line in classified] == found


def test_a_shot_a_slam_and_a_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shot, slam = recording(tmp_path, "gunshot"), recording(tmp_path, "slam")
    silent = str(tmp_path / "silent.wav")
    soundfile.write(silent, np.zeros(9_000), 48_000)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{shot}\n{silent}\n{slam}\n"))
    lines = lines_of(capsys, "-")
    clearest = {line["file"]: line["label"] for line in sorted(lines, key=lambda line: float(line["snr_db"]))}
    assert clearest == {shot: "gunshot", slam: "other"}
    assert lines_of(capsys, silent) == []


def test_why_says_what_is_unusual_and_what_speaks_for_and_against_a_shot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path, "gunshot")
    lines = lines_of(capsys, path, "--why")
    assert [list(line) for line in lines] == [[*KEYS, "why"]] * len(lines)
    why = max(lines, key=lambda line: float(line["gunshot"]))["why"]
    assert list(why) == ["unusual", "for", "against"]
    assert all(told > 0 for told in why["for"].values())
    assert all(told < 0 for told in why["against"].values())
    assert sum(why["for"].values()) > -sum(why["against"].values())  # it is a shot, and called one
    assert tocsin.main(["classify", path, "--why"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("for and against a gunshot")
    assert all(next(iter(line["why"]["for"])) in row for line, row in zip(lines, rows, strict=True))


def test_the_table_has_a_line_an_impulse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path, "gunshot")
    lines = lines_of(capsys, path)
    assert tocsin.main(["classify", path]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[-2:] == ["label", "gunshot"]
    assert [row.split()[-2] for row in rows] == [line["label"] for line in lines]


def test_the_model_may_be_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, model = recording(tmp_path, "gunshot"), tmp_path / "my.npz"
    model.write_bytes(default())
    assert lines_of(capsys, path, "--model", str(model)) == lines_of(capsys, path)


@pytest.mark.parametrize("content", [b"", b"no model at all", default()[:2000], None])
def test_a_bad_model_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None) -> None:
    path, model = recording(tmp_path, "slam"), tmp_path / "my.npz"
    if content is not None:
        model.write_bytes(content)
    assert tocsin.main(["classify", path, "--model", str(model)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tocsin classify: {model}: ")
    assert len(err.splitlines()) == 1


def test_a_bad_sound_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin.main(["classify", str(tmp_path / "absent.wav")]) == 2
    assert capsys.readouterr().err == f"tocsin classify: {tmp_path}/absent.wav: no such sound file\n"

"""`tocsin detect`, as it is typed."""

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

RATE_HZ = 12_000
ONSETS_S = [[0.5, 1.1], [0.503, 1.103]]


def recording(folder: Path, name: str = "street.wav") -> str:
    """Two blasts in two channels."""
    time_s = np.arange(round(1.8 * RATE_HZ)) / RATE_HZ
    rows = []
    for k, onsets_s in enumerate(ONSETS_S):
        row = 1e-3 * np.random.default_rng(k).standard_normal(len(time_s))
        for onset_s in onsets_s:
            late = np.maximum(time_s - onset_s, 0.0) / 1e-3
            row += np.where(time_s >= onset_s, 0.3 * (1 - late) * np.exp(-late), 0.0)
        rows.append(row)
    path = folder / name
    soundfile.write(path, np.stack(rows, axis=1), RATE_HZ, subtype="FLOAT")
    return str(path)


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert tocsin.main(["detect", *arguments, "--format", "jsonl"]) == 0
    out, err = capsys.readouterr()
    assert all(line.endswith(" files") for line in err.splitlines())  # remarks on what recorders did, nothing else
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_is_what_the_format_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path)
    lines = lines_of(capsys, path)
    assert [list(line) for line in lines] == [["file", "channel", "onset_s", "snr_db"]] * 4
    assert {line["file"] for line in lines} == {path}
    for channel, onsets_s in enumerate(ONSETS_S):
        heard = [line["onset_s"] for line in lines if line["channel"] == channel]
        assert heard == pytest.approx(onsets_s, abs=1e-3)
    assert all(20.0 < line["snr_db"] < 60.0 for line in lines)


def test_what_recorders_did_to_the_sound_is_said_beside_the_impulses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = recording(tmp_path)
    sound, _ = soundfile.read(plain, dtype="float32")
    coded, clipped = str(tmp_path / "coded.wav"), str(tmp_path / "clipped.wav")
    padded = sound.copy()
    padded[18_000:20_000] = 0.0
    soundfile.write(coded, padded, RATE_HZ, subtype="ULAW")
    soundfile.write(clipped, np.clip(sound, -0.1, 0.1), RATE_HZ, subtype="FLOAT")
    assert tocsin.main(["detect", plain, coded, clipped]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) >= 12
    assert err.splitlines() == [
        "8-bit mu-law levels: 1 of 3 files",
        "clipped impulses: 1 of 3 files",
        "padding (runs of exact zeros): 1 of 3 files",
    ]


def test_a_minus_reads_paths_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [recording(tmp_path, name) for name in ("b.wav", "a b.flac.wav")]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(paths) + "\n"))
    lines = lines_of(capsys, "-")
    assert [line["file"] for line in lines] == [paths[0]] * 4 + [paths[1]] * 4


def test_many_files_over_all_cores_come_in_the_order_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path)
    silent = str(tmp_path / "silent.wav")
    soundfile.write(silent, np.zeros(2_000), RATE_HZ)
    one = lines_of(capsys, path)
    assert lines_of(capsys, *[silent, path] * 6) == one * 6
    assert lines_of(capsys, silent) == []


def test_the_table_has_a_head_and_a_line_an_impulse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path)
    assert tocsin.main(["detect", path]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "channel", "onset", "(s)", "snr", "(dB)"]
    assert [row.split()[0] for row in rows] == [path] * 4
    assert float(rows[0].split()[2]) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("command", ["detect", "classify"])
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("missing", "no such sound file"),
        ("cut", "cut short; its header promises 21600 samples"),
        ("empty", "holds no samples"),
        ("nan", "sample 9 is not a finite number"),
        ("text", "not a sound file that can be read"),
        ("slow", "4000 Hz; expected 8000 to 192000 Hz"),
    ],
)
def test_a_bad_file_is_exit_code_2_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, damage: str, sentence: str
) -> None:
    path = tmp_path / "bad.wav"
    if damage == "cut":
        path.write_bytes(Path(recording(tmp_path)).read_bytes()[:-999])
    elif damage == "text":
        path.write_text("hello, this is no sound" * 9)
    elif damage != "missing":
        sound = np.zeros(0 if damage == "empty" else 20)
        sound[9:10] = np.nan if damage == "nan" else 0.0
        soundfile.write(path, sound, 4_000 if damage == "slow" else RATE_HZ, subtype="FLOAT")
    for arguments in ([str(path)], [str(path), "--format", "jsonl"]):
        assert tocsin.main([command, *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"tocsin {command}: {path}: {sentence}")
        assert len(err.splitlines()) == 1


def test_a_bad_file_among_many_is_named_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path)
    bad = str(tmp_path / "bad.wav")
    Path(bad).write_bytes(b"RIFF")
    assert tocsin.main(["detect", *[path] * 5, bad, *[path] * 5, "--format", "jsonl"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"tocsin detect: {bad}: ")
    assert len(err.splitlines()) == 1


def test_no_file_at_all_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert tocsin.main(["detect", "-"]) == 2
    assert capsys.readouterr().err.startswith("tocsin detect: no sound file given")
    with pytest.raises(SystemExit) as caught:
        tocsin.main(["detect"])
    assert caught.value.code == 2

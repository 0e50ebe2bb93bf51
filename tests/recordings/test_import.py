"""Other people's recorders become a session: dated, joined, their clocks told by what all heard; or not, and why."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pymap3d import enu2geodetic

from arrays.session import read_session
from recordings.formats.bext import bext_of, encode_bext
from recordings.formats.copying import add_chunks
from recordings.replaying import replay
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write
from tests.recordings.test_sound_files import NINE_PM, comment
from tocsin import main

SPEED_MS = 340.3  # at 15 °C
S = 10**9
PLACES = [(0, 0, 5), (240, -20, 9), (250, 260, 4), (-20, 230, 7), (120, 330, 3), (-130, 90, 6), (370, 110, 8)]
SHOTS = [
    (60, 40, 1.5),
    (190, 200, 1.5),
    (30, 180, 1.5),
    (260, 60, 1.5),
    (120, 110, 1.5),
    (-60, 20, 1.5),
    (150, 290, 1.5),
]
FIRED_S = [1.1, 2.9, 6.9, 9.0, 13.6, 16.2, 17.5]
LENGTH_S = 20.0


def recorded(place: tuple[float, ...], seed: int) -> np.ndarray:
    """What a microphone at a place hears of the shots, mono."""
    sound = noise(LENGTH_S, seed=seed)
    for shot, fired_s in zip(SHOTS, FIRED_S, strict=True):
        metres = math.dist(place, shot)
        sound = with_bangs(sound, [round((fired_s + metres / SPEED_MS) * RATE_HZ)], 20.0 / max(metres, 20.0))
    return sound


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main(["import", *map(str, arguments)])
    return code, capsys.readouterr().err


def positions(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "positions.csv"
    names = sorted({name for row in rows for name in row})
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def minute(path: Path, seconds: float, *words: tuple[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(seconds).T, RATE_HZ, subtype="PCM_16")
    if words:
        add_chunks(path, words)
    return path


def test_phones_whose_clocks_nobody_set_give_a_session_that_locates_the_shots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One recorder knows the time, one has a clock that is minutes wrong, one's file has no date at all."""
    wrong_s = [0.0, 250.0, -31.0, None, 3000.0, 0.4, -7.7]
    rows = []
    for n, (place, off_s) in enumerate(zip(PLACES, wrong_s, strict=True)):
        path = tmp_path / "in" / f"phone-{n}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, recorded(place, n).T, RATE_HZ, subtype="PCM_16")
        if off_s is not None:
            add_chunks(path, [("bext", encode_bext(bext_of(NINE_PM + round(off_s * S), RATE_HZ)))])
        lat, lon, height = enu2geodetic(*place, 44.84, -0.58, 0.0)
        known = {"clock": "unknown"} if n else {"clock": "known", "time_sigma_s": 1e-4}
        rows.append({"file": path.name, "lat": lat, "lon": lon, "height": height, **known})
    table = positions(tmp_path, rows)
    code, said = run(capsys, tmp_path / "in", table, "--out", tmp_path / "out", "--temperature-c", 15, "--wind", 0, 0)
    assert code == 0, said
    session = read_session(tmp_path / "out")
    for one in session.nodes:
        wrong_ns = abs(one.start_ns - NINE_PM)
        assert wrong_ns < 4e9 * one.time_sigma_s, one.id
        assert one.time_sigma_s < 0.02
    assert "phone-4: starts at 2026-06-01T21:00:00.0" in said or "phone-4: starts at 2026-06-01T20:59:59.9" in said
    east, north, _ = np.array(PLACES[0]) - session.nodes[0].position
    found = [(shot.origin.x + east, shot.origin.y + north) for shot in replay(session, None)]
    near = [min(math.dist(at[:2], place) for place in found) for at in SHOTS]
    assert sorted(near)[5] < 5.0  # of seven shots


def test_files_of_a_minute_are_joined_and_what_is_between_them_is_a_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an AudioMoth writes them; the second of three is missing its last second."""
    for second, length in ((0, 2.0), (2, 1.0), (4, 2.0)):
        text = f"Recorded at 21:00:0{second} 01/06/2026 (UTC) by AudioMoth 24F319055FDF2205"
        minute(tmp_path / "in" / f"24F319055FDF2205_20260601_21000{second}.WAV", length, comment(text))
    table = positions(tmp_path, [{"file": "24F319055FDF2205", "node": "oak", "x": 1, "y": 2, "z": 3}])
    assert run(capsys, tmp_path / "in", table, "--out", tmp_path / "out", "--believe-clocks") == (0, "")
    (one,) = read_session(tmp_path / "out").nodes
    assert (one.id, one.position, one.start_ns, one.samples) == ("oak", (1.0, 2.0, 3.0), NINE_PM, 6 * RATE_HZ)
    assert one.gaps == ((3.0, 4.0),)
    assert one.time_sigma_s == 0.3
    sound, _ = soundfile.read(one.file)
    assert not sound[3 * RATE_HZ : 4 * RATE_HZ].any()
    assert np.array_equal(
        sound[4 * RATE_HZ :], soundfile.read(tmp_path / "in" / "24F319055FDF2205_20260601_210004.WAV")[0]
    )


def test_a_session_as_one_file_a_channel_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corners = [[0.0, 0.0, 0.0], [-0.1, 0.0, 0.0], [0.0, 0.1, 0.25]]
    nodes = [
        node("roof-1", microphones=corners, time_sigma_s=1e-5),
        node("roof-2", position={"x": 9.0, "y": 8.0, "z": 7.0}),
    ]
    made = write(tmp_path / "made", nodes)
    assert main(["convert", str(made), str(tmp_path / "files"), "--to", "channels"]) == 0
    assert len(list((tmp_path / "files").glob("*.wav"))) == 4
    code, said = run(capsys, tmp_path / "files", tmp_path / "files" / "positions.csv", "--out", tmp_path / "out")
    assert (code, said) == (0, "")
    for before, after in zip(read_session(made).nodes, read_session(tmp_path / "out").nodes, strict=True):
        assert (before.id, before.start_ns, before.time_sigma_s) == (after.id, after.start_ns, after.time_sigma_s)
        assert np.allclose(before.position + before.microphones, after.position + after.microphones, atol=1e-6)
        assert np.array_equal(soundfile.read(before.file)[0], soundfile.read(after.file)[0])


START = {"start": "2026-06-01T21:00:00Z"}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"file": "../a.wav", "x": 0, "y": 0}], "row 1: file is '../a.wav'; expected a file inside in"),
        ([{"file": "/etc/passwd", "x": 0, "y": 0}], "row 1: file is '/etc/passwd'; expected a file inside in"),
        ([{"file": "b.wav", "x": 0, "y": 0}], "row 1: file is 'b.wav'; in holds no sound file whose name begins so"),
        ([{"file": "a", "x": "here", "y": 0}], "row 1: x is 'here'; expected a number"),
        ([{"file": "a", "lat": 91, "lon": 0}], "row 1: lat, lon are 91.0, 0.0; expected degrees"),
        ([{"file": "a", "lat": 40, "lon": 0}, {"file": "c", "lat": 41, "lon": 0}], "row 2: the recorder is 1"),
        ([{"file": "a", "x": 0, "y": 0, "colour": 1}], "has the column 'colour'"),
        ([{"file": "a"}], "has no columns file and x, y or lat, lon"),
        ([{"file": "a", "x": 0, "y": 0, "clock": "?"}], "row 1: clock is '?'; expected known or unknown"),
        ([{"file": "a", "x": 0, "y": 0, "start": "today"}], "row 1: start is 'today'"),
        ([{"file": "a", "x": 0, "y": 0}, {"file": "a.wav", "x": 0, "y": 0}], "rows 1 and 2 both speak of a.wav"),
        ([{"file": "a", "x": 0, "y": 0}], "a.wav does not say when it starts"),
        ([{"file": "a", "x": 0, "y": 0, "clock": "unknown"}], "1 of 1 recorders agree"),
        ([{"file": "late", "x": 0, "y": 0}], "overlap by 1.000 s; expected one after another"),
        (
            [{"file": "a", "x": 0, "y": 0, "node": "m", **START}, {"file": "c", "x": 1, "y": 0, "node": "m", **START}],
            "do not",
        ),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[dict[str, object]], sentence: str
) -> None:
    minute(tmp_path / "in" / "a.wav", 1.0)
    minute(tmp_path / "in" / "c.wav", 2.0)
    minute(tmp_path / "in" / "late_20260601_210000.wav", 3.0)
    minute(tmp_path / "in" / "late_20260601_210002.wav", 3.0)
    code, said = run(capsys, tmp_path / "in", positions(tmp_path, rows), "--out", tmp_path / "out")
    assert code == 2
    assert sentence in said
    assert said.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "positions.csv"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    minute(tmp_path / "secret.wav", 1.0)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").symlink_to(tmp_path / "secret.wav")
    table = positions(tmp_path, [{"file": "a", "x": 0, "y": 0, **START}])
    code, said = run(capsys, tmp_path / "in", table, "--out", tmp_path / "out")
    assert (code, "in holds no sound file" in said) == (2, True)


def test_a_node_keeps_inside_its_folder_whatever_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    minute(tmp_path / "in" / "a.wav", 1.0)
    table = positions(tmp_path, [{"file": "a", "node": "../../up", "x": 0, "y": 0, **START}])
    assert run(capsys, tmp_path / "in", table, "--out", tmp_path / "deep" / "out")[0] == 0
    told = json.loads((tmp_path / "deep" / "out" / "session.json").read_text())
    assert told["nodes"][0]["id"] == "../../up"
    assert sorted(p.name for p in (tmp_path / "deep").rglob("*")) == ["_.._up.wav", "out", "session.json"]

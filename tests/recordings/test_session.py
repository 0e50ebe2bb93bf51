"""A session is read as it is meant, and refused in one sentence where it is not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from acoustic.errors import InputError
from arrays.session import read_session
from tests.arrays.sessions import RATE_HZ, node, noise, write


def test_a_full_session_is_read(tmp_path: Path) -> None:
    corners = [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1]]
    full = node(
        start="2018-12-19T00:49:26.123456789Z",
        microphones=corners,
        sample_rate_hz=48000,
        time_sigma_s=1e-5,
        gaps=[[0.2, 0.3], [0.9, 5.0]],
    )
    folder = write(
        tmp_path,
        [full, node("roof-2")],
        air={"temperature_c": 0.0, "wind_east_ms": 1.0, "wind_north_ms": 0.0, "speed_of_sound_ms": 331.3},
        origin={"lat": 44.84, "lon": -0.58, "height_m": 20.0},
    )
    session = read_session(folder)
    first, second = session.nodes
    assert (session.id, session.air.speed_ms, session.origin and session.origin.lat) == ("test", 331.3, 44.84)
    assert first.start_ns == 1545180566_123456789
    assert first.position == (1.0, 2.0, 3.0)
    assert np.array_equal(first.microphones, np.array(corners))
    assert (first.rate_hz, first.samples, first.time_sigma_s) == (48_000.0, 48_000, 1e-5)
    assert first.gaps == ((0.2, 0.3), (0.9, 1.0))
    assert np.array_equal(second.microphones, np.zeros((1, 3)))
    assert session.node("roof-2") is second


def test_only_four_fields_of_a_node_are_needed(tmp_path: Path) -> None:
    folder = write(tmp_path)
    raw = json.loads((folder / "session.json").read_text())
    del raw["version"]
    (folder / "session.json").write_text(json.dumps(raw))
    session = read_session(folder)
    assert session.origin is None
    assert session.nodes[0].gaps == ()


BAD_NODES: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, r"nodes\[0\].id is empty"),
    ({"id": 5}, r"nodes\[0\].id: Expected str, got int"),
    ({"position": {"x": 1.0, "y": 2.0}}, r"nodes\[0\].position: missing required field z"),
    ({"position": {"x": 1.0, "y": 2.0, "z": math.nan}}, r"nodes\[0\].position.z is nan; expected a finite number"),
    ({"position": {"x": 1.0, "y": math.inf, "z": 0.0}}, r"nodes\[0\].position.y is inf; expected a finite number"),
    ({"position": {"x": 1e9, "y": 0.0, "z": 0.0}}, r"nodes\[0\].position is .* expected metres within"),
    ({"position": {"x": "1", "y": 2.0, "z": 0.0}}, r"nodes\[0\].position.x: Expected float, got str"),
    ({"start": "yesterday"}, r"nodes\[0\].start is 'yesterday'; expected a time like 2018-12-19T00:49:26.000Z"),
    ({"start": "1900-01-01T00:00:00Z"}, r"nodes\[0\].start is '1900-01-01T00:00:00Z'; expected a time from 1970 to"),
    ({"start": "9999-12-31T23:59:59Z"}, r"nodes\[0\].start is '9999-12-31T23:59:59Z'; expected a time from 1970 to"),
    ({"start": "2018-13-40T00:00:00Z"}, r"nodes\[0\].start is '2018-13-40"),
    ({"file": "absent/none.wav"}, r"nodes\[0\].file .*none.wav does not exist"),
    ({"file": "../secret.wav"}, r"nodes\[0\].file is '../secret.wav'; expected a file inside the session's folder"),
    ({"sample_rate_hz": 44100}, r"nodes\[0\].sample_rate_hz is 44100; roof-1.wav has 48000 Hz"),
    ({"microphones": [[0.0, 0.0, 0.0]] * 2}, r"nodes\[0\].microphones has 2 entries; expected 1, one a channel"),
    ({"microphones": [[0.0, 0.0]]}, r"nodes\[0\].microphones\[0\]: Expected array of length 3, got 2"),
    ({"microphones": [[0.0, 0.0, 1e5]]}, r"nodes\[0\].microphones\[0\] is"),
    ({"time_sigma_s": -1.0}, r"nodes\[0\].time_sigma_s is -1.0; expected 0 to 3600 seconds"),
    ({"gaps": [[0.5, 0.2]]}, r"nodes\[0\].gaps\[0\] is \[0.5, 0.2\]; expected start and end in seconds, in order"),
    ({"gaps": [[0.1, 0.4], [0.3, 0.5]]}, r"nodes\[0\].gaps\[1\]"),
    ({"microphone": []}, r"nodes\[0\]: there is an unknown field microphone"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_NODES)
def test_a_wrong_field_of_a_node_is_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    folder = write(tmp_path)
    (folder / "session.json").write_text(json.dumps({"id": "test", "nodes": [node(**change)]}))
    with pytest.raises(InputError, match=r"session\.json: " + sentence) as refused:
        read_session(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("field", ["id", "position", "file", "start"])
def test_a_missing_field_of_a_node_is_named(tmp_path: Path, field: str) -> None:
    folder = write(tmp_path)
    bare = node()
    del bare[field]
    (folder / "session.json").write_text(json.dumps({"id": "test", "nodes": [bare]}))
    with pytest.raises(InputError, match=rf"nodes\[0\]: missing required field {field}"):
        read_session(folder)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "Expected object, got array"),
        ('{"id": "a"}', "missing required field nodes"),
        ('{"nodes": []}', "missing required field id"),
        ('{"id": "a", "nodes": []}', "nodes is empty; expected at least one"),
        ('{"id": "", "nodes": []}', "id is empty; expected a name"),
        ('{"id": "a", "nodes": [], "version": 2}', "version is 2; this program reads version 1"),
        ('{"id": "a", "nodes": [], "air": {"speed_of_sound_ms": -340}}', "air.speed_of_sound_ms is -340"),
        ('{"id": "a", "nodes": [], "air": {"temperature_c": NaN}}', "air.temperature_c is nan"),
        ('{"id": "a", "nodes": [], "air": {"temperature": 5}}', "air: there is an unknown field temperature"),
        ('{"id": "a", "nodes": [], "origin": {"lat": 95, "lon": 0}}', "origin is 95.0, 0.0; expected a latitude"),
        ("[" * 100_000, "is nested too deeply|is not JSON"),
    ],
)
def test_a_wrong_session_is_refused_with_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "session.json").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_session(tmp_path)


def test_two_nodes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nodes\[1\].id is 'roof-1' again; expected each id once"):
        read_session(write(tmp_path, [node(), node()]))


def test_a_folder_without_session_and_a_file_that_is_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"session\.json cannot be read: No such file"):
        read_session(tmp_path)
    (tmp_path / "session.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_session(tmp_path)


def test_a_sound_file_that_is_missing_cut_short_empty_or_no_sound_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    wav = folder / "roof-1.wav"
    whole = wav.read_bytes()
    wav.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is cut short: its header promises 48000 samples, it has 2"):
        read_session(folder)
    wav.write_bytes(whole[:20])
    with pytest.raises(InputError, match=r"nodes\[0\].file .*roof-1.wav is not a sound file that can be read"):
        read_session(folder)
    soundfile.write(wav, np.zeros((0, 1)), RATE_HZ)
    with pytest.raises(InputError, match=r"roof-1\.wav is empty; expected sound"):
        read_session(folder)
    soundfile.write(wav, noise(1.0).T, 4_000)
    with pytest.raises(InputError, match="has 4000 Hz; expected 8000 to 192000 Hz"):
        read_session(folder)
    wav.unlink()
    with pytest.raises(InputError, match=r"roof-1\.wav does not exist; expected a sound file"):
        read_session(folder)

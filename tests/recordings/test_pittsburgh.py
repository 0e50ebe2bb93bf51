"""The Pittsburgh folders: places from the pulses, never from the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from acoustic.errors import InputError
from recordings.formats.pittsburgh import is_test, read_test

AUDIO: dict[str, Any] = {
    "serial_number": "SCP-1",
    "timestamp": "2018-12-19T01:29:56.000Z",
    "location": {"x": 1.0, "y": 2.0, "z": 3.0},
    "license": "CC BY 4.0",
}


def made(folder: Path, **changes: Any) -> Path:
    """A test folder of one sensor."""
    folder.mkdir(exist_ok=True)
    (folder / "test_1.audio.SCP-1.json").write_text(json.dumps({**AUDIO, **changes}))
    sound = 0.001 * np.random.default_rng(1).standard_normal(12_000)
    soundfile.write(folder / "test_1.audio.SCP-1.wav", sound, 12_000)
    weather = {"temperature": -1.1, "speed": 2.0, "direction": 90.0}
    (folder / "test_1.weather.json").write_text(json.dumps(weather))
    (folder / "test_1.survey.json").write_text("never read")
    (folder / "test_1.nlos-tuples.json").write_text("never read")
    return folder


def pulses(folder: Path, xs: list[float]) -> None:
    entries = [{"serial_number": "SCP-1", "location": {"x": x, "y": 0.0, "z": 5.0}} for x in xs]
    (folder / "test_1.allpulses.json").write_text(json.dumps(entries))


def test_a_sensor_stands_at_the_median_of_its_pulses(tmp_path: Path) -> None:
    folder = made(tmp_path / "test_1")
    assert is_test(folder)
    assert read_test(folder).nodes[0].position == (1.0, 2.0, 3.0)
    pulses(folder, [10.0, 11.0, 99.0])
    session = read_test(folder)
    assert session.nodes[0].position == (11.0, 0.0, 5.0)
    assert (session.id, session.nodes[0].id, session.nodes[0].rate_hz) == ("test_1", "SCP-1", 12_000.0)


def test_wind_from_the_east_blows_to_the_west(tmp_path: Path) -> None:
    air = read_test(made(tmp_path / "test_1")).air
    assert air.temperature_c == -1.1
    assert air.wind_east_ms == pytest.approx(-2.0)
    assert air.wind_north_ms == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"timestamp": "noon"}, r"SCP-1\.json: timestamp: 'noon' is not an instant"),
        ({"location": {"x": 1.0, "y": 2.0}}, r"SCP-1\.json: location: missing required field z"),
        ({"serial_number": None}, r"SCP-1\.json: serial_number: Expected str, got null"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_test(made(tmp_path / "test_1", **change))


def test_a_missing_sound_file_and_a_folder_of_nothing_are_named(tmp_path: Path) -> None:
    assert not is_test(tmp_path)
    with pytest.raises(InputError, match=r"holds no \*\.audio\.\*\.json"):
        read_test(tmp_path)
    folder = made(tmp_path / "test_1")
    (folder / "test_1.audio.SCP-1.wav").unlink()
    with pytest.raises(InputError, match=r"SCP-1\.wav does not exist"):
        read_test(folder)


def test_every_real_test_is_read(shared: Path) -> None:
    folders = sorted((shared / "pittsburgh").glob("FP*/test_*"))
    assert len(folders) == 90
    sessions = [read_test(folder) for folder in folders]
    assert sum(len(s.nodes) for s in sessions) == 425
    assert {n.rate_hz for s in sessions for n in s.nodes} == {12_000.0}

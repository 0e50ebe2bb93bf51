"""Sound files: read as they are, or refused in one sentence that names the file."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from acoustic.errors import InputError
from recordings.sounds import for_each_file, paths_given, read_sound, table


def noise(count: int, channels: int = 1) -> NDArray[np.float64]:
    return 0.1 * np.random.default_rng(1).standard_normal((count, channels))


def written(
    folder: Path, name: str = "a.wav", channels: int = 1, rate_hz: int = 12_000, subtype: str = "FLOAT"
) -> Path:
    path = folder / name
    soundfile.write(path, noise(6_000, channels), rate_hz, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype", "close"),
    [
        ("a.wav", "FLOAT", 1e-7),
        ("a.wav", "DOUBLE", 1e-7),
        ("a.wav", "PCM_16", 1e-4),
        ("a.wav", "PCM_24", 1e-6),
        ("a.wav", "PCM_32", 1e-7),
        ("a.wav", "PCM_U8", 1e-2),
        ("a.wav", "ULAW", 2e-2),
        ("a.flac", "PCM_16", 1e-4),
        ("a.flac", "PCM_24", 1e-6),
    ],
)
def test_every_common_kind_is_read_as_it_was_written(tmp_path: Path, name: str, subtype: str, close: float) -> None:
    sound = read_sound(written(tmp_path, name, channels=3, rate_hz=44_100, subtype=subtype))
    assert sound.samples.shape == (3, 6_000)
    assert sound.samples.dtype == np.float32
    assert sound.rate_hz == 44_100.0
    np.testing.assert_allclose(sound.samples, noise(6_000, 3).T, atol=close)
    with pytest.raises(ValueError, match="read-only"):
        sound.samples[0, 0] = 1.0


def refused(path: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        read_sound(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent.wav") == "no such sound file"
    assert refused(tmp_path) == "no such sound file"
    assert refused("") == "no such sound file"


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"not a sound at all" * 50, b"RIFF\x00\x00\x00\x00WAVE", bytes(1000)]
)
def test_what_is_no_sound_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert refused(path).startswith("not a sound file that can be read (")


@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_16", "PCM_24", "ULAW"])
@pytest.mark.parametrize("lost", [1, 4_000])
def test_a_wav_cut_short_is_not_taken_for_a_short_one(tmp_path: Path, subtype: str, lost: int) -> None:
    path = written(tmp_path, channels=2, subtype=subtype)
    path.write_bytes(path.read_bytes()[:-lost])
    assert refused(path).startswith("cut short; its header promises 6000 samples, ")


def test_a_flac_cut_short_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "a.flac", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-3_000])
    assert refused(path)


def test_a_wav_without_samples_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((0, 1)), 12_000)
    assert refused(path) == "holds no samples"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_found(tmp_path: Path, value: float) -> None:
    samples = noise(100, 2)
    samples[57, 1] = value
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, 12_000, subtype="FLOAT")
    assert refused(path) == "sample 57 is not a finite number"


@pytest.mark.parametrize("rate_hz", [4_000, 400_000])
def test_a_rate_that_is_not_served_is_said(tmp_path: Path, rate_hz: int) -> None:
    assert refused(written(tmp_path, rate_hz=rate_hz)) == f"{rate_hz:g} Hz; expected 8000 to 192000 Hz"


def test_a_wav_written_to_a_pipe_states_no_length_and_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(data)
    assert read_sound(path).samples.shape == (1, 6_000)


def test_odd_chunks_before_the_samples_are_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, subtype="PCM_16")
    data = path.read_bytes()
    at = data.index(b"data")
    note = b"note" + struct.pack("<I", 3) + b"abc\0"
    whole = data[:at] + note + data[at:]
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    assert read_sound(path).samples.shape == (1, 6_000)
    path.write_bytes(path.read_bytes()[:-500])
    assert refused(path).startswith("cut short")


def test_a_minus_stands_for_the_lines_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("b.wav\n\n  \nc d.wav\r\n"))
    assert paths_given(["a.wav", "-", "e.wav"]) == ["a.wav", "b.wav", "c d.wav", "e.wav"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(InputError, match="no sound file given"):
        paths_given(["-"])


def test_many_files_are_answered_in_order() -> None:
    names = [f"{n}.wav" for n in range(40)]
    assert list(for_each_file(str.upper, names)) == [name.upper() for name in names]
    assert list(for_each_file(str.upper, [])) == []


def test_a_table_lines_up() -> None:
    lines = list(table([("a", "1.5"), ("long name", "12.25")], ("file", "value")))
    assert lines == ["file       value", "a            1.5", "long name  12.25"]
    assert list(table([], ("file", "value"))) == ["file  value"]

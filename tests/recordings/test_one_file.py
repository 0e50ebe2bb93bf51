"""One sound file replayed: what a node would have told of it, in memory that does not grow with its length."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from acoustic.errors import InputError
from recordings.one_file import session_of
from recordings.replaying import parts, replay_all
from tests.arrays.nodes import ENVIRONMENT
from tests.arrays.sessions import RATE_HZ
from tests.recordings.test_labelling import BANGS_S, street
from tocsin import main

SLOW_HZ = 12_000


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    assert main(["replay", *map(str, arguments), "--format", "jsonl"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def sparse(path: Path, seconds: int, bangs_s: tuple[int, ...] = ()) -> Path:
    """A recording that takes no room on the disk: silence, but for some noise with a bang in it."""
    size = 2 * seconds * SLOW_HZ
    sizes = (-1, -1) if size > 2**32 - 100 else (36 + size, size)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SLOW_HZ, 2 * SLOW_HZ, 2, 16)
    long = struct.pack("<4sIQQQI", b"ds64", 28, size + 72, size, size // 2, 0) if sizes[0] < 0 else b""
    head = struct.pack("<4sI4s", b"RF64" if long else b"RIFF", sizes[0] & 0xFFFFFFFF, b"WAVE") + long + form
    head += struct.pack("<4sI", b"data", sizes[1] & 0xFFFFFFFF)
    draw = np.random.default_rng(3)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
        for at in bangs_s:
            sound = 30.0 * draw.standard_normal(10 * SLOW_HZ)
            sound[5 * SLOW_HZ :][:600] += 8000.0 * draw.standard_normal(600) * np.exp(-np.arange(600) / 60)
            file.seek(len(head) + 2 * (at - 5) * SLOW_HZ)
            file.write(sound.astype("<i2").tobytes())
    return path


def test_what_is_heard_is_told_with_its_time_where_the_file_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    untold, named = street(tmp_path / "street.wav"), street(tmp_path / "20260601_210000.wav")
    heard = told(capsys, untold, named)
    assert [one["file"] for one in heard] == [str(untold)] * 3 + [str(named)] * 3
    for some in (heard[:3], heard[3:]):
        assert [one["onset_s"] for one in some] == pytest.approx(BANGS_S, abs=1e-3)
        assert {"label", "gunshot", "snr_db", "method"} <= some[0].keys()
    assert "time" not in heard[0]
    start_s = datetime(2026, 6, 1, 21, tzinfo=UTC).timestamp()
    assert [one["time"] - start_s for one in heard[3:]] == pytest.approx(BANGS_S, abs=1e-3)
    assert heard[3]["sigma_s"] == pytest.approx(0.3, abs=1e-3), "its name tells whole seconds"
    assert main(["replay", str(named)]) == 0
    assert "2026-06-01 21:00:01." in capsys.readouterr().out


def test_one_core_or_two_give_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sparse(tmp_path / "long.wav", 1200, (200, 450, 899, 1100))
    one, two = (told(capsys, path, "--workers", workers) for workers in ("1", "2"))
    assert one == two
    assert [x["onset_s"] for x in one] == pytest.approx([200, 450, 899, 1100], abs=2e-3)


REPLAYS = """
import re, sys
from pathlib import Path
from tocsin import main
assert main(["replay", sys.argv[1], "--workers", "1"]) == 0
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_memory_stays_flat_for_hours(tmp_path: Path) -> None:
    """Two hours of sound are 346 MB as they are read; a day was measured by hand: 84 MB."""
    path = sparse(tmp_path / "hours.wav", 7200, (100, 7000))
    line = [sys.executable, "-c", REPLAYS, str(path)]
    done = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=200)
    *table, peak_kb = done.stdout.splitlines()
    assert len(table) == 3
    assert int(peak_kb) < 150_000


def test_twenty_gigabytes_are_begun_at_once(tmp_path: Path) -> None:
    path = sparse(tmp_path / "huge.wav", 20 * 2**30 // (2 * SLOW_HZ), (100,))
    assert path.stat().st_size > 20e9
    session = session_of(path)
    assert len(parts(session)) == round(session.nodes[0].samples / SLOW_HZ / 300)
    some = replay_all([path], None, 1, keep=True, read=session_of)
    first = next(some)
    some.close()
    assert [h.arrival.time_ns * 1e-9 for h in first.heard] == pytest.approx([100.0], abs=2e-3)


def test_a_file_that_grows_is_heard_as_far_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    path = sparse(tmp_path / "growing.wav", 900, (100, 700))
    some = replay_all([path], None, 1, keep=True, read=session_of)
    heard = list(next(some).heard)
    with path.open("ab") as file:
        file.write(os.urandom(2 * 60 * SLOW_HZ))
    heard += [one for part in some for one in part.heard]
    assert [h.arrival.time_ns * 1e-9 for h in heard] == pytest.approx([100.0, 700.0], abs=2e-3)


def test_a_file_that_shrinks_is_one_sentence(tmp_path: Path) -> None:
    path = sparse(tmp_path / "cut.wav", 900, (100,))
    some = replay_all([path], None, 1, read=session_of)
    next(some)
    os.truncate(path, 10 * SLOW_HZ)
    with pytest.raises(InputError, match=r"cut\.wav"):
        list(some)


def test_a_file_from_the_future_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "20990207_062816.wav"
    soundfile.write(path, np.zeros(RATE_HZ), RATE_HZ, subtype="PCM_16")
    assert main(["replay", str(path)]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r"tocsin replay: file .*20990207_062816\.wav starts at .*, which is in the future; .*\n", said)


@pytest.mark.parametrize(
    "more", [["--format", "geojson"], ["--evidence", "e"], ["--against", "a.jsonl"], ["FOLDER"]], ids=lambda m: m[0]
)
def test_what_needs_a_place_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    path = street(tmp_path / "street.wav")
    assert main(["replay", str(path), *(str(tmp_path) if word == "FOLDER" else word for word in more)]) == 2
    assert "street.wav is a file, which has no place: it goes with --format table or jsonl" in capsys.readouterr().err

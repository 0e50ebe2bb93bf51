"""A long session is replayed in parts: the same answers as whole, on any number of cores, in the same memory."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

import recordings.replaying
from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.session import Session, read_session
from recordings import models
from recordings.cores import spread
from recordings.replaying import parts, replay, replay_all
from tests.arrays.nodes import ENVIRONMENT, tocsin
from tests.arrays.sessions import bang, node, write

RATE_HZ = 12_000
SPEED_MS = 340.0
PLACES = [(0.0, 0.0, 10.0), (300.0, 0.0, 12.0), (0.0, 280.0, 8.0), (310.0, 290.0, 15.0), (150.0, 160.0, 11.0)]
MODEL = Model.from_bytes(models.default())


def street(folder: Path, seconds: float, every_s: float, name: str = "street") -> Path:
    """Five nodes that hear a bang from somewhere every so often, strangers between them, one file late by a second."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(5)
    times = np.arange(every_s / 2, seconds - 3.0, every_s) + draw.uniform(
        -0.4, 0.4, math.ceil((seconds - 3.0) / every_s - 0.5)
    )
    shots = [(*draw.uniform(30.0, 270.0, 2), 1.5) for _ in times]
    nodes = []
    for number, place in enumerate(PLACES):
        late_s = float(number == 2)
        sound = 0.001 * draw.standard_normal(round((seconds - late_s) * RATE_HZ))
        at = [
            (t + math.dist(place, s) / SPEED_MS, 30.0 / math.dist(place, s)) for t, s in zip(times, shots, strict=True)
        ]
        at += [(t, 0.05) for t in draw.uniform(0.5, seconds - 2.0, round(seconds / 4))]  # strangers
        for second, level in at:
            first = round((second - late_s) * RATE_HZ)
            if first >= 0:
                wave = level * bang(RATE_HZ)[: len(sound) - first]
                sound[first : first + len(wave)] += wave
        soundfile.write(folder / f"n{number}.wav", sound, RATE_HZ, subtype="PCM_16")
        x, y, z = place
        start = f"2026-06-01T21:00:0{number == 2:d}.000Z"
        nodes.append(node(f"n{number}", position={"x": x, "y": y, "z": z}, start=start))
    return write(folder, nodes, id=name, air={"speed_of_sound_ms": SPEED_MS})


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return read_session(street(tmp_path_factory.mktemp("parts") / "street", 100.0, 3.3))


def test_parts_cover_a_session_once_and_depend_on_it_alone(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(parts(session)) == 1  # a short session is one part
    monkeypatch.setattr(recordings.replaying, "PART_S", 20.0)
    found = parts(session)
    assert len(found) == 5
    assert found[0].begin_ns is None
    assert found[-1].end_ns is None
    assert all(a.end_ns == b.begin_ns for a, b in pairwise(found))
    assert sum(p.sensor_seconds for p in found) == pytest.approx(499.0)


def test_a_session_in_parts_gives_what_it_gives_whole(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings.replaying, "PART_S", 1000.0)
    whole = replay(session, MODEL)
    assert len(whole) > 20
    monkeypatch.setattr(recordings.replaying, "PART_S", 20.0)
    in_parts = replay(session, MODEL)
    assert len(in_parts) == len(whole)
    for one, other in zip(in_parts, whole, strict=True):
        a, b = one.origin, other.origin
        assert math.dist((a.x, a.y, a.z), (b.x, b.y, b.z)) < 1e-5  # DESIGN allows 1 mm between platforms; here is one
        assert abs(a.time_ns - b.time_ns) < 1_000
        assert a.ellipse.semi_major_m == pytest.approx(b.ellipse.semi_major_m, abs=1e-6)
        assert one.verdict.probabilities == pytest.approx(other.verdict.probabilities, abs=1e-9)
    ids = [a.id for shot in in_parts for a in shot.arrivals]
    assert len(set(ids)) == len(ids)


def test_parts_on_one_core_or_three_are_the_same(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings.replaying, "PART_S", 20.0)
    folder = session.nodes[0].file.parent
    one, three = (list(replay_all([folder], MODEL, workers)) for workers in (1, 3))
    assert [r.part.number for r in one] == [0, 1, 2, 3, 4]
    assert [r.shots for r in one] == [r.shots for r in three]


REPLAYS = """
import re, sys
from pathlib import Path
from recordings.replaying import read_any, replay
replay(read_any(Path(sys.argv[1])), None)
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path: Path) -> None:
    minute = (0.001 * np.random.default_rng(1).standard_normal(60 * RATE_HZ)).astype(np.float32)
    for second in range(5, 60, 10):
        minute[second * RATE_HZ :][: len(bang(RATE_HZ))] += bang(RATE_HZ)
    used = []
    for minutes in (8, 24):
        folder = tmp_path / str(minutes)
        folder.mkdir()
        soundfile.write(folder / "roof-1.wav", np.tile(minute, minutes), RATE_HZ, subtype="PCM_16")
        line = [sys.executable, "-c", REPLAYS, str(write(folder))]
        done = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, check=True, timeout=120)
        used.append(int(done.stdout))
    assert used[1] < used[0] + 8_000  # kB; 16 minutes more of sound are 46,000 as it is read


def test_interrupting_leaves_whole_lines_says_how_far_it_came_and_ends_every_process(tmp_path: Path) -> None:
    for number in range(12):
        street(tmp_path / f"s{number:02}", 20.0, 3.0, f"session {number}")
    line = tocsin("replay", tmp_path, "--format", "jsonl", "--all", "--workers", "2")
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        lines = [first, *running.stdout]
        told = running.stderr.read()
    assert running.returncode == 130
    shots = [json.loads(one) for one in lines]
    said_so = re.fullmatch(r"tocsin replay: interrupted; printed is all of the first (\d+) of 12 sessions\n", told)
    assert said_so, told
    assert {s["session"] for s in shots} == {f"session {n}" for n in range(int(said_so[1]))}
    assert 1 <= int(said_so[1]) < 12
    deadline = time.monotonic() + 10.0
    while members(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert members(running.pid) == []


def members(group: int) -> list[str]:
    """The processes of a session that is `group`'s own."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(group)], capture_output=True, text=True)
    return [row for row in listed.stdout.splitlines() if "Z" not in row]


def test_tasks_are_taken_as_they_are_needed_and_answered_in_order() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    answers = spread(abs, tasks(), workers=2)
    assert [next(answers) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) < 20
    answers.close()
    assert list(spread(abs, [-3], workers=2)) == [3]
    assert list(spread(abs, [], workers=2)) == []


def test_a_session_that_cannot_be_read_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    street(tmp_path / "a", 10.0, 3.0)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "session.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        list(replay_all([tmp_path / "a", tmp_path / "b"], None, 2))

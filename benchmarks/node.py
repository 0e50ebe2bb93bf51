"""How much of one core does a node need, how much memory over hours, and how long does a shot wait in it?

Sound is four channels of 48 kHz: noise, and bangs from all around at the array of the bearing's benchmark. `ours`: its
whole pipeline (detection, class, bearing) in blocks as they come live, on one core. The rest is whole node processes
at an HTTPS server, all on this machine: hours of such sound played as fast as they can be heard, and a minute live.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.classify import Model
from arrays.capture import Block
from arrays.capture.files import LIVE_BLOCK_S
from arrays.pipeline import Heard, Pipeline
from arrays.running import read_model
from arrays.timebase import Timebase
from benchmarks._shots import MICROPHONES
from benchmarks.timing import seconds
from tests.arrays import nodes, sessions
from tests.arrays.https_server import https_server

RATE_HZ, SECONDS, HOURS, SPEED_MS = 48_000, 60, 8, 340.3
FEW, LIVE, MANY = 10, 60, 600  # impulses a minute
START_S = 5.0  # for a node to start, before its sound begins


def street(impulses: int, seconds: float = SECONDS) -> NDArray[np.float32]:
    """(4, n) of noise with so many bangs, each from another direction."""
    sound = sessions.noise(seconds, len(MICROPHONES))
    wave = sessions.bang()
    for number in range(impulses):
        azimuth = 2.4 * number
        towards = np.array([np.sin(azimuth), np.cos(azimuth), 0.0])
        at = round((number + 0.5) / impulses * (seconds - 0.1) * RATE_HZ)
        for channel, lead in enumerate(np.round(MICROPHONES @ towards / SPEED_MS * RATE_HZ).astype(int)):
            sound[channel, at - lead :][: len(wave)] += 0.2 * wave
    return sound


def run() -> dict[str, Any]:
    """One entry of benchmarks/results.json; ours is × real time on one core."""
    model = read_model("")
    few, many, none = street(FEW), street(MANY), street(0)
    few_s, many_s, none_s = seconds(
        lambda: heard(few, model), lambda: heard(many, model), lambda: heard(none, model), rounds=5
    )
    curve = memory()
    waits_ms = waits()
    hours, used_mb = np.array(curve[2:]).T  # the first hour is the start's
    return {
        "ours": round(SECONDS / few_s),
        "unit": "x real time, four channels of 48 kHz, 10 impulses a minute",
        "peer": "real time",
        "peer_value": 1,
        "ratio": round(SECONDS / few_s),
        "memory_mb": max(mb for _, mb in curve),
        "p95_ms": round(float(np.quantile(waits_ms, 0.95)), 1),
        "quality": {
            "impulses_heard": [heard(few, model), heard(many, model)],
            "without_impulses_x_real_time": round(SECONDS / none_s),
            "core_at_600_a_minute": round(many_s / SECONDS, 4),
            "memory_grows_mb_an_hour": round(float(np.polyfit(hours, used_mb, 1)[0]), 2),
            "memory_curve_h_mb": curve,
            "sound_wanted_ms": round(1e3 * max(sound_wanted_s(street(LIVE)))),
            "p50_ms": round(float(np.median(waits_ms)), 1),
            "shots_waited_for": len(waits_ms),
        },
    }


def sound_wanted_s(sound: NDArray[np.float32]) -> list[float]:
    """How long after each onset the block ends that completes its arrival, the detector's wait for echoes included."""
    return [(end - one.onset_sample) / RATE_HZ for end, one in _arrivals(sound, None)]


def heard(sound: NDArray[np.float32], model: Model) -> int:
    """How many arrivals a pipeline makes of a minute, in blocks as a sound card gives them."""
    return sum(1 for _ in _arrivals(sound, model))


def _arrivals(sound: NDArray[np.float32], model: Model | None) -> Iterator[tuple[int, Heard]]:
    """Each with the sample before which it is complete."""
    timebase = Timebase(0, 0, RATE_HZ, 1e-5)
    pipeline = Pipeline("roof-1", (0.0, 0.0, 0.0), MICROPHONES, RATE_HZ, timebase, model, Air())
    size = round(LIVE_BLOCK_S * RATE_HZ)
    for index in range(0, sound.shape[1], size):
        for one in pipeline.push(Block(index, sound[:, index : index + size])):
            yield index + size, one


def memory() -> list[tuple[float, float]]:
    """Resident memory of a whole node, MB, at each half hour of the sound that it has heard."""
    with listening(None) as (path, _):
        np.save(piece := path.with_name("piece.npy"), street(1, SECONDS / FEW))
        line = [sys.executable, "-m", "benchmarks._hours", str(path), str(piece), str(HOURS)]
        done = subprocess.run(line, capture_output=True, text=True, env=nodes.ENVIRONMENT, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(float(hour), float(mb)) for hour, mb in rows]


def waits() -> list[float]:
    """From the last sample that a node wants of an impulse to its report at the server, ms; it hears a minute live."""
    wants_s = sound_wanted_s(street(LIVE))
    with listening(time.time() + START_S) as (path, centre):
        done = subprocess.run(nodes.tocsin("node", path), capture_output=True, env=nodes.ENVIRONMENT, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
    return [
        1e3 * (centre.received_s[report.sequence] - arrival.time_ns * 1e-9 - wants_s[arrival.number - 1])
        for report in centre.reports()
        for arrival in report.arrivals
    ]


@contextmanager
def listening(start_s: float | None) -> Iterator[tuple[Path, nodes.Centre]]:
    """The settings of an enrolled node, and its centre. It hears a minute of bangs, live where it is told from when."""
    with tempfile.TemporaryDirectory() as place, https_server(Path(place)) as server:
        centre, folder = nodes.Centre(server), Path(place)
        (folder / "scene").mkdir()
        soundfile.write(folder / "scene" / "roof-1.wav", street(LIVE).T, RATE_HZ, subtype="PCM_16")
        sessions.write(folder / "scene", [sessions.node(microphones=MICROPHONES.tolist())])
        path = nodes.settings(folder, start_s, microphones=MICROPHONES.tolist())
        nodes.enrolled(centre, path)
        yield path, centre

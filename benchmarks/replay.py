"""How fast recordings are replayed on all cores, from files to located shots, in sensor-seconds a second.

Four nodes stand on a square; shots fall between them, each node hears strangers besides: `PER_MINUTE` impulses a
node, a lively street. `ours` is 12 kHz mono; `quality` has 48 kHz, and the Pittsburgh recordings (40 impulses a minute,
ten seconds a session) where they are. The peer does less: librosa loads the same files, and no more. The floor is
reading and detection alone, on one core. Wall-clock time; `cpu` says what one core does in a second of its own.

OpenSoundscape localises the same 12 kHz session in `quality`, on all cores; it is told when each shot was fired, and
looks at these seconds only. Errors are to the true places, of shots that each found.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from acoustic.air import Air
from acoustic.classify import Model
from acoustic.impulses import Detector
from arrays.capture import Gap
from arrays.capture.files import SessionFile
from arrays.geometry import offsets
from arrays.session import Session, SessionNode, make_session
from benchmarks._opensoundscape import located, nearest_m
from benchmarks._shared import PITTSBURGH, POSITIONS
from recordings import models
from recordings.cores import cores, spread
from recordings.method import Settings
from recordings.replaying import Replayed, parts, read_any, replay_part, sessions_in
from recordings.simulation import impulse

SIDE_M, SPEED_MS, START_NS = 300.0, 340.0, 1_750_000_000 * 10**9
PER_MINUTE, SHOTS_PER_MINUTE, ROUNDS = 12, 2, 3
SHOT, STRANGER = "gunshot", "slam"
BEFORE_S, AROUND_S = 0.2, 3.0  # of a shot, what the peer is shown
EARLY_S, FOUND_S = 0.05, 1.0  # of a shot, within which our answer is
Place = tuple[float, float, float]
LONG_S = {12_000: 450, 48_000: 150}


def street(folder: Path, rate_hz: int) -> tuple[Session, list[tuple[float, Place]]]:
    """A session of four nodes, written as 16-bit WAV, and when (s of it) and where its shots were fired."""
    draw, seconds = np.random.default_rng(rate_hz), LONG_S[rate_hz]
    places = [(x, y, 10.0) for x in (0.0, SIDE_M) for y in (0.0, SIDE_M)]
    count = seconds * SHOTS_PER_MINUTE // 60
    shots = [(t, *draw.uniform(30.0, SIDE_M - 30.0, 2), 1.5) for t in np.linspace(5.0, seconds - 5.0, count)]
    nodes = []
    for number, place in enumerate(places):
        sound = 1e-3 * draw.standard_normal(seconds * rate_hz)
        heard = [(t + math.dist(place, at) / SPEED_MS, SHOT, 30.0 / math.dist(place, at)) for t, *at in shots]
        strangers = draw.uniform(1.0, seconds - 2.0, seconds * PER_MINUTE // 60 - count)
        for kind, (t, what, level) in enumerate([*heard, *((t, STRANGER, 0.2) for t in strangers)]):
            wave = impulse(what, kind)[:: max(1, 48_000 // rate_hz)]
            first = round(t * rate_hz)
            wave = wave[: len(sound) - first]
            sound[first : first + len(wave)] += level * wave / np.abs(wave).max()
        path = folder / f"{rate_hz}-{number}.wav"
        soundfile.write(path, np.clip(sound, -1, 1), rate_hz, subtype="PCM_16")
        nodes.append(
            SessionNode(
                id=f"n{number}",
                position=place,
                file=path,
                start_ns=START_NS,
                microphones=offsets(None, 1),
                rate_hz=float(rate_hz),
                samples=seconds * rate_hz,
            )
        )
    session = make_session(f"street at {rate_hz} Hz", nodes, Air(speed_of_sound_ms=SPEED_MS))
    return session, [(float(t), (float(x), float(y), z)) for t, x, y, z in shots]


def opensoundscape(session: Session, shots: list[tuple[float, Place]], ours: list[Replayed]) -> dict[str, object]:
    """What the peer makes of the session, told when its shots were, and how far off it and we are."""
    seconds = sum(node.samples / node.rate_hz for node in session.nodes)
    files, places = [node.file for node in session.nodes], [node.position for node in session.nodes]
    starts = [max(at - BEFORE_S, 0.0) for at, _ in shots]
    spent_s, found = located(files, places, starts, AROUND_S, SPEED_MS)
    theirs = [nearest_m(found[start], place) for start, (_, place) in zip(starts, shots, strict=True)]
    told = [shot.origin for one in ours for shot in one.shots]
    here = []
    for at, place in shots:  # the first of what was located within a second of it: its echoes follow
        after = [o for o in told if -EARLY_S < (o.time_ns - START_NS) * 1e-9 - at < FOUND_S]
        here.append(math.dist((after[0].x, after[0].y), place[:2]) if after else math.inf)
    return {
        "sensor_seconds_per_s": round(seconds / spent_s),
        "median_m": _median_m(theirs),
        "ours_median_m": _median_m(here),
        "shots": len(shots),
        "found": sum(map(math.isfinite, theirs)),
        "ours_found": sum(map(math.isfinite, here)),
    }


def _median_m(errors: list[float]) -> float | None:
    known = [e for e in errors if math.isfinite(e)]
    return round(statistics.median(known), 2) if known else None


class Works:
    """What is measured, of sessions that hold so many sensor-seconds."""

    def __init__(self, sessions: list[Session]) -> None:
        self.sessions, self.model = sessions, Model.from_bytes(models.default())
        self.parts = [part for session in sessions for part in parts(session)]
        self.sensor_seconds = sum(part.sensor_seconds for part in self.parts)

    def replayed(self, workers: int = 0) -> list[Replayed]:
        """All of it, on all cores."""
        return list(spread(self.one, self.parts, workers))

    def one(self, part: object) -> Replayed:
        """One part."""
        return replay_part(self.model, Settings(), part)  # type: ignore[arg-type]

    def loaded(self) -> None:
        """librosa reads the files, at their own rate."""
        import librosa

        for session in self.sessions:
            for node in session.nodes:
                librosa.load(node.file, sr=None, mono=False)

    def detected(self) -> None:
        """Reading and detection."""
        for session in self.sessions:
            for node in session.nodes:
                detector = Detector(node.rate_hz, len(node.microphones))
                for item in SessionFile(node).blocks():
                    _ = detector.gap(item.samples) if isinstance(item, Gap) else detector.push(item.samples)
                detector.flush()

    def measured(self) -> dict[str, int]:
        """Sensor-seconds a second, of each."""
        ours, one, peer, floor = _walls(self.replayed, lambda: self.replayed(1), self.loaded, self.detected)
        start = time.process_time()
        found = self.replayed(1)
        cpu = time.process_time() - start
        rates = {"ours": ours, "one_core": one, "librosa_load": peer, "read_and_detect": floor, "cpu": cpu}
        shots = sum(len(one.shots) for one in found)
        return {name: round(self.sensor_seconds / spent) for name, spent in rates.items()} | {"shots": shots}


def _walls(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each over interleaved rounds, after one warm-up each."""
    spent: list[list[float]] = [[] for _ in works]
    for turn in range(ROUNDS + 1):
        for work, times in zip(works, spent, strict=True):
            start = time.perf_counter()
            work()
            if turn:
                times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in spent]


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json."""
    quality: dict[str, object] = {"cores": cores(), "load_average": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as name:
        (slow, shots), (fast, _) = (street(Path(name), rate) for rate in LONG_S)
        works = Works([slow])
        narrow, wide = works.measured(), Works([fast]).measured()
        quality["opensoundscape, 12 kHz"] = opensoundscape(slow, shots, works.replayed())
    quality |= {"12 kHz": narrow, "48 kHz": wide}
    if POSITIONS:
        quality["Pittsburgh, 12 kHz"] = Works([read_any(f) for f in sessions_in([PITTSBURGH])]).measured()
    return {
        "ours": narrow["ours"],
        "unit": "sensor-seconds/s",
        "peer": "librosa.load of the same files alone",
        "peer_value": narrow["librosa_load"],
        "ratio": round(narrow["ours"] / narrow["librosa_load"], 3),
        "floor": narrow["read_and_detect"],
        "quality": quality,
    }

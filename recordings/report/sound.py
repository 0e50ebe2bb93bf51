"""Sound for the report: cut from recordings that the bundle names, or from its clips, about when each node should have
heard a round.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic.errors import InputError
from arrays.capture.files import SessionFile
from arrays.clip import read_clip
from arrays.session import Session, SessionNode
from localisation.likelihood import travel_times
from recordings.evidence.contents import Evidence, arrivals_in
from recordings.report.rounds import Round

BEFORE_S, AFTER_S = 0.15, 0.45  # of sound, about when the direct sound is expected
MOST_NODES = 6  # of a round, the nearest: what a page holds


@dataclass(frozen=True, slots=True)
class Recording:
    """One channel of sound: when it begins, UTC ns, its rate, and what reads (count,) samples of it from one on."""

    start_ns: int
    rate_hz: float
    read: Callable[[int, int], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a node recorded of a round: `samples` (n,) float32 of its first microphone from BEFORE_S before the direct
    sound is expected; when its arrivals came, s after that, by id.
    """

    node: str
    distance_m: float
    samples: NDArray[np.float32]
    rate_hz: float
    arrivals: Mapping[str, float]


def check_recordings(evidence: Evidence, session: Session) -> None:
    """That a session's recordings are those that the bundle names. Raises InputError."""
    named = evidence.subject.recordings
    if not named:
        raise InputError("the file names no recordings; expected one that `tocsin replay --evidence` made")
    known = {node.id: node for node in session.nodes}
    for node, digest in named.items():
        if node not in known:
            raise InputError(f"session {session.id!r} has no recording of {node!r}, which the file names")
        with known[node].file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            raise InputError(f"{known[node].file} has the SHA-256 {found}; the file of evidence names {digest}")


def recordings_of(session: Session) -> dict[str, Recording]:
    """The recordings of a session, by node."""
    return {node.id: Recording(node.start_ns, node.rate_hz, partial(_read, node)) for node in session.nodes}


def _read(node: SessionNode, first: int, count: int) -> NDArray[np.float32]:
    sound: NDArray[np.float32] = SessionFile(node).read(first, count)[0]
    return sound


def clips_of(evidence: Evidence) -> dict[str, Recording]:
    """The clips of a bundle, by node, as their nodes signed them. Raises InputError where one is no sound."""
    found = {}
    for one in evidence.clips:
        clip = read_clip(one.body)
        try:
            samples, rate_hz = soundfile.read(io.BytesIO(clip.flac), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise InputError(f"the clip of node {one.node} is no FLAC that can be read") from error
        found[one.node] = Recording(clip.start_ns, float(rate_hz), partial(_part, samples[:, 0]))
    return found


def _part(sound: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
    """(count,) samples from `first` on, zeros where there are none."""
    part = np.zeros(count, np.float32)
    low, high = max(first, 0), min(first + count, len(sound))
    if low < high:
        part[low - first : high - first] = sound[low:high]
    return part


def cuts(evidence: Evidence, rounds: Sequence[Round], sound: Mapping[str, Recording]) -> dict[int, tuple[Cut, ...]]:
    """By the round's number: the sound of its nearest nodes, as far as there is any. Raises InputError."""
    found = {one.number: tuple(_cuts(evidence, one, sound)) for one in rounds}
    return {number: some for number, some in found.items() if some}


def _cuts(evidence: Evidence, one: Round, sound: Mapping[str, Recording]) -> list[Cut]:
    air, origin = evidence.method.air, one.shot.origin
    heard = [h for h in {h.arrival.node: h for h in one.heard}.values() if h.arrival.node in sound][:MOST_NODES]
    if not heard:
        return []
    places = np.array([(h.arrival.x, h.arrival.y, h.arrival.z) for h in heard])
    wind = np.array([air.speed_ms, air.wind_east_ms or 0.0, air.wind_north_ms or 0.0])
    travel = travel_times(places, np.array([(origin.x, origin.y, origin.z)]), wind)[0]
    reported = arrivals_in(evidence.nodes, evidence.reports)
    made = []
    for h, seconds in zip(heard, travel.tolist(), strict=True):
        node, of = h.arrival.node, sound[h.arrival.node]
        expected_ns = origin.time_ns + round(seconds * 1e9)
        first = round(((expected_ns - of.start_ns) * 1e-9 - BEFORE_S) * of.rate_hz)
        samples = of.read(first, round((BEFORE_S + AFTER_S) * of.rate_hz))
        came = {a.id: (a.time_ns - expected_ns) * 1e-9 for a in reported if a.node == node}
        inside = {key: at for key, at in came.items() if -BEFORE_S <= at <= AFTER_S}
        made.append(Cut(node, h.distance_m, samples, of.rate_hz, inside))
    return made

"""Sound for the report: cut from recordings that the bundle names, about when each node should have heard a round."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from arrays.capture.files import SessionFile
from arrays.session import Session
from localisation.likelihood import travel_times
from recordings.evidence.contents import Evidence, arrivals_in
from recordings.report.rounds import Round

BEFORE_S, AFTER_S = 0.15, 0.45  # of sound, about when the direct sound is expected
MOST_NODES = 6  # of a round, the nearest: what a page holds


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


def cuts(evidence: Evidence, rounds: Sequence[Round], session: Session) -> dict[int, tuple[Cut, ...]]:
    """By the round's number: the sound of its nearest nodes. Raises InputError where a recording cannot be read."""
    return {one.number: tuple(_cuts(evidence, one, session)) for one in rounds}


def _cuts(evidence: Evidence, one: Round, session: Session) -> list[Cut]:
    air, origin = evidence.method.air, one.shot.origin
    heard = list({h.arrival.node: h for h in one.heard}.values())[:MOST_NODES]
    places = np.array([(h.arrival.x, h.arrival.y, h.arrival.z) for h in heard])
    wind = np.array([air.speed_ms, air.wind_east_ms or 0.0, air.wind_north_ms or 0.0])
    travel = travel_times(places, np.array([(origin.x, origin.y, origin.z)]), wind)[0]
    reported = arrivals_in(evidence.nodes, evidence.reports)
    made = []
    for h, seconds in zip(heard, travel.tolist(), strict=True):
        node = session.node(h.arrival.node)
        expected_ns = origin.time_ns + round(seconds * 1e9)
        first = round(((expected_ns - node.start_ns) * 1e-9 - BEFORE_S) * node.rate_hz)
        samples = SessionFile(node).read(first, round((BEFORE_S + AFTER_S) * node.rate_hz))[0]
        came = {a.id: (a.time_ns - expected_ns) * 1e-9 for a in reported if a.node == node.id}
        inside = {key: at for key, at in came.items() if -BEFORE_S <= at <= AFTER_S}
        made.append(Cut(node.id, h.distance_m, samples, node.rate_hz, inside))
    return made

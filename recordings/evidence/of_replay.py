"""Bundles of a replay: what a recorded session says of an event, in the form of a centre's.

There is no centre and no node that signed anything: the replay draws keys of its own, signs with them, and says so in
the bundle's subject. The signatures then show that nothing was changed since; what was recorded is named by the digest
of each recording.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.node import wire_arrival
from arrays.pipeline import Heard
from arrays.report import MOST_ARRIVALS, Health, Report, program, sign
from arrays.session import Session, SessionNode
from localisation.arrivals import Shot
from localisation.network import NetworkSettings
from recordings import events
from recordings.chain import BEGINNING, SALT_BYTES, Line, content_digest, end_of, text_digest
from recordings.evidence.bundle import write_bundle
from recordings.evidence.contents import (
    Chain,
    Evidence,
    Method,
    Node,
    Offset,
    SignedReport,
    Subject,
    Version,
    located,
    moved,
    present_method,
)
from recordings.evidence.globe import mapped
from recordings.evidence.sealed import Globe, seal
from recordings.replaying import Replayed

MADE_FOR = "whoever replays it"
AROUND_NS = 60 * 10**9  # what may have a part in how an event's arrivals were sorted, with room
NS_PER_MS = 1_000_000


def write_bundles(
    folder: Path, parts: Sequence[Replayed], network: NetworkSettings, model: str
) -> list[tuple[Path, str]]:
    """A bundle in `folder` for each event of a replayed session, and the key that opens its sealed part; `model`: the
    classifier's digest. Raises ResourceError.
    """
    session = parts[0].session
    key, keys = Ed25519PrivateKey.generate(), {node.id: Ed25519PrivateKey.generate() for node in session.nodes}
    recordings = {node.id: _file_digest(node.file) for node in session.nodes}
    x, y, z = session.nodes[0].position
    away = (-x, -y, -z)
    nodes = tuple(_node(node, keys[node.id], away) for node in session.nodes)
    method = msgspec.structs.replace(present_method(session.air, program()), settings=network)
    made = []
    for number, event in enumerate(events.group(shot for part in parts for shot in part.shots), 1):
        shots = tuple(map(_plain, event.shots))
        times_ns = [shot.origin.time_ns for shot in shots]
        low, high = min(times_ns) - AROUND_NS, max(times_ns) + AROUND_NS
        heard = [one for part in parts for one in part.heard if low <= one.arrival.time_ns <= high]
        subject = Subject(
            event=event.id,
            number=number,
            opened_ms=min(times_ns) // NS_PER_MS,
            made_ns=time.time_ns(),
            made_for=MADE_FOR,
            centre_key=key.public_key().public_bytes_raw(),
            replay_of=session.id,
            recordings=recordings,
        )
        reports = tuple(_reports(session, heard, keys, model))
        evidence, opener = _evidence(subject, session, shots, nodes, reports, method, away)
        path = folder / f"{event.id}.tocsin.zip"
        write_bundle(path, evidence, key)
        made.append((path, opener))
    return made


def _plain(shot: Shot) -> Shot:
    """A shot as its nodes' reports tell it: no opinion is an empty one."""
    return replace(shot, arrivals=tuple(replace(a, probabilities=a.probabilities or {}) for a in shot.arrivals))


def _evidence(
    subject: Subject,
    session: Session,
    shots: Sequence[Shot],
    nodes: Sequence[Node],
    reports: Sequence[SignedReport],
    method: Method,
    away: Offset,
) -> tuple[Evidence, str]:
    kept = [msgspec.json.encode(shot).decode() for shot in shots]
    made_ms = subject.made_ns // NS_PER_MS
    versions = tuple(
        Version(shot=moved(shot, away), event=subject.event, recorded_ms=made_ms, digest=text_digest(text))
        for shot, text in zip(shots, kept, strict=True)
    )
    named = {f"{v.shot.key} {v.shot.version}": v.digest for v in versions}
    line = _line(subject.event, {"method": method.digest, "shots": named}, made_ms)
    origin = session.origin
    globe = Globe(
        lat=None if origin is None else origin.lat,
        lon=None if origin is None else origin.lon,
        height_m=None if origin is None else origin.height_m,
        first_node=session.nodes[0].position,
        versions=tuple(kept),
    )
    relocated = located(nodes, reports, method, [v.shot for v in versions])
    sealed, opener = seal(mapped(globe, subject, method, relocated), subject.event, subject.made_for)
    evidence = Evidence(
        subject=subject,
        nodes=tuple(nodes),
        reports=tuple(reports),
        method=method,
        versions=versions,
        relocated=relocated,
        chain=Chain(before=BEGINNING, lines=(line,), end=end_of(BEGINNING, [line])),
        sealed=sealed,
    )
    return evidence, opener


def _line(event: str, data: object, recorded_ms: int) -> Line:
    """The one line of a replay's chain."""
    open_line = Line(
        id=1,
        content="",
        salt=secrets.token_hex(SALT_BYTES),
        recorded_ms=recorded_ms,
        kind="event",
        subject=event,
        data=msgspec.json.encode(data).decode(),
    )
    return msgspec.structs.replace(open_line, content=content_digest(open_line))


def _node(node: SessionNode, key: Ed25519PrivateKey, away: Offset) -> Node:
    x, y, z = (p + a for p, a in zip(node.position, away, strict=True))
    return Node(
        id=node.id,
        public_key=key.public_key().public_bytes_raw(),
        x=x,
        y=y,
        z=z,
        microphones=tuple((a, b, c) for a, b, c in node.microphones.tolist()),
    )


def _reports(
    session: Session, heard: Iterable[Heard], keys: Mapping[str, Ed25519PrivateKey], model: str
) -> Iterator[SignedReport]:
    """What each node heard, as reports that it would have sent, with its word that it listened."""
    of: dict[str, list[Heard]] = {node.id: [] for node in session.nodes}
    for one in sorted(heard, key=lambda one: (one.arrival.time_ns, one.number)):
        of[one.arrival.node].append(one)
    for node in session.nodes:
        every = of[node.id]
        for sequence, first in enumerate(range(0, max(len(every), 1), MOST_ARRIVALS), 1):
            some = every[first : first + MOST_ARRIVALS]
            report = Report(
                node=node.id,
                sequence=sequence,
                sent_ns=some[-1].arrival.time_ns if some else node.start_ns,
                program=program(),
                model=model,
                arrivals=[wire_arrival(one) for one in some],
                health=Health(state="ok", clock_sigma_s=node.time_sigma_s),
            )
            signed = sign(report, keys[node.id])
            yield SignedReport(
                node=node.id,
                sequence=sequence,
                received_ns=report.sent_ns,
                body=signed.body,
                signature=signed.signature,
            )


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

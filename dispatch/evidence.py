"""Puts together the evidence of one event from the store; `recordings.evidence` says what is in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.report import read_report
from dispatch.store import Store
from dispatch.store.clips import sound_of
from dispatch.store.events import EventRecord, Version, event_numbered
from dispatch.store.journal import add_entry, chain_from
from dispatch.store.methods import kept_method
from dispatch.store.nodes import NodeRecord, all_nodes
from dispatch.store.reports import Received, arrivals_between, reports_from
from dispatch.town.places import kept_frame
from dispatch.trust.authority import open_authority
from recordings.chain import text_digest
from recordings.evidence import contents
from recordings.evidence.bundle import write_bundle
from recordings.evidence.contents import (
    Evidence,
    Node,
    Offset,
    SignedClip,
    SignedReport,
    Subject,
    located,
    moved,
)
from recordings.evidence.globe import mapped
from recordings.evidence.sealed import Globe, seal

AROUND_NS = 60 * 10**9  # what may have a part in how an event's arrivals were sorted, with room
KIND = "evidence"


def make_evidence(data: Path, number: int, made_for: str, path: Path, with_clips: bool = False) -> str:
    """Write the bundle of event `number` of the centre in a data folder, which may be running; return the key that
    opens its sealed part. That it was made, for whom, and whether with the sound that came, is in the chain first.

    Raises InputError where there is no such event, ResourceError.
    """
    authority = open_authority(data)
    store = Store(data)
    now_ns = time.time_ns()
    try:
        record = store.read_now(lambda connection: event_numbered(connection, number))
        if record is None:
            raise InputError(f"event {number} is not in the store; expected a number that the page shows")
        noted = {"number": number, "made_for": made_for, **({"clips": True} if with_clips else {})}
        store.write_now(lambda c: [add_entry(c, KIND, record.event.id, noted, now_ns // 1_000_000)])
        key = authority.order_key
        subject = Subject(
            event=record.event.id,
            number=number,
            opened_ms=record.versions[0].recorded_ms,
            made_ns=now_ns,
            made_for=made_for,
            centre_key=key.public_key().public_bytes_raw(),
        )
        evidence, opener = store.read_now(lambda connection: _evidence(connection, record, subject, with_clips))
    finally:
        store.close()
    write_bundle(path, evidence, key)
    return opener


def _evidence(
    connection: sa.Connection, record: EventRecord, subject: Subject, with_clips: bool
) -> tuple[Evidence, str]:
    times_ns = [version.time_ns for version in record.versions]
    reports = _reports(connection, record.versions, min(times_ns), max(times_ns))
    if not reports:
        raise InputError(f"event {subject.number} is a drill made at the centre; no node signed a report of it")
    senders = {report.node for report in reports}
    enrolled = [node for node in all_nodes(connection) if node.id in senders]
    first = enrolled[0].x, enrolled[0].y, enrolled[0].z
    away = -first[0], -first[1], -first[2]
    nodes = tuple(_node(one, away) for one in enrolled)
    before, lines, end = chain_from(connection, record.event.id, KIND)
    latest = next(line for line in reversed(lines) if line.kind == "event")
    method = kept_method(connection, msgspec.json.decode(latest.data)["method"])
    if method is None:
        raise InputError(f"event {subject.number} was located before methods were kept; it cannot be recomputed")
    versions = tuple(
        contents.Version(shot=moved(v.shot, away), event=v.event, recorded_ms=v.recorded_ms, digest=text_digest(v.data))
        for v in record.versions
    )
    relocated = located(nodes, reports, method, [v.shot for v in versions])
    globe = mapped(_globe(connection, first, record.versions), subject, method, relocated)
    sealed, opener = seal(globe, subject.event, subject.made_for)
    evidence = Evidence(
        subject=subject,
        nodes=nodes,
        reports=reports,
        method=method,
        versions=versions,
        relocated=relocated,
        chain=contents.Chain(before=before, lines=lines, end=end),
        sealed=sealed,
        clips=_clips(connection, record.event.id) if with_clips else (),
    )
    return evidence, opener


def _clips(connection: sa.Connection, event: str) -> tuple[SignedClip, ...]:
    return tuple(SignedClip(node=node, body=body, signature=by) for node, body, by in sound_of(connection, event))


def _reports(
    connection: sa.Connection, versions: Iterable[Version], first_ns: int, last_ns: int
) -> tuple[SignedReport, ...]:
    """The reports of all that was heard around the event or has a part in it, however late they came, and of each
    node the one in which it last said how it was.
    """
    around = arrivals_between(connection, first_ns - AROUND_NS, last_ns + AROUND_NS)
    exercise = any(version.shot.exercise for version in versions)
    wanted = {a.id for a in around if a.exercise == exercise}
    wanted |= {a.id for version in versions for a in version.shot.arrivals}
    chosen: dict[tuple[str, int], Received] = {}
    said: dict[str, tuple[int, Received]] = {}
    for report in reports_from(connection, first_ns - AROUND_NS):
        inside = read_report(report.body)
        if held := {f"{report.node}:{a.number}" for a in inside.arrivals} & wanted:
            wanted -= held
            chosen[report.key] = report
        if (
            inside.health is not None
            and bool(inside.exercise) == exercise
            and abs(inside.sent_ns - first_ns) < AROUND_NS
        ):
            off_ns = abs(inside.sent_ns - first_ns)
            if report.node not in said or off_ns < said[report.node][0]:
                said[report.node] = off_ns, report
        if not wanted and report.received_ns > last_ns + AROUND_NS:
            break
    chosen |= {report.key: report for _, report in said.values()}
    return tuple(
        SignedReport(node=r.node, sequence=r.sequence, received_ns=r.received_ns, body=r.body, signature=r.signature)
        for _, r in sorted(chosen.items())
    )


def _node(record: NodeRecord, away: Offset) -> Node:
    return Node(
        id=record.id,
        public_key=record.public_key,
        x=record.x + away[0],
        y=record.y + away[1],
        z=record.z + away[2],
        microphones=record.microphones,
        enrolled_ms=record.enrolled_ms,
        former_keys=tuple(former.public_key for former in record.former),
    )


def _globe(connection: sa.Connection, first: Offset, versions: Sequence[Version]) -> Globe:
    frame = kept_frame(connection, None)
    origin = None if frame is None else frame.origin
    return Globe(
        lat=None if origin is None else origin.lat,
        lon=None if origin is None else origin.lon,
        height_m=None if origin is None else origin.height_m,
        first_node=first,
        versions=tuple(version.data for version in versions),
    )

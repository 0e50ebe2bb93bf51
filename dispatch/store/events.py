"""Shots and their versions, and the events they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec
import sqlalchemy as sa

from dispatch.store.decisions import decisions_of
from dispatch.store.journal import Entry, add_entry, lines_about
from dispatch.store.reports import VARIABLES
from dispatch.store.tables import events, shots
from localisation.arrivals import Reason, Shot, Verdict
from localisation.verdict import WITHDRAWN
from recordings.chain import text_digest
from recordings.decisions import Decided
from recordings.events import JOIN_WITHIN_S, Event, assign, event

REMINDER = "reminder"  # of a journal's line: an alert still has no outcome
MOVED = Reason(code="moved", values={}, text="A better place counts this shot to another event.")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One published version of a shot as it is kept, byte for byte, the event that it was counted to, and when."""

    key: str
    version: int
    time_ns: int
    event: str
    recorded_ms: int
    data: str = field(repr=False)

    @cached_property
    def shot(self) -> Shot:
        """What was published; read when it is asked for: an event has many versions, and most are outdated."""
        return msgspec.json.decode(self.data, type=Shot)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An event as it is kept: its running number, every version of its shots, what people decided; oldest first.

    `reminded_ms`: when people were last reminded that it has no outcome.
    """

    event: Event
    number: int
    versions: tuple[Version, ...]
    decisions: tuple[Decided, ...] = ()
    reminded_ms: int | None = None


def add_shots(connection: sa.Connection, new: Iterable[Shot], now_ms: int, method: str) -> list[Entry]:
    """Keep new versions, count each to its event, and journal every event that changed, each once.

    The journal names each version by its digest, and `method`: the digest of how it was located; it marks an exercise.
    """
    touched: dict[str, dict[str, str]] = {}
    exercises: set[str] = set()
    for shot in new:
        if _has(connection, shot):
            continue  # published before a crash that came before the locator had noted so
        before = _event_of(connection, shot.key)
        identity = assign(shot, _near(connection, shot.origin.time_ns, before))
        _open(connection, identity, now_ms)
        row = _row(shot, identity, now_ms)
        connection.execute(sa.insert(shots).values(row))
        for changed in {identity, before} - {None}:
            touched.setdefault(str(changed), {})[f"{shot.key} {shot.version}"] = text_digest(str(row["data"]))
            exercises |= {str(changed)} if shot.exercise else set()
    return [
        add_entry(connection, "event", identity, _line(method, versions, identity in exercises), now_ms)
        for identity, versions in touched.items()
    ]


def latest_shots(connection: sa.Connection, first_ns: int, last_ns: int) -> list[Shot]:
    """The latest version of every shot with a version fired in a span of time, by key."""
    return [version.shot for version in latest_versions(connection, first_ns, last_ns)]


def latest_versions(connection: sa.Connection, first_ns: int, last_ns: int) -> list[Version]:
    """The same, each with the event that it is counted to."""
    chosen = sa.select(shots.c.key).where(shots.c.time_ns.between(first_ns, last_ns))
    return _latest(_versions(connection, shots.c.key.in_(chosen)))


def first_shots(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Shot]:
    """Of these shots that were published, the first version, by key."""
    query = sa.select(shots.c.data).where(shots.c.key.in_(list(keys)), shots.c.version == 1)
    return {shot.key: shot for shot in (msgspec.json.decode(data, type=Shot) for data in connection.scalars(query))}


def newest_events(connection: sa.Connection, limit: int) -> list[EventRecord]:
    """The newest events, newest first."""
    chosen = sa.select(events.c.id, events.c.number).order_by(events.c.number.desc()).limit(limit)
    return _records(connection, [(row.id, row.number) for row in connection.execute(chosen)])


def events_of(connection: sa.Connection, ids: Sequence[str]) -> list[EventRecord]:
    """These events, by number; those unknown are left out."""
    chosen = sa.select(events.c.id, events.c.number).where(events.c.id.in_(ids)).order_by(events.c.number)
    return _records(connection, [(row.id, row.number) for row in connection.execute(chosen)])


def events_between(connection: sa.Connection, first_ns: int, last_ns: int) -> list[EventRecord]:
    """The events with a version of a shot fired in a span of time, by number."""
    ids = list(
        connection.scalars(sa.select(shots.c.event).where(shots.c.time_ns.between(first_ns, last_ns)).distinct())
    )
    found = [record for k in range(0, len(ids), VARIABLES) for record in events_of(connection, ids[k : k + VARIABLES])]
    return sorted(found, key=lambda record: record.number)


def numbers_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    """The running number of each of these events."""
    chosen = sa.select(events.c.id, events.c.number).where(events.c.id.in_(list(ids)))
    return {row.id: row.number for row in connection.execute(chosen)}


def event_numbered(connection: sa.Connection, number: int) -> EventRecord | None:
    """The event of this running number, or None."""
    identity = connection.scalar(sa.select(events.c.id).where(events.c.number == number))
    return None if identity is None else events_of(connection, [identity])[0]


def _records(connection: sa.Connection, chosen: Sequence[tuple[str, int]]) -> list[EventRecord]:
    keys = sa.select(shots.c.key).where(shots.c.event.in_([identity for identity, _ in chosen]))
    by_event: dict[str, list[Version]] = {identity: [] for identity, _ in chosen}
    now_in: dict[str, str] = {}
    for version in _versions(connection, shots.c.key.in_(keys)):
        now_in[version.key] = version.event
        if version.event in by_event:
            by_event[version.event].append(version)
    decided = decisions_of(connection, by_event)
    reminded = {line.subject: line.recorded_ms for line in lines_about(connection, REMINDER, by_event)}
    return [
        EventRecord(
            event=event(identity, _members(identity, by_event[identity], now_in)),
            number=number,
            versions=tuple(by_event[identity]),
            decisions=decided.get(identity, ()),
            reminded_ms=reminded.get(identity),
        )
        for identity, number in chosen
    ]


def _members(identity: str, versions: list[Version], now_in: dict[str, str]) -> list[Shot]:
    return [v.shot if now_in[v.key] == identity else replace(v.shot, verdict=_moved(v.shot)) for v in _latest(versions)]


def _moved(shot: Shot) -> Verdict:
    return replace(shot.verdict, label=WITHDRAWN, reasons=(MOVED,))


def _near(connection: sa.Connection, time_ns: int, also: str | None) -> list[Event]:
    """The events that a shot at this time could belong to, and the one it is in."""
    reach_ns = round(JOIN_WITHIN_S * 1e9)
    chosen = sa.select(shots.c.event).where(shots.c.time_ns.between(time_ns - reach_ns, time_ns + reach_ns)).distinct()
    ids = {*connection.scalars(chosen), *([] if also is None else [also])}
    return [record.event for record in events_of(connection, sorted(ids))]


def _versions(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Version]:
    columns = (shots.c[name] for name in ("key", "version", "time_ns", "event", "recorded_ms", "data"))
    rows = connection.execute(sa.select(*columns).where(where).order_by(shots.c.key, shots.c.version))
    return [Version(**row) for row in rows.mappings()]


def _latest(versions: Iterable[Version]) -> list[Version]:
    return list({version.key: version for version in versions}.values())


def _has(connection: sa.Connection, shot: Shot) -> bool:
    query = sa.select(shots.c.key).where(shots.c.key == shot.key, shots.c.version == shot.version)
    return connection.scalar(query) is not None


def _event_of(connection: sa.Connection, key: str) -> str | None:
    query = sa.select(shots.c.event).where(shots.c.key == key).order_by(shots.c.version.desc()).limit(1)
    return connection.scalar(query)


def _line(method: str, versions: dict[str, str], exercise: bool) -> dict[str, object]:
    return {"method": method, "shots": versions} | ({"exercise": True} if exercise else {})


def _open(connection: sa.Connection, identity: str, now_ms: int) -> None:
    if connection.scalar(sa.select(events.c.id).where(events.c.id == identity)) is None:
        connection.execute(sa.insert(events).values(id=identity, opened_ms=now_ms))


def _row(shot: Shot, identity: str, now_ms: int) -> dict[str, object]:
    return {
        "key": shot.key,
        "version": shot.version,
        "event": identity,
        "time_ns": shot.origin.time_ns,
        "recorded_ms": now_ms,
        "data": msgspec.json.encode(shot).decode(),
    }

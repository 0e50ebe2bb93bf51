"""What came in from elsewhere and what was missed, as lines of the journal; nothing of it is ever changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from dispatch.figures.judged import first_alert_ms
from dispatch.incoming import (
    INCOMING,
    MISSED,
    SAME_S,
    WINDOWS,
    Incoming,
    IncomingLine,
    Missed,
    MissedLine,
    Suggestion,
    identity,
    may_be_its_own,
    suggestions,
)
from dispatch.store.decisions import AbsentError, decide
from dispatch.store.events import EventRecord, events_between, numbers_of
from dispatch.store.journal import LATEST_MS, Entry, add_entry, lines_about, lines_of
from recordings.chain import Line
from recordings.decisions import KIND, ConflictError, Corroborate, decided, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that came in, as it is kept, the numbers of the events it is attached to, and what it may be about."""

    id: str
    line: int
    recorded_ms: int
    by: str
    what: Incoming
    attached: tuple[int, ...] = ()
    suggested: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMiss:
    """A shooting that raised no alert, as it is kept."""

    id: str
    line: int
    recorded_ms: int
    by: str
    what: Missed


def take_in(connection: sa.Connection, by: str, what: Incoming, now_ms: int) -> Kept:
    """Keep what came in; the very same again is kept once. Raises ConflictError for its reference with other words."""
    key = identity(what.source, what.reference)
    if before := lines_about(connection, INCOMING, [key]):
        told = msgspec.json.decode(before[0].data, type=IncomingLine)
        if told.what != what:
            raise ConflictError(f"{what.source} {what.reference!r} came before, from {told.by}, with other words")
    else:
        add_entry(connection, INCOMING, key, IncomingLine(by=by, what=what), now_ms)
    (line,) = lines_about(connection, INCOMING, [key])
    return _kept(connection, line, {})


def came_in(connection: sa.Connection, from_ms: int, to_ms: int = LATEST_MS) -> list[Kept]:
    """What came in during a span of time, oldest first."""
    attached = _attached(connection, from_ms)
    return [_kept(connection, line, attached) for line in lines_of(connection, [INCOMING], from_ms, to_ms)]


def those(connection: sa.Connection, identities: Iterable[str]) -> list[Kept]:
    """These, as far as they are kept, oldest first."""
    lines = lines_about(connection, INCOMING, identities)
    attached = _attached(connection, lines[0].recorded_ms) if lines else {}
    return [_kept(connection, line, attached) for line in lines]


def attach(connection: sa.Connection, event: str, incoming: str, by: str, now_ms: int) -> list[Entry]:
    """Say that something that came in is about an event. Raises AbsentError, ConflictError."""
    lines = lines_about(connection, INCOMING, [incoming])
    if not lines:
        raise AbsentError(f"nothing came in under {incoming[:80]!r}")
    what = msgspec.json.decode(lines[0].data, type=IncomingLine).what
    told = Corroborate(incoming=incoming, source=what.source, time_ms=what.time_ms, reference=what.reference)
    return decide(connection, event, by, told, now_ms)


def enter_missed(connection: sa.Connection, by: str, what: Missed, now_ms: int) -> KeptMiss:
    """Enter a confirmed shooting that raised no alert; nothing takes it back.

    Raises ConflictError where the case was entered before, or an alert near it may be its own.
    """
    key = identity(MISSED, what.reference)
    if before := lines_about(connection, MISSED, [key]):
        first = msgspec.json.decode(before[0].data, type=MissedLine)
        raise ConflictError(f"case {what.reference!r} was entered by {first.by} on {_day(before[0].recorded_ms)}")
    around_ns = round(SAME_S * 1e9)
    near = events_between(connection, what.time_ms * 1_000_000 - around_ns, what.time_ms * 1_000_000 + around_ns)
    real = [record for record in near if not record.event.exercise]
    alerts = [(record.number, record.event) for record in real if first_alert_ms(record) is not None]
    if own := may_be_its_own(what, alerts):
        raise ConflictError(
            f"near it in time and place: alert {', '.join(map(str, own))}; close the one that it raised as confirmed, "
            "or name them in other_than"
        )
    entry = add_entry(connection, MISSED, key, MissedLine(by=by, what=what), now_ms)
    return KeptMiss(id=key, line=entry.id, recorded_ms=now_ms, by=by, what=what)


def all_missed(connection: sa.Connection, from_ms: int = 0, to_ms: int = LATEST_MS) -> list[KeptMiss]:
    """The shootings that raised no alert, by the time at which they happened (UTC)."""
    found = []
    for line in lines_of(connection, [MISSED]):
        told = msgspec.json.decode(line.data, type=MissedLine)
        if from_ms <= told.what.time_ms < to_ms:
            found.append(
                KeptMiss(id=line.subject, line=line.id, recorded_ms=line.recorded_ms, by=told.by, what=told.what)
            )
    return sorted(found, key=lambda one: one.what.time_ms)


def _kept(connection: sa.Connection, line: Line, attached: dict[str, list[int]]) -> Kept:
    told = msgspec.json.decode(line.data, type=IncomingLine)
    before_s, after_s, _ = WINDOWS[told.what.source]
    time_ns = told.what.time_ms * 1_000_000
    near: list[EventRecord] = []
    if line.subject not in attached:
        found = events_between(connection, time_ns - round(before_s * 1e9), time_ns + round(after_s * 1e9))
        near = [record for record in found if not record.event.exercise]
    return Kept(
        id=line.subject,
        line=line.id,
        recorded_ms=line.recorded_ms,
        by=told.by,
        what=told.what,
        attached=tuple(attached.get(line.subject, ())),
        suggested=tuple(suggestions(told.what, [(record.number, record.event) for record in near])),
    )


def _attached(connection: sa.Connection, from_ms: int) -> dict[str, list[int]]:
    """The numbers of the events that each thing is attached to, by what was decided from a time on."""
    lines: dict[str, list[Line]] = {}
    for line in lines_of(connection, [KIND], from_ms):
        lines.setdefault(line.subject, []).append(line)
    found: dict[str, list[int]] = {}
    numbers = numbers_of(connection, lines)
    for event in lines.keys() & numbers.keys():  # an event may have ended on its retention clock
        for one in state_of([decided(line) for line in lines[event]]).corroborations:
            if isinstance(one.what, Corroborate):
                found.setdefault(one.what.incoming, []).append(numbers[event])
    return found


def _day(recorded_ms: int) -> str:
    return datetime.fromtimestamp(recorded_ms * 1e-3, UTC).date().isoformat()

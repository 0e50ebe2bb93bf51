"""Where past events were: no more of each than a dot on the map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.store.events import numbers_of
from dispatch.store.reports import VARIABLES
from dispatch.store.tables import shots
from localisation.arrivals import Origin, Shot, Verdict
from localisation.verdict import WITHDRAWN
from recordings.events import Event, event

MOST = 10_000
ROWS = 400_000  # versions looked at, at most


class _Mark(msgspec.Struct):
    exercise: bool = False


class _Told(msgspec.Struct):
    """A shot without what its arrivals say, which is nine tenths of it."""

    key: str
    version: int
    origin: Origin
    verdict: Verdict
    arrivals: tuple[_Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One event: its number, its place, when it was fired (UTC ms), and its class."""

    number: int
    x: float
    y: float
    time_ms: int
    label: str


def past_events(connection: sa.Connection, first_ns: int, last_ns: int) -> tuple[list[Past], bool]:
    """The newest events of a span of time, and whether there were more; none that was withdrawn, no exercise."""
    query = sa.select(shots.c.key, shots.c.event, shots.c.data).where(shots.c.time_ns.between(first_ns, last_ns))
    newest: dict[str, tuple[str, str]] = {}
    rows = connection.execute(query.order_by(shots.c.time_ns.desc(), shots.c.version.desc()).limit(ROWS))
    for row in rows:
        newest.setdefault(row.key, (row.event, row.data))
    members: dict[str, list[Shot]] = {}
    for identity, data in newest.values():
        told = msgspec.json.decode(data, type=_Told)
        if not any(mark.exercise for mark in told.arrivals):
            shot = Shot(key=told.key, version=told.version, origin=told.origin, verdict=told.verdict, arrivals=())
            members.setdefault(identity, []).append(shot)
    found = [event(identity, shots) for identity, shots in members.items()]
    kept = [one for one in found if one.label != WITHDRAWN]
    kept.sort(key=lambda one: one.first.origin.time_ns, reverse=True)
    return list(_past(connection, kept[:MOST])), len(kept) > MOST


def _past(connection: sa.Connection, kept: list[Event]) -> Iterable[Past]:
    for start in range(0, len(kept), VARIABLES):
        part = kept[start : start + VARIABLES]
        numbers = numbers_of(connection, [one.id for one in part])
        for one in part:
            origin, time_ms = one.best.origin, one.first.origin.time_ns // 1_000_000
            yield Past(number=numbers[one.id], x=origin.x, y=origin.y, time_ms=time_ms, label=one.label)

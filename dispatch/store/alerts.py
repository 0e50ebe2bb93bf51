"""Alerts that wait to be sent, and what became of each: the rows of one table, and a line of the journal each end.

A row with `attempts` may have been received: it is never taken back, only followed. One without may be replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import sqlalchemy as sa

from dispatch.alerts.alert import Alert
from dispatch.store.journal import Entry, add_entry
from dispatch.store.tables import alerts

QUEUED, REPLACED = "queued", "replaced"
End = Literal["delivered", "not needed", "given up"]
DONE = ("delivered", "replaced", "not needed", "given up")
KIND = "alert"  # of the journal's lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One alert to one destination, and how it stands."""

    row: int
    destination: str
    alert: Alert
    queued_ms: int
    due_ms: int
    attempts: int
    state: str
    settled_ms: int | None
    problem: str


def queue(connection: sa.Connection, destination: str, alert: Alert, due_ms: int) -> None:
    """Have an alert sent from `due_ms` on."""
    connection.execute(
        sa.insert(alerts).values(
            id=alert.id,
            destination=destination,
            subject=alert.subject,
            queued_ms=alert.sent_ms,
            due_ms=due_ms,
            attempts=0,
            state=QUEUED,
            problem="",
            data=msgspec.json.encode(alert).decode(),
        )
    )


def about(connection: sa.Connection, destination: str, subject: str) -> list[Queued]:
    """Everything that was ever queued for a destination about a subject, oldest first."""
    own = (alerts.c.destination == destination, alerts.c.subject == subject)
    return [_queued(row) for row in connection.execute(sa.select(alerts).where(*own).order_by(alerts.c.row))]


def told(connection: sa.Connection, destination: str, subject: str) -> list[Alert]:
    """What the destination may have received about a subject, oldest first."""
    return [one.alert for one in about(connection, destination, subject) if one.attempts > 0]


def replace_waiting(connection: sa.Connection, destination: str, subject: str, now_ms: int) -> int | None:
    """Take back what was never tried about a subject; when the earliest of it was due, None where there was none."""
    own = (alerts.c.destination == destination, alerts.c.subject == subject)
    waiting = (*own, alerts.c.state == QUEUED, alerts.c.attempts == 0)
    due_ms: int | None = connection.scalar(sa.select(sa.func.min(alerts.c.due_ms)).where(*waiting))
    if due_ms is not None:
        connection.execute(sa.update(alerts).where(*waiting).values(state=REPLACED, settled_ms=now_ms))
    return due_ms


def next_due(connection: sa.Connection, destination: str, now_ms: int) -> Queued | None:
    """What is to be sent now: what was tried least, then what came first; of one subject never a later one first."""
    earlier = alerts.alias()
    blocked = (
        sa.select(earlier.c.row)
        .where(
            earlier.c.destination == alerts.c.destination,
            earlier.c.subject == alerts.c.subject,
            earlier.c.state == QUEUED,
            earlier.c.row < alerts.c.row,
        )
        .exists()
    )
    due = (alerts.c.destination == destination, alerts.c.state == QUEUED, alerts.c.due_ms <= now_ms, ~blocked)
    row = connection.execute(sa.select(alerts).where(*due).order_by(alerts.c.attempts, alerts.c.row).limit(1)).first()
    return None if row is None else _queued(row)


def begin(connection: sa.Connection, row: int) -> bool:
    """Note, before it is sent, that an alert may have been received; False where it was taken back meanwhile."""
    change = sa.update(alerts).where(alerts.c.row == row, alerts.c.state == QUEUED)
    return connection.execute(change.values(attempts=alerts.c.attempts + 1)).rowcount == 1


def put_off(connection: sa.Connection, row: int, due_ms: int, problem: str) -> None:
    """It did not get there: try again later."""
    connection.execute(sa.update(alerts).where(alerts.c.row == row).values(due_ms=due_ms, problem=problem))


def settle(connection: sa.Connection, one: Queued, end: End, now_ms: int, problem: str = "") -> list[Entry]:
    """The end of an alert, and a line of the journal that says so."""
    change = sa.update(alerts).where(alerts.c.row == one.row)
    connection.execute(change.values(state=end, settled_ms=now_ms, problem=problem))
    said = {"alert": one.alert.id, "destination": one.destination, "kind": one.alert.kind, "state": end}
    return [add_entry(connection, KIND, one.alert.subject, {**said, "attempts": one.attempts}, now_ms)]


def newest(connection: sa.Connection, destination: str | None, limit: int) -> list[Queued]:
    """The newest alerts, newest first: of one destination, or of all."""
    query = sa.select(alerts).order_by(alerts.c.row.desc()).limit(limit)
    if destination is not None:
        query = query.where(alerts.c.destination == destination)
    return [_queued(row) for row in connection.execute(query)]


def delivered(connection: sa.Connection, destination: str, limit: int) -> list[Alert]:
    """The newest alerts that a destination has, newest first."""
    own = (alerts.c.destination == destination, alerts.c.state == "delivered")
    query = sa.select(alerts.c.data).where(*own).order_by(alerts.c.row.desc()).limit(limit)
    return [_alert(data) for data in connection.scalars(query)]


def open_nodes(connection: sa.Connection, destination: str) -> dict[str, int]:
    """The nodes of which a destination was told, or will be, that they are silent, and when; by subject."""
    query = sa.select(alerts.c.data).where(alerts.c.destination == destination, alerts.c.subject.startswith("node-"))
    last = {one.subject: one for one in map(_alert, connection.scalars(query.order_by(alerts.c.row)))}
    return {subject: one.sent_ms for subject, one in last.items() if one.kind != "end"}


def count_by_state(connection: sa.Connection) -> dict[str, int]:
    """How many alerts there are in each state."""
    query = sa.select(alerts.c.state, sa.func.count().label("number")).group_by(alerts.c.state)
    return {row.state: row.number for row in connection.execute(query)}


def find(connection: sa.Connection, ids: Sequence[str]) -> list[Queued]:
    """These alerts, oldest first."""
    query = sa.select(alerts).where(alerts.c.id.in_(ids)).order_by(alerts.c.row)
    return [_queued(row) for row in connection.execute(query)]


def waiting(connection: sa.Connection, destination: str) -> int:
    """How many alerts wait."""
    own = (alerts.c.destination == destination, alerts.c.state == QUEUED)
    return connection.scalar(sa.select(sa.func.count()).where(*own)) or 0


def _queued(row: sa.Row[tuple[object, ...]]) -> Queued:
    names = ("row", "destination", "queued_ms", "due_ms", "attempts", "state", "settled_ms", "problem")
    told = {name: row._mapping[name] for name in names}
    return Queued(alert=_alert(row._mapping["data"]), **told)


def _alert(data: str) -> Alert:
    return msgspec.json.decode(data, type=Alert)

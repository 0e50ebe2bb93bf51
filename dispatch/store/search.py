"""Events looked for by time, class, outcome, status, zone and node, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from dispatch.store.events import EventRecord, events_of
from dispatch.store.tables import events, shots
from recordings.decisions import state_of

LOOKED_AT = 1000  # events a page looks at, at most: a rare class does not hold the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Events whose first shot was fired from a time until before another, ns UTC; all else where it is given.

    `outcome`: `none` for those without one; `node`: one of those whose arrivals made a place; `zone`: by `zone_of`,
    which gives the zone of a place in metres.
    """

    from_ns: int
    until_ns: int
    label: str | None = None
    outcome: str | None = None
    status: str | None = None
    node: str | None = None
    exercise: bool | None = None
    zone: str | None = None
    zone_of: Callable[[float, float], str] | None = None

    def holds(self, record: EventRecord) -> bool:
        """Whether an event is wanted, as it stands now."""
        event, state = record.event, state_of(record.decisions)
        outcome = "none" if state.outcome is None else state.outcome.outcome
        best = event.best.origin
        return (
            self.from_ns <= event.first.origin.time_ns < self.until_ns
            and self.label in (None, event.label)
            and self.outcome in (None, outcome)
            and self.status in (None, state.status)
            and self.exercise in (None, event.exercise)
            and (self.zone_of is None or self.zone == self.zone_of(best.x, best.y))
            and (self.node is None or any(r.node == self.node for shot in event.shots for r in shot.origin.used))
        )


def search(connection: sa.Connection, wanted: Wanted, before: int, limit: int) -> tuple[list[EventRecord], int | None]:
    """Events numbered below `before`, newest first, and the `before` of the page that follows; None after the last."""
    near = sa.exists().where(shots.c.event == events.c.id, shots.c.time_ns.between(wanted.from_ns, wanted.until_ns))
    query = sa.select(events.c.id, events.c.number).where(events.c.number < before, near)
    rows = connection.execute(query.order_by(events.c.number.desc()).limit(LOOKED_AT)).all()
    found: list[EventRecord] = []
    for start in range(0, len(rows), limit):
        ids = [row.id for row in rows[start : start + limit]]
        for record in reversed(events_of(connection, ids)):
            if wanted.holds(record):
                found.append(record)
            if len(found) == limit:
                last = record.number == rows[-1].number and len(rows) < LOOKED_AT
                return found, None if last else record.number
    return found, rows[-1].number if len(rows) == LOOKED_AT else None

"""What people decided, as lines of the journal: read, checked against what others decided, written."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.store.journal import Entry, add_entry, lines_about
from dispatch.store.tables import events
from recordings.decisions import KIND, Acknowledge, Decided, Decision, Told, check, decided, state_of


class AbsentError(InputError):
    """There is no such thing; 404 to who asks."""


def decisions_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, tuple[Decided, ...]]:
    """Every decision on these events, oldest first, undone ones and undos included."""
    found: dict[str, list[Decided]] = {}
    for line in lines_about(connection, KIND, ids):
        found.setdefault(line.subject, []).append(decided(line))
    return {identity: tuple(lines) for identity, lines in found.items()}


def decide(connection: sa.Connection, event: str, by: str, what: Decision, now_ms: int) -> list[Entry]:
    """Write what `by` decides about an event; nothing where they say again that they handle it.

    Raises AbsentError for an unknown event, ConflictError naming who decided otherwise before, InputError.
    """
    if connection.scalar(sa.select(events.c.id).where(events.c.id == event)) is None:
        raise AbsentError(f"there is no event {event[:80]!r}")
    before = decisions_of(connection, [event]).get(event, ())
    told = Told(by=by, what=what)
    check(before, by, what)
    taken = state_of(before).taken
    if isinstance(what, Acknowledge) and taken is not None and taken.by == by:
        return []
    return [add_entry(connection, KIND, event, told, now_ms)]

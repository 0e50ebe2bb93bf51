"""What the centre notes about itself, by key."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.store.databases import insert
from dispatch.store.tables import notes


def note(connection: sa.Connection, key: str) -> str | None:
    """The value noted under `key`, or None."""
    return connection.scalar(sa.select(notes.c.value).where(notes.c.key == key))


def set_note(connection: sa.Connection, key: str, value: str) -> None:
    """Note `value` under `key`, in place of what was there."""
    statement = insert(connection, notes).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

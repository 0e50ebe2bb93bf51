"""How far arrivals were located: a row's number where one process locates, one for each cell where workers do."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from dispatch.store.notes import note, set_note
from dispatch.store.reports import arrivals_after
from dispatch.store.tables import notes

LOCATED = "located"  # the row of the last arrival that was seen through, or handed to workers
CELL = f"{LOCATED} cell"


def seen(connection: sa.Connection) -> dict[str, int]:
    """By note: the last row that was seen through; of cells where there are any."""
    cells = connection.execute(sa.select(notes).where(notes.c.key.startswith(CELL)).order_by(notes.c.key))
    return {row.key: int(row.value) for row in cells} or {LOCATED: int(note(connection, LOCATED) or 0)}


def waiting(connection: sa.Connection) -> int:
    """How many kept arrivals were not seen through yet, by one of the cells at least."""
    return len(arrivals_after(connection, min(seen(connection).values())))


def begin_cells(connection: sa.Connection, keys: Collection[str]) -> None:
    """Cells that have no note begin where arrivals were handed over up to now."""
    handed = note(connection, LOCATED) or "0"
    for key in sorted(keys):
        if note(connection, key) is None:
            set_note(connection, key, handed)


def keep_cells(connection: sa.Connection, keys: Collection[str]) -> None:
    """Forget the cells that there is no work on any more."""
    gone = notes.c.key.startswith(CELL), notes.c.key.not_in(list(keys))
    connection.execute(sa.delete(notes).where(*gone))


def rejoin(connection: sa.Connection) -> None:
    """One process locates again: from where the cell is that is furthest behind."""
    set_note(connection, LOCATED, str(min(seen(connection).values())))
    keep_cells(connection, ())

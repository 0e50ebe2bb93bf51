"""Searches that people keep for themselves, by name."""

from __future__ import annotations

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.store.databases import insert
from dispatch.store.tables import queries

MOST = 50


def queries_of(connection: sa.Connection, person: str) -> dict[str, str]:
    """What a person has kept, by name: JSON."""
    rows = connection.execute(sa.select(queries).where(queries.c.person == person).order_by(queries.c.name))
    return {row.name: row.data for row in rows}


def keep_query(connection: sa.Connection, person: str, name: str, data: str) -> None:
    """Keep a search in place of one of the same name. Raises InputError where a person has too many."""
    kept = queries_of(connection, person)
    if name not in kept and len(kept) >= MOST:
        raise InputError(f"{len(kept)} searches are kept; expected at most {MOST}: remove one first")
    statement = insert(connection, queries).values(person=person, name=name, data=data)
    connection.execute(statement.on_conflict_do_update(index_elements=["person", "name"], set_={"data": data}))


def drop_query(connection: sa.Connection, person: str, name: str) -> bool:
    """Keep it no longer; False where there is none of that name."""
    own = queries.c.person == person, queries.c.name == name
    return connection.execute(sa.delete(queries).where(*own)).rowcount > 0

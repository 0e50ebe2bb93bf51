"""Copies a whole store into an empty one, of either database: PostgreSQL is backed up so, and a town grows into it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.store import Store
from dispatch.store.databases import FILE, URL_FILE
from dispatch.store.reports import VARIABLES
from dispatch.store.tables import metadata

NUMBERED = {"arrivals": "row", "events": "number", "alerts": "row"}  # the database counts these on, over what is erased


def copy_store(source: Store, target: Store) -> None:
    """Every row of one as of one instant into the other, in one transaction. Raises InputError where it has rows."""
    target.write_now(lambda into: source.read_now(lambda out: _copy(out, into)))


def move_store(folder: Path, url: str) -> None:
    """Move the store in a data folder, which nobody uses, to an empty PostgreSQL, which the folder then names.

    Raises InputError, ResourceError.
    """
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        source, target = Store(folder), Store(Path(beside), url)
        try:
            copy_store(source, target)
        finally:
            source.close()
            target.close()
        (Path(beside) / URL_FILE).rename(folder / URL_FILE)
    (folder / FILE).unlink()


def _copy(out: sa.Connection, into: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        if into.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise InputError(f"the database has {table.name} already; expected one with nothing in it")
        query = sa.select(table).order_by(*table.primary_key.columns)
        rows = out.execute(query.execution_options(yield_per=VARIABLES))
        for part in rows.mappings().partitions():
            into.execute(sa.insert(table), [dict(row) for row in part])
    for table_name, column in NUMBERED.items():
        _count_on(into, table_name, column, _counted(out, table_name, column))


def _counted(connection: sa.Connection, table: str, column: str) -> int:
    """The last number given, whether or not its row is there still; 0 for none."""
    if connection.dialect.name == "sqlite":
        query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        return connection.scalar(query, {"table": table}) or 0
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table, column)))
    given = sa.select(sa.case((sa.column("is_called"), sa.column("last_value")), else_=0))
    return connection.scalar(given.select_from(sa.text(str(sequence)))) or 0


def _count_on(connection: sa.Connection, table: str, column: str, last: int) -> None:
    if not last:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        query = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)")
        connection.execute(query, {"table": table, "last": last})
    else:
        connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table, column), last)))

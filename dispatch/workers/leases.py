"""Who works on which cell: a lock in PostgreSQL each, which goes with its worker's connection, however that ends.

Each worker also holds a lock that counts it, and takes no more than its share of the cells.
"""

from __future__ import annotations

import math
import secrets

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from acoustic.errors import ResourceError
from dispatch.store import Store
from dispatch.workers.cells import Cell

WORKER, CELL = 0x746F6301, 0x746F6302  # the first of a lock's two numbers: 'toc' and what it is of
COUNT = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = :kind
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Leases:
    """One worker's. Every call raises ResourceError where the connection is lost, and all leases with it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: sa.Connection | None = None

    def share(self, cells: int) -> int:
        """How many of so many cells this worker may have now."""
        workers = self._scalar(COUNT, kind=WORKER)
        return math.ceil(cells / max(workers, 1))

    def take(self, cell: Cell) -> bool:
        """Lease a cell; False where another worker has it."""
        return bool(self._scalar("SELECT pg_try_advisory_lock(:kind, :number)::int", kind=CELL, number=cell.number))

    def give(self, cell: Cell) -> None:
        """Let a cell go."""
        self._scalar("SELECT pg_advisory_unlock(:kind, :number)::int", kind=CELL, number=cell.number)

    def close(self) -> None:
        """Let all go."""
        if self._connection is not None:
            self._connection.invalidate()  # closed, not given back with its locks
            self._connection.close()
            self._connection = None

    def _scalar(self, statement: str, **values: int) -> int:
        try:
            if self._connection is None:
                self._connection = self._store.aside()
                me = secrets.randbits(31)
                self._connection.execute(sa.text("SELECT pg_advisory_lock(:kind, :me)"), {"kind": WORKER, "me": me})
            return int(self._connection.execute(sa.text(statement), values).scalar_one())
        except DBAPIError as error:
            self.close()
            raise ResourceError(f"the leases of cells are lost: {error.orig}") from error

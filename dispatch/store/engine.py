"""Opens the database and runs transactions on it, never in the event loop's own thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from acoustic.errors import InputError, ResourceError

T = TypeVar("T")
MIGRATIONS = Path(__file__).with_name("migrations")


class Store:
    """One database file in the data folder.

    Raises ResourceError, in one sentence, where the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"data folder {folder} cannot be made: {error.strerror}") from error
        self.path = folder / "tocsin.db"
        # Writers take the lock at BEGIN: what a transaction reads is then still true when it writes.
        self._writing = _engine(self.path, "BEGIN IMMEDIATE")
        self._reading = _engine(self.path, "BEGIN")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="store-reader")
        self.write_now(migrate)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction of its own; when this returns, what it wrote is on the disk."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.write_now, work)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on one consistent view of the store."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    def write_now(self, work: Callable[[sa.Connection], T]) -> T:
        """`write`, in the caller's thread."""
        return self._run(self._writing, work)

    def read_now(self, work: Callable[[sa.Connection], T]) -> T:
        """`read`, in the caller's thread."""
        return self._run(self._reading, work)

    def empty_log(self) -> None:
        """Move SQLite's write-ahead log into the file, so that nothing erased is left in it; readers may put it off."""
        connection = self._writing.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise ResourceError(f"the store {self.path} could not be used: {error}") from error
        finally:
            connection.close()

    def _run(self, engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        try:
            with engine.begin() as connection:
                return work(connection)
        except DatabaseError as error:
            raise ResourceError(f"the store {self.path} could not be used: {error.orig}") from error

    def close(self) -> None:
        """End the threads and close the file."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


def migrate(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema up to the newest, or down to `revision`; raises InputError for a store of a newer program."""
    from alembic import command  # here, because only this needs it
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        if revision == "head":
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
    except CommandError as error:
        raise InputError(
            f"the store has a schema that this program does not know ({error}); use a newer one"
        ) from error


def _engine(path: Path, begin: str) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10.0})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, not only forgotten

    @sa.event.listens_for(engine, "begin")
    def _began(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

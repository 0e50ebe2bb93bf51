"""Opens the database and runs transactions on it, never in the event loop's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError

from acoustic.errors import InputError, ResourceError
from dispatch.store.databases import open_database

T = TypeVar("T")
MIGRATIONS = Path(__file__).with_name("migrations")
NEWEST = max(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))


class Store:
    """What the centre of a data folder keeps, in SQLite or PostgreSQL (`dispatch.store.databases`).

    Raises ResourceError, in one sentence, where the folder cannot be written, the disk is full or the database away.
    """

    def __init__(self, folder: Path, database: str | None = None) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"data folder {folder} cannot be made: {error.strerror}") from error
        self.folder = folder
        self._database = open_database(folder, database)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="store-reader")
        try:
            if self.read_now(_revision) != NEWEST:  # else it is not written to: a centre may be writing for long
                self.write_now(migrate)
        except BaseException:
            self.close()
            raise

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction of its own; when this returns, what it wrote is on the disk."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.write_now, work)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on one consistent view of the store."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    def write_now(self, work: Callable[[sa.Connection], T]) -> T:
        """`write`, in the caller's thread."""
        return self._run(self._database.writing, work)

    def read_now(self, work: Callable[[sa.Connection], T]) -> T:
        """`read`, in the caller's thread."""
        return self._run(self._database.reading, work)

    def aside(self) -> sa.Connection:
        """A connection outside of transactions, which the caller closes. Raises DBAPIError where there is none."""
        return self._database.plain.connect()

    def empty_log(self) -> None:
        """Have nothing that was erased left in the database's own files, as far as it can; readers may put it off."""
        try:
            with self._database.plain.connect() as connection:
                connection.exec_driver_sql(self._database.empty)
        except DBAPIError as error:
            raise self._unusable(error) from error

    def _run(self, engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        try:
            with engine.begin() as connection:
                return work(connection)
        except DataError as error:
            raise InputError(f"the store cannot hold this: {error.orig}") from error
        except DBAPIError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: DBAPIError) -> ResourceError:
        told = " ".join(str(error.orig).split())
        return ResourceError(f"the store {self._database.name} could not be used: {told}")

    def close(self) -> None:
        """End the threads and close the database."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._database.dispose()


def _revision(connection: sa.Connection) -> str | None:
    """Of the schema that is there; None where there is none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


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

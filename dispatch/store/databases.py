"""The two databases that a store may be: an SQLite file in the data folder, or PostgreSQL by its URL.

Of either, writing transactions run one after another, over all processes, so that what one reads is still true when it
writes, and the journal has one order: SQLite locks its file at BEGIN, and in PostgreSQL each takes one advisory lock,
which goes with the transaction. Reading ones see one instant and wait for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from acoustic.errors import InputError, ResourceError
from arrays.whole import write_whole

FILE = "tocsin.db"
URL_FILE = "database.url"  # in the data folder of a store that is elsewhere, so that every command finds it
LOCK = 0x746F6373  # 'tocs'
# A lock is waited for as long as SQLite's, what is acknowledged is synced, and whoever lost power is noticed.
SESSION = {
    "lock_timeout": "10s",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
CONNECT = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "application_name": "tocsin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Engines for transactions that write, for those that read, and for statements outside of any.

    `name` is what errors call it; `empty` the statement after which no trace of what was erased is left, as far as the
    database can help it.
    """

    name: str
    writing: sa.Engine
    reading: sa.Engine
    plain: sa.Engine
    empty: str

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self.writing, self.reading, self.plain):
            engine.dispose()


def open_database(folder: Path, url: str | None) -> Database:
    """The database at `url`, which the folder remembers; without one that which it remembers, else a file in it.

    Raises InputError for a URL that is not PostgreSQL's, or where the folder has a store of its own.
    """
    remembered = folder / URL_FILE
    try:
        if url is None and remembered.exists():
            url = remembered.read_text(encoding="utf-8").strip()
        if url is None:
            return sqlite(folder / FILE)
        if (folder / FILE).exists():
            raise InputError(
                f"data folder {folder} has a store of its own, {FILE}, beside the database in the settings; "
                "`tocsin restore --database` moves one there from a backup"
            )
        database = postgresql(url)
        write_whole(remembered, url.encode())
    except OSError as error:
        raise ResourceError(f"data folder {folder} cannot be used: {error.strerror}") from error
    return database


def sqlite(path: Path) -> Database:
    """An SQLite file: write-ahead log, every commit synced, what is erased overwritten."""
    writing, reading, plain = (_sqlite_engine(path, begin) for begin in ("BEGIN IMMEDIATE", "BEGIN", ""))
    empty = "PRAGMA wal_checkpoint(TRUNCATE)"  # into the file; readers may put it off
    return Database(name=str(path), writing=writing, reading=reading, plain=plain, empty=empty)


def postgresql(url: str) -> Database:
    """A PostgreSQL database. Raises InputError, and ResourceError where its driver is not installed."""
    where = check_url(url)
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())

    def engine(isolation_level: str) -> sa.Engine:
        return sa.create_engine(
            where, connect_args={**CONNECT, "options": options}, isolation_level=isolation_level, pool_pre_ping=True
        )

    try:
        writing, reading, plain = map(engine, ("READ COMMITTED", "REPEATABLE READ", "AUTOCOMMIT"))
    except ModuleNotFoundError as error:
        raise ResourceError("a store in PostgreSQL needs psycopg; install tocsin[postgres]") from error

    @sa.event.listens_for(writing, "begin")
    def _began(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")

    return Database(
        name=shown(where),
        writing=writing,
        reading=reading.execution_options(postgresql_readonly=True),
        plain=plain,
        empty="VACUUM",
    )


def check_url(url: str) -> sa.URL:
    """A database's URL, for our driver. Raises InputError, which tells no password."""
    try:
        where = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        where = None
    if where is None or where.drivername != "postgresql" or not where.database:
        raise InputError("database is not of the form postgresql://USER:PASSWORD@HOST:PORT/NAME")
    return where.set(drivername="postgresql+psycopg")


def shown(where: sa.URL) -> str:
    """As it may be told."""
    return where.set(drivername="postgresql").render_as_string(hide_password=True)


def _sqlite_engine(path: Path, begin: str) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10.0})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, not only forgotten

    @sa.event.listens_for(engine, "begin")
    def _began(connection: sa.Connection) -> None:
        if begin:
            connection.exec_driver_sql(begin)

    return engine


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An insertion that may say what is done on a conflict, which each database has a construct of its own for."""
    return (sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert)(table)

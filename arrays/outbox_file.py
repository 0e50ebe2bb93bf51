"""The outbox's file: its schema, whether it is sound, and where a damaged one goes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS reports
    (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL, kept_s REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, ceiling INTEGER NOT NULL);
"""
PARTS = ("", "-wal", "-shm")


def open_file(path: Path) -> sqlite3.Connection:
    """The database in a file, made where there is none. Raises sqlite3.DatabaseError for a damaged one, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=4194304"):
            database.execute(f"PRAGMA {pragma}")
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise _damage(found)
        database.executescript(SCHEMA)
        if "kept_s" not in {row[1] for row in database.execute("PRAGMA table_info(reports)")}:
            database.execute("ALTER TABLE reports ADD COLUMN kept_s REAL NOT NULL DEFAULT 0")
            database.execute("UPDATE reports SET kept_s = strftime('%s', 'now')")
    except sqlite3.Error:
        database.close()
        raise
    return database


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is wrong, not only the disk full or the file busy."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def set_aside(path: Path, mark: int) -> Path:
    """Move a damaged file, and what belongs to it, out of the way; return where it is now. Raises OSError."""
    aside = path.with_name(f"{path.name}.damaged-{mark}")
    for suffix in PARTS:
        if (part := Path(f"{path}{suffix}")).exists():
            part.rename(f"{aside}{suffix}")
    return aside


def _damage(found: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(found)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error

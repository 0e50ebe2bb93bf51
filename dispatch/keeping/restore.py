"""Restores a centre from a backup, without what was erased since: by its clocks, and on somebody's demand."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from acoustic.errors import InputError, ResourceError
from dispatch.audit import Check, next_lines
from dispatch.keeping.backup import SETTINGS, STORE, Kept, Snapshot, contents, erased_lines, snapshot
from dispatch.keeping.copying import move_store
from dispatch.keeping.sweep import Clocks, sweep
from dispatch.keeping.vault import Vault
from dispatch.keeping.words import erase_again
from dispatch.settings import Keep, read_settings
from dispatch.store import Store
from dispatch.store.journal import add_entry
from dispatch.store.reports import VARIABLES
from dispatch.store.tables import journal, links, sessions
from dispatch.trust.authority import open_authority

KIND = "restored"
BECAUSE = "erased before the centre was restored from a backup that still had it"


def check_backup(vault: Vault, name: str) -> Snapshot:
    """Read all of a backup. Raises InputError naming what is damaged or missing."""
    told = snapshot(vault, name)
    for file in told.files:
        for _ in contents(vault, file):
            pass
    return told


def restore(vault: Vault, name: str, data: Path, now_ms: int, database: str | None = None) -> tuple[Snapshot, int]:
    """Put a backup where a data folder will be; what it was, and how many lines lost names and words on the way.

    The store comes into the folder, or into the PostgreSQL whose URL is given, which must be empty. All is made beside
    and renamed once it is well. Raises InputError where there is something already, the backup is damaged or of a newer
    program, or its journal does not hold; ResourceError.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise InputError(f"{data} is there already; expected a folder that is empty or not there")
    told = snapshot(vault, name)
    beside = data.with_name(f"{data.name}.{secrets.token_hex(4)}.restoring")
    try:
        beside.mkdir(mode=0o700, parents=True)
        for file in told.files:
            _write(vault, file, beside)
        count = _made_good(beside, name, told, set(erased_lines(vault)), now_ms)
        if database is not None:
            move_store(beside, database)
        if data.exists():
            data.rmdir()
        beside.rename(data)
    except OSError as error:
        raise ResourceError(f"{error.filename or beside} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return told, count


def _write(vault: Vault, file: Kept, folder: Path) -> None:
    path = folder / file.path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"the backup names {file.path[:80]!r}, which is outside the data folder")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("wb") as out:
        for part in contents(vault, file):
            out.write(part)


def _made_good(folder: Path, name: str, told: Snapshot, erased: set[str], now_ms: int) -> int:
    """Bring the store up to this program, check it, and erase what was erased since."""
    with closing(sqlite3.connect(folder / STORE)) as connection:
        if (said := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise InputError(f"the store in backup {name} is damaged: {said}")
    key = open_authority(folder).order_key
    settings = folder / SETTINGS
    keep = read_settings(settings).keep if settings.exists() else Keep()
    store = Store(folder)
    try:
        done = Check(centre_key=key.public_key())
        while lines := store.read_now(next_lines(done.last)):
            done.take(lines)
        if not done.good:
            raise InputError(f"the journal in backup {name} does not hold; tocsin centre journal --check tells where")

        def work(connection: sa.Connection) -> int:
            for table in (sessions, links):  # whoever was let out since stays out
                connection.execute(sa.delete(table))
            made = datetime.fromtimestamp(told.made_ms / 1e3, UTC).isoformat(timespec="seconds")
            add_entry(connection, KIND, name, {"made": made, "program": told.program}, now_ms)
            return erase_again(connection, _still_there(connection, erased), BECAUSE, key, now_ms)

        count = store.write_now(work)
        sweep(store, Clocks(keep=keep, key=key, now_ms=now_ms))
    finally:
        store.close()
    return count


def _still_there(connection: sa.Connection, erased: set[str]) -> list[int]:
    """The lines whose words the backup has, though they were erased since."""
    found: list[int] = []
    wanted = sorted(erased)
    for k in range(0, len(wanted), VARIABLES):
        whole = journal.c.content.in_(wanted[k : k + VARIABLES]), journal.c.salt != ""
        found += connection.scalars(sa.select(journal.c.id).where(*whole))
    return sorted(found)

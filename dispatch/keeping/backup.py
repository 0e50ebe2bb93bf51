"""Backs up a centre that runs: its store as of one instant, its keys, its settings, into an encrypted folder."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from acoustic.errors import InputError, ResourceError
from arrays.whole import write_whole
from dispatch.keeping.copying import copy_store
from dispatch.keeping.vault import CHUNKS, SNAPSHOTS, Vault
from dispatch.store import Store
from dispatch.store.databases import FILE, URL_FILE

CHUNK_BYTES = 1 << 18  # 64 pages of the store: small enough that a night's changes touch few
BACKED_UP = "last-backup"  # in the data folder, beside what is backed up: when, UTC ms
STORE, SETTINGS, KEYS, ADDRESSES, ERASED = FILE, "centre.toml", "keys", "addresses.db", "erased"
NAME = "%Y%m%dT%H%M%SZ"
DAY_MS = 86_400_000


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a backup: its path below the data folder, its SHA-256 (hex), its parts."""

    path: str
    digest: str
    chunks: tuple[str, ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One backup: when (UTC ms), by which program, the schema of its store, its files."""

    made_ms: int
    program: str
    schema: str
    files: tuple[Kept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of a backup: its name, bytes of the files, bytes written for them, how many older ones ended."""

    name: str
    held: int
    written: int
    ended: int


def back_up(vault: Vault, data: Path, settings: Path | None, program: str, now_ms: int, keep_days: float) -> Made:
    """Back up the centre in a data folder; backups older than `keep_days` end. Raises InputError, ResourceError."""
    if not any((data / one).is_file() for one in (STORE, URL_FILE)):
        raise InputError(f"data folder {data} has no store; expected that of a centre")
    files, held, written = [], 0, 0
    with tempfile.TemporaryDirectory(dir=data, prefix="backup-") as beside:  # as private as the store itself
        copy = Path(beside) / STORE
        _copy_store(data, copy)
        with closing(sqlite3.connect(copy)) as connection:
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            erased = [
                row[0] for row in connection.execute("SELECT content FROM journal WHERE salt = '' AND kind <> ''")
            ]
        for path, name in [(copy, STORE), *_others(data, settings)]:
            chunks = [vault.put_chunk(part) for part in _parts(path)]
            files.append(Kept(path=name, digest=file_digest(path), chunks=tuple(chunk for chunk, _ in chunks)))
            held, written = held + path.stat().st_size, written + sum(size for _, size in chunks)
    known = set(erased_lines(vault))
    if new := set(erased) - known:
        vault.put(ERASED, msgspec.msgpack.encode(sorted(known | new)))
    name = datetime.fromtimestamp(now_ms / 1e3, UTC).strftime(NAME)
    told = Snapshot(made_ms=now_ms, program=program, schema=schema, files=tuple(files))
    written += vault.put(f"{SNAPSHOTS}/{name}", msgspec.msgpack.encode(told))
    write_whole(data / BACKED_UP, str(now_ms).encode())
    return Made(name=name, held=held, written=written, ended=_end_older(vault, now_ms - round(keep_days * DAY_MS)))


def snapshot(vault: Vault, name: str) -> Snapshot:
    """A backup by its name. Raises InputError."""
    try:
        return msgspec.msgpack.decode(vault.get(f"{SNAPSHOTS}/{name}"), type=Snapshot)
    except msgspec.DecodeError as error:
        raise InputError(f"backup {name} is of a form that this program does not know ({error})") from error


def newest(vault: Vault) -> str:
    """The name of the newest backup. Raises InputError where there is none."""
    names = vault.names(SNAPSHOTS)
    if not names:
        raise InputError(f"{vault.folder} holds no backup")
    return names[-1]


def contents(vault: Vault, file: Kept) -> Iterator[bytes]:
    """The parts of a file, in order; raises InputError at the end where they are not the file that was kept."""
    whole = hashlib.sha256()
    for name in file.chunks:
        part = vault.chunk(name)
        whole.update(part)
        yield part
    if whole.hexdigest() != file.digest:
        raise InputError(f"{file.path} in the backup is not the file that was kept")


def erased_lines(vault: Vault) -> list[str]:
    """The content digests of journal lines that were erased, whichever backup still holds their words."""
    return msgspec.msgpack.decode(vault.get(ERASED), type=list[str]) if (vault.folder / ERASED).exists() else []


def file_digest(path: Path) -> str:
    """SHA-256, hex, of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_store(data: Path, copy: Path) -> None:
    """In one step: a view of one instant, while others write; many steps would begin anew at each write."""
    if (data / URL_FILE).exists():
        source, target = Store(data), Store(copy.parent)
        try:
            copy_store(source, target)
        finally:
            source.close()
            target.close()
        return
    try:
        with (
            closing(sqlite3.connect(f"file:{data / STORE}?mode=ro", uri=True)) as source_file,
            closing(sqlite3.connect(copy)) as into,
        ):
            source_file.backup(into, pages=-1)
    except sqlite3.Error as error:
        raise ResourceError(f"the store {data / STORE} could not be copied: {error}") from error


def _others(data: Path, settings: Path | None) -> Iterator[tuple[Path, str]]:
    for path in sorted((data / KEYS).iterdir()):
        if path.is_file():
            yield path, f"{KEYS}/{path.name}"
    if (data / ADDRESSES).is_file():
        yield data / ADDRESSES, ADDRESSES
    if settings is not None:
        yield settings, SETTINGS


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(CHUNK_BYTES):
            yield part


def _end_older(vault: Vault, before_ms: int) -> int:
    """Take away backups made before a time, but the newest, and the parts that no other needs."""
    told = {name: snapshot(vault, name) for name in vault.names(SNAPSHOTS)}
    old = [name for name in sorted(told)[:-1] if told[name].made_ms < before_ms]
    for name in old:
        vault.drop(f"{SNAPSHOTS}/{name}")
        del told[name]
    if old:
        needed = {chunk for one in told.values() for file in one.files for chunk in file.chunks}
        for name in set(vault.names(CHUNKS)) - needed:
            vault.drop(f"{CHUNKS}/{name}")
    return len(old)

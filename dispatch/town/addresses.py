"""Street addresses, kept on the centre only and looked up by place. Never the fix: only what is nearest to it.

One SQLite file beside the store, clustered by cells of 0.001° (111 m from south to north): a look-up reads the few
cells around a place, whatever the size of the file, and nothing stays in memory.
"""

from __future__ import annotations

import math
import os
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from acoustic.errors import ResourceError

FILE = "addresses.db"
CELLS_PER_DEG = 1000
ROW = 1_000_000  # cells in a row around the globe, with room
FARTHEST_M = 300.0  # beyond, an address says nothing about the place
DEGREE_M = 111_320.0
SCHEMA = """
CREATE TABLE addresses (
    cell INTEGER, lat REAL, lon REAL, words TEXT, PRIMARY KEY (cell, lat, lon, words)
) WITHOUT ROWID;
CREATE TABLE about (attribution TEXT);
"""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address and where it is, WGS-84 degrees."""

    words: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearAddress:
    """The address nearest to a place, how far from it, and whose data says so."""

    words: str
    distance_m: float
    attribution: str

    @property
    def sentence(self) -> str:
        """As it is always told."""
        return f"nearest address, not the fix: {self.words}, {self.distance_m:.0f} m away ({self.attribution})"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """How many addresses there are, whose data says so, and when they were imported."""

    count: int
    attribution: str
    imported_ms: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a data folder; it may have none. What was imported meanwhile is found."""

    folder: Path

    def nearest(self, lat: float | None, lon: float | None) -> NearAddress | None:
        """The nearest within 300 m of a place; None where there is none, no place, or the file cannot be read."""
        path = self.folder / FILE
        if lat is None or lon is None or not path.is_file():
            return None
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                return _nearest(connection, lat, lon)
        except sqlite3.Error as error:  # an alert goes out without address rather than not at all
            log.warning("addresses cannot be read; import them again", file=str(path), problem=str(error))
            return None

    def about(self) -> About | None:
        """How many there are, whose, and since when; None where there are none. Raises ResourceError."""
        path = self.folder / FILE
        if not path.is_file():
            return None
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                (count,) = connection.execute("SELECT count(*) FROM addresses").fetchone()
                (attribution,) = connection.execute("SELECT attribution FROM about").fetchone()
        except sqlite3.Error as error:
            raise ResourceError(f"{path} cannot be read: {error}; import the addresses again") from error
        return About(count=count, attribution=attribution, imported_ms=path.stat().st_mtime_ns // 1_000_000)

    def words(self, lat: float | None, lon: float | None) -> str:
        """The nearest in a sentence; empty where there is none."""
        near = self.nearest(lat, lon)
        return "" if near is None else near.sentence


def write_addresses(folder: Path, addresses: Iterable[Address], attribution: str) -> int:
    """Keep these addresses in place of all that were there, once every one is read; how many. Raises ResourceError."""
    path = folder / FILE
    temporary = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=FILE)  # mkstemp makes it 0600
        os.close(descriptor)
        temporary = Path(name)
        count = _write(temporary, addresses, attribution)
        temporary.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise ResourceError(f"{path} cannot be written: {error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return count


def _write(path: Path, addresses: Iterable[Address], attribution: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=OFF")  # the file is not in place before it is whole
        connection.execute("PRAGMA synchronous=OFF")
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO about VALUES (?)", (attribution,))
        rows = ((_cell(_index(a.lat), _index(a.lon)), a.lat, a.lon, a.words) for a in addresses)
        connection.executemany("INSERT OR IGNORE INTO addresses VALUES (?, ?, ?, ?)", rows)
        count = int(connection.execute("SELECT count(*) FROM addresses").fetchone()[0])
        connection.commit()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return count


def _nearest(connection: sqlite3.Connection, lat: float, lon: float) -> NearAddress | None:
    scale = math.cos(math.radians(lat))
    up, aside = FARTHEST_M / DEGREE_M, FARTHEST_M / (DEGREE_M * max(scale, 1e-3))
    best: tuple[float, str] | None = None
    for row in range(_index(lat - up), _index(lat + up) + 1):
        cells = _cell(row, _index(lon - aside)), _cell(row, _index(lon + aside))
        query = "SELECT lat, lon, words FROM addresses WHERE cell BETWEEN ? AND ?"
        for there_lat, there_lon, words in connection.execute(query, cells):
            metres = DEGREE_M * math.hypot(there_lat - lat, (there_lon - lon) * scale)
            if best is None or (metres, words) < best:
                best = metres, words
    if best is None or best[0] > FARTHEST_M:
        return None
    (attribution,) = connection.execute("SELECT attribution FROM about").fetchone()
    return NearAddress(words=best[1], distance_m=best[0], attribution=attribution)


def _index(degrees: float) -> int:
    return math.floor(degrees * CELLS_PER_DEG)


def _cell(row: int, column: int) -> int:
    return row * ROW + column

"""Reports that the centre does not have yet: on disk before anything else, until it says that it has them.

One SQLite file (WAL, synchronous=FULL). What cannot be written is held in memory, may be sent from there, and is
written once the disk takes it. Sequences and arrival numbers are reserved ahead on disk, so that none is used twice,
whatever ends the program; a crash leaves the rest of a reserve unused.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from acoustic.errors import ResourceError

ARRIVALS, HEALTH = "arrivals", "health"
RESERVE = 1000
SCHEMA = """
CREATE TABLE IF NOT EXISTS reports (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, ceiling INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report to be sent: its sequence and its signed bytes."""

    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Held:
    kind: str
    body: bytes
    last_number: int


class Outbox:
    """The outbox in one file, for any thread. Raises ResourceError where it cannot be opened.

    `problem` says why the disk refuses, empty where it does not; `dropped` counts reports lost to the bound `most`.
    `first`: the lowest sequence and arrival number that the centre takes from this node.
    """

    def __init__(self, path: Path, most: int = 20_000, first: tuple[int, int] = (1, 1)) -> None:
        self._lock = threading.RLock()
        self._most = most
        self._held: dict[int, _Held] = {}
        self._gone: list[int] = []
        self.parked: dict[int, str] = {}
        self.problem, self.dropped = "", 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=4194304"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(SCHEMA)
            rows = self._database.execute("SELECT sequence, kind FROM reports ORDER BY sequence").fetchall()
            ceilings = dict(self._database.execute("SELECT name, ceiling FROM counters").fetchall())
        except (sqlite3.Error, OSError) as error:
            raise ResourceError(f"outbox {path} cannot be opened ({error}); free the disk or move the file") from error
        self._waiting: dict[str, dict[int, None]] = {ARRIVALS: {}, HEALTH: {}}
        for sequence, kind in rows:
            self._waiting[kind][sequence] = None
        self._sequence = max(int(ceilings.get("sequence", 1)), first[0])
        self._number = max(int(ceilings.get("number", 1)), first[1])
        self._sequence_ceiling, self._number_ceiling = self._sequence, self._number
        self.save()

    @property
    def next_sequence(self) -> int:
        """The sequence of the next report."""
        return self._sequence

    @property
    def next_number(self) -> int:
        """The next arrival's number."""
        return self._number

    def add(self, kind: str, make: Callable[[int], bytes], last_number: int = 0) -> int:
        """Keep a report: `make` its bytes for a sequence; `last_number` is its highest arrival number."""
        with self._lock:
            sequence, self._sequence = self._sequence, self._sequence + 1
            self._number = max(self._number, last_number + 1)
            self._held[sequence] = _Held(kind, make(sequence), last_number)
            self._waiting[kind][sequence] = None
            while len(self) > self._most:
                self._drop_oldest()
            self.save()
            return sequence

    def save(self) -> bool:
        """Write what memory holds; False, and `problem` set, where the disk refuses."""
        with self._lock:
            ceilings = self._sequence_ceiling, self._number_ceiling
            if self._sequence + RESERVE // 2 > ceilings[0] or self._number + RESERVE // 2 > ceilings[1]:
                ceilings = self._sequence + RESERVE, self._number + RESERVE
            try:
                self._write(*ceilings)
            except sqlite3.Error as error:
                self.problem = f"the outbox cannot be written: {error}"
                return False
            self._sequence_ceiling, self._number_ceiling = ceilings
            self._held.clear()
            self._gone.clear()
            self.problem = ""
            return True

    def next(self) -> Waiting | None:
        """What to send now: the oldest arrivals, else the oldest health; None where nothing waits.

        Raises ResourceError where the disk does not give a report back; that one is parked, the next call goes on.
        """
        with self._lock:
            for kind in (ARRIVALS, HEALTH):
                for sequence in self._waiting[kind]:
                    try:
                        body = self._body(sequence)
                    except sqlite3.Error as error:
                        why = f"report {sequence} cannot be read back from the outbox: {error}"
                        self.park(sequence, why)
                        raise ResourceError(why) from error
                    if body is not None:
                        return Waiting(sequence, body)
            return None

    def done(self, sequence: int) -> None:
        """The centre has it. Its row goes with the next write: sent again after a crash it does no harm."""
        with self._lock:
            self._forget(sequence)

    def park(self, sequence: int, why: str) -> None:
        """It cannot be sent, `why`: keep it, but try it no more before the next start."""
        with self._lock:
            for waiting in self._waiting.values():
                waiting.pop(sequence, None)
            self.parked[sequence] = why

    def waiting(self) -> int:
        """How many reports wait to be sent."""
        return sum(map(len, self._waiting.values()))

    def __len__(self) -> int:
        return self.waiting() + len(self.parked)

    def close(self) -> None:
        """Write what is left, give back the unused reserve."""
        with self._lock:
            if self.save():
                with contextlib.suppress(sqlite3.Error):  # then the reserve stays unused, as after a crash
                    self._write(self._sequence, self._number)
            self._database.close()

    def _write(self, sequence_ceiling: int, number_ceiling: int) -> None:
        rows = [(sequence, held.kind, held.body) for sequence, held in self._held.items()]
        counters = [("sequence", sequence_ceiling), ("number", number_ceiling)]
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO reports VALUES (?, ?, ?)", rows)
            database.executemany("DELETE FROM reports WHERE sequence = ?", [(sequence,) for sequence in self._gone])
            database.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?)", counters)
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _body(self, sequence: int) -> bytes | None:
        """Its bytes; None where sending it now might use a sequence or number again after a crash."""
        held = self._held.get(sequence)
        if held is not None:
            within = sequence < self._sequence_ceiling and held.last_number < self._number_ceiling
            return held.body if within else None
        row = self._database.execute("SELECT body FROM reports WHERE sequence = ?", (sequence,)).fetchone()
        return bytes(row[0]) if row else None

    def _drop_oldest(self) -> None:
        """Make room: health before arrivals, what is refused anyway before what may be sent."""
        for some in (self._waiting[HEALTH], self.parked, self._waiting[ARRIVALS]):
            if some:
                self._forget(next(iter(some)))
                self.dropped += 1
                return

    def _forget(self, sequence: int) -> None:
        for waiting in self._waiting.values():
            waiting.pop(sequence, None)
        self.parked.pop(sequence, None)
        if self._held.pop(sequence, None) is None:
            self._gone.append(sequence)

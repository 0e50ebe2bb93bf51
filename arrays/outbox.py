"""Reports that the centre does not have yet: on disk before anything else, until it says that it has them.

One SQLite file (WAL, synchronous=FULL). What cannot be written is held in memory, may be sent from there, and is
written once the disk takes it. Sequences and arrival numbers are reserved ahead on disk, so that none is used twice,
whatever ends the program; a crash leaves the rest of a reserve unused.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import structlog

from acoustic.errors import ResourceError
from arrays.outbox_file import is_damage, open_file, set_aside

ARRIVALS, HEALTH = "arrivals", "health"
RESERVE = 1000
DAY_S = 86_400.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may wait: reports, bytes of them, and how old they may grow. Health that a newer one replaces is not
    kept where `newest_health_only` (a link that costs)."""

    reports: int = 40_000
    bytes: int = 64_000_000
    age_s: float = 30 * DAY_S
    newest_health_only: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report to be sent: its sequence and its signed bytes."""

    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Held:
    kind: str
    body: bytes
    kept_s: float
    last_number: int


@dataclass(frozen=True, slots=True)
class _Entry:
    size: int
    kept_s: float


class Outbox:
    """The outbox in one file, for any thread. Raises ResourceError where it cannot be opened.

    `problem` says why the disk refuses, empty where it does not; `dropped` counts reports lost to the bounds;
    `set_aside` names the file that was found damaged, empty where none was.
    `first`: the lowest sequence and arrival number that the centre takes from this node.
    """

    def __init__(
        self,
        path: Path,
        bounds: Bounds | None = None,
        first: tuple[int, int] = (1, 1),
        now_s: Callable[[], float] | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._path, self._bounds, self._now_s = path, bounds or Bounds(), now_s or _steady_clock()
        self._bytes = 0
        self._sequence, self._number = first
        self._held: dict[int, _Held] = {}
        self._gone: list[int] = []
        self._turns: Counter[str] = Counter()
        self._waiting: dict[str, dict[int, _Entry]] = {ARRIVALS: {}, HEALTH: {}}
        self._away: dict[int, tuple[str, _Entry]] = {}
        self.parked: dict[int, str] = {}
        self._parked: dict[int, _Entry] = {}
        self.problem, self.dropped, self.set_aside = "", 0, ""
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            raise ResourceError(f"outbox {path} cannot be opened ({error}); free the disk or move the file") from error
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
            if kind == HEALTH and self._bounds.newest_health_only:
                for old in list(self._waiting[HEALTH]):
                    self._forget(old)
            held = _Held(kind, make(sequence), self._now_s(), last_number)
            self._held[sequence] = held
            self._waiting[kind][sequence] = _Entry(len(held.body), held.kept_s)
            self._bytes += len(held.body)
            self._keep_within_bounds()
            self.save()
            return sequence

    def save(self) -> bool:
        """Write what memory holds; False, and `problem` set, where the disk refuses."""
        with self._lock:
            try:
                try:
                    self._write_all()
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    self._database.close()
                    self._begin_anew(error)
                    self._write_all()
            except (sqlite3.Error, OSError) as error:
                self.problem = f"the outbox cannot be written: {error}"
                return False
            self.problem = ""
            return True

    def take(self, most_bytes: int = 0, most: int = 1, health: bool = True) -> list[Waiting]:
        """What to send now, until `back`, `done` or `park` is said of each: arrivals, or `health` where none wait; the
        newest and the oldest in turn, so that news does not wait behind what an outage has left. At least one, where
        one waits; more while they are within both bounds.

        Raises ResourceError where the disk does not give a report back; that one is parked, the next call goes on.
        """
        with self._lock:
            taken: list[Waiting] = []
            kind = HEALTH if health and not self._waiting[ARRIVALS] else ARRIVALS
            size = 0
            while len(taken) < most and (found := self._turn(kind)) is not None:
                size += len(found.body)
                if taken and size > most_bytes:
                    break
                self._away[found.sequence] = kind, self._waiting[kind].pop(found.sequence)
                self._turns[kind] += 1
                taken.append(found)
            return taken

    def back(self, sequences: Iterable[int]) -> None:
        """These could not be sent; they wait again."""
        with self._lock:
            for sequence in sequences:
                if sequence in self._away:
                    kind, entry = self._away.pop(sequence)
                    self._waiting[kind][sequence] = entry
                    self._turns[kind] -= 1
            self._waiting = {kind: dict(sorted(some.items())) for kind, some in self._waiting.items()}

    def done(self, sequence: int) -> None:
        """The centre has it. Its row goes with the next write: sent again after a crash it does no harm."""
        with self._lock:
            self._forget(sequence)

    def park(self, sequence: int, why: str) -> None:
        """It cannot be sent, `why`: keep it, but try it no more before the next start."""
        with self._lock:
            if (entry := self._pop(sequence)) is not None:
                self._parked[sequence] = entry
                self.parked[sequence] = why

    def waiting(self) -> int:
        """How many reports wait to be sent, those under way included."""
        with self._lock:
            return sum(map(len, self._waiting.values())) + len(self._away)

    def __len__(self) -> int:
        return self.waiting() + len(self.parked)

    def close(self) -> None:
        """Write what is left, give back the unused reserve."""
        with self._lock:
            if self.save():
                with contextlib.suppress(sqlite3.Error):  # then the reserve stays unused, as after a crash
                    self._write(self._sequence, self._number)
            self._database.close()

    def _open(self) -> None:
        """Open the file; one that is damaged is set aside, and another begun."""
        try:
            self._database = open_file(self._path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._begin_anew(error)
            return
        kept = "SELECT sequence, kind, length(body), kept_s FROM reports ORDER BY sequence"
        rows = self._database.execute(kept).fetchall()
        ceilings = dict(self._database.execute("SELECT name, ceiling FROM counters").fetchall())
        for sequence, kind, size, kept_s in rows:
            self._waiting[kind][sequence] = _Entry(size, kept_s)
            self._bytes += size
        self._sequence = max(int(ceilings.get("sequence", 1)), self._sequence)
        self._number = max(int(ceilings.get("number", 1)), self._number)
        self._sequence_ceiling, self._number_ceiling = self._sequence, self._number

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """Set the damaged file aside and go on with what memory holds. How far the old file had counted nobody can
        tell, so count on from the milliseconds since 1970: no node reports more often than that."""
        now_ms = int(self._now_s() * 1e3)
        self.set_aside = str(set_aside(self._path, now_ms))
        self._database = open_file(self._path)
        known = [*chain(*self._waiting.values(), self._parked, self._away)]
        lost = [sequence for sequence in known if sequence not in self._held]
        for sequence in lost:
            self._forget(sequence)
        self._gone.clear()
        self._sequence, self._number = max(self._sequence, now_ms), max(self._number, now_ms)
        self._sequence_ceiling, self._number_ceiling = self._sequence, self._number
        log.error("the outbox is damaged; it is set aside", file=self.set_aside, reports=len(lost), problem=str(error))

    def _write_all(self) -> None:
        ceilings = self._sequence_ceiling, self._number_ceiling
        if self._sequence + RESERVE // 2 > ceilings[0] or self._number + RESERVE // 2 > ceilings[1]:
            ceilings = self._sequence + RESERVE, self._number + RESERVE
        self._write(*ceilings)
        self._sequence_ceiling, self._number_ceiling = ceilings
        self._held.clear()
        self._gone.clear()

    def _write(self, sequence_ceiling: int, number_ceiling: int) -> None:
        rows = [(sequence, held.kind, held.body, held.kept_s) for sequence, held in self._held.items()]
        counters = [("sequence", sequence_ceiling), ("number", number_ceiling)]
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO reports (sequence, kind, body, kept_s) VALUES (?, ?, ?, ?)", rows)
            database.executemany("DELETE FROM reports WHERE sequence = ?", [(sequence,) for sequence in self._gone])
            database.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?)", counters)
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _turn(self, kind: str) -> Waiting | None:
        """The newest, the next time the oldest; the other end where the disk is full and the one may not go."""
        some = self._waiting[kind]
        ends = [next(end, None) for end in (reversed(some), iter(some))]
        for sequence in ends if self._turns[kind] % 2 == 0 else ends[::-1]:
            if sequence is not None and (body := self._given(sequence)) is not None:
                return Waiting(sequence, body)
        return None

    def _given(self, sequence: int) -> bytes | None:
        try:
            return self._body(sequence)
        except sqlite3.Error as error:
            why = f"report {sequence} cannot be read back from the outbox: {error}"
            self.park(sequence, why)
            raise ResourceError(why) from error

    def _body(self, sequence: int) -> bytes | None:
        """Its bytes; None where sending it now might use a sequence or number again after a crash."""
        held = self._held.get(sequence)
        if held is not None:
            within = sequence < self._sequence_ceiling and held.last_number < self._number_ceiling
            return held.body if within else None
        row = self._database.execute("SELECT body FROM reports WHERE sequence = ?", (sequence,)).fetchone()
        return bytes(row[0]) if row else None

    def _keep_within_bounds(self) -> None:
        """Make room: health before arrivals, what is refused anyway before what may be sent."""
        bounds, oldest_s = self._bounds, self._now_s() - self._bounds.age_s
        some = (self._waiting[HEALTH], self._parked, self._waiting[ARRIVALS])
        for entries in some:
            while entries and entries[first := next(iter(entries))].kept_s < oldest_s:
                self._drop(first)
        while len(self) > bounds.reports or self._bytes > bounds.bytes:
            droppable = next((entries for entries in some if entries), None)
            if droppable is None:
                return
            self._drop(next(iter(droppable)))

    def _drop(self, sequence: int) -> None:
        self._forget(sequence)
        self.dropped += 1

    def _forget(self, sequence: int) -> None:
        if (entry := self._pop(sequence)) is not None:
            self._bytes -= entry.size
        if self._held.pop(sequence, None) is None:
            self._gone.append(sequence)

    def _pop(self, sequence: int) -> _Entry | None:
        """Take it out of whatever it waits in."""
        self.parked.pop(sequence, None)
        if sequence in self._away:
            return self._away.pop(sequence)[1]
        for entries in (*self._waiting.values(), self._parked):
            if sequence in entries:
                return entries.pop(sequence)
        return None


def _steady_clock() -> Callable[[], float]:
    """The time since 1970, s, right as of now and then counted: a clock that is set forward ages nothing."""
    ahead_s = time.time() - time.monotonic()
    return lambda: ahead_s + time.monotonic()

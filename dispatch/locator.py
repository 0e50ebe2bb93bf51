"""Feeds accepted arrivals to `localisation.network`, keeps the shots it publishes, and tells the pages.

The network works in a thread of its own. What it knows can always be built again from the store: after a restart, and
for arrivals that come too late for the network that is running. Exercises have a network of their own, so that what was
made up never has a part in what was truly heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError
from dispatch.centre import Centre
from dispatch.store.events import add_shots, latest_shots
from dispatch.store.journal import Entry
from dispatch.store.notes import note, set_note
from dispatch.store.reports import arrivals_after, arrivals_between, last_row, newest_ns
from localisation.arrivals import Arrival, Shot, Station
from localisation.network import Network

NOTE = "located"  # the row of the last arrival that was seen through, and its shots kept
REACH_NS = 60 * 10**9  # arrivals of one shot lie within this, with room
KEEP_NS = 120 * 10**9  # how long the running network remembers, at least
QUIET_S = 5.0  # longer than sound takes across a network: nothing more belongs to what was heard
RETRY_S = 1.0
T = TypeVar("T")
log = structlog.get_logger()


@dataclass
class _Running:
    """A network that runs, of exercises or of what is heard; it knows nothing from before `floor_ns`."""

    exercise: bool
    network: Network
    floor_ns: int = 0
    newest_ns: int = 0


class Locator:
    """The running networks and what feeds them."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._air = centre.method.air
        self._running = [_Running(exercise, Network(self._air)) for exercise in (False, True)]
        self._waiting: asyncio.Queue[Sequence[Arrival]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="locator")

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Hand over arrivals that are kept already."""
        if arrivals:
            self._centre.metrics.arrivals_came()
            self._waiting.put_nowait(arrivals)

    async def run(self) -> None:
        """For ever: locate what comes, all that waits at once; when it has been quiet, look at the whole once more."""
        await self._resume()
        quiet_s: float | None = QUIET_S
        while True:
            try:
                batch = list(await asyncio.wait_for(self._waiting.get(), quiet_s))
            except TimeoutError:
                quiet_s = None
                await self._keep(await self._in_thread(self._flush), [])
                continue
            while not self._waiting.empty():
                batch.extend(self._waiting.get_nowait())
            since_s = self._centre.metrics.locating()
            if await self._locate(batch):
                self._centre.metrics.located(since_s)
            quiet_s = QUIET_S

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    async def _resume(self) -> None:
        """Take up where the last run ended: what was kept but not yet located, with all that was heard around it."""
        missed, newest_ns = await self._centre.store.read(_missed)
        newest_ns = min(newest_ns, self._centre.clock_ns())
        shots: list[Shot] = []
        for one in self._running:
            one.newest_ns, one.floor_ns = newest_ns, newest_ns - REACH_NS
            one.network, found = await self._in_thread(self._build, one.floor_ns, newest_ns, one.exercise)
            shots += found + await self._too_late(one, missed)
        await self._keep(shots, missed)

    async def _locate(self, batch: Sequence[Arrival]) -> bool:
        """Locate arrivals and keep the shots, if there are any."""
        shots: list[Shot] = []
        for one in self._running:
            shots += await self._in_thread(self._feed, one, batch) + await self._too_late(one, batch)
        await self._keep(shots, batch)
        return bool(shots)

    async def _too_late(self, one: _Running, batch: Sequence[Arrival]) -> list[Shot]:
        """The shots of arrivals that are too late for the running network: they get one of their own."""
        late = [a.time_ns for a in batch if a.exercise == one.exercise and a.time_ns < one.floor_ns]
        shots: list[Shot] = []
        for first_ns, last_ns in _spans(late):
            shots += (await self._in_thread(self._build, first_ns, last_ns, one.exercise))[1]
        return shots

    def _feed(self, one: _Running, batch: Sequence[Arrival]) -> list[Shot]:
        fresh = [a for a in batch if a.exercise == one.exercise and a.time_ns >= one.floor_ns]
        now_ns = self._centre.clock_ns()
        one.newest_ns = max([one.newest_ns, *(min(a.time_ns, now_ns) for a in fresh)])
        shots = one.network.feed(fresh, self._stations(one.exercise))
        if one.newest_ns - one.floor_ns > 2 * KEEP_NS:
            one.floor_ns = one.newest_ns - KEEP_NS
            one.network.forget_before(one.floor_ns)
        return shots

    def _flush(self) -> list[Shot]:
        return [shot for one in self._running for shot in one.network.flush()]

    def _build(self, first_ns: int, last_ns: int, exercise: bool) -> tuple[Network, list[Shot]]:
        """A network that knows what is kept of a span of time, and what it finds anew in it."""
        read = self._centre.store.read_now
        shots = read(lambda c: latest_shots(c, first_ns - 2 * REACH_NS, last_ns + 2 * REACH_NS))
        heard = read(lambda c: arrivals_between(c, first_ns - REACH_NS, last_ns + REACH_NS))
        network = Network(self._air)
        network.resume(shot for shot in shots if shot.exercise == exercise)
        found = network.feed((a for a in heard if a.exercise == exercise), self._stations(exercise))
        return network, found

    def _stations(self, exercise: bool) -> list[Station]:
        """The nodes whose silence says something; in an exercise only those take part that report."""
        return [] if exercise else self._centre.nodes.stations()

    async def _keep(self, shots: Sequence[Shot], batch: Sequence[Arrival]) -> None:
        """Keep and publish; while the disk is full, wait: what the network has said is never dropped."""
        if not shots and not batch:
            return None
        now_ms = self._centre.now_ms
        heard = [shot for shot in shots if not shot.exercise]
        self._centre.orders.consider(heard, self._centre.nodes.stations(), self._air)

        def work(connection: sa.Connection) -> list[Entry]:
            _note_located(connection, batch)
            return add_shots(connection, shots, now_ms, self._centre.method.digest)

        while True:
            try:
                return await self._centre.publish(work)
            except ResourceError as error:
                log.warning("located shots could not be kept; trying again", problem=str(error))
                await asyncio.sleep(RETRY_S)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def backlog(connection: sa.Connection) -> int:
    """How many kept arrivals the locator has not seen through yet."""
    return len(arrivals_after(connection, int(note(connection, NOTE) or 0)))


def _missed(connection: sa.Connection) -> tuple[list[Arrival], int]:
    """The arrivals that were kept and not seen through, and the time of the newest arrival of all."""
    return arrivals_after(connection, int(note(connection, NOTE) or 0)), newest_ns(connection)


def _note_located(connection: sa.Connection, batch: Sequence[Arrival]) -> None:
    row = last_row(connection, [arrival.id for arrival in batch])
    set_note(connection, NOTE, str(max(row, int(note(connection, NOTE) or 0))))


def _spans(times_ns: Sequence[int]) -> list[tuple[int, int]]:
    """Times to the spans that hold them, cut where nothing was heard for long."""
    spans: list[tuple[int, int]] = []
    for time_ns in sorted(times_ns):
        if spans and time_ns - spans[-1][1] <= REACH_NS:
            spans[-1] = (spans[-1][0], time_ns)
        else:
            spans.append((time_ns, time_ns))
    return spans

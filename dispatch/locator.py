"""Feeds accepted arrivals to `localisation.network`, keeps the shots it publishes, and tells the pages.

The network works in a thread of its own. What it knows can always be built again from the store: after a restart, and
for arrivals that come too late for the network that is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError
from dispatch.centre import Centre
from dispatch.store.events import add_shots, latest_shots
from dispatch.store.journal import Entry
from dispatch.store.notes import note, set_note
from dispatch.store.reports import arrivals_after, arrivals_between, last_row, newest_ns
from localisation.arrivals import Arrival, Shot
from localisation.network import Network

NOTE = "located"  # the row of the last arrival that was seen through, and its shots kept
REACH_NS = 60 * 10**9  # arrivals of one shot lie within this, with room
KEEP_NS = 120 * 10**9  # how long the running network remembers, at least
QUIET_S = 5.0  # longer than sound takes across a network: nothing more belongs to what was heard
RETRY_S = 1.0
T = TypeVar("T")
log = structlog.get_logger()


class Locator:
    """The running network and what feeds it."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._air = centre.method.air
        self._network = Network(self._air)
        self._floor_ns = 0  # the running network knows nothing from before
        self._newest_ns = 0
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
                await self._keep(await self._in_thread(self._network.flush), [])
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
        missed, self._newest_ns = await self._centre.store.read(_missed)
        self._floor_ns = self._newest_ns - REACH_NS
        self._network, shots = await self._in_thread(self._build, self._floor_ns, self._newest_ns)
        for span in _spans([a.time_ns for a in missed if a.time_ns < self._floor_ns]):
            shots += (await self._in_thread(self._build, *span))[1]
        await self._keep(shots, missed)

    async def _locate(self, batch: Sequence[Arrival]) -> bool:
        """Locate arrivals and keep the shots, if there are any; arrivals too late for the running network get one of
        their own."""
        shots = await self._in_thread(self._feed, [a for a in batch if a.time_ns >= self._floor_ns])
        for span in _spans([a.time_ns for a in batch if a.time_ns < self._floor_ns]):
            shots += (await self._in_thread(self._build, *span))[1]
        await self._keep(shots, batch)
        return bool(shots)

    def _feed(self, batch: Sequence[Arrival]) -> list[Shot]:
        now_ns = self._centre.clock_ns()
        self._newest_ns = max([self._newest_ns, *(min(a.time_ns, now_ns) for a in batch)])
        shots = self._network.feed(batch, self._centre.nodes.stations())
        if self._newest_ns - self._floor_ns > 2 * KEEP_NS:
            self._floor_ns = self._newest_ns - KEEP_NS
            self._network.forget_before(self._floor_ns)
        return shots

    def _build(self, first_ns: int, last_ns: int) -> tuple[Network, list[Shot]]:
        """A network that knows what is kept of a span of time, and what it finds anew in it."""
        read = self._centre.store.read_now
        network = Network(self._air)
        network.resume(read(lambda c: latest_shots(c, first_ns - 2 * REACH_NS, last_ns + 2 * REACH_NS)))
        heard = read(lambda c: arrivals_between(c, first_ns - REACH_NS, last_ns + REACH_NS))
        return network, network.feed(heard, self._centre.nodes.stations())

    async def _keep(self, shots: Sequence[Shot], batch: Sequence[Arrival]) -> None:
        """Keep and publish; while the disk is full, wait: what the network has said is never dropped."""
        if not shots and not batch:
            return None
        now_ms = self._centre.now_ms
        self._centre.orders.consider(shots, self._centre.nodes.stations(), self._air)

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

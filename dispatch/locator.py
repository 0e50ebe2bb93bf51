"""Feeds accepted arrivals to the running networks, in a thread, keeps the shots they publish, and tells the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError
from dispatch.centre import Centre
from dispatch.networks import Ground, Networks
from dispatch.store.events import add_shots
from dispatch.store.journal import Entry
from dispatch.store.notes import note, set_note
from dispatch.store.progress import LOCATED, rejoin
from dispatch.store.reports import arrivals_after, last_row, newest_ns
from localisation.arrivals import Arrival, Shot

QUIET_S = 5.0  # longer than sound takes across a network: nothing more belongs to what was heard
RETRY_S = 1.0
T = TypeVar("T")
log = structlog.get_logger()


class Locator:
    """The running networks and what feeds them."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        ground = Ground(
            store=centre.store,
            air=centre.method.air,
            stations=centre.nodes.stations,
            clock_ns=lambda: centre.clock_ns(),
        )
        self._networks = Networks(ground)
        self._waiting: asyncio.Queue[Sequence[Arrival]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="locator")

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Hand over arrivals that are kept already."""
        if arrivals:
            self._centre.metrics.arrivals_came()
            self._waiting.put_nowait(arrivals)

    async def run(self) -> None:
        """For ever: locate what comes, all that waits at once; when it has been quiet, look at the whole once more."""
        await self._centre.store.write(rejoin)
        missed, newest = await self._centre.store.read(missed_since(LOCATED))
        await self._keep(await self._in_thread(self._networks.resume, missed, newest), missed)
        quiet_s: float | None = QUIET_S
        while True:
            try:
                batch = list(await asyncio.wait_for(self._waiting.get(), quiet_s))
            except TimeoutError:
                quiet_s = None
                await self._keep(await self._in_thread(self._networks.flush), [])
                continue
            while not self._waiting.empty():
                batch.extend(self._waiting.get_nowait())
            since_s = self._centre.metrics.locating()
            shots = await self._in_thread(self._networks.locate, batch)
            await self._keep(shots, batch)
            if shots:
                self._centre.metrics.located(since_s)
            quiet_s = QUIET_S

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    async def _keep(self, shots: Sequence[Shot], batch: Sequence[Arrival]) -> None:
        """Keep and publish; while the disk is full, wait: what the network has said is never dropped."""
        if not shots and not batch:
            return None
        now_ms = self._centre.now_ms

        def work(connection: sa.Connection) -> list[Entry]:
            note_seen(connection, LOCATED, batch)
            return add_shots(connection, shots, now_ms, self._centre.method.digest)

        while True:
            try:
                return await self._centre.publish(work)
            except ResourceError as error:
                log.warning("located shots could not be kept; trying again", problem=str(error))
                await asyncio.sleep(RETRY_S)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def missed_since(key: str) -> Callable[[sa.Connection], tuple[list[Arrival], int]]:
    """The arrivals kept after the row that is noted under a key, and the time of the newest arrival of all."""
    return lambda c: (arrivals_after(c, int(note(c, key) or 0)), newest_ns(c))


def note_seen(connection: sa.Connection, key: str, batch: Sequence[Arrival]) -> None:
    """Note under a key the highest row that was seen through."""
    row = last_row(connection, [arrival.id for arrival in batch])
    set_note(connection, key, str(max(row, int(note(connection, key) or 0))))

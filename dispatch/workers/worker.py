"""A worker's process: it leases cells, and locates what is in their queues. It keeps nothing that the store has not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
import sqlalchemy as sa
import structlog
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from acoustic.errors import ResourceError
from dispatch.brokers.link import linked
from dispatch.brokers.pulling import pulled
from dispatch.locator import QUIET_S, RETRY_S, missed_since, note_seen
from dispatch.networks import Ground, Networks
from dispatch.store.events import add_shots, first_shots
from dispatch.store.notes import note, set_note
from dispatch.store.progress import LOCATED, begin_cells, keep_cells
from dispatch.workers.borders import untold
from dispatch.workers.cells import Cell
from dispatch.workers.leases import Leases
from dispatch.workers.office import Office
from dispatch.workers.queue import NEWS, QUEUE, STREAM, until
from localisation.arrivals import Arrival, Shot

LOOK_EVERY_S = 1.0  # for cells without a worker, and for how many workers there are
AT_ONCE = 200  # arrivals taken together
SETTLED_S = 30.0  # an arrival not seen through by then is given again
REMEMBER_NS = 600 * 10**9  # where a shot was first placed, for longer than its network changes it
T = TypeVar("T")
log = structlog.get_logger()


async def work(office: Office) -> None:
    """For ever: while the database or NATS is away, try again."""
    leases, thread = Leases(office.store), ThreadPoolExecutor(1, thread_name_prefix="locator")

    async def with_cells(client: Client, lost: asyncio.Event) -> None:
        await until(lost, _cells(office, leases, client, thread))

    try:
        await linked(office.broker, "tocsin worker", QUEUE, with_cells)
    finally:
        leases.close()
        thread.shutdown()


async def _cells(office: Office, leases: Leases, client: Client, thread: ThreadPoolExecutor) -> None:
    """For ever: work on this worker's share of the cells."""
    held: dict[Cell, asyncio.Task[None]] = {}
    known: list[Cell] = []

    async def stop(some: Sequence[Cell]) -> None:
        tasks = [held.pop(cell) for cell in some]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        while True:
            for task in held.values():
                if task.done():
                    task.result()
            try:
                cells = await asyncio.to_thread(office.cells)
                if cells != known:
                    notes = [cell.note for cell in cells]
                    await asyncio.to_thread(office.store.write_now, lambda c, notes=notes: keep_cells(c, notes))
                    known = cells
                share = await asyncio.to_thread(leases.share, len(cells))
                for cell in [c for n, c in enumerate(held) if n >= share or c not in cells]:
                    await stop([cell])
                    await asyncio.to_thread(leases.give, cell)
                    log.info("a cell is let go", cell=cell.name)
                for cell in cells:
                    if len(held) < share and cell not in held and await asyncio.to_thread(leases.take, cell):
                        log.info("a cell is taken", cell=cell.name)
                        held[cell] = asyncio.create_task(CellWork(office, cell, client, thread).run())
            except ResourceError as error:
                log.warning("cells cannot be shared out; trying again", problem=str(error))
                await stop(list(held))
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await stop(list(held))
        leases.close()


class CellWork:
    """The networks of one cell, for as long as it is leased."""

    def __init__(self, office: Office, cell: Cell, client: Client, thread: ThreadPoolExecutor) -> None:
        self._office, self._cell, self._client, self._thread = office, cell, client, thread
        self._first: dict[str, tuple[float, float, int]] = {}  # of each shot: where it was placed first, and when (ns)
        ground = Ground(
            store=office.store,
            air=office.method.air,
            stations=lambda: office.stations(cell),
            clock_ns=time.time_ns,
            hears=self._hears,
        )
        self._networks = Networks(ground)

    async def run(self) -> None:
        """For ever: first what is in the store, then what comes; when it is quiet, look at the whole once more."""
        store, note_key = self._office.store, self._cell.note
        await self._kept(lambda: store.write_now(lambda c: begin_cells(c, [note_key])))
        missed, newest_ns = await self._kept(lambda: store.read_now(missed_since(note_key)))
        missed = [arrival for arrival in missed if self._hears(arrival)]
        await self._keep(await self._kept(lambda: self._networks.resume(missed, newest_ns)), missed)
        config = ConsumerConfig(ack_wait=SETTLED_S)
        pull = await self._client.jetstream().pull_subscribe(self._cell.subject, self._cell.name, STREAM, config)
        handed: str | None = None  # up to where arrivals were queued before it was quiet
        while True:
            if not (messages := await pulled(pull, AT_ONCE, QUIET_S)):
                if handed is None:
                    await self._keep(await self._kept(self._networks.flush), [])
                else:
                    await self._kept(lambda row=handed: store.write_now(lambda c: set_note(c, note_key, row)))  # type: ignore[misc]
                handed = await self._kept(lambda: store.read_now(lambda c: note(c, LOCATED))) or "0"
                continue
            handed = None
            batch = [msgspec.json.decode(message.data, type=Arrival) for message in messages]
            await self._keep(await self._kept(lambda batch=batch: self._networks.locate(batch)), batch)  # type: ignore[misc]
            await asyncio.gather(*(message.ack() for message in messages))

    async def _keep(self, shots: Sequence[Shot], batch: Sequence[Arrival]) -> None:
        """Keep the shots that are this cell's to tell of, and that what was heard was seen through."""
        mine = await self._kept(lambda: self._claimed(shots))
        if not mine and not batch:
            return
        now_ms = time.time_ns() // 1_000_000

        def write(connection: sa.Connection) -> bool:
            note_seen(connection, self._cell.note, batch)
            entries = add_shots(connection, untold(connection, mine), now_ms, self._office.method.digest)
            self._office.announce(connection, [entry.subject for entry in entries], now_ms)
            return bool(entries)

        if await self._kept(lambda: self._office.store.write_now(write)):
            await self._client.publish(NEWS, batch[0].id.encode() if batch else b"")

    def _claimed(self, shots: Sequence[Shot]) -> list[Shot]:
        """A shot is for the cell in which it was placed first, whichever way later versions move."""
        new = [shot for shot in shots if shot.key not in self._first]
        before = self._office.store.read_now(lambda c: first_shots(c, [shot.key for shot in new])) if new else {}
        for shot in new:
            at = before.get(shot.key, shot).origin
            self._first[shot.key] = at.x, at.y, at.time_ns
        late_ns = time.time_ns() - REMEMBER_NS
        mine = [shot for shot in shots if self._cell.claims(*self._first[shot.key][:2])]
        self._first = {key: first for key, first in self._first.items() if first[2] > late_ns}
        return mine

    def _hears(self, arrival: Arrival) -> bool:
        return self._cell.hears(arrival.x, arrival.y)

    async def _kept(self, work: Callable[[], T]) -> T:
        """What `work` gives, in the thread; while the store is away, again and again."""
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except ResourceError as error:
                log.warning("the store cannot be used; trying again", cell=self._cell.name, problem=str(error))
                await asyncio.sleep(RETRY_S)

"""The centre's part: arrivals to the queues of the cells that hear their nodes, and what workers kept to the pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from nats.aio.client import Client
from nats.aio.msg import Msg

from acoustic.errors import ResourceError
from arrays.broker import Broker
from dispatch.brokers.link import linked
from dispatch.centre import Centre
from dispatch.locator import RETRY_S, log, missed_since, note_seen
from dispatch.store.progress import LOCATED, begin_cells
from dispatch.workers.cells import around, cells_of
from dispatch.workers.queue import NEWS, QUEUE, until
from localisation.arrivals import Arrival

LOOK_EVERY_S = 1.0  # for what workers kept, where their word of it was lost
AT_ONCE = 200
REMEMBERED = 10_000  # arrivals of which it is known when they came: more than wait between a centre and its workers


class Handover:
    """In the locator's place where workers locate."""

    def __init__(self, centre: Centre, broker: Broker, cell_m: float) -> None:
        self._centre, self._broker, self._cell_m = centre, broker, cell_m
        self._waiting: asyncio.Queue[Sequence[Arrival]] = asyncio.Queue()
        self._came_s: dict[str, float] = {}  # when the newest arrivals were handed over (monotonic), by their ids
        self._located_s: list[float] = []  # since when what workers have kept, and no page was told of, had come

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Hand over arrivals that are kept already."""
        now_s = time.monotonic()
        for arrival in arrivals:
            self._came_s[arrival.id] = now_s
        while len(self._came_s) > REMEMBERED:
            del self._came_s[next(iter(self._came_s))]
        if arrivals:
            self._waiting.put_nowait(arrivals)

    async def run(self) -> None:
        """For ever."""
        await linked(self._broker, "tocsin centre, arrivals", QUEUE, self._work)

    def close(self) -> None:
        """Nothing to let go."""

    async def _work(self, client: Client, lost: asyncio.Event) -> None:
        rung = asyncio.Event()

        async def news(message: Msg) -> None:
            since_s = self._came_s.get(message.data.decode(errors="replace"))
            self._located_s += [] if since_s is None else [since_s]
            rung.set()

        await client.subscribe(NEWS, cb=news)
        await until(lost, self._tell(rung), self._hand_over(client))

    async def _tell(self, rung: asyncio.Event) -> None:
        """For ever: what workers kept, to the pages, the alerts and the orders."""
        while True:
            kept = len(self._located_s)
            try:
                await self._centre.catch_up()
                for since_s in self._located_s[:kept]:
                    self._centre.metrics.located(since_s)
                del self._located_s[:kept]
            except ResourceError as error:
                log.warning("what workers kept cannot be read; trying again", problem=str(error))
                await asyncio.sleep(RETRY_S)
            try:
                await asyncio.wait_for(rung.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue
            rung.clear()

    async def _hand_over(self, client: Client) -> None:
        """For ever: first all that is in the store and was not handed over, then what comes."""
        while not self._waiting.empty():
            self._waiting.get_nowait()  # in the store too
        while True:
            try:
                missed, _ = await self._centre.store.read(missed_since(LOCATED))
                break
            except ResourceError as error:
                log.warning("arrivals cannot be read; trying again", problem=str(error))
                await asyncio.sleep(RETRY_S)
        for first in range(0, len(missed), AT_ONCE):
            await self._queue(client, missed[first : first + AT_ONCE])
        while True:
            batch = list(await self._waiting.get())
            while not self._waiting.empty() and len(batch) < AT_ONCE:
                batch.extend(self._waiting.get_nowait())
            await self._queue(client, batch)

    async def _queue(self, client: Client, batch: Sequence[Arrival]) -> None:
        stream = client.jetstream()
        some = set(cells_of([(s.record.x, s.record.y) for s in self._centre.nodes.all()], self._cell_m))
        await asyncio.gather(
            *(
                stream.publish(
                    cell.subject, msgspec.json.encode(arrival), headers={"Nats-Msg-Id": f"{cell.name} {arrival.id}"}
                )
                for arrival in batch
                for cell in around(arrival.x, arrival.y, self._cell_m)
                if cell in some
            )
        )

        def noted(connection: sa.Connection) -> None:
            begin_cells(connection, [cell.note for cell in some])
            note_seen(connection, LOCATED, batch)

        while True:
            try:
                return await self._centre.store.write(noted)
            except ResourceError as error:
                log.warning("what was handed over cannot be noted; trying again", problem=str(error))
                await asyncio.sleep(RETRY_S)

"""The queues of cells: one JetStream on disk, which keeps each arrival until a worker of its cell saw it through."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig

from acoustic.errors import ResourceError
from arrays.broker import Broker
from arrays.uplink.backoff import Backoff
from arrays.uplink.nats import connect
from dispatch.workers.cells import SUBJECT

STREAM = "TOCSIN_ARRIVALS"
NEWS = "tocsin.news"  # a worker has kept something
STREAM_BYTES = 1 << 28
SAME_S = 120.0  # an arrival that is queued twice within this is queued once
log = structlog.get_logger()


async def connected(broker: Broker, name: str, work: Callable[[Client, asyncio.Event], Awaitable[None]]) -> None:
    """For ever: connect and work until the connection is lost (the event says so); while NATS is away, try again."""
    backoff = Backoff(0)
    while True:
        lost = asyncio.Event()

        async def hung_up(lost: asyncio.Event = lost) -> None:
            lost.set()

        try:
            client = await connect(broker, name, hung_up)
        except (OSError, ResourceError) as error:
            log.warning("the broker cannot be used; trying again", broker=broker.place, problem=str(error))
            await asyncio.sleep(backoff.failed())
            continue
        try:
            await client.jetstream().add_stream(
                StreamConfig(
                    name=STREAM,
                    subjects=[f"{SUBJECT}.>"],
                    retention=RetentionPolicy.WORK_QUEUE,
                    discard=DiscardPolicy.NEW,  # the store has them all: the centre waits until there is room
                    max_bytes=STREAM_BYTES,
                    duplicate_window=SAME_S,
                )
            )
            backoff = Backoff(0)
            await work(client, lost)
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("the broker cannot be used; trying again", broker=broker.place, problem=str(error))
        finally:
            with contextlib.suppress(NatsError, OSError):  # it may be gone already
                await client.close()
        await asyncio.sleep(backoff.failed())


async def until(lost: asyncio.Event, *work: Coroutine[Any, Any, None]) -> None:
    """Do these at once until the connection is lost, or until one fails, as which this fails."""
    tasks = [asyncio.create_task(one) for one in (lost.wait(), *work)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

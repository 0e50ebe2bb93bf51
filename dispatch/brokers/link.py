"""A connection to NATS with a stream on its disk, which whoever works there need not keep up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig

from acoustic.errors import ResourceError
from arrays.broker import Broker
from arrays.uplink.backoff import Backoff
from arrays.uplink.nats import connect

log = structlog.get_logger()


async def linked(
    broker: Broker, name: str, stream: StreamConfig, work: Callable[[Client, asyncio.Event], Awaitable[None]]
) -> None:
    """For ever: connect, see to the stream, work until the connection is lost (the event says so); while NATS is away,
    try again.
    """
    backoff = Backoff(0)
    while True:
        lost = asyncio.Event()
        try:
            client = await connect(broker, name, lost.set)
        except (NatsError, OSError, ResourceError) as error:
            log.warning("the broker cannot be used; trying again", broker=broker.place, problem=str(error))
            await asyncio.sleep(backoff.failed())
            continue
        try:
            await client.jetstream().add_stream(stream)
            backoff = Backoff(0)
            await work(client, lost)
        except (NatsError, OSError) as error:
            log.warning("the broker cannot be used; trying again", broker=broker.place, problem=str(error))
        finally:
            with contextlib.suppress(NatsError, OSError):  # it may be gone already
                await client.close()
        await asyncio.sleep(backoff.failed())

"""NATS JetStream: a work queue on disk that keeps parcels until they are settled, read by a durable pull consumer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig

from arrays.broker import Broker
from arrays.uplink.nats import ANSWERS, REPORTS, subject_of
from dispatch.brokers.desk import Desk
from dispatch.brokers.link import linked
from dispatch.brokers.pulling import pulled
from dispatch.reception import Reception

STREAM, CONSUMER = "TOCSIN", "centre"
BATCH = 50
SETTLED_S = 60.0  # a parcel not settled by then is given again
PARCELS = StreamConfig(
    name=STREAM,
    subjects=[f"{REPORTS}.>"],
    retention=RetentionPolicy.WORK_QUEUE,
    max_bytes=1 << 28,
    duplicate_window=10.0,  # a parcel that comes twice within these seconds is kept once; nodes wait longer
)
log = structlog.get_logger()


async def run_nats(broker: Broker, reception: Reception, key: Ed25519PrivateKey) -> None:
    """For ever: take what comes; while the server is away, try again."""

    async def work(client: Client, lost: asyncio.Event) -> None:
        log.info("reports are taken from the broker", broker=broker.place)
        await _consume(client, lost, reception, key)

    await linked(broker, "tocsin centre", PARCELS, work)


async def _consume(client: Client, lost: asyncio.Event, reception: Reception, key: Ed25519PrivateKey) -> None:
    async def publish(node: str, message: bytes) -> None:
        await client.publish(f"{ANSWERS}.{subject_of(node)}", message)

    desk = Desk(reception, key, publish)
    stream = client.jetstream()
    pull = await stream.pull_subscribe(f"{REPORTS}.>", CONSUMER, STREAM, ConsumerConfig(ack_wait=SETTLED_S))
    ordering = asyncio.create_task(desk.give_orders())
    try:
        while not lost.is_set() and not ordering.done():
            messages = await pulled(pull, BATCH, 1.0)
            await asyncio.gather(*(_settle(desk, message) for message in messages))
    finally:
        ordering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ordering


async def _settle(desk: Desk, message: Any) -> None:
    await desk.serve(message.data, message.subject.removeprefix(f"{REPORTS}.").replace("~", "."))
    await message.ack()

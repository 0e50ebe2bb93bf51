"""The queues of cells: one JetStream on disk, which keeps each arrival until a worker of its cell saw it through."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig

from dispatch.workers.cells import SUBJECT

STREAM = "TOCSIN_ARRIVALS"
NEWS = "tocsin.news"  # a worker has kept something: the id of the first of the arrivals that made it
QUEUE = StreamConfig(
    name=STREAM,
    subjects=[f"{SUBJECT}.>"],
    retention=RetentionPolicy.WORK_QUEUE,
    discard=DiscardPolicy.NEW,  # the store has them all: the centre waits until there is room
    max_bytes=1 << 28,
    duplicate_window=120.0,  # an arrival that is queued twice within these seconds is queued once
)


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

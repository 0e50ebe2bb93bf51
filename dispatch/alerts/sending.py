"""Opens what each destination is sent through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from dispatch.alerts.alert import Alert
from dispatch.alerts.destinations import Destination
from dispatch.alerts.mqtt import Mqtt

Send = Callable[[Alert], Awaitable[None]]


@asynccontextmanager
async def opened(destination: Destination) -> AsyncIterator[Send]:
    """How to send to a destination, as long as the block lasts."""
    if isinstance(destination.to, Mqtt):
        async with destination.to.connected() as send:
            yield send
    else:
        yield destination.to.send

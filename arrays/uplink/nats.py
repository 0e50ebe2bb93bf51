"""NATS to a server that the centre reads: reports to tocsin.reports.NODE, which a JetStream keeps, answers on
tocsin.answers.NODE. A dot in a node's name is a ~ in its subjects."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as LateError
from typing import Any

from acoustic.errors import ResourceError
from arrays.broker import Broker
from arrays.parcel import Answers, digest
from arrays.uplink import TakeOrders
from arrays.uplink.mailbox import Mailbox, answered

try:
    from nats.aio.client import Client
    from nats.errors import Error as NatsError
except ImportError as error:
    raise ResourceError("the link's url asks for NATS; install tocsin[nats]") from error

REPORTS, ANSWERS = "tocsin.reports", "tocsin.answers"
CONNECT_S = 60.0
ANSWER_S = 60.0
LOOK_EVERY_S = 0.5
PING_S = 240  # less than most networks' patience with a connection that is silent


class NatsUplink:
    """One connection, kept open and taken up again, in an event loop of its own."""

    lanes = 4
    exchange_bytes = 450  # TLS included, 22 bytes a message

    def __init__(self, broker: Broker, mailbox: Mailbox) -> None:
        self._broker, self._mailbox = broker, mailbox
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._connecting = asyncio.Lock()
        self._client: Client | None = None
        self._thread.start()

    def send(self, parcel: bytes) -> Answers:
        """Publish a parcel and wait for the centre's answer. Raises ResourceError."""
        with self._mailbox.expecting(parcel) as answer:
            published = asyncio.run_coroutine_threadsafe(self._publish(parcel), self._loop)
            try:
                published.result(CONNECT_S)
            except LateError as error:
                published.cancel()
                raise self._broken("no answer in time") from error
            return answered(answer, ANSWER_S, self._broker.place)

    def listen(self, take: TakeOrders) -> None:
        """Orders come on the same connection."""
        self._mailbox.listen(take)

    def close(self) -> None:
        """Let the connection go."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _publish(self, parcel: bytes) -> None:
        try:
            client = await self._connected()
            headers = {"Nats-Msg-Id": digest(parcel).hex()}
            await client.publish(f"{REPORTS}.{subject_of(self._mailbox.node)}", parcel, headers=headers)
        except (NatsError, OSError) as error:
            raise self._broken(str(error) or type(error).__name__) from error

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None or not self._client.is_connected:
                if self._client is not None:
                    await self._client.close()
                self._client = await connect(self._broker, f"tocsin node {self._mailbox.node}", self._lost)
                await self._client.subscribe(f"{ANSWERS}.{subject_of(self._mailbox.node)}", cb=self._came)
            return self._client

    async def _came(self, message: Any) -> None:
        self._mailbox.hear(message.data)

    def _lost(self) -> None:
        self._mailbox.lost(f"{self._broker.place} hung up")

    def _broken(self, why: str) -> ResourceError:
        return ResourceError(f"{self._broker.place} cannot be used: {why}")


async def connect(broker: Broker, name: str, lost: Callable[[], None]) -> Client:
    """A connection that does not take itself up again; `lost` is called once when it breaks. Raises NatsError, OSError,
    ResourceError."""
    client, loop = Client(), asyncio.get_running_loop()
    host, port = broker.address
    problem, told = "", False

    def tell() -> None:
        nonlocal told
        if not told:
            told = True
            lost()

    async def disconnected() -> None:
        tell()

    def look() -> None:  # of a loss at which its own last words cannot be sent either, the library says nothing
        if client.is_connected:
            loop.call_later(LOOK_EVERY_S, look)
        else:
            tell()

    async def failed(error: Exception) -> None:
        nonlocal problem
        problem = str(error)

    tls = broker.tls()
    try:
        await client.connect(
            f"{'tls' if tls else 'nats'}://{host}:{port}",
            name=name,
            error_cb=failed,
            disconnected_cb=disconnected,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # by itself it would try for two minutes and say nothing; 0 is for ever
            reconnect_time_wait=0,
            connect_timeout=round(CONNECT_S),
            ping_interval=PING_S,
            user=broker.user or None,
            password=broker.password() or None,
            tls=tls,
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise OSError(problem or str(error) or type(error).__name__) from error
    look()
    return client


def subject_of(node: str) -> str:
    """A node's name as one token of a subject."""
    return node.replace(".", "~")

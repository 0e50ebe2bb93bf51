"""MQTT 5. Under the prefix: `availability` (online, offline; retained, the last will), `alerts` (each message), and
`active/SUBJECT` (retained: what is told now; gone at the end)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

import msgspec

from acoustic.errors import InputError, ResourceError
from dispatch.alerts.alert import Alert
from dispatch.alerts.target import ANSWER_S, Target, trusting
from dispatch.checks import host_port

if TYPE_CHECKING:
    import aiomqtt

PREFIX = r"[^+#\s\x00]{1,200}"


class Mqtt(Target, frozen=True, kw_only=True, tag="mqtt"):
    """`address` HOST:PORT of the broker; `client` is the name that it knows this connection by, one a centre."""

    address: str
    transport: Literal["tcp", "tls"] = "tls"
    prefix: str = "tocsin"
    client: str = "tocsin-alerts"
    user: str = ""
    password: str = ""
    ca: str = ""

    def __post_init__(self) -> None:
        host_port("address", self.address)
        if not re.fullmatch(PREFIX, self.prefix) or self.prefix.startswith("$"):
            raise InputError(f"prefix is {self.prefix[:80]!r}; expected a topic without +, # and spaces")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Callable[[Alert], Awaitable[None]]]:
        """How to send, as long as the connection lasts; raises ResourceError where it ends or cannot be had."""
        import aiomqtt  # here, because only who sends by MQTT needs it

        host, port = host_port("address", self.address)
        topic = f"{self.prefix}/availability"
        client = aiomqtt.Client(
            host,
            port,
            username=self.user or None,
            password=self.password or None,
            identifier=self.client,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=trusting(self.ca) if self.transport == "tls" else None,
            timeout=ANSWER_S,
            will=aiomqtt.Will(topic, "offline", qos=1, retain=True),
        )

        async def send(alert: Alert) -> None:
            for where, body, retain in messages(alert, self.prefix):
                await client.publish(where, body, qos=1, retain=retain)

        try:
            async with client, asyncio.TaskGroup() as group:
                watching = group.create_task(_until_cut(client))
                await client.publish(topic, "online", qos=1, retain=True)
                try:
                    yield send
                finally:
                    watching.cancel()
                    with suppress(aiomqtt.MqttError, TimeoutError):  # the last will says it, where we cannot
                        async with asyncio.timeout(1.0):
                            await client.publish(topic, "offline", qos=1, retain=True)
        except aiomqtt.MqttError as error:
            raise ResourceError(f"MQTT broker {self.address}: {error}") from error
        except ExceptionGroup as several:
            if several.split(aiomqtt.MqttError)[1] is not None:
                raise
            raise ResourceError(f"MQTT broker {self.address}: {several.exceptions[0]}") from several


async def _until_cut(client: aiomqtt.Client) -> None:
    """For ever; raises MqttError as soon as the connection is cut, so that it is made anew before it is needed."""
    async for _ in client.messages:
        pass


def messages(alert: Alert, prefix: str) -> list[tuple[str, bytes, bool]]:
    """What one alert publishes: topic, body, and whether the broker keeps it."""
    body = msgspec.json.encode(alert)
    state = b"" if alert.kind == "end" else body
    return [(f"{prefix}/active/{alert.subject}", state, True), (f"{prefix}/alerts", body, False)]

"""MQTT 5: a session that outlives the centre's process, each parcel acknowledged once it is settled."""

from __future__ import annotations

import asyncio
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from arrays.broker import Broker
from arrays.uplink.mqtt import ANSWERS, KEEPALIVE_S, REPORTS, new_client
from dispatch.brokers.desk import Desk
from dispatch.reception import Reception

SESSION_S = 7 * 86_400
SOONEST_S, LATEST_S = 1, 5  # between tries, while the broker is away
log = structlog.get_logger()


async def run_mqtt(broker: Broker, reception: Reception, key: Ed25519PrivateKey) -> None:
    """For ever: take what comes; while the broker is away, try again."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[mqtt.MQTTMessage] = asyncio.Queue()
    client = new_client(broker, "tocsin-centre", manual_ack=True)
    client.reconnect_delay_set(SOONEST_S, LATEST_S)

    def connected(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.warning("the broker refuses the centre", broker=broker.place, problem=str(reason))
        else:
            log.info("reports are taken from the broker", broker=broker.place)
            client.subscribe(f"{REPORTS}/+", qos=1)

    def disconnected(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        log.warning("the broker hung up; trying again", broker=broker.place, problem=str(reason))

    def came(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        loop.call_soon_threadsafe(waiting.put_nowait, message)

    async def publish(node: str, message: bytes) -> None:
        client.publish(f"{ANSWERS}/{node}", message, qos=0)  # lost with the connection, it is asked for again

    client.on_connect, client.on_disconnect, client.on_message = connected, disconnected, came
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval = SESSION_S
    client.connect_async(*broker.address, keepalive=KEEPALIVE_S, clean_start=False, properties=session)
    client.loop_start()
    desk = Desk(reception, key, publish)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.give_orders())
            while True:
                tasks.create_task(_settle(client, desk, await waiting.get()))
    finally:
        client.disconnect()
        client.loop_stop()


async def _settle(client: mqtt.Client, desk: Desk, message: mqtt.MQTTMessage) -> None:
    await desk.serve(bytes(message.payload), message.topic.removeprefix(f"{REPORTS}/"))
    client.ack(message.mid, message.qos)

"""MQTT, to a real mosquitto: what is retained, what is told, and the last will of a centre that is killed."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from acoustic.errors import InputError, ResourceError
from dispatch.alerts.mqtt import Mqtt
from dispatch.settings import read_settings
from tests.dispatch.alerts.receivers import free_port
from tests.dispatch.alerts.samples import alert
from tests.dispatch.alerts.servers import mosquitto
from tests.dispatch.alerts.test_delivery import SITE, exercise, states
from tests.dispatch.running import running_centre, wait_for

Heard = list[tuple[str, bytes, bool]]


async def listen(address: str, count: int, timeout_s: float = 20.0) -> Heard:
    """The next messages under the prefix: topic, body, retained."""
    host, _, port = address.partition(":")
    got: Heard = []
    async with aiomqtt.Client(host, int(port)) as client, asyncio.timeout(timeout_s):
        await client.subscribe("tocsin/#", qos=1)
        async for message in client.messages:
            got.append((str(message.topic), bytes(message.payload), message.retain))
            if len(got) == count:
                return got
    raise AssertionError("the broker ended the subscription")


def test_state_is_retained_and_every_message_is_told(tmp_path: Path) -> None:
    async def run(address: str) -> tuple[Heard, Heard, Heard]:
        to = Mqtt(address=address, transport="tcp")
        async with to.connected() as send:
            live = asyncio.create_task(listen(address, 7))
            await asyncio.sleep(0.5)
            await send(alert())
            late = await listen(address, 2)
            await send(alert("update"))
            await send(alert("end"))
            told = await live
            left = await listen(address, 1)
        assert await listen(address, 1) == [("tocsin/availability", b"offline", True)]
        return told, late, left

    with mosquitto(tmp_path) as address:
        told, late, left = asyncio.run(run(address))
    active = "tocsin/active/0a1b2c3d4e5f6071"
    assert told[0] == ("tocsin/availability", b"online", True)
    kinds = [json.loads(body)["kind"] for topic, body, _ in told if topic == "tocsin/alerts"]
    assert kinds == ["new", "update", "end"]
    assert {(topic, retained) for topic, _, retained in late} == {("tocsin/availability", True), (active, True)}
    assert told[-2] == (active, b"", False)
    assert left == [("tocsin/availability", b"online", True)]  # nothing is active any more


def test_a_centre_that_is_killed_is_offline_and_a_broker_that_comes_back_gets_what_waited(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "centre.toml"
    to = f'[[alerts]]\nname = "bus"\n[alerts.to]\nkind = "mqtt"\naddress = "127.0.0.1:{port}"\ntransport = "tcp"\n'
    path.write_text(SITE + to)
    settings = read_settings(path)
    with running_centre(tmp_path / "data", str(path)) as centre:
        exercise(centre.data, settings, ["bus"], "exercise-1")
        wait_for(lambda: states(centre)["bus"]["state"] == "failing")
        assert "MQTT broker" in states(centre)["bus"]["problem"]
        with mosquitto(tmp_path, port) as address:
            wait_for(lambda: states(centre)["bus"]["waiting"] == 0, 60.0)
            assert asyncio.run(listen(address, 1)) == [("tocsin/availability", b"online", True)]
            centre.kill()

            def offline() -> Any:
                return asyncio.run(listen(address, 1)) == [("tocsin/availability", b"offline", True)]

            wait_for(offline, 20.0)


def test_a_connection_that_was_cut_is_made_anew_without_an_alert_and_holds_up_no_stop(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "centre.toml"
    to = f'[[alerts]]\nname = "bus"\n[alerts.to]\nkind = "mqtt"\naddress = "127.0.0.1:{port}"\ntransport = "tcp"\n'
    path.write_text(SITE + to)

    def online(address: str) -> Any:
        return asyncio.run(listen(address, 1)) == [("tocsin/availability", b"online", True)]

    with running_centre(tmp_path / "data", str(path)) as centre:
        for _ in range(2):
            with mosquitto(tmp_path, port) as address:
                wait_for(partial(online, address), 30.0)
        wait_for(lambda: states(centre)["bus"]["state"] == "failing")
        centre.process.terminate()
        assert centre.process.wait(15) == 0


def test_a_broker_that_is_away_is_an_error() -> None:
    async def run() -> None:
        async with Mqtt(address=f"127.0.0.1:{free_port()}", transport="tcp").connected():
            pass

    with pytest.raises(ResourceError, match="MQTT broker"):
        asyncio.run(run())


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(InputError, match=r"prefix is 'a/#'"):
        Mqtt(address="x:1", prefix="a/#")

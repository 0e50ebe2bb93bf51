"""The bus: every page gets all of it in order, and a slow one hurts nobody."""

from __future__ import annotations

import asyncio

from dispatch.stream import BACKLOG, Bus, Message


def message(number: int) -> Message:
    return Message(id=number, kind="event", data="{}")


def test_every_page_gets_every_message_in_order() -> None:
    async def run() -> None:
        bus = Bus()
        with bus.subscribe() as one, bus.subscribe() as two:
            for number in range(1, 6):
                bus.publish(message(number))
            bus.close()
            assert [m.id async for m in one if m] == [m.id async for m in two if m] == [1, 2, 3, 4, 5]
        assert bus.last_id == 5

    asyncio.run(run())


def test_a_page_that_falls_behind_is_ended_and_the_others_go_on() -> None:
    async def run() -> None:
        bus = Bus()
        with bus.subscribe() as slow, bus.subscribe() as quick:
            for number in range(BACKLOG + 5):
                bus.publish(message(number))
                got = await anext(quick)
                assert got is not None
                assert got.id == number
            assert len([m async for m in slow]) == BACKLOG

    asyncio.run(run())


def test_a_page_that_comes_after_the_end_is_ended() -> None:
    async def run() -> None:
        bus = Bus()
        bus.close()
        with bus.subscribe() as late:
            assert [m async for m in late] == []

    asyncio.run(run())


def test_a_message_is_a_server_sent_event() -> None:
    assert message(7).encode(exact=True) == "id: 7\nevent: event\ndata: {}\n\n"

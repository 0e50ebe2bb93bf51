"""Sends what is queued, each destination in a task of its own, so that a dead receiver delays nobody else.

An attempt is noted before it is made: after a crash, what may have been received is sent again under the same id, and
nothing is lost (at least once). What fails is tried again with growing pauses and some jitter for a day.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
import structlog

from acoustic.errors import TocsinError
from dispatch.alerts.destinations import Destination
from dispatch.alerts.human import acknowledged
from dispatch.alerts.sending import Send, opened
from dispatch.centre import Centre
from dispatch.store import alerts as kept
from dispatch.store.decisions import decisions_of
from dispatch.store.journal import Entry

LOOK_EVERY_S = 1.0  # for what a command queued beside the running centre, and for what falls due
DEADLINE_S = 20.0  # of one attempt, however slowly the receiver drips
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
GIVE_UP_MS = 24 * 3600 * 1000
log = structlog.get_logger()


class Delivery:
    """Every destination's task, and how each is."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def run(self) -> None:
        """For ever; ends only where a task fails for a reason of its own."""
        async with asyncio.TaskGroup() as group:
            for destination in self._centre.settings.alerts:
                group.create_task(self._serve(destination))
            await asyncio.Event().wait()

    async def _serve(self, destination: Destination) -> None:
        failed = 0
        while True:
            try:
                async with opened(destination) as send:
                    failed = 0
                    await self._send_on(destination, send)
            except (OSError, ValueError, TocsinError) as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error  # the centre stops, whatever broke at the same time
                failed += 1
                self._note(destination, str(error) or type(error).__name__)
                await asyncio.sleep(pause_s(failed))

    async def _send_on(self, destination: Destination, send: Send) -> None:
        """For ever: what is due, one after another; ends by an OSError where the way there broke."""
        store = self._centre.store
        while True:
            queued = self._centre.alerts_queued.next()
            one = await store.read(lambda c: kept.next_due(c, destination.name, self._centre.now_ms))
            if one is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(queued.wait(), LOOK_EVERY_S)
                continue
            if await store.write(partial(self._begin, destination, one)):
                await self._attempt(destination, send, replace(one, attempts=one.attempts + 1))

    def _begin(self, destination: Destination, one: kept.Queued, connection: sa.Connection) -> bool:
        """Whether to send it now; what was acknowledged in time need not go to the next in line."""
        subject = one.alert.subject
        waits = destination.unacknowledged_s > 0 and one.alert.kind == "new"
        if waits and one.attempts == 0 and acknowledged(decisions_of(connection, [subject]).get(subject, ())):
            kept.settle(connection, one, "not needed", self._centre.now_ms)
            return False
        return kept.begin(connection, one.row)

    async def _attempt(self, destination: Destination, send: Send, one: kept.Queued) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await send(one.alert)
        except TimeoutError:
            await self._failed(destination, one, f"no answer within {DEADLINE_S:.0f} s")
        except (OSError, ValueError, TocsinError) as error:  # ValueError: what a protocol cannot carry
            await self._failed(destination, one, str(error) or type(error).__name__)
        else:
            health = self._centre.alert_health[destination.name]
            health.state, health.problem, health.delivered_ms = "ok", "", self._centre.now_ms
            await self._settle(one, "delivered")

    async def _failed(self, destination: Destination, one: kept.Queued, problem: str) -> None:
        self._note(destination, problem)
        now_ms = self._centre.now_ms
        if now_ms - one.queued_ms > GIVE_UP_MS:
            await self._settle(one, "given up", problem)
            return
        due_ms = now_ms + round(pause_s(one.attempts) * 1e3)
        await self._centre.store.write(lambda c: kept.put_off(c, one.row, due_ms, problem))

    async def _settle(self, one: kept.Queued, end: kept.End, problem: str = "") -> None:
        now_ms = self._centre.now_ms

        def work(connection: sa.Connection) -> list[Entry]:
            return kept.settle(connection, one, end, now_ms, problem)

        await self._centre.publish(work)

    def _note(self, destination: Destination, problem: str) -> None:
        health = self._centre.alert_health[destination.name]
        if health.state != "failing":
            log.warning("alerts do not get there; trying again", destination=destination.name, problem=problem)
        health.state, health.problem = "failing", problem


def pause_s(attempts: int) -> float:
    """How long to wait after so many failures: doubled each time, and up to half as long again by chance."""
    return float(min(FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE_S) * random.uniform(1.0, 1.5))  # noqa: S311

"""The route that starts a drill: an exercise through the whole chain, from the arrivals to the alerts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.exercises.drill import drill_arrivals
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.journal import add_entry
from dispatch.store.reports import add_arrivals
from localisation.arrivals import Arrival

KIND = "drill"  # of the journal's lines
Metres = Annotated[float, Field(ge=-1e6, le=1e6)]
Administers = Annotated[Caller, requires(Right.ADMINISTER)]


class Drill(Model):
    """Where (m east, north of the origin) and how many rounds."""

    x: Metres
    y: Metres
    rounds: Annotated[int, Field(ge=1, le=10)] = 1


class Started(Model):
    """How many nodes hear it, and when the first round is fired."""

    nodes: int
    time_ms: int


def drill_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["drills"], responses={k: ANSWERS[k] for k in (400, 401, 403, 409, 503)})
    running: set[asyncio.Task[None]] = set()

    @router.post("/drills", status_code=201)
    async def drill(asked: Drill, caller: Administers) -> Started:
        """Start a drill, in the caller's name: the nodes that listen hear it as if it were fired now, and whoever is
        alerted of exercises is. 409 where fewer than three nodes listen near the place.
        """
        now_ns, name = centre.clock_ns(), f"drill-{secrets.token_hex(8)}"
        heard = drill_arrivals(
            name, (asked.x, asked.y), asked.rounds, centre.nodes.stations(), centre.method.air, now_ns
        )
        data = {"by": caller.name, "x": asked.x, "y": asked.y, "rounds": asked.rounds}
        await centre.publish(lambda c: [add_entry(c, KIND, name, data, centre.now_ms)])
        task = asyncio.create_task(_play(centre, heard))
        running.add(task)
        task.add_done_callback(running.discard)
        return Started(nodes=len({arrival.node for arrival in heard}), time_ms=now_ns // 1_000_000)

    return router


async def _play(centre: Centre, heard: Sequence[Arrival]) -> None:
    """Keep each arrival when its sound has come, and hand it to the locator."""
    for arrival in heard:
        await asyncio.sleep(max(arrival.time_ns - centre.clock_ns(), 0) * 1e-9)

        def work(connection: sa.Connection, arrival: Arrival = arrival) -> None:
            add_arrivals(connection, centre.now_ms, [arrival])

        await centre.store.write(work)
        centre.hand_over([arrival])

"""Routes by which people decide about events, and say what came in and what was missed."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from msgspec import structs

from dispatch.api.access import requires
from dispatch.api.decision_models import Asked, Blind, asked
from dispatch.api.incoming_models import Attach, CameIn, MissedAsked, MissedKept, Report, came, missed
from dispatch.api.models import Event
from dispatch.api.problems import ANSWERS
from dispatch.api.render import render_blind, render_event
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError, decide
from dispatch.store.events import events_of
from dispatch.store.incoming import all_missed, attach, came_in, enter_missed, take_in
from dispatch.store.journal import Entry
from dispatch.store.reports import arrivals_of
from recordings.decisions import Close

DAY_MS = 86_400_000
Decides = Annotated[Caller, requires(Right.DECIDE)]
ReadsLog = Annotated[Caller, requires(Right.READ_LOG)]
Days = Annotated[int, Query(ge=1, le=366)]


def decision_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(
        prefix="/api", tags=["decisions"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 409, 503)}
    )

    @router.post("/events/{identity}/decisions", status_code=201)
    async def decide_event(identity: str, body: Asked, caller: Decides) -> Event:
        """Decide about an event, in the caller's name; every page sees it at once. 409 says who decided otherwise."""
        what = asked(body)
        if isinstance(what, Close) and what.found is not None:
            what = structs.replace(what, found=centre.frame.spot(what.found))
        return await _publish(centre, identity, partial(decide, event=identity, by=caller.name, what=what))

    @router.post("/events/{identity}/corroborations", status_code=201)
    async def corroborate(identity: str, body: Attach, caller: Decides) -> Event:
        """Say that something that came in is about an event."""
        work = partial(attach, event=identity, incoming=body.incoming, by=caller.name)
        return await _publish(centre, identity, work)

    @router.get("/events/{identity}/blind")
    async def blind(identity: str, _caller: Decides) -> Blind:
        """What a person may see before they judge: what the nodes heard, without place, class or probability."""
        return await centre.store.read(lambda connection: _blind(connection, identity))

    @router.post("/incoming", status_code=201)
    async def report(body: Report, caller: Decides) -> CameIn:
        """Enter a call, a finding or an alarm, and get the events that it may be about; every page whose person may
        read the log sees it at once. The very same again: once.
        """
        what, now_ms = body.kept(centre.frame), centre.now_ms
        one = await centre.store.write(lambda connection: take_in(connection, caller.name, what, now_ms))
        await centre.catch_up()
        return came(one)

    @router.get("/incoming")
    async def incoming(_caller: ReadsLog, days: Days = 1) -> list[CameIn]:
        """What came in during the last days, what it is attached to, and what else it may be about."""
        from_ms = centre.now_ms - days * DAY_MS
        return [came(one) for one in await centre.store.read(lambda connection: came_in(connection, from_ms))]

    @router.post("/missed", status_code=201)
    async def miss(body: MissedAsked, caller: Decides) -> MissedKept:
        """Enter a confirmed shooting that raised no alert. It counts, and nothing takes it back."""
        what, now_ms = body.kept(centre.frame), centre.now_ms
        return missed(await centre.store.write(lambda connection: enter_missed(connection, caller.name, what, now_ms)))

    @router.get("/missed")
    async def misses(_caller: ReadsLog) -> list[MissedKept]:
        """The shootings that raised no alert."""
        return [missed(one) for one in await centre.store.read(all_missed)]

    return router


async def _publish(centre: Centre, identity: str, work: partial[list[Entry]]) -> Event:
    """Keep a decision, tell the pages, and give the event as it is then."""
    now_ms = centre.now_ms
    await centre.publish(lambda connection: work(connection, now_ms=now_ms))
    (record,) = await centre.store.read(lambda connection: events_of(connection, [identity]))
    return render_event(record, centre.frame)


def _blind(connection: sa.Connection, identity: str) -> Blind:
    for record in events_of(connection, [identity]):
        wanted = [residual.arrival for shot in record.event.shots for residual in shot.origin.residuals]
        return render_blind(record, arrivals_of(connection, wanted))
    raise AbsentError(f"there is no event {identity[:80]!r}")

"""Routes that tell what is known: the state now, one event in full, and a stream of what changes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from acoustic.errors import InputError
from dispatch.api.access import door_of, requires, session_secret, token
from dispatch.api.decision_models import EventDetail
from dispatch.api.models import Globe, State
from dispatch.api.problems import ANSWERS
from dispatch.api.render import render_detail, render_event
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.errors import ForbiddenError, StrangerError
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.events import events_of, newest_events
from dispatch.store.journal import entries_after, last_entry
from dispatch.store.reports import arrivals_of
from dispatch.store.search import Wanted, search
from dispatch.stream import Message

GUNSHOT = "gunshot"
EVENTS_SHOWN = 200
SHOTS_SHOWN = 50  # of which so many possible gunshots, further back if need be
LOOK_AGAIN_S = 10.0  # how long an open stream may outlast its session

STREAM = {"description": "server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}

Sees = Annotated[Caller, requires(Right.SEE_EVENTS)]


def routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["events"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("/state")
    async def state(caller: Sees) -> State:
        """All that is known now: nodes, the newest events, and the stream's id to go on from."""
        exact = caller.may(Right.SEE_PLACES)
        return await centre.store.read(lambda connection: _state(centre, connection, exact))

    @router.get("/events/{identity}", responses={404: ANSWERS[404]})
    async def event(identity: str, caller: Sees) -> EventDetail:
        """One event with every version of its shots; every arrival for who may see nodes' places, what people decided
        for who may read the log.
        """
        detail = await centre.store.read(lambda connection: _detail(centre, connection, identity, caller))
        if detail is None:
            raise AbsentError(f"there is no event {identity[:80]!r}")
        return detail

    @router.get("/stream", response_class=StreamingResponse, responses={200: STREAM, 400: ANSWERS[400]})
    async def stream(
        request: Request,
        caller: Sees,
        last_event_id: Annotated[str | None, Header()] = None,
        last_id: Annotated[str | None, Query()] = None,
    ) -> Response:
        """News as server-sent events: first what was missed since `Last-Event-ID` (or `last_id`), then what comes."""
        since = last_event_id or last_id
        if since is not None and not (since.isascii() and since.isdigit() and len(since) < 19):
            raise InputError(f"Last-Event-ID is {since[:40]!r}; expected a whole number")
        return StreamingResponse(
            _while_let_in(request, _news(centre, None if since is None else int(since), caller)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    return router


def _state(centre: Centre, connection: sa.Connection, exact: bool) -> State:
    last_id = last_entry(connection)
    origin = centre.frame.origin
    nodes = [centre.node_model(status.record.id, exact=exact) for status in centre.nodes.listed()]
    newest = newest_events(connection, EVENTS_SHOWN)
    shots = sum(record.event.label == GUNSHOT for record in newest)
    if len(newest) == EVENTS_SHOWN and shots < SHOTS_SHOWN:  # a night of fireworks
        wanted = Wanted(from_ns=0, until_ns=2**62, label=GUNSHOT)
        newest += search(connection, wanted, newest[-1].number, SHOTS_SHOWN - shots)[0]
    return State(
        now_ms=centre.now_ms,
        name=centre.settings.name,
        origin=None if origin is None else Globe(lat=origin.lat, lon=origin.lon),
        last_id=last_id,
        nodes=[node for node in nodes if node is not None],
        events=[render_event(record, centre.frame) for record in newest],
    )


def _detail(centre: Centre, connection: sa.Connection, identity: str, caller: Caller) -> EventDetail | None:
    for record in events_of(connection, [identity]):
        heard = [residual.arrival for shot in record.event.shots for residual in shot.origin.residuals]
        detail = render_detail(
            record, centre.frame, arrivals_of(connection, heard) if caller.may(Right.SEE_PLACES) else {}
        )
        history = detail.history if caller.may(Right.READ_LOG) else []
        address = centre.addresses.words(detail.lat, detail.lon)
        return detail.model_copy(update={"history": history, "nearest_address": address})
    return None


async def _while_let_in(request: Request, news: AsyncIterator[str]) -> AsyncIterator[str]:
    """The news until the session or the token ends; an open stream counts as use."""
    door, shown = door_of(request), (session_secret(request), token(request))
    looked = time.monotonic()
    async for text in news:
        if time.monotonic() - looked > LOOK_AGAIN_S:
            try:
                await door.caller(*shown, Right.SEE_EVENTS)
            except (StrangerError, ForbiddenError):
                return
            looked = time.monotonic()
        yield text


async def _news(centre: Centre, since: int | None, caller: Caller) -> AsyncIterator[str]:
    exact = caller.may(Right.SEE_PLACES)
    with centre.bus.subscribe() as coming:
        yield "retry: 1000\n\n"
        sent = centre.bus.last_id
        if since is not None:
            missed = await centre.store.read(lambda c: centre.messages(c, entries_after(c, since)))
            for message in missed:
                if caller.may(message.right):
                    yield message.encode(exact=exact)
            sent = max([since, *(message.id for message in missed)])
        async for news in coming:
            if news is None:
                yield ": nothing new\n\n"
            elif _is_new(news, sent) and caller.may(news.right):
                sent = max(sent, news.id)
                yield news.encode(exact=exact)


def _is_new(message: Message, sent: int) -> bool:
    return message.passing or message.id > sent

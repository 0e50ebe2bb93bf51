"""The page and its API, as one ASGI application for 127.0.0.1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI, Header, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from dispatch.api.decision_models import EventDetail
from dispatch.api.guard import Guard
from dispatch.api.models import Globe, Problem, State
from dispatch.api.render import render_detail, render_event
from dispatch.centre import Centre
from dispatch.store.events import events_of, newest_events
from dispatch.store.journal import entries_after, last_entry
from dispatch.store.reports import arrivals_of
from dispatch.stream import Message

CONSOLE = Path(__file__).resolve().parents[1] / "console" / "dist"
NO_CONSOLE = "<!doctype html><title>Tocsin</title><p>The page is not built yet: run <code>make install</code>.</p>"
EVENTS_SHOWN = 200


def page_app(centre: Centre, console: Path = CONSOLE) -> ASGIApp:
    """Everything that the page's port answers."""
    app = FastAPI(title="Tocsin", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.include_router(_routes(centre))
    if (console / "index.html").is_file():
        app.mount("/", StaticFiles(directory=console, html=True))
    else:
        app.add_api_route("/", lambda: HTMLResponse(NO_CONSOLE), include_in_schema=False)
    return Guard(app)


def _routes(centre: Centre) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/state")
    async def state() -> State:
        """All that is known now: nodes, the newest events, and the stream's id to go on from."""
        return await centre.store.read(lambda connection: _state(centre, connection))

    @router.get("/events/{identity}", responses={404: {"model": Problem}})
    async def event(identity: str) -> EventDetail:
        """One event with every version of its shots and every arrival."""
        detail = await centre.store.read(lambda connection: _detail(centre, connection, identity))
        return detail or _problem(404, f"there is no event {identity[:80]!r}")  # type: ignore[return-value]

    @router.get("/stream", response_class=StreamingResponse, responses={400: {"model": Problem}})
    async def stream(
        last_event_id: Annotated[str | None, Header()] = None, last_id: Annotated[str | None, Query()] = None
    ) -> Response:
        """News as server-sent events: first what was missed since `Last-Event-ID` (or `last_id`), then what comes."""
        since = last_event_id or last_id
        if since is not None and not (since.isascii() and since.isdigit() and len(since) < 19):
            return _problem(400, f"Last-Event-ID is {since[:40]!r}; expected a whole number")
        return StreamingResponse(
            _news(centre, None if since is None else int(since)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    return router


def _state(centre: Centre, connection: sa.Connection) -> State:
    last_id = last_entry(connection)
    origin = centre.frame.origin
    nodes = [centre.node_model(status.record.id) for status in centre.nodes.all()]
    return State(
        now_ms=centre.now_ms,
        name=centre.settings.name,
        origin=None if origin is None else Globe(lat=origin.lat, lon=origin.lon),
        last_id=last_id,
        nodes=[node for node in nodes if node is not None],
        events=[render_event(record, centre.frame) for record in newest_events(connection, EVENTS_SHOWN)],
    )


def _detail(centre: Centre, connection: sa.Connection, identity: str) -> EventDetail | None:
    for record in events_of(connection, [identity]):
        wanted = [residual.arrival for shot in record.event.shots for residual in shot.origin.residuals]
        return render_detail(record, centre.frame, arrivals_of(connection, wanted))
    return None


async def _news(centre: Centre, since: int | None) -> AsyncIterator[str]:
    with centre.bus.subscribe() as coming:
        yield "retry: 1000\n\n"
        sent = centre.bus.last_id
        if since is not None:
            missed = await centre.store.read(lambda c: centre.messages(c, entries_after(c, since)))
            for message in missed:
                yield message.encode()
            sent = max([since, *(message.id for message in missed)])
        async for news in coming:
            if news is None:
                yield ": nothing new\n\n"
            elif _is_new(news, sent):
                sent = max(sent, news.id)
                yield news.encode()


def _is_new(message: Message, sent: int) -> bool:
    return message.passing or message.id > sent


def _problem(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)

"""Routes by which events are looked for, a page at a time or as a file, and searches are kept for oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import Field

from acoustic.errors import InputError
from dispatch.api.access import requires
from dispatch.api.models import EventPage, Model
from dispatch.api.problems import ANSWERS
from dispatch.api.render import render_event
from dispatch.centre import Centre
from dispatch.figures.counting import site_map
from dispatch.people.door import Caller
from dispatch.people.errors import ForbiddenError
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.events import EventRecord
from dispatch.store.queries import drop_query, keep_query, queries_of
from dispatch.store.search import Wanted, search
from dispatch.town.zones import Map
from recordings.answers import shot_answer
from recordings.decisions import state_of
from recordings.formats.labels import Label, raven
from recordings.formats.shots import as_csv, geojson

EVENTS_SHOWN = 200
MOST = 10_000  # events of a file
LAST = 2**62 // 10**6  # milliseconds whose nanoseconds the store can hold
DAY_S = 86400.0
FORMS = {"csv": "text/csv", "geojson": "application/geo+json", "raven": "text/tab-separated-values"}
Sees = Annotated[Caller, requires(Right.SEE_EVENTS)]
Name = Annotated[str, Path(min_length=1, max_length=80)]
OutcomeName = Literal["confirmed", "false", "unconfirmed", "unknown", "none"]
StatusName = Literal["open", "acknowledged", "dispatched", "closed"]
LabelName = Annotated[str, Field(max_length=40)]


class Search(Model):
    """A search that is kept: what is looked for, of the last `days` or from a time until another."""

    days: Annotated[int | None, Field(ge=1, le=36500)] = None
    from_ms: Annotated[int | None, Field(ge=0, le=LAST)] = None
    until_ms: Annotated[int | None, Field(ge=0, le=LAST)] = None
    label: LabelName | None = None
    outcome: OutcomeName | None = None
    status: StatusName | None = None
    zone: Annotated[str | None, Field(max_length=80)] = None
    node: Annotated[str | None, Field(max_length=64)] = None
    exercise: bool | None = None


class KeptSearch(Model):
    """A search by the name under which its person keeps it."""

    name: str
    search: Search


def _asked(
    caller: Sees,
    from_ms: Annotated[int, Query(ge=0, le=LAST)] = 0,
    until_ms: Annotated[int, Query(ge=0, le=LAST)] = LAST,
    label: Annotated[str | None, Query(max_length=40)] = None,
    outcome: OutcomeName | None = None,
    status: StatusName | None = None,
    zone: Annotated[str | None, Query(max_length=80)] = None,
    node: Annotated[str | None, Query(max_length=64)] = None,
    exercise: bool | None = None,
) -> Wanted:
    if node is not None and not caller.may(Right.SEE_PLACES):
        raise ForbiddenError("which node heard what tells where it stands; your role does not see that")
    return Wanted(
        from_ns=from_ms * 1_000_000,
        until_ns=until_ms * 1_000_000,
        label=label,
        outcome=outcome,
        status=status,
        node=node,
        exercise=exercise,
        zone=zone,
    )


Asked = Annotated[Wanted, Depends(_asked)]


def search_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["search"], responses={k: ANSWERS[k] for k in (400, 401, 403, 503)})

    def read_map(connection: sa.Connection) -> Map:
        return site_map(connection, centre.settings)

    def placed(connection: sa.Connection, wanted: Wanted) -> Wanted:
        """What is wanted, with the zones where one is named."""
        return wanted if wanted.zone is None else replace(wanted, zone_of=read_map(connection).zone_of)

    @router.get("/events")
    async def events(
        wanted: Asked,
        before: Annotated[int | None, Query(ge=1, le=LAST)] = None,
        limit: Annotated[int, Query(ge=1, le=EVENTS_SHOWN)] = 50,
    ) -> EventPage:
        """Events numbered below `before`, newest first: fired from `from_ms` until before `until_ms`, of a label, an
        outcome (`none`: without one), a status, in a zone, heard by a node, exercises or not; each where it is given.

        `next` is the `before` of the page that follows, null on the last one; a page may hold fewer than `limit`.
        """
        found, following = await centre.store.read(lambda c: search(c, placed(c, wanted), before or LAST, limit))
        return EventPage(events=[render_event(record, centre.frame) for record in found], next=following)

    @router.get("/events.{form}", response_class=Response)
    async def export(wanted: Asked, form: Literal["csv", "geojson", "raven"]) -> Response:
        """The same as a file, at most 10,000 of them: CSV, GeoJSON, or a table that Raven opens, whose times count from
        the first day's beginning (UTC)."""
        found, zones = await centre.store.read(lambda c: (_all(c, placed(c, wanted)), read_map(c)))
        text = _written(found, centre, zones, form)
        suffix = "txt" if form == "raven" else form
        headers = {"Content-Disposition": f'attachment; filename="events.{suffix}"', "Cache-Control": "no-store"}
        return Response(text.encode(), media_type=f"{FORMS[form]}; charset=utf-8", headers=headers)

    @router.get("/searches")
    async def searches(caller: Sees) -> list[KeptSearch]:
        """The caller's own, by name."""
        kept = await centre.store.read(lambda c: queries_of(c, caller.id))
        return [KeptSearch(name=name, search=Search.model_validate_json(data)) for name, data in kept.items()]

    @router.put("/searches/{name}", status_code=204)
    async def keep(name: Name, search: Search, caller: Sees) -> None:
        """Keep a search for oneself, in place of one of the same name."""
        await centre.store.write(lambda c: keep_query(c, caller.id, name, search.model_dump_json()))

    @router.delete("/searches/{name}", status_code=204, responses={404: ANSWERS[404]})
    async def drop(name: Name, caller: Sees) -> None:
        """Keep it no longer."""
        if not await centre.store.write(lambda c: drop_query(c, caller.id, name)):
            raise AbsentError(f"there is no search {name[:80]!r}")

    @router.get("/zones")
    async def zones(_caller: Sees) -> list[str]:
        """The names of the site's zones."""
        return [name for name, _ in (await centre.store.read(read_map)).rings]

    return router


def _all(connection: sa.Connection, wanted: Wanted) -> list[EventRecord]:
    found: list[EventRecord] = []
    before: int | None = LAST
    while before is not None and len(found) < MOST:
        page, before = search(connection, wanted, before, EVENTS_SHOWN)
        found += page
    return found[:MOST]


def _written(found: Sequence[EventRecord], centre: Centre, zones: Map, form: str) -> str:
    rows = [_row(record, centre, zones) for record in found]
    if form == "csv":
        return as_csv(rows)
    if form == "raven":
        return raven(_labels(rows))
    if centre.frame.origin is None:
        raise InputError("this centre has no place on the globe; expected one, or csv")
    return geojson(rows)


def _row(record: EventRecord, centre: Centre, zones: Map) -> dict[str, Any]:
    """An event as one located shot, the one that stands for it, with what the event says beside it."""
    best, state = record.event.best, state_of(record.decisions)
    told = shot_answer(best)
    del told["used"]  # which nodes heard it tells where they stand
    lat, lon = centre.frame.degrees(best.origin.x, best.origin.y)
    globe = {} if lat is None or lon is None else {"lat": round(lat, 7), "lon": round(lon, 7)}
    return {
        "session": centre.settings.name,
        **told,
        "time": round(record.event.first.origin.time_ns * 1e-9, 6),
        "label": record.event.label,
        **globe,
        "nodes": len(best.origin.used),
        "number": record.number,
        "count": len(record.event.standing),
        "status": state.status,
        "outcome": None if state.outcome is None else state.outcome.outcome,
        "zone": zones.zone_of(best.origin.x, best.origin.y),
        "exercise": record.event.exercise,
    }


def _labels(rows: Sequence[Mapping[str, Any]]) -> list[Label]:
    first = min((row["time"] for row in rows), default=0.0)
    begin = first - first % DAY_S
    return [
        Label(
            begin_s=row["time"] - begin,
            end_s=row["time"] - begin,
            text=row["label"],
            extra={"Event": str(row["number"]), "Rounds": str(row["count"]), "Zone": row["zone"]},
        )
        for row in sorted(rows, key=lambda row: row["time"])
    ]

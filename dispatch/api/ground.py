"""Routes of what the map shows beside nodes and events: the site's ground, its zones, what it hears now, its past."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from msgspec import json

from acoustic.errors import InputError
from arrays.report import LISTENING
from dispatch.api.access import requires
from dispatch.api.models import Model, Place
from dispatch.api.problems import ANSWERS
from dispatch.api.render import zone_middle
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.history import past_events
from dispatch.store.nodes import NodeRecord
from dispatch.town.ground import read_streets
from dispatch.town.zones import ring_of, zone_map
from localisation.area import Area
from localisation.coverage import Assumed, Nodes, detection

LAST = 2**62 // 10**6
CELLS = 2500
MICROPHONES = 3  # with so many a node tells bearings

Sees = Annotated[Caller, requires(Right.SEE_EVENTS)]


class Zone(Model):
    """A part of the town: its corners in metres east and north."""

    name: str
    corners: list[Place]


class Ground(Model):
    """What there is to draw under the network; `attribution` says whose data it is."""

    tiles: bool
    streets: bool
    attribution: str
    zones: list[Zone]


class Hearing(Model):
    """Of shots in each square cell of `side_m`, the share in per cent that the nodes listening now would detect.

    The middle of a cell is at `x`, `y`; `share_pct` of the whole ground; `exact`: from the nodes' own places, not from
    the squares they stand in.
    """

    side_m: float
    x: list[float]
    y: list[float]
    detected_pct: list[int]
    share_pct: float
    exact: bool


class History(Model):
    """Past events, newest first, a list a field; `more`: there were more than are told."""

    number: list[int]
    x: list[float]
    y: list[float]
    time_ms: list[int]
    label: list[str]
    more: bool


def ground_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["map"], responses={k: ANSWERS[k] for k in (401, 403, 503)})
    settings = centre.settings.ground
    streets: dict[str, bytes] = {}
    reading = asyncio.Lock()

    @router.get("/ground", responses={400: ANSWERS[400]})
    async def ground(_caller: Sees) -> Ground:
        """What there is to draw under the network."""
        zones = [
            Zone(name=zone.name, corners=[Place(x=float(x), y=float(y)) for x, y in ring_of(zone, centre.frame)])
            for zone in centre.settings.zones
        ]
        return Ground(
            tiles=settings.tiles is not None and centre.frame.origin is not None,
            streets=settings.streets is not None and centre.frame.origin is not None,
            attribution=settings.attribution,
            zones=zones,
        )

    @router.get("/ground/tiles", response_class=FileResponse, responses={404: ANSWERS[404]})
    async def tiles(_caller: Sees) -> FileResponse:
        """The PMTiles archive; a browser asks for the parts that it draws (Range)."""
        if settings.tiles is None or not Path(settings.tiles).is_file():
            raise AbsentError("this centre has no tiles; expected a file named in ground.tiles")
        return FileResponse(settings.tiles, media_type="application/vnd.pmtiles")

    @router.get("/ground/streets", responses={404: ANSWERS[404], 400: ANSWERS[400]})
    async def lines(_caller: Sees) -> Response:
        """The streets as lines of x, y, x, y … in whole metres east and north."""
        if settings.streets is None:
            raise AbsentError("this centre has no streets; expected a file named in ground.streets")
        origin = centre.frame.origin
        if origin is None:
            raise InputError("ground.streets is in degrees; this centre counts in local metres")
        async with reading:
            if not streets:
                read = await asyncio.to_thread(read_streets, Path(settings.streets), origin)
                streets["all"] = json.encode(read)
        return Response(streets["all"], media_type="application/json")

    @router.get("/ground/hearing", responses={400: ANSWERS[400]})
    async def hearing(caller: Sees) -> Hearing:
        """What of the site's ground is heard by the nodes that listen now."""
        return await asyncio.to_thread(_hearing, centre, caller.may(Right.SEE_PLACES))

    @router.get("/history", responses={400: ANSWERS[400]})
    async def history(
        _caller: Sees,
        from_ms: Annotated[int, Query(ge=0, le=LAST)] = 0,
        until_ms: Annotated[int, Query(ge=0, le=LAST)] = LAST,
    ) -> History:
        """Where and when the newest events of a span of time were, and what they were taken for."""
        found, more = await centre.store.read(lambda c: past_events(c, from_ms * 1_000_000, until_ms * 1_000_000))
        return History(
            number=[one.number for one in found],
            x=[one.x for one in found],
            y=[one.y for one in found],
            time_ms=[one.time_ms for one in found],
            label=[one.label for one in found],
            more=more,
        )

    return router


def _hearing(centre: Centre, exact: bool) -> Hearing:
    def told(record: NodeRecord) -> tuple[float, float, float]:
        return (record.x, record.y, record.z) if exact else (zone_middle(record.x), zone_middle(record.y), record.z)

    every = [status.record for status in centre.nodes.all() if status.record.revoked_ms is None]
    listening = [record for record in every if centre.nodes.state(record.id) in LISTENING]
    places = [told(record) for record in listening]
    site = zone_map(centre.settings.zones, "", centre.frame, [told(record)[:2] for record in every])
    cells = Area(tuple(ring for _, ring in site.rings)).cells(CELLS)
    bearings = np.array([len(r.microphones) >= MICROPHONES for r in listening], dtype=bool)
    nodes = Nodes(places=np.array(places, dtype=float).reshape(-1, 3), bearings=bearings)
    found = detection(cells.centres, nodes, Assumed(air=centre.method.air))
    x, y = cells.centres.T.tolist()
    return Hearing(
        side_m=cells.side_m,
        x=x,
        y=y,
        detected_pct=[round(100 * share) for share in found.tolist()],
        share_pct=round(100 * float(found.mean()), 1),
        exact=exact,
    )

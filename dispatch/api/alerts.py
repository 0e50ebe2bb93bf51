"""Where alerts go and how each destination is; the feeds that receivers pull."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path
from fastapi.responses import Response

from dispatch.alerts.alert import Alert
from dispatch.alerts.cap import feed
from dispatch.alerts.feed import Feed
from dispatch.alerts.geojson import encode
from dispatch.api.access import requires
from dispatch.api.models import Model, Problem
from dispatch.api.problems import ANSWERS, problem
from dispatch.centre import Centre
from dispatch.people.roles import Right
from dispatch.store.alerts import delivered, waiting

SHOWN = 200  # of a feed's newest messages
SEES = [requires(Right.SEE_EVENTS)]
Name = Annotated[str, Path(max_length=64)]


class Destination(Model):
    """A destination as it is now; `waiting` alerts are still to be sent."""

    name: str
    kind: str
    state: Literal["idle", "ok", "failing"]
    problem: str
    waiting: int
    delivered_ms: int | None


def alert_routes(centre: Centre) -> APIRouter:
    """The routes under `/api/alerts`."""
    router = APIRouter(prefix="/api/alerts", tags=["alerts"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("", dependencies=[requires(Right.READ_JOURNAL)])
    async def destinations() -> list[Destination]:
        """Every destination, and how it is."""
        return await centre.store.read(lambda connection: _destinations(centre, connection))

    @router.get("/{name}/atom", dependencies=SEES, response_class=Response, responses={404: {"model": Problem}})
    async def atom(name: Name) -> Response:
        """A feed's newest messages as CAP 1.2 in Atom, newest first."""
        to = _feed(centre, name)
        if to is None:
            return _no_feed(name)
        told = await _told(centre, name)
        return Response(feed(told, name, to.sender, to.public), media_type="application/atom+xml")

    @router.get("/{name}/geojson", dependencies=SEES, response_class=Response, responses={404: {"model": Problem}})
    async def geojson(name: Name) -> Response:
        """What a feed tells now, as GeoJSON: the newest message about each subject that was not taken back."""
        if _feed(centre, name) is None:
            return _no_feed(name)
        latest = {alert.subject: alert for alert in reversed(await _told(centre, name))}
        standing = [alert for alert in latest.values() if alert.kind != "end"]
        return Response(encode(standing), media_type="application/geo+json")

    return router


async def _told(centre: Centre, name: str) -> list[Alert]:
    return await centre.store.read(lambda connection: delivered(connection, name, SHOWN))


def _destinations(centre: Centre, connection: sa.Connection) -> list[Destination]:
    return [
        Destination(
            name=one.name,
            kind=str(one.to.__struct_config__.tag),
            state=centre.alert_health[one.name].state,
            problem=centre.alert_health[one.name].problem,
            waiting=waiting(connection, one.name),
            delivered_ms=centre.alert_health[one.name].delivered_ms,
        )
        for one in centre.settings.alerts
    ]


def _feed(centre: Centre, name: str) -> Feed | None:
    found = [one.to for one in centre.settings.alerts if one.name == name and isinstance(one.to, Feed)]
    return found[0] if found else None


def _no_feed(name: str) -> Response:
    return problem(404, f"there is no feed {name[:80]!r}")

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
from dispatch.alerts.trial import queue_trial
from dispatch.api.access import requires
from dispatch.api.models import Model, Problem
from dispatch.api.problems import ANSWERS, problem
from dispatch.centre import Centre
from dispatch.people.roles import Right
from dispatch.store.alerts import Queued, delivered, newest, waiting
from dispatch.store.decisions import AbsentError

SHOWN = 200  # of a feed's newest messages
SENT = 200
SEES = [requires(Right.SEE_EVENTS)]
Name = Annotated[str, Path(max_length=64)]


class Destination(Model):
    """A destination, what it is told of, and how it is now; `waiting` alerts are still to be sent."""

    name: str
    kind: str
    about: Literal["events", "nodes"]
    classes: list[str]
    probability: float
    zones: list[str]
    hours: str
    exercises: bool
    silent_s: float
    unacknowledged_s: float
    state: Literal["idle", "ok", "failing"]
    problem: str
    waiting: int
    delivered_ms: int | None


class Sent(Model):
    """An alert to a destination, and what became of it; `subject`: the event or node that it tells of."""

    id: str
    subject: str
    destination: str
    headline: str
    state: str
    attempts: int
    problem: str
    queued_ms: int


class Trial(Model):
    """The ids of the alerts that try a destination."""

    ids: list[str]


def alert_routes(centre: Centre) -> APIRouter:
    """The routes under `/api/alerts`."""
    router = APIRouter(prefix="/api/alerts", tags=["alerts"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("", dependencies=[requires(Right.READ_JOURNAL)])
    async def destinations() -> list[Destination]:
        """Every destination, and how it is."""
        return await centre.store.read(lambda connection: _destinations(centre, connection))

    @router.get("/sent", dependencies=[requires(Right.READ_JOURNAL)])
    async def sent() -> list[Sent]:
        """The newest alerts, newest first."""
        return [_sent(one) for one in await centre.store.read(lambda c: newest(c, None, SENT))]

    @router.post(
        "/{name}/test",
        status_code=201,
        dependencies=[requires(Right.ADMINISTER)],
        responses={k: ANSWERS[k] for k in (400, 404)},
    )
    async def test(name: Name) -> Trial:
        """Send a marked exercise to a destination, and take it back two seconds later."""
        one = next((one for one in centre.settings.alerts if one.name == name), None)
        if one is None:
            raise AbsentError(f"there is no destination {name[:80]!r}")
        now_ms = centre.now_ms
        ids = await centre.store.write(lambda c: queue_trial(c, centre.announcer, one, centre.frame, now_ms))
        centre.alerts_queued.ring()
        return Trial(ids=ids)

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
            about=one.when.about,
            classes=list(one.when.classes),
            probability=one.when.probability,
            zones=list(one.when.zones),
            hours=one.when.hours,
            exercises=one.when.exercises,
            silent_s=one.when.silent_s,
            unacknowledged_s=one.unacknowledged_s,
            state=centre.alert_health[one.name].state,
            problem=centre.alert_health[one.name].problem,
            waiting=waiting(connection, one.name),
            delivered_ms=centre.alert_health[one.name].delivered_ms,
        )
        for one in centre.settings.alerts
    ]


def _sent(one: Queued) -> Sent:
    return Sent(
        id=one.alert.id,
        subject=one.alert.subject,
        destination=one.destination,
        headline=one.alert.headline,
        state=one.state,
        attempts=one.attempts,
        problem=one.problem,
        queued_ms=one.queued_ms,
    )


def _feed(centre: Centre, name: str) -> Feed | None:
    found = [one.to for one in centre.settings.alerts if one.name == name and isinstance(one.to, Feed)]
    return found[0] if found else None


def _no_feed(name: str) -> Response:
    return problem(404, f"there is no feed {name[:80]!r}")

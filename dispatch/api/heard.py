"""The route that tells what the network heard around an event, and how it fits each version of each shot's place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter

from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.events import EventRecord, events_of
from dispatch.store.reports import arrivals_between
from localisation.arrivals import Arrival, Origin

BEFORE_NS = 10**9
AFTER_NS = 6 * 10**9  # sound takes 3 s over a kilometre, and an echo of it longer
MOST = 4000  # arrivals told of one event: some 200 nodes that hear a long burst with all its echoes

SeesPlaces = Annotated[Caller, requires(Right.SEE_PLACES)]


class Air(Model):
    """The air that the place was sought with: the speed of sound, and what the wind blows towards."""

    speed_ms: float
    wind_east_ms: float
    wind_north_ms: float


class Heard(Model):
    """One arrival, whether or not a shot rests on it: where and when, how loud, the likeliest class by its node.

    `again`: found only when the centre asked the node to look there.
    """

    id: str
    node: str
    x: float
    y: float
    z: float
    time_ms: float
    snr_db: float | None
    azimuth_deg: float | None
    shock_lead_ms: float | None
    label: str | None
    probability: float | None
    again: bool


class Fit(Model):
    """How one arrival fits a place; `refused` says why it was left out, else it is empty."""

    arrival: str
    residual_ms: float
    refused: str


class Fits(Model):
    """How what was heard fits one version of one shot; `z`: how high the place is."""

    shot: str
    version: int
    z: float
    fits: list[Fit]


class HeardAround(Model):
    """All that nodes heard around an event."""

    air: Air
    arrivals: list[Heard]
    versions: list[Fits]


def heard_routes(centre: Centre) -> APIRouter:
    """The route, of one centre."""
    router = APIRouter(prefix="/api", tags=["events"], responses={k: ANSWERS[k] for k in (401, 403, 404, 503)})

    @router.get("/events/{identity}/heard")
    async def heard(identity: str, _caller: SeesPlaces) -> HeardAround:
        """Every arrival around one event, also those that no shot rests on, and how each fits each version."""
        found = await centre.store.read(lambda connection: _heard(centre, connection, identity))
        if found is None:
            raise AbsentError(f"there is no event {identity[:80]!r}")
        return found

    return router


def _heard(centre: Centre, connection: sa.Connection, identity: str) -> HeardAround | None:
    air = centre.method.air
    for record in events_of(connection, [identity]):
        times_ns = [version.time_ns for version in record.versions]
        arrivals = arrivals_between(connection, min(times_ns) - BEFORE_NS, max(times_ns) + AFTER_NS)
        return HeardAround(
            air=Air(
                speed_ms=air.speed_ms, wind_east_ms=air.wind_east_ms or 0.0, wind_north_ms=air.wind_north_ms or 0.0
            ),
            arrivals=[_arrival(one) for one in arrivals[:MOST]],
            versions=list(_versions(record)),
        )
    return None


def _versions(record: EventRecord) -> Iterable[Fits]:
    for version in record.versions:
        shot = version.shot
        yield Fits(shot=shot.key, version=shot.version, z=shot.origin.z, fits=_fits(shot.origin))


def _fits(origin: Origin) -> list[Fit]:
    return [Fit(arrival=r.arrival, residual_ms=r.residual_s * 1e3, refused=r.refused) for r in origin.residuals]


def _arrival(one: Arrival) -> Heard:
    label, probability = max((one.probabilities or {}).items(), key=lambda item: item[1], default=(None, None))
    return Heard(
        id=one.id,
        node=one.node,
        x=one.x,
        y=one.y,
        z=one.z,
        time_ms=one.time_ns / 1e6,
        snr_db=one.snr_db,
        azimuth_deg=one.azimuth_deg,
        shock_lead_ms=None if one.shock_lead_s is None else one.shock_lead_s * 1e3,
        label=label,
        probability=probability,
        again=bool(one.again),
    )

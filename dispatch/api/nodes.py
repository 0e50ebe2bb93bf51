"""Routes by which an administrator takes care of nodes: enrols, revokes, looks back, tries them by a clap."""

from __future__ import annotations

from typing import Annotated

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field

from arrays.mandate import read_mandate
from arrays.report import NAME, read_report
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.journal import add_entry, lines_about
from dispatch.store.nodes import node
from dispatch.store.reports import arrivals_after, last_arrival, reports_of
from dispatch.trust.enrolment import issue
from dispatch.trust.mandate import set_mandate
from dispatch.trust.revocation import LONGEST_REASON, revoke

HOUR_MS = 3_600_000
STATES = 50  # of a node's changes of state, the newest
POINTS = 240  # of a curve
LATEST_MS = 2**62 // 10**6
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
Corner = Annotated[list[float], Field(min_length=2, max_length=2, description="m east, m north")]
NodeName = Annotated[str, Field(pattern=f"^{NAME}$")]


class Enrolling(Model):
    """For a node that is known already, enrolled anew; any new one where none is named."""

    node: NodeName | None = None


class Enrolment(Model):
    """A one-time token, good for 24 hours and told here and nowhere else; the port at which nodes reach the centre."""

    token: str
    port: int


class Revoking(Model):
    """Why."""

    because: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


class Change(Model):
    """A node's new state, or what was done about it: `enrolled`, `certified_until`, `key`, `revoked: ` and why."""

    recorded_ms: int
    what: str
    by: str


class Figure(Model):
    """What a node said of itself at a time."""

    sent_ms: int
    state: str
    clock_sigma_s: float | None
    noise_db: float | None
    outbox: int
    temperature_c: float | None


class History(Model):
    """A node's record, its newest changes, and its figures of the last hours, oldest first, thinned out."""

    id: str
    enrolled_ms: int
    certified_until_ms: int
    revoked_ms: int | None
    program: str
    model: str
    changes: list[Change]
    figures: list[Figure]


class Heard(Model):
    """An impulse that a node heard, in an event or not."""

    node: str
    time_ms: float
    snr_db: float | None
    azimuth_deg: float | None
    label: str | None


class Ear(Model):
    """What was heard after a row, and the last row."""

    last: int
    heard: list[Heard]


class Mandated(Model):
    """A node: whether it stands in the mandate's zone, and whether it has said that it has this mandate."""

    node: str
    inside: bool
    has: bool


class Mandate(Model):
    """Where (`zone`, m east, north), what for, from when until when nodes may listen; `clips`: may sound leave one."""

    purpose: str
    start_ms: int
    end_ms: int
    clips: bool
    zone: list[list[list[float]]]
    nodes: list[Mandated]


class NewMandate(Model):
    """Another mandate; in the same zone where none is given."""

    purpose: Annotated[str, Field(min_length=1, max_length=300)]
    start_ms: Annotated[int, Field(ge=0, le=LATEST_MS)]
    end_ms: Annotated[int, Field(ge=0, le=LATEST_MS)]
    clips: bool
    zone: Annotated[list[Annotated[list[Corner], Field(min_length=3)]], Field(min_length=1)] | None = None


def node_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["nodes"], responses={k: ANSWERS[k] for k in (400, 401, 403, 503)})

    @router.post("/nodes", status_code=201)
    async def enrol(asked: Enrolling, caller: Administers) -> Enrolment:
        """A token that enrols one node: `tocsin node enrol` takes it."""
        now_ms, fingerprint = centre.now_ms, centre.authority.fingerprint

        def work(connection: sa.Connection) -> str:
            add_entry(connection, "token", asked.node or "any new node", {"by": caller.name}, now_ms)
            return issue(connection, fingerprint, now_ms, asked.node)

        return Enrolment(token=await centre.store.write(work), port=centre.ingest_port)

    @router.post("/nodes/{identity}/revoke", status_code=204)
    async def end(identity: str, asked: Revoking, caller: Administers) -> None:
        """Trust a node no more, from its next report on."""
        now_ms = centre.now_ms
        await centre.store.write(lambda c: revoke(c, identity, asked.because, caller.name, now_ms))

    @router.get("/nodes/{identity}", responses={404: ANSWERS[404]})
    async def history(identity: str, _caller: Administers, hours: Annotated[int, Query(ge=1, le=24)] = 1) -> History:
        """A node, what became of it, and its clock, noise and outbox of the last hours."""
        since_ns = centre.clock_ns() - hours * HOUR_MS * 1_000_000
        record, lines, bodies = await centre.store.read(
            lambda c: (
                node(c, identity),
                lines_about(c, "node", [identity])[-STATES:],
                reports_of(c, identity, since_ns, POINTS),
            )
        )
        if record is None:
            raise AbsentError(f"there is no node {identity[:80]!r}")
        told = [report for report in map(read_report, bodies) if not report.exercise]
        return History(
            id=record.id,
            enrolled_ms=record.enrolled_ms,
            certified_until_ms=record.certified_until_ms,
            revoked_ms=record.revoked_ms,
            program=told[-1].program if told else "",
            model=told[-1].model if told else "",
            changes=[
                _change(line.recorded_ms, msgspec.json.decode(line.data)) for line in reversed(lines) if line.data
            ],
            figures=[
                Figure(
                    sent_ms=report.sent_ns // 1_000_000,
                    state=report.health.state,
                    clock_sigma_s=report.health.clock_sigma_s,
                    noise_db=report.health.noise_db,
                    outbox=report.health.outbox,
                    temperature_c=report.health.temperature_c,
                )
                for report in told
                if report.health is not None
            ],
        )

    @router.get("/heard")
    async def heard(_caller: Administers, after: Annotated[int | None, Query(ge=0, le=2**53)] = None) -> Ear:
        """What nodes heard after a row, in an event or not, to try them by a clap; with none, the row to begin at."""
        last, fresh = await centre.store.read(
            lambda c: (last_arrival(c), [] if after is None else arrivals_after(c, after)[-100:])
        )
        told = [
            Heard(
                node=one.node,
                time_ms=one.time_ns / 1e6,
                snr_db=one.snr_db,
                azimuth_deg=one.azimuth_deg,
                label=max(one.probabilities, key=one.probabilities.__getitem__) if one.probabilities else None,
            )
            for one in fresh
            if not one.exercise
        ]
        return Ear(last=last, heard=told)

    @router.get("/mandate")
    async def mandate(_caller: Administers) -> Mandate:
        """The mandate that holds."""
        return _mandate(centre)

    @router.put("/mandate")
    async def mandated(asked: NewMandate, caller: Administers) -> Mandate:
        """Set another, which every node gets with the answer to its next report."""
        before = read_mandate(centre.mandates.current)
        after = msgspec.structs.replace(
            before,
            purpose=asked.purpose,
            start_ns=asked.start_ms * 1_000_000,
            end_ns=asked.end_ms * 1_000_000,
            clips=asked.clips,
            zone=before.zone if asked.zone is None else tuple(tuple((x, y) for x, y in ring) for ring in asked.zone),
        )
        now_ns, key = centre.clock_ns(), centre.authority.order_key
        order = await centre.store.write(lambda c: set_mandate(c, after, key, now_ns, caller.name))
        centre.mandates.set(order)
        return _mandate(centre)

    return router


def _change(recorded_ms: int, data: dict[str, object]) -> Change:
    what = data.get("state") or (f"revoked: {data['revoked']}" if "revoked" in data else next(iter(data), ""))
    return Change(recorded_ms=recorded_ms, what=str(what), by=str(data.get("by", "")))


def _mandate(centre: Centre) -> Mandate:
    now = read_mandate(centre.mandates.current)
    return Mandate(
        purpose=now.purpose,
        start_ms=now.start_ns // 1_000_000,
        end_ms=now.end_ns // 1_000_000,
        clips=now.clips,
        zone=[[list(corner) for corner in ring] for ring in now.zone],
        nodes=[
            Mandated(
                node=one.record.id, inside=now.holds(one.record.x, one.record.y), has=centre.mandates.has(one.record.id)
            )
            for one in centre.nodes.all()
            if one.record.revoked_ms is None
        ],
    )

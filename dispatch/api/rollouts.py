"""Routes by which an administrator rolls out settings or a classifier to nodes, and sees how far that is."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Base64Bytes, Field

from acoustic.errors import InputError
from arrays.release import CHANGEABLE, TRIAL_S, Body
from arrays.settings import Settings as NodeSettings
from arrays.settings import StdinSource
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.figures.counting import site_map
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.rollouts import LONGEST_REASON, begin, newest, stop, taken
from recordings.registry import Entry, entries, find

SHOWN = 20
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
Name = Annotated[str, Field(max_length=64)]


class Asked(Model):
    """`changes` of settings, or a classifier: the digest of a registered one, or its file as base64; neither, each
    node's own again. Rings of nodes in order, an empty one: all others.
    """

    kind: Literal["settings", "model"]
    changes: dict[str, Any] = Field(default_factory=dict)
    npz: Base64Bytes = b""
    model: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    rings: list[list[Name]]
    trial_s: float = TRIAL_S
    because: Reason


class Stopped(Model):
    """Why nothing more of it is given."""

    because: Reason


class Step(Model):
    """One node's part: its ring, from 0, and how far it is: what it said itself, once it was given it."""

    node: str
    ring: int
    state: Literal["waiting", "given", "done", "refused", "rolled_back"]
    why: str
    given_ms: int | None


class RollOut(Model):
    """One roll-out and its steps; what it brings, by whom, why, and why it ended, as long as the journal has it."""

    id: str
    kind: Literal["settings", "model"]
    state: Literal["running", "stopped", "finished"]
    begun_ms: int
    steps: list[Step]
    changes: dict[str, Any]
    model: str
    trial_s: float
    by: str
    because: str
    ended: str


class Setting(Model):
    """A setting that may be rolled out, and what it is on a node whose own file says nothing of it."""

    name: str
    default: Any


class Target(Model):
    """A node that may be given something: where it is, how it is, what it was given before, and what it runs."""

    node: str
    zone: str
    state: str
    taken: dict[str, Any]
    model: str


class Registered(Model):
    """A classifier of the registry, and how often it was measured beside one in use."""

    digest: str
    name: str
    by: str
    registered_ms: int
    measured: int


class Offer(Model):
    """What may be rolled out, and to which nodes."""

    settings: list[Setting]
    models: list[Registered]
    nodes: list[Target]


def rollout_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(
        prefix="/api/rollouts", tags=["rollouts"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 409, 503)}
    )
    models = Path(centre.settings.models)

    @router.get("")
    async def rollouts(_caller: Administers) -> list[RollOut]:
        """The newest, newest first."""
        return await _newest(centre)

    @router.get("/offer")
    async def offer(_caller: Administers) -> Offer:
        """What may be rolled out, and to which nodes."""
        nodes = await centre.store.read(lambda connection: _targets(centre, connection))
        return Offer(settings=_settings(), models=await asyncio.to_thread(_registered, models), nodes=nodes)

    @router.post("", status_code=201)
    async def roll_out(body: Asked, caller: Administers) -> list[RollOut]:
        """Begin one, in the caller's name. 409 where another is running."""
        brought = await asyncio.to_thread(_body, body, models)
        told, now_ms = (body.kind, brought, body.rings, caller.name, body.because), centre.now_ms
        await centre.store.write(lambda connection: begin(connection, *told, now_ms))
        return await _newest(centre)

    @router.post("/stop")
    async def end(body: Stopped, caller: Administers) -> list[RollOut]:
        """Give nothing more of the one that is running; what nodes have, they keep."""
        now_ms = centre.now_ms
        await centre.store.write(lambda connection: stop(connection, caller.name, body.because, now_ms))
        return await _newest(centre)

    return router


async def _newest(centre: Centre) -> list[RollOut]:
    found = await centre.store.read(lambda connection: newest(connection, SHOWN))
    return [RollOut.model_validate({**asdict(one), "steps": [asdict(step) for step in one.steps]}) for one in found]


def _targets(centre: Centre, connection: sa.Connection) -> list[Target]:
    zones, had = site_map(connection, centre.settings), taken(connection)
    return [
        Target(
            node=one.record.id,
            zone=zones.zone_of(one.record.x, one.record.y) if centre.settings.zones else "",
            state=centre.nodes.state(one.record.id),
            taken=had.get(one.record.id, {}),
            model=one.model,
        )
        for one in centre.nodes.all()
        if one.record.revoked_ms is None
    ]


def _settings() -> list[Setting]:
    own = msgspec.to_builtins(NodeSettings(node="any", source=StdinSource()))
    return [Setting(name=name, default=own[name]) for name in CHANGEABLE]


def _registered(models: Path) -> list[Registered]:
    """The newest first; none where nobody registered any."""
    return [_told(entry) for entry in reversed(entries(models))] if models.is_dir() else []


def _told(entry: Entry) -> Registered:
    return Registered(
        digest=entry.digest,
        name=entry.name,
        by=entry.by,
        registered_ms=entry.registered_ms,
        measured=len(entry.evaluations),
    )


def _body(asked: Asked, models: Path) -> Body:
    npz = asked.npz
    if asked.model:
        path = models / f"{find(models, asked.model).digest}.npz"
        try:
            npz = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return msgspec.convert({"changes": asked.changes, "npz": npz, "trial_s": asked.trial_s}, Body)
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error

"""Routes by which an administrator rolls out settings or a classifier to nodes, and sees how far that is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from pydantic import Base64Bytes, Field

from acoustic.classify import Model as Classifier
from acoustic.errors import InputError
from arrays.release import TRIAL_S, Body
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.rollouts import LONGEST_REASON, begin, newest, stop

SHOWN = 20
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
Name = Annotated[str, Field(max_length=64)]


class Asked(Model):
    """`changes` of settings, or a classifier's file as base64; rings of nodes in order, an empty one: all others."""

    kind: Literal["settings", "model"]
    changes: dict[str, Any] = Field(default_factory=dict)
    npz: Base64Bytes = b""
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
    """One roll-out and its steps."""

    id: str
    kind: Literal["settings", "model"]
    state: Literal["running", "stopped", "finished"]
    begun_ms: int
    steps: list[Step]


def rollout_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(
        prefix="/api/rollouts", tags=["rollouts"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 409, 503)}
    )

    @router.get("")
    async def rollouts(_caller: Administers) -> list[RollOut]:
        """The newest, newest first."""
        return await _newest(centre)

    @router.post("", status_code=201)
    async def roll_out(body: Asked, caller: Administers) -> list[RollOut]:
        """Begin one, in the caller's name. 409 where another is running."""
        told, now_ms = (body.kind, _body(body), body.rings, caller.name, body.because), centre.now_ms
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


def _body(asked: Asked) -> Body:
    if asked.npz:
        Classifier.from_bytes(asked.npz)
    try:
        return msgspec.convert({"changes": asked.changes, "npz": asked.npz, "trial_s": asked.trial_s}, Body)
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error

"""Routes by which a named person asks for the sound of a located event, and listens to it: with a reason, each time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from arrays.clip import ClipAsk
from arrays.mandate import read_mandate
from arrays.report import LISTENING
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.clips import NO_CLIPS
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.clips import LONGEST_REASON, KeptClip, ask, clips_of, hear
from recordings.decisions import ConflictError

FLAC = "audio/flac"
SOUND = {"description": "the clip: FLAC, one channel", "content": {FLAC: {"schema": {"type": "string"}}}}
Hears = Annotated[Caller, requires(Right.HEAR)]


class Because(Model):
    """Why somebody wants to hear it, for the journal."""

    because: Annotated[str, Field(max_length=LONGEST_REASON)]


class Clip(Model):
    """What became of the order that one node was given, and how many bytes of sound came."""

    order: str
    node: str
    state: Literal["asked", "unanswered", "found", "gone", "refused", "erased"]
    why: str
    asked_ms: int
    bytes: int


class EventSound(Model):
    """Whether the site's mandate allows clips, and those that nodes were asked for."""

    allowed: bool
    clips: list[Clip]


def clip_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["clips"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 409, 503)})

    def allowed() -> bool:
        return read_mandate(centre.mandates.current).clips

    @router.get("/events/{identity}/clips")
    async def clips(identity: str, _caller: Hears) -> EventSound:
        """What there is of an event's sound."""
        found = await centre.store.read(lambda connection: clips_of(connection, identity, centre.now_ms))
        return EventSound(allowed=allowed(), clips=[_clip(one) for one in found])

    @router.post("/events/{identity}/clips", status_code=201)
    async def ask_for(identity: str, body: Because, caller: Hears) -> EventSound:
        """Ask the nodes for an event's sound, in the caller's name, while they remember it. 409 says why not."""
        if not allowed():
            raise ConflictError(NO_CLIPS)
        now_ms = centre.now_ms
        listening = {s.record.id for s in centre.nodes.all() if centre.nodes.state(s.record.id) in LISTENING}

        def work(connection: sa.Connection) -> list[KeptClip]:
            asks.extend(ask(connection, identity, listening, caller.name, body.because, now_ms))
            return clips_of(connection, identity, now_ms)

        asks: list[tuple[str, ClipAsk]] = []
        found = await centre.store.write(work)
        centre.clips.add(asks)
        return EventSound(allowed=True, clips=[_clip(one) for one in found])

    @router.post("/clips/{order}/heard", response_class=Response, responses={200: SOUND})
    async def listen(order: str, body: Because, caller: Hears) -> Response:
        """A clip's sound; that the caller listened, and why, is in the journal first."""
        now_ms = centre.now_ms
        clip = await centre.store.write(lambda c: hear(c, order, caller.name, body.because, now_ms))
        return Response(clip.flac, media_type=FLAC)

    return router


def _clip(one: KeptClip) -> Clip:
    return Clip.model_validate(asdict(one))

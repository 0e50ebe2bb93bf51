"""What one shift leaves to the next: the events that are not closed, who has them, and what was said last."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query

from dispatch.api.access import requires
from dispatch.api.decision_models import Decision, told
from dispatch.api.models import Event, Model
from dispatch.api.problems import ANSWERS
from dispatch.api.render import render_event
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.events import EventRecord, events_between
from recordings.decisions import state_of

MOST = 200
DAY_NS = 86_400 * 10**9
ALERT = "gunshot"
ReadsLog = Annotated[Caller, requires(Right.READ_LOG)]


class Left(Model):
    """An event that is not closed, and what people said of it last that was not undone; at most three, newest first."""

    event: Event
    said: list[Decision]


class Handover(Model):
    """The newest 200 of them; `more` where there are more."""

    now_ms: int
    left: list[Left]
    more: bool


def handover_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["handover"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("/handover")
    async def handover(_caller: ReadsLog, days: Annotated[int, Query(ge=1, le=31)] = 7) -> Handover:
        """Possible gunshots of the last days without an outcome, and what else somebody has taken and not closed."""
        left = await centre.store.read(lambda connection: _left(connection, centre.clock_ns(), days))
        told_of = [Left(event=render_event(one, centre.frame), said=_said(one)) for one in left[:MOST]]
        return Handover(now_ms=centre.now_ms, left=told_of, more=len(left) > MOST)

    return router


def _left(connection: sa.Connection, now_ns: int, days: int) -> list[EventRecord]:
    found = events_between(connection, now_ns - days * DAY_NS, now_ns + DAY_NS)
    return [record for record in reversed(found) if _is_left(record)]


def _is_left(record: EventRecord) -> bool:
    state = state_of(record.decisions)
    return state.status != "closed" and (record.event.label == ALERT or state.taken is not None)


def _said(record: EventRecord) -> list[Decision]:
    undone = set(state_of(record.decisions).undone)
    standing = [one for one in record.decisions if one.line not in undone and one.what.__struct_config__.tag != "undo"]
    return [told(one, undone=False) for one in reversed(standing[-3:])]

"""Routes for who watches the centre: is it alive, can it do its work, and, for who has a token, its counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response

from dispatch.api.access import ANYONE, requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.metrics import CONTENT_TYPE
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.alerts import count_by_state
from dispatch.store.journal import last_entry
from dispatch.store.progress import waiting


class Health(Model):
    """All is well; what is not is another status."""

    status: Literal["ok"] = "ok"


def routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", dependencies=[ANYONE])
    async def alive() -> Health:
        """The centre answers."""
        return Health()

    @router.get("/readyz", dependencies=[ANYONE], responses={503: ANSWERS[503]})
    async def ready() -> Health:
        """The store can be written and read."""
        await centre.store.write(last_entry)
        await centre.store.read(last_entry)
        return Health()

    @router.get("/metrics", response_class=Response, responses={k: ANSWERS[k] for k in (401, 403, 503)})
    async def metrics(_caller: Annotated[Caller, requires(Right.SEE_EVENTS)]) -> Response:
        """Counts for Prometheus, which comes with a token of its own."""
        counts, waiting = await centre.store.read(_counts)
        text = centre.metrics.text(centre.nodes.states(), counts, waiting, Path(centre.settings.data))
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    return router


def _counts(connection: sa.Connection) -> tuple[dict[str, int], int]:
    return count_by_state(connection), waiting(connection)

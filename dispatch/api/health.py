"""Routes for who watches the centre: is it alive, can it do its work. They tell nothing else, and ask for nothing."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from dispatch.api.access import ANYONE
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.store.journal import last_entry


class Health(Model):
    """All is well; what is not is another status."""

    status: Literal["ok"] = "ok"


def routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(tags=["health"], dependencies=[ANYONE])

    @router.get("/healthz")
    async def alive() -> Health:
        """The centre answers."""
        return Health()

    @router.get("/readyz", responses={503: ANSWERS[503]})
    async def ready() -> Health:
        """The store can be written and read."""
        await centre.store.write(last_entry)
        await centre.store.read(last_entry)
        return Health()

    return router

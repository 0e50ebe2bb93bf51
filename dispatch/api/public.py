"""The public page's routes: for anyone where the settings say so, for administrators to look at it before.

Counted again at most every ten minutes.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from dispatch.api.access import ANYONE, requires
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.figures.counting import span_of
from dispatch.people.roles import Right
from dispatch.public.figures import public_figures
from dispatch.public.page import files
from dispatch.store.decisions import AbsentError

AGAIN_MS = 600_000
KINDS = {"html": "text/html", "css": "text/css", "json": "application/json", "csv": "text/csv"}


class _Counted:
    """The page's files as they were last counted."""

    def __init__(self, centre: Centre) -> None:
        self._centre, self._lock = centre, asyncio.Lock()
        self._made_ms, self._files = 0, dict[str, bytes]()

    async def file(self, name: str) -> bytes:
        async with self._lock:
            if self._centre.now_ms - self._made_ms > AGAIN_MS:
                await self._count()
        if name not in self._files:
            raise AbsentError(f"there is no public file {name[:80]!r}")
        return self._files[name]

    async def _count(self) -> None:
        settings, now_ms = self._centre.settings, self._centre.now_ms
        local = ZoneInfo(settings.timezone)
        span = span_of("", "", local, now_ms)
        figures = await self._centre.store.read(lambda connection: public_figures(connection, settings, span))
        self._files = files(figures, datetime.fromtimestamp(now_ms / 1e3, UTC).astimezone(local).date())
        self._made_ms = now_ms


def public_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre whose settings turn them on."""
    router = APIRouter(prefix="/public", tags=["public"], responses={k: ANSWERS[k] for k in (404, 503)})
    counted = _Counted(centre)

    @router.get("", dependencies=[ANYONE], response_class=RedirectResponse, include_in_schema=False)
    async def start() -> RedirectResponse:
        """The page is a folder."""
        return RedirectResponse("/public/index.html")

    @router.get("/{name}", dependencies=[ANYONE], response_class=Response)
    async def file(name: str) -> Response:
        """One of the page's files."""
        return _answer(name, await counted.file(name), "max-age=600")

    return router


def preview_routes(centre: Centre) -> APIRouter:
    """The same files for administrators, whether the page is open or not."""
    router = APIRouter(prefix="/api/public", tags=["public"], responses={k: ANSWERS[k] for k in (401, 403, 404, 503)})
    counted = _Counted(centre)

    @router.get("/{name}", dependencies=[requires(Right.ADMINISTER)], response_class=Response)
    async def preview(name: str) -> Response:
        """One of the page's files."""
        return _answer(name, await counted.file(name), "no-store")

    return router


def _answer(name: str, content: bytes, cached: str) -> Response:
    kind = KINDS[name.rpartition(".")[2]]
    return Response(content, media_type=f"{kind}; charset=utf-8", headers={"Cache-Control": cached})

"""Routes that tell how well the network did, and what happened on a day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response

from dispatch.api.access import requires
from dispatch.api.download import download
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.daylog.printed import log_csv, log_html
from dispatch.daylog.rows import day_log
from dispatch.figures.counting import counted, day_of, span_of
from dispatch.figures.performance import Figures
from dispatch.figures.text import as_csv
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from recordings.report.printed import report_pdf

Sees = Annotated[Caller, requires(Right.SEE_EVENTS)]
ReadsLog = Annotated[Caller, requires(Right.READ_LOG)]
Day = Annotated[str, Query(max_length=10, description="a local day, YYYY-MM-DD")]


def figure_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["figures"], responses={k: ANSWERS[k] for k in (400, 401, 403, 503)})
    settings, local = centre.settings, ZoneInfo(centre.settings.timezone)
    printing = asyncio.Semaphore(1)  # a PDF is a second or two of a core

    async def count(since: str, until: str) -> list[Figures]:
        span = span_of(since, until, local, centre.now_ms)
        return await centre.store.read(lambda connection: counted(connection, settings, span))

    @router.get("/performance")
    async def performance(_caller: Sees, since: Day = "", until: Day = "") -> list[Figures]:
        """Recall, precision with the share undecided, false alerts, mislocations, latency; the whole first."""
        return await count(since, until)

    @router.get("/performance.csv", response_class=Response)
    async def performance_csv(_caller: Sees, since: Day = "", until: Day = "") -> Response:
        """The same as CSV."""
        return download(as_csv(await count(since, until)).encode(), "text/csv; charset=utf-8", "performance.csv")

    @router.get("/log", response_class=Response)
    async def log(
        _caller: ReadsLog,
        day: Day = "",
        form: Literal["csv", "html", "pdf"] = "pdf",
        language: Literal["en", "fr"] = "en",
    ) -> Response:
        """The log of a local day (main courante); today's where none is named."""
        now = datetime.fromtimestamp(centre.now_ms / 1e3, UTC)
        chosen = day_of("day", day) if day else now.astimezone(local).date()
        found = await centre.store.read(lambda c: day_log(c, chosen, local, centre.frame, language))
        name = f"log-{chosen}.{form}"
        if form == "csv":
            return download(log_csv(found, language).encode("utf-8-sig"), "text/csv; charset=utf-8", name)
        html = log_html(found, settings.name, now, language)
        if form == "html":
            return download(html.encode(), "text/html; charset=utf-8", name)
        async with printing:
            return download(await asyncio.to_thread(report_pdf, html), "application/pdf", name)

    return router

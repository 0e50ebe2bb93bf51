"""The route that makes the report of one event, as `tocsin centre evidence` and `tocsin report` make it."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response

from acoustic.errors import ResourceError
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.evidence import make_evidence
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.decisions import AbsentError
from dispatch.store.events import events_of
from recordings.evidence.verify import verify_bundle
from recordings.report.document import Checked, report_html
from recordings.report.printed import report_pdf

KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
SeesPlaces = Annotated[Caller, requires(Right.SEE_PLACES)]


class Wanted(Model):
    """The report's language and form."""

    language: Literal["en", "fr", "es"] = "en"
    form: Literal["html", "pdf"] = "pdf"


def report_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["report"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 503)})
    making = asyncio.Semaphore(1)  # it locates anew, and sets a PDF: seconds of a core

    @router.post("/events/{identity}/report", response_class=Response)
    async def report(identity: str, wanted: Wanted, caller: SeesPlaces) -> Response:
        """The report of an event, from evidence that is made for it in the caller's name and checked; the journal tells
        so. Where on the globe it was is left out: that takes the evidence's key.
        """
        number = await centre.store.read(partial(_number, identity=identity))
        async with making:
            data = Path(centre.settings.data)
            content = await asyncio.to_thread(_report, data, number, caller.name, wanted)
        headers = {
            "Content-Disposition": f'attachment; filename="event-{number}.report.{wanted.language}.{wanted.form}"',
            "Cache-Control": "no-store",
        }
        return Response(content, media_type=KINDS[wanted.form], headers=headers)

    return router


def _number(connection: sa.Connection, identity: str) -> int:
    for record in events_of(connection, [identity]):
        return record.number
    raise AbsentError(f"there is no event {identity[:80]!r}")


def _report(data: Path, number: int, made_for: str, wanted: Wanted) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tocsin-report-") as folder:
        bundle = Path(folder) / "evidence.zip"
        make_evidence(data, number, made_for, bundle)
        evidence, findings = verify_bundle(bundle)
        if evidence is None:
            raise ResourceError("the evidence that was made does not verify: " + "; ".join(f.text for f in findings))
        sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    html = report_html(Checked(evidence, sha256, findings), wanted.language)
    return report_pdf(html) if wanted.form == "pdf" else html.encode()

"""The routes that make an event's report, or its evidence, as `tocsin report` and `tocsin centre evidence` do."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

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


class Asked(Model):
    """Who is given the evidence, and why."""

    made_for: Annotated[str, Field(min_length=1, max_length=200)]


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

    @router.post("/events/{identity}/evidence", response_class=Response)
    async def evidence(identity: str, asked: Asked, caller: SeesPlaces) -> Response:
        """All there is about an event but its sound, in a file that anyone can check; the journal tells who had it made
        for whom. `Seal-Key` opens its sealed part, which says where on the globe it was, and is told only here.
        """
        number = await centre.store.read(partial(_number, identity=identity))
        async with making:
            made_for = f"{asked.made_for.strip()} ({caller.name})"
            content, key = await asyncio.to_thread(_evidence, Path(centre.settings.data), number, made_for)
        headers = {
            "Content-Disposition": f'attachment; filename="event-{number}.tocsin.zip"',
            "Cache-Control": "no-store",
            "Seal-Key": key,
        }
        return Response(content, media_type="application/zip", headers=headers)

    return router


def _number(connection: sa.Connection, identity: str) -> int:
    for record in events_of(connection, [identity]):
        return record.number
    raise AbsentError(f"there is no event {identity[:80]!r}")


@contextmanager
def _made(data: Path, number: int, made_for: str) -> Iterator[tuple[Path, str]]:
    """The evidence of an event, in a file that goes with the block, and the key of its sealed part."""
    with tempfile.TemporaryDirectory(prefix="tocsin-evidence-") as folder:
        bundle = Path(folder) / "evidence.zip"
        yield bundle, make_evidence(data, number, made_for, bundle)


def _evidence(data: Path, number: int, made_for: str) -> tuple[bytes, str]:
    with _made(data, number, made_for) as (bundle, key):
        return bundle.read_bytes(), key


def _report(data: Path, number: int, made_for: str, wanted: Wanted) -> bytes:
    with _made(data, number, made_for) as (bundle, _):
        evidence, findings = verify_bundle(bundle)
        if evidence is None:
            raise ResourceError("the evidence that was made does not verify: " + "; ".join(f.text for f in findings))
        sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    html = report_html(Checked(evidence, sha256, findings), wanted.language)
    return report_pdf(html) if wanted.form == "pdf" else html.encode()

"""Routes that give an administrator the data-protection file, as `tocsin dpia` writes it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from dispatch.api.access import requires
from dispatch.api.download import download
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.dpia.document import Document, Table, as_html, as_markdown, document, found
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from recordings.report.printed import report_pdf

KINDS = {"md": "text/markdown; charset=utf-8", "html": "text/html; charset=utf-8", "pdf": "application/pdf"}
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
Language = Literal["en", "fr"]


class DpiaTable(Model):
    """A table of the file."""

    head: list[str]
    rows: list[list[str]]


class DpiaSection(Model):
    """A heading, and below it paragraphs, lists and tables."""

    title: str
    blocks: list[str | list[str] | DpiaTable]


class Dpia(Model):
    """The file, to be shown."""

    title: str
    under: str
    sections: list[DpiaSection]


def dpia_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["dpia"], responses={k: ANSWERS[k] for k in (401, 403, 503)})
    printing = asyncio.Semaphore(1)  # a PDF is a second or two of a core

    async def made(language: Language) -> Document:
        known = await centre.store.read(found)
        return document(centre.settings, known, language, datetime.fromtimestamp(centre.now_ms / 1e3, UTC))

    @router.get("/dpia")
    async def shown(_caller: Administers, language: Language = "en") -> Dpia:
        """The file as it is now."""
        file = await made(language)
        return Dpia(
            title=file.title,
            under=file.under,
            sections=[
                DpiaSection(title=one.title, blocks=[_block(block) for block in one.blocks]) for one in file.sections
            ],
        )

    @router.get("/dpia.{form}", response_class=Response)
    async def file(_caller: Administers, form: Literal["md", "html", "pdf"], language: Language = "en") -> Response:
        """The same as a file."""
        written = await made(language)
        if form == "md":
            content = as_markdown(written).encode()
        elif form == "html":
            content = as_html(written).encode()
        else:
            async with printing:
                content = await asyncio.to_thread(report_pdf, as_html(written))
        return download(content, KINDS[form], f"dpia-{language}.{form}")

    return router


def _block(block: str | Table | tuple[str, ...]) -> str | list[str] | DpiaTable:
    if isinstance(block, Table):
        return DpiaTable(head=list(block.head), rows=[list(row) for row in block.rows])
    return block if isinstance(block, str) else list(block)

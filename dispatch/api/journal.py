"""The journal: with search and a check of its chain for auditors; erasing of names and words for administrators."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.audit import Check, next_lines
from dispatch.centre import Centre
from dispatch.keeping.words import erase_words
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.journal import LATEST_MS, lines_before

Audits = Annotated[Caller, requires(Right.READ_JOURNAL)]
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
MOST_LINES = 500  # erased at once
LONGEST_REASON = 300


class JournalLine(Model):
    """One line: `data` is its JSON as it was written; empty, as `kind` is, where the content was erased."""

    id: int
    recorded_ms: int
    kind: str
    subject: str
    data: str
    content: str


class JournalPage(Model):
    """Some lines, and from where on there are more."""

    lines: list[JournalLine]
    next: int | None


class Checked(Model):
    """What came of a check of the whole chain: lines altered, lines where it does not hold, how many
    lost names and words or ended, those of which no signed record tells, and its digest at the end."""

    good: bool
    lines: int
    altered: list[int]
    broken: list[int]
    erased: int
    unrecorded: list[int]
    end: str


class Erasing(Model):
    """Lines that are to lose names and words, for good, and why: the reason stays, so without the words themselves."""

    lines: Annotated[list[Annotated[int, Field(ge=1, le=LATEST_MS)]], Field(min_length=1, max_length=MOST_LINES)]
    because: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


class ErasedLines(Model):
    """How many lines had something to lose."""

    lines: int


def routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api/journal", tags=["journal"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("")
    async def journal(
        _caller: Audits,
        before: Annotated[int, Query(ge=1, le=LATEST_MS)] = LATEST_MS,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        kind: Annotated[str | None, Query(max_length=40)] = None,
        text: Annotated[str | None, Query(max_length=200)] = None,
    ) -> JournalPage:
        """Lines, newest first: of a kind, and with a text in what they say, where asked for.

        `next` is the `before` of the page that follows, null on the last one.
        """
        lines = await centre.store.read(lambda c: lines_before(c, before, limit + 1, kind, text))
        page = [
            JournalLine(
                id=line.id,
                recorded_ms=line.recorded_ms,
                kind=line.kind,
                subject=line.subject,
                data=line.data,
                content=line.content,
            )
            for line in lines[:limit]
        ]
        return JournalPage(lines=page, next=page[-1].id if len(lines) > limit else None)

    @router.get("/check")
    async def check(_caller: Audits) -> Checked:
        """Check every line's digest, and that the chain holds from the first to the last."""
        done = Check(centre_key=centre.authority.order_key.public_key())
        while lines := await centre.store.read(next_lines(done.last)):
            done.take(lines)
        return Checked(
            good=done.good,
            lines=done.lines,
            altered=done.altered,
            broken=done.broken,
            erased=done.erased,
            unrecorded=done.unrecorded,
            end=done.end,
        )

    @router.post("/erase", responses={400: ANSWERS[400]})
    async def erase(asked: Erasing, caller: Administers) -> ErasedLines:
        """Take names and words out of lines, for good; the chain still verifies, and a signed record tells of it."""
        key, now_ms = centre.authority.order_key, centre.now_ms
        told = asked.lines, caller.name, asked.because, key, now_ms
        count = await centre.store.write(lambda connection: erase_words(connection, *told))
        await asyncio.to_thread(centre.store.empty_log)
        return ErasedLines(lines=count)

    return router

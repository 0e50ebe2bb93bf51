"""The journal of what happened: append-only, hash-chained; its lines' numbers are the ids of the page's stream."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.store.tables import journal
from recordings.chain import BEGINNING, SALT_BYTES, Line, chained, content_digest

CONTENT = ("recorded_ms", "kind", "subject", "data", "salt")  # of a line, what its digest is of
LATEST_MS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal."""

    id: int
    kind: str
    subject: str


def add_entry(connection: sa.Connection, kind: str, subject: str, data: object, now_ms: int) -> Entry:
    """Write one line in the journal, chained to the line before."""
    last = connection.execute(sa.select(journal.c.id, journal.c.digest).order_by(journal.c.id.desc()).limit(1)).first()
    number, before = (last.id + 1, last.digest) if last else (1, BEGINNING)
    told = {"id": number, "recorded_ms": now_ms, "kind": kind, "subject": subject}
    told |= {"data": msgspec.json.encode(data).decode(), "salt": secrets.token_hex(SALT_BYTES)}
    content = content_digest(msgspec.convert({"content": "", **told}, Line))
    connection.execute(sa.insert(journal).values(**told, content=content, digest=chained(before, content)))
    return Entry(id=number, kind=kind, subject=subject)


def last_entry(connection: sa.Connection) -> int:
    """The id of the journal's last line; 0 where it is empty."""
    return connection.scalar(sa.select(sa.func.max(journal.c.id))) or 0


def entries_after(connection: sa.Connection, last: int) -> list[Entry]:
    """What was published after line `last`, each subject once, at its newest line."""
    newest = sa.func.max(journal.c.id).label("id")
    query = (
        sa.select(newest, journal.c.kind, journal.c.subject)
        .where(journal.c.id > last)
        .group_by(journal.c.kind, journal.c.subject)
        .order_by(newest)
    )
    return [Entry(id=row.id, kind=row.kind, subject=row.subject) for row in connection.execute(query)]


def lines_about(connection: sa.Connection, kind: str, subjects: Iterable[str]) -> list[Line]:
    """The lines of a kind about these subjects, oldest first."""
    return _lines(connection, journal.c.kind == kind, journal.c.subject.in_(list(subjects)))


def lines_of(connection: sa.Connection, kinds: Iterable[str], from_ms: int = 0, to_ms: int = LATEST_MS) -> list[Line]:
    """The lines of some kinds that were recorded from a time until before another, oldest first."""
    span = journal.c.recorded_ms >= from_ms, journal.c.recorded_ms < to_ms
    return _lines(connection, journal.c.kind.in_(list(kinds)), *span)


def lines_between(connection: sa.Connection, from_ms: int, to_ms: int) -> list[Line]:
    """Every line that was recorded from a time until before another, oldest first."""
    return _lines(connection, journal.c.recorded_ms >= from_ms, journal.c.recorded_ms < to_ms)


def digest_of(connection: sa.Connection, line: int) -> str:
    """The chain's digest after a line; '' where there is no such line."""
    return connection.scalar(sa.select(journal.c.digest).where(journal.c.id == line)) or ""


def node_lines_after(connection: sa.Connection, last: int) -> list[Line]:
    """The lines after number `last` about nodes, their states among them, oldest first."""
    return _lines(connection, journal.c.id > last, journal.c.kind == "node")


def subjects_of(connection: sa.Connection, kinds: Iterable[str], from_ms: int, to_ms: int) -> list[str]:
    """What the lines of some kinds, recorded from a time until before another, are about; each once."""
    span = journal.c.recorded_ms >= from_ms, journal.c.recorded_ms < to_ms
    query = sa.select(journal.c.subject).where(journal.c.kind.in_(list(kinds)), *span).distinct()
    return sorted(connection.scalars(query))


def chain_from(connection: sa.Connection, subject: str, last_kind: str) -> tuple[str, tuple[Line, ...], str]:
    """The chain from a subject's first line to its last of a kind: the digest before, the lines, the digest after.

    Of lines about other subjects only the digest of their content is told.
    """
    own = journal.c.subject == subject
    first = connection.scalar(sa.select(sa.func.min(journal.c.id)).where(own)) or 0
    last = connection.scalar(sa.select(sa.func.max(journal.c.id)).where(own, journal.c.kind == last_kind)) or 0
    before = connection.scalar(sa.select(journal.c.digest).where(journal.c.id == first - 1)) or BEGINNING
    rows = connection.execute(sa.select(journal).where(journal.c.id.between(first, last)).order_by(journal.c.id))
    lines, end = [], before
    for row in rows:
        end = row.digest
        told = {name: row._mapping[name] for name in CONTENT} if row.subject == subject else {}
        lines.append(Line(id=row.id, content=row.content, **told))
    return before, tuple(lines), end


def _lines(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Line]:
    query = sa.select(journal.c.id, journal.c.content, *(journal.c[name] for name in CONTENT))
    rows = connection.execute(query.where(*where).order_by(journal.c.id))
    return [Line(**row._asdict()) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """A line, and the chain's digest after it as it was written."""

    line: Line
    digest: str


def lines_from(connection: sa.Connection, last: int, limit: int) -> list[KeptLine]:
    """The lines after number `last`, oldest first."""
    query = sa.select(journal).where(journal.c.id > last).order_by(journal.c.id).limit(limit)
    told = [dict(row) for row in connection.execute(query).mappings()]
    return [KeptLine(digest=row.pop("digest"), line=Line(**row)) for row in told]


def lines_before(
    connection: sa.Connection, before: int, limit: int, kind: str | None = None, text: str | None = None
) -> list[Line]:
    """The lines numbered below `before`, newest first: of a kind, and with a text in what they say, where given."""
    query = sa.select(journal.c.id, journal.c.content, *(journal.c[name] for name in CONTENT))
    query = query.where(journal.c.id < before)
    if kind is not None:
        query = query.where(journal.c.kind == kind)
    if text is not None:
        query = query.where(
            journal.c.subject.icontains(text, autoescape=True) | journal.c.data.icontains(text, autoescape=True)
        )
    rows = connection.execute(query.order_by(journal.c.id.desc()).limit(limit))
    return [Line(**row._asdict()) for row in rows]


def lines_numbered(connection: sa.Connection, numbers: Iterable[int]) -> list[Line]:
    """The lines of these numbers, oldest first."""
    return _lines(connection, journal.c.id.in_(list(numbers)))

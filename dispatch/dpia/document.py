"""The data-protection file: read from the settings and the store, then as Markdown and as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import sqlalchemy as sa

from arrays.mandate import Mandate, read_mandate
from arrays.report import program
from dispatch.dpia.words import DPIA_WORDS
from dispatch.people.roles import RIGHTS, Right, Role
from dispatch.settings import Settings
from dispatch.store.machines import all_machines
from dispatch.store.nodes import all_nodes
from dispatch.store.people import all_people
from dispatch.trust.mandate import kept_mandate
from recordings.report import html as pieces
from recordings.report.language import Language, moment
from recordings.report.style import STYLE

UNNUMBERED = "h2::before { content: none }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store tells of who takes part; no person is named."""

    mandate: Mandate | None
    trusted: int
    revoked: int
    people: dict[Role, int]
    machines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and below it paragraphs, tables, and lists (tuples)."""

    title: str
    blocks: Sequence[str | Table | tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The file: its title, when and by what it was made, and its content, in a language."""

    title: str
    under: str
    sections: Sequence[Section]
    language: str
    made: datetime


def found(connection: sa.Connection) -> Found:
    """What the file needs of a store."""
    order, nodes = kept_mandate(connection), [node for node in all_nodes(connection) if not node.over]
    revoked = sum(node.revoked_ms is not None for node in nodes)
    return Found(
        mandate=None if order is None else read_mandate(order),
        trusted=len(nodes) - revoked,
        revoked=revoked,
        people=dict(Counter(person.role for person in all_people(connection))),
        machines=tuple(machine.name for machine in all_machines(connection)),
    )


def document(settings: Settings, known: Found, language: str, made: datetime) -> Document:
    """The file of a centre."""
    w = Language(language, DPIA_WORDS)
    day = made.strftime("%Y-%m-%d" if language == "en" else "%d/%m/%Y")
    return Document(
        title=w("title", site=settings.name),
        under=w("made", day=day, program=program()),
        sections=_sections(settings, known, w),
        language=language,
        made=made,
    )


def _sections(settings: Settings, known: Found, w: Language) -> list[Section]:
    keep, clips = settings.keep, known.mandate is not None and known.mandate.clips
    kept = (
        (w("keep.sound"), w("days", n=f"{keep.clips_days:g}") if clips else w("keep.none")),
        (w("keep.arrivals"), w("hours", n=f"{keep.arrivals_h:g}")),
        (w("keep.events"), w("days", n=f"{keep.events_days:g}")),
        (w("keep.audit"), w("days", n=f"{keep.audit_days:g}")),
    )
    how = w("security.https" if settings.page_tls else "security.here")
    counts = [(w("nodes.count"), str(known.trusted)), (w("nodes.revoked"), str(known.revoked))]
    zones = [(w("zones"), ", ".join(zone.name for zone in settings.zones))] if settings.zones else []
    programs = w("machines", names=", ".join(known.machines)) if known.machines else w("machines.none")
    captured = tuple(w(f"captured.{key}") for key in ("ram", "leaves", "clips", "labels", "cameras"))
    secured = (
        w("security.tls"),
        w("security.page", host=settings.page_host, how=how),
        w("security.chain"),
        w("security.backup"),
    )
    laws = tuple(w(f"law.{number}") for number in (1, 2, 3))
    points = ("controller", "basis", "necessity", "informed", "risks", "recipients", "backup", "review")
    return [
        Section(w("purpose"), list(_mandate(known.mandate, w))),
        Section(w("captured"), [captured]),
        Section(w("nodes"), [Table(("", ""), [*counts, *zones]), w("nodes.places")]),
        Section(w("keep"), [Table((w("keep.what"), w("keep.long")), kept), w("keep.record")]),
        Section(w("roles"), [_roles(known, w), programs]),
        Section(w("recipients"), [_recipients(settings, w), w("public.yes" if settings.public else "public.no")]),
        Section(w("security"), [secured]),
        Section(w("rights"), [w("rights.access")]),
        Section(w("law"), [laws]),
        Section(w("open"), [tuple(w("open.line", fill=w("fill"), point=w(f"open.{point}")) for point in points)]),
    ]


def as_markdown(file: Document) -> str:
    """The file as Markdown."""
    out = [f"# {file.title}", file.under]
    for part in file.sections:
        out.append(f"## {part.title}")
        for block in part.blocks:
            if isinstance(block, Table):
                rows = [block.head, ["-"] * len(block.head), *block.rows]
                out.append(
                    "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
                )
            else:
                out.append(block if isinstance(block, str) else "\n".join(f"- {item}" for item in block))
    return "\n\n".join(out) + "\n"


def as_html(file: Document) -> str:
    """The file as a page, from which the PDF is made."""
    body = []
    for part in file.sections:
        body.append(f"<h2>{escape(part.title)}</h2>")
        for block in part.blocks:
            if isinstance(block, Table):
                body.append(
                    pieces.table([escape(c) for c in block.head], [[escape(c) for c in row] for row in block.rows])
                )
            else:
                told = f"<p>{escape(block)}</p>" if isinstance(block, str) else pieces.bullets(map(escape, block))
                body.append(told)
    iso = file.made.isoformat(timespec="seconds")
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="{file.language}">\n<head>\n<meta charset="utf-8"/>',
            f'<meta name="dcterms.created" content="{iso}"/><meta name="dcterms.modified" content="{iso}"/>',
            f"<title>{escape(file.title)}</title>\n<style>{STYLE}{UNNUMBERED}</style>\n</head>\n<body>",
            f"<h1>{escape(file.title)}</h1>\n<p>{escape(file.under)}</p>",
            *body,
            "</body>\n</html>\n",
        ]
    )


def _mandate(mandate: Mandate | None, w: Language) -> Iterator[str | Table]:
    if mandate is None:
        yield w("mandate.none")
        return
    yield w("mandate")
    start, end = (moment(ns).strftime("%Y-%m-%d %H:%M") for ns in (mandate.start_ns, mandate.end_ns))
    clips = w("yes" if mandate.clips else "no")
    zone = "; ".join(" ".join(f"({x:.0f}, {y:.0f})" for x, y in ring) for ring in mandate.zone)
    rows = (("purpose", mandate.purpose), ("zone", zone), ("start", start), ("end", end), ("clips", clips))
    yield Table(("", ""), [(w(f"mandate.{name}"), value) for name, value in rows])
    yield w("mandate.outside")


def _roles(known: Found, w: Language) -> Table:
    head = [w("roles.role"), w("roles.people"), *(w(f"right.{right}") for right in Right)]
    rows = [
        [w(f"role.{role}"), str(known.people.get(role, 0)), *("x" if right in RIGHTS[role] else "" for right in Right)]
        for role in Role
    ]
    return Table(head, rows)


def _recipients(settings: Settings, w: Language) -> str | Table:
    if not settings.alerts:
        return w("recipients.none")
    head = (w("recipients.name"), w("recipients.way"), w("recipients.of"))
    return Table(head, [(one.name, str(one.to.__struct_config__.tag), one.when.about) for one in settings.alerts])

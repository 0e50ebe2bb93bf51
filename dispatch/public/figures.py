"""What the public page tells: counts by month and zone, and nothing else that the centre knows."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from dispatch.figures.counting import Span, counted, site_map
from dispatch.figures.intervals import Share
from dispatch.figures.performance import Figures
from dispatch.settings import Settings
from dispatch.store.journal import lines_of
from dispatch.town.zones import month_of

EVIDENCE, DELETION = "evidence", "deletion"  # kinds of the journal's lines that are told here


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A month in a zone: alerts by how they ended (`open`: no outcome yet), and shootings that raised none."""

    month: str
    zone: str
    alerts: int
    confirmed: int
    false: int
    unconfirmed: int
    unknown: int
    open: int
    missed: int


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a month evidence was given out, and kept things were deleted."""

    month: str
    evidence: int
    deletions: int


class Public(msgspec.Struct, frozen=True, kw_only=True):
    """All of the page, newest month first. `precision` is of decided alerts and stands beside the share `undecided`."""

    site: str
    zones: tuple[str, ...]
    rows: tuple[Row, ...]
    months: tuple[Month, ...]
    precision: Share
    undecided: Share
    recall: Share


def public_figures(connection: sa.Connection, settings: Settings, span: Span) -> Public:
    """The figures of a span of time. Raises InputError where the zones do not suit the site."""
    local = ZoneInfo(settings.timezone)
    rows = counted(connection, settings, span)
    zones = tuple(name for name, _ in site_map(connection, settings).rings)
    happened = Counter(
        (line.kind, month_of(line.recorded_ms, local))
        for line in lines_of(connection, (EVIDENCE, DELETION), span.from_ms, span.to_ms)
    )
    months = sorted({row.month for row in rows if row.month} | {month for _, month in happened}, reverse=True)
    told = [row for row in rows if row.month and (row.zone or len(zones) == 1)]
    return Public(
        site=settings.name,
        zones=zones,
        rows=tuple(_row(row, zones) for row in sorted(told, key=lambda row: row.month, reverse=True)),
        months=tuple(Month(month=m, evidence=happened[EVIDENCE, m], deletions=happened[DELETION, m]) for m in months),
        precision=rows[0].precision.decided,
        undecided=rows[0].precision.undecided,
        recall=rows[0].recall,
    )


def _row(row: Figures, zones: tuple[str, ...]) -> Row:
    ended = row.outcomes
    return Row(
        month=row.month,
        zone=row.zone or zones[0],
        alerts=row.alerts,
        confirmed=ended["confirmed"],
        false=ended["false"],
        unconfirmed=ended["unconfirmed"],
        unknown=ended["unknown"],
        open=ended["none"],
        missed=row.missed,
    )

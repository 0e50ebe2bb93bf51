"""Counts the network's performance from the store, for a span of local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.figures.judged import alert_of
from dispatch.figures.performance import Exposure, Figures, Miss, performance
from dispatch.settings import Settings
from dispatch.store.events import events_between
from dispatch.store.incoming import all_missed
from dispatch.store.nodes import all_nodes
from dispatch.town.places import Frame, kept_frame
from dispatch.town.zones import Map, day_span_ms, days_by_month, month_of, zone_map


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """UTC milliseconds, the end not included."""

    from_ms: int
    to_ms: int


def span_of(since: str, until: str, local: ZoneInfo, now_ms: int) -> Span:
    """Local days `since` to `until`, both included, as YYYY-MM-DD; '' for a year back, and for now.

    Raises InputError naming the field.
    """
    today = datetime.fromtimestamp(now_ms * 1e-3, UTC).astimezone(local).date()
    first = day_of("since", since) if since else today - timedelta(days=365)
    last = day_of("until", until) if until else today
    if first > last:
        raise InputError(f"since is {first}, after until, which is {last}; expected it before")
    return Span(from_ms=day_span_ms(first, local)[0], to_ms=min(day_span_ms(last, local)[1], now_ms))


def day_of(name: str, text: str) -> date:
    """A day from its text. Raises InputError naming the field."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 — a calendar's day has no zone
    except ValueError as error:
        raise InputError(f"{name} is {text[:40]!r}; expected a day such as 2026-11-26") from error
    if not 1970 < day.year < 9000:
        raise InputError(f"{name} is {text[:40]!r}; expected a day after 1970")
    return day


def site_map(connection: sa.Connection, settings: Settings) -> Map:
    """The zones of the site, in metres. Raises InputError where they do not suit it."""
    frame = kept_frame(connection, settings.origin) or Frame()
    return zone_map(settings.zones, settings.name, frame, [(n.x, n.y) for n in all_nodes(connection)])


def counted(connection: sa.Connection, settings: Settings, span: Span) -> list[Figures]:
    """The figures of a span of time: the whole, each month, each zone."""
    local, zones = ZoneInfo(settings.timezone), site_map(connection, settings)
    enrolled = [node.enrolled_ms for node in all_nodes(connection)]
    records = events_between(connection, span.from_ms * 1_000_000, span.to_ms * 1_000_000 - 1)
    real = [record for record in records if not record.event.exercise]
    alerts = [alert for alert in map(alert_of, real) if span.from_ms <= alert.time_ms < span.to_ms]
    missed = [
        Miss(time_ms=kept.what.time_ms, x=kept.what.x, y=kept.what.y)
        for kept in all_missed(connection, span.from_ms, span.to_ms)
    ]
    begun_ms = min([*enrolled, *(one.time_ms for one in missed)], default=span.to_ms)
    exposure = Exposure(grounds=zones.grounds, days=days_by_month(max(span.from_ms, begun_ms), span.to_ms, local))
    return performance(alerts, missed, exposure, lambda time_ms: month_of(time_ms, local), zones.zone_of)

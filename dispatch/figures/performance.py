"""How well the network did, counted from events, their outcomes and the shootings it missed. Pure.

docs/dispatch/performance.md gives the formulas and says what each figure does not tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dispatch.figures.intervals import Quantile, Rate, Share, quantile, rate, share
from recordings.decisions import Outcome

MISLOCATED_M = 25.0  # what contracts call accurate (FIELD 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An event as far as it counts: where and when, when the page first called it gunshots (None: never), how it ended.

    `error_m`: metres from a place of finds; `blind`: whether each answer that was given blind was the machine's.
    """

    number: int
    time_ms: float
    alerted_ms: int | None
    x: float
    y: float
    late: bool = False
    outcome: Outcome | None = None
    error_m: float | None = None
    blind: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A confirmed shooting that raised no alert, as it was entered."""

    time_ms: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Confirmed alerts among those decided, and never without how many are not: `undecided` of all.

    `at_least`: confirmed among all alerts, as if every undecided one were false.
    """

    decided: Share
    undecided: Share
    at_least: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted of a month and a zone; '' stands for all of them."""

    month: str
    zone: str
    alerts: int
    outcomes: dict[str, int]
    missed: int
    recall: Share
    precision: Precision
    false_alerts: Rate
    mislocated: Share
    error_m: Quantile
    latency_s: Quantile
    latency_95_s: Quantile
    late: int
    agreement: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A zone: its name and area, None where nobody knows it."""

    name: str
    km2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What was listened to: zones, and the days of each month, in order."""

    grounds: tuple[Ground, ...]
    days: dict[str, float]


def performance(
    alerts: Sequence[Alert],
    missed: Sequence[Miss],
    exposure: Exposure,
    month_of: Callable[[float], str],
    zone_of: Callable[[float, float], str],
) -> list[Figures]:
    """The whole, each month, each zone, each month of each zone; months with no exposure are left out."""
    grounds = [Ground(name="", km2=_sum(g.km2 for g in exposure.grounds)), *exposure.grounds]
    happened: list[Alert | Miss] = [*alerts, *missed]
    found = []
    for month in ("", *exposure.days):
        days = exposure.days[month] if month else sum(exposure.days.values())
        for ground in grounds if len(grounds) > 2 else grounds[:1]:
            inside = [
                a for a in happened if month in ("", month_of(a.time_ms)) and ground.name in ("", zone_of(a.x, a.y))
            ]
            found.append(figures(inside, month, ground, days))
    return found


def figures(inside: Iterable[Alert | Miss], month: str, ground: Ground, days: float) -> Figures:
    """The figures of what happened in one month and zone."""
    happened = list(inside)
    alerts = [a for a in happened if isinstance(a, Alert) and a.alerted_ms is not None]
    unheard = [a for a in happened if isinstance(a, Alert) and a.alerted_ms is None and a.outcome == "confirmed"]
    missed = len(unheard) + sum(isinstance(a, Miss) for a in happened)
    ended = Counter(a.outcome or "none" for a in alerts)
    confirmed, false = ended["confirmed"], ended["false"]
    errors = [a.error_m for a in alerts if a.error_m is not None]
    waits = [(a.alerted_ms - a.time_ms) * 1e-3 for a in alerts if a.alerted_ms is not None]
    blind = [agreed for a in happened if isinstance(a, Alert) for agreed in a.blind]
    return Figures(
        month=month,
        zone=ground.name,
        alerts=len(alerts),
        outcomes={name: ended[name] for name in ("confirmed", "false", "unconfirmed", "unknown", "none")},
        missed=missed,
        recall=share(confirmed, confirmed + missed),
        precision=Precision(
            decided=share(confirmed, confirmed + false),
            undecided=share(len(alerts) - confirmed - false, len(alerts)),
            at_least=share(confirmed, len(alerts)),
        ),
        false_alerts=rate(false, ground.km2, days),
        mislocated=share(sum(error > MISLOCATED_M for error in errors), len(errors)),
        error_m=quantile(errors, 0.5),
        latency_s=quantile(waits, 0.5),
        latency_95_s=quantile(waits, 0.95),
        late=sum(a.late for a in alerts),
        agreement=share(sum(blind), len(blind)),
    )


def _sum(areas: Iterable[float | None]) -> float | None:
    total = 0.0
    for area in areas:
        if area is None:
            return None
        total += area
    return total if math.isfinite(total) and total > 0 else None

"""The figures as a person reads them, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from dispatch.figures.intervals import LEVEL, Quantile, Rate, Share
from dispatch.figures.performance import Figures

HEADING = (
    f"{'month':<8} {'zone':<14} {'alerts':>6} {'conf.':>5} {'false':>5} {'undecided':>9} "
    f"{'precision (interval)':>22} {'at least':>8} {'missed':>6} "
    f"{'recall (interval)':>20} {'false per km² and day':>24} "
    f"{'> 25 m':>9} {'median s (interval)':>20} {'95 % s':>8}"
)


def as_text(rows: Sequence[Figures]) -> str:
    """A table with intervals; precision stands beside what is not decided."""
    note = f"Intervals hold with {LEVEL:.0%}; – where there is nothing to count. Precision is of decided alerts only."
    return "\n".join([HEADING, *map(_line, rows), note])


def as_json(rows: Sequence[Figures]) -> str:
    """All of it, for a program."""
    return msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n"


def as_csv(rows: Sequence[Figures]) -> str:
    """One line a month and zone, every figure with its interval; columns are named after the JSON's fields."""
    out = io.StringIO()
    flat = [dict(_flat("", msgspec.to_builtins(row))) for row in rows]
    writer = csv.DictWriter(out, fieldnames=list(flat[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def _flat(prefix: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, Mapping):
            yield from _flat(f"{prefix}{name}.", one)
        else:
            yield prefix + name, one


def _line(row: Figures) -> str:
    p = row.precision
    cells = (
        (row.month or "all", -8),
        ((row.zone or "all")[:14], -14),
        (row.alerts, 6),
        (row.outcomes["confirmed"], 5),
        (row.outcomes["false"], 5),
        (_percent(p.undecided.value), 9),
        (_share(p.decided), 22),
        (_percent(p.at_least.value), 8),
        (row.missed, 6),
        (_share(row.recall), 20),
        (_rate(row.false_alerts), 24),
        (f"{row.mislocated.count} of {row.mislocated.of}", 9),
        (_seconds(row.latency_s), 20),
        (_number(row.latency_95_s.value), 8),
    )
    return " ".join(str(cell).ljust(-width) if width < 0 else str(cell).rjust(width) for cell, width in cells)


def _share(one: Share) -> str:
    if one.value is None:
        return "–"
    return f"{_percent(one.value)} ({_percent(one.low)}–{_percent(one.high)})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _rate(one: Rate) -> str:
    return "–" if one.value is None else f"{one.value:.3g} ({one.low:.3g}–{one.high:.3g})"


def _seconds(one: Quantile) -> str:
    if one.value is None:
        return "–"
    bounds = f"{_number(one.low)} to {_number(one.high)}"
    return f"{_number(one.value)} ({bounds})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"

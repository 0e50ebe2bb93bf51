"""A scorecard's picture: how far off shots are located, what ellipses hold, what the classifier finds; SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np

from recordings.scoring.card import Card
from recordings.scoring.figures import recall_at

SIDE, GAP, TOP, LEFT = 250.0, 78.0, 56.0, 64.0
TALL = SIDE + 100.0  # of a row of panels
FARTHEST_M = 30.0
GROUPS = 10
RATES = np.geomspace(0.001, 1.0, 121)
STYLE = """
svg { font: 14px system-ui, sans-serif; --ink: #1c2026; --soft: #6b727c; --paper: #ffffff; --frame: #d5d9de;
  --good: #0072b2; fill: var(--ink) }
@media (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --soft: #9aa3ad; --paper: #14171c; --frame: #343a43;
  --good: #56b4e9 } }
.paper { fill: var(--paper) } .grid { fill: none; stroke: var(--frame) } .soft { fill: var(--soft); font-size: 12px }
.curve { fill: none; stroke: var(--good); stroke-width: 2.2 } .ideal { fill: none; stroke: var(--soft);
  stroke-dasharray: 4 4 } .earlier { fill: none; stroke: var(--soft); stroke-width: 1.6; stroke-dasharray: 2 3 }
.end { text-anchor: end } .middle { text-anchor: middle }
"""
Line = list[tuple[float, float]]  # points, 0 to 1 both


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    title: str
    across: str
    ticks: Sequence[tuple[float, str]]
    line: Callable[[Card], Line]
    ideal: Line


def card_svg(card: Card, earlier: Card | None = None) -> str:
    """The curves of a card, and dashed those of an earlier one."""
    panels = []
    if card.outcomes:
        panels += [LOCATION, ELLIPSES]
    if card.verdicts:
        panels += [CLASSES, PROBABILITIES]
    across = 2 if len(panels) > 3 else len(panels)
    width, height = LEFT + across * (SIDE + GAP) - GAP + 28, TOP + math.ceil(len(panels) / across) * TALL - 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img"><title>Scorecard</title><style>{STYLE}</style>'
        '<rect class="paper" width="100%" height="100%" rx="6"/>'
    ]
    for n, panel in enumerate(panels):
        parts += _drawn(panel, LEFT + n % across * (SIDE + GAP), TOP + n // across * TALL, card, earlier)
    return "\n".join([*parts, "</svg>", ""])


def _drawn(panel: _Panel, left: float, top: float, card: Card, earlier: Card | None) -> list[str]:
    bottom = top + SIDE
    parts = [f'<text x="{left}" y="{top - 20}">{escape(panel.title)}</text>']
    for fifth in range(6):
        y = bottom - SIDE * fifth / 5
        parts.append(f'<path class="grid" d="M{left} {y:.1f}h{SIDE}"/>')
        parts.append(f'<text class="soft end" x="{left - 8}" y="{y + 4:.1f}">{20 * fifth} %</text>')
    for at, words in panel.ticks:
        x = left + SIDE * at
        parts.append(f'<path class="grid" d="M{x:.1f} {top}v{SIDE}"/>')
        parts.append(f'<text class="soft middle" x="{x:.1f}" y="{bottom + 18}">{words}</text>')
    parts.append(f'<text class="soft middle" x="{left + SIDE / 2}" y="{bottom + 40}">{escape(panel.across)}</text>')
    lines = [("ideal", panel.ideal), ("earlier", panel.line(earlier) if earlier else []), ("curve", panel.line(card))]
    for kind, points in lines:
        if points:
            path = "L".join(f"{left + SIDE * x:.1f} {bottom - SIDE * y:.1f}" for x, y in points)
            parts.append(f'<path class="{kind}" d="M{path}"/>')
    return parts


def _errors(card: Card) -> Line:
    """The share of all shots that are within each distance, as steps."""
    off = sorted(o.error_m for o in card.outcomes if o.error_m is not None)
    count, points = len(card.outcomes), [(0.0, 0.0)]
    for n, metres in enumerate(m for m in off if m <= FARTHEST_M):
        points += [(metres / FARTHEST_M, n / count), (metres / FARTHEST_M, (n + 1) / count)]
    return [*points, (1.0, points[-1][1])]


def _held(card: Card) -> Line:
    levels = np.sort([o.level for o in card.outcomes if o.level is not None])
    return [(x, float(np.mean(levels <= x))) for x in np.linspace(0, 1, 101).tolist()] if len(levels) else []


def _recalls(card: Card) -> Line:
    shots, others = (np.array([v.gunshot for v in card.verdicts if v.shot is side]) for side in (True, False))
    if not len(shots) or not len(others):
        return []
    return [(_rate(r), recall_at(shots, others, r)) for r in RATES.tolist() if r < 1.0]


def _right(card: Card) -> Line:
    """Of groups of clips of equal count, by probability: what was said, and how many were shots."""
    told = sorted(card.verdicts, key=lambda v: v.gunshot)
    groups = [told[a:b] for a, b in pairwise(np.linspace(0, len(told), GROUPS + 1).round().astype(int).tolist())]
    return [(float(np.mean([v.gunshot for v in g])), float(np.mean([v.shot for v in g]))) for g in groups if g]


def _rate(rate: float) -> float:
    return 1.0 + math.log10(rate) / 3.0


LOCATION = _Panel(
    title="Shots located within",
    across="metres of where they were fired",
    ticks=[(m / FARTHEST_M, f"{m:g}") for m in (0, 5, 10, 15, 20, 25, 30)],
    line=_errors,
    ideal=[],
)
ELLIPSES = _Panel(
    title="Ellipses that hold the place",
    across="level of the ellipse; dashed: as stated",
    ticks=[(p / 100, f"{p} %") for p in (0, 25, 50, 75, 100)],
    line=_held,
    ideal=[(0.0, 0.0), (1.0, 1.0)],
)
CLASSES = _Panel(
    title="Shots told from other sounds",
    across="other sounds taken for shots",
    ticks=[(_rate(r), f"{100 * r:g} %") for r in (0.001, 0.01, 0.1, 1.0)],
    line=_recalls,
    ideal=[],
)
PROBABILITIES = _Panel(
    title="Probabilities that are right",
    across="said to be a shot; dashed: as said",
    ticks=[(p / 100, f"{p} %") for p in (0, 25, 50, 75, 100)],
    line=_right,
    ideal=[(0.0, 0.0), (1.0, 1.0)],
)

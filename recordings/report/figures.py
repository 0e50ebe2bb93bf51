"""The report's figures, SVG: told apart by shape and lightness, so that a grey print says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from localisation.arrivals import Origin
from recordings.evidence.contents import Node
from recordings.report.language import Language
from recordings.report.rounds import FATES, REFUSED, USED, Heard, Round, fate_of

Point = tuple[float, float]
Line = tuple[float, float, float]  # left end, height and length of a line of text

SIDE, GAP = 330.0, 20.0  # of a plan; between the two
WIDTH = 2 * SIDE + GAP
LETTER, LINE = 6.2, 11  # of a name, about
MOST_FRAMED = 80.0  # side of a frame that names keep out of; a larger one holds some
NEAR = 1.6  # half of the close plan's side, in the reach of the ellipses
LEAST_M = 10.0  # half of the close plan's side, at least
SCALES_M = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
ROW, TOP, LEFT, RIGHT = 19.0, 34.0, 150.0, 20.0  # of the chart
STEPS_MS = (1, 2, 5, 10, 20, 50, 100)
MOST_MS = 50.0  # to each side: what is further off stands at the edge with its number
# One blue, as dark in grey as the ink is not: Okabe & Ito (2008).
ACCENT, INK, SOFT, BAND = "#0072b2", "#1c2026", "#5d6671", "#e3e6ea"


@dataclass(frozen=True, slots=True)
class Frame:
    """A square piece of the plan: its middle and half its side in metres, and where its corner is drawn."""

    middle: Point
    half_m: float
    corner: Point

    @property
    def scale(self) -> float:
        return SIDE / (2 * self.half_m)

    def at(self, east: float, north: float) -> Point:
        x = self.corner[0] + SIDE / 2 + (east - self.middle[0]) * self.scale
        return x, self.corner[1] + SIDE / 2 - (north - self.middle[1]) * self.scale

    def holds(self, east: float, north: float) -> bool:
        return max(abs(east - self.middle[0]), abs(north - self.middle[1])) < self.half_m


def plan(nodes: Sequence[Node], rounds: Sequence[Round], words: Language) -> str:
    """Nodes and ellipses, whole and close by."""
    spots = [(n.x, n.y) for n in nodes]
    spots += [(r.shot.origin.x, r.shot.origin.y) for r in rounds]
    spots += [(p.x, p.y) for r in rounds for p in r.shot.origin.also]
    whole = _around(spots, 0.0, 1.15, (0.0, 0.0))
    centres = [(r.shot.origin.x, r.shot.origin.y) for r in rounds]
    reach = max((r.shot.origin.ellipse.semi_major_m for r in rounds), default=LEAST_M)
    close = _around(centres or spots, reach, NEAR, (SIDE + GAP, 0.0))
    level = words.percent(rounds[0].shot.origin.ellipse.level) if rounds else ""
    height = SIDE + 52
    parts = [opening(WIDTH, height, words("plan_alt", level=level))]
    x, y = whole.at(close.middle[0] - close.half_m, close.middle[1] + close.half_m)
    side = 2 * close.half_m * whole.scale
    framed = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="none" stroke="{INK}" '
        'stroke-dasharray="3 3"/>'
    )
    lines = [(x, y + down, side) for down in range(0, math.ceil(side) + LINE, LINE)] if side < MOST_FRAMED else []
    for name, frame in (("whole", whole), ("close", close)):
        x, y = frame.corner
        parts.append(f'<clipPath id="{name}"><rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"/></clipPath>')
        parts.append(f'<g clip-path="url(#{name})">')
        parts += [_region(frame, r.shot.origin) for r in rounds]
        parts += [_second(frame, p.x, p.y, r.shot.origin) for r in rounds for p in r.shot.origin.also]
        parts += _nodes(frame, nodes, rounds, lines if frame is whole else [])
        parts.append("</g>")
        parts.append(f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{SOFT}"/>')
        parts.append(_scale(frame, words))
    parts += _numbers(close, rounds)
    parts.append(framed)
    parts.append(_compass(whole, words))
    parts += _legend(SIDE + 20, nodes, rounds, level, words)
    return "\n".join([*parts, "</svg>"])


def _around(spots: Sequence[Point], reach_m: float, room: float, corner: Point) -> Frame:
    east, north = [p[0] for p in spots], [p[1] for p in spots]
    middle = (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
    half = max(max(east) - min(east), max(north) - min(north)) / 2 + reach_m
    return Frame(middle, max(half * room, LEAST_M), corner)


def _region(frame: Frame, origin: Origin) -> str:
    x, y = frame.at(origin.x, origin.y)
    e = origin.ellipse
    along, across = max(e.semi_major_m * frame.scale, 2.5), max(e.semi_minor_m * frame.scale, 2.5)
    return (
        f'<ellipse rx="{along:.1f}" ry="{across:.1f}" transform="translate({x:.1f} {y:.1f}) '
        f'rotate({e.azimuth_deg - 90:.1f})" fill="{ACCENT}" fill-opacity="0.13" stroke="{ACCENT}" stroke-width="1.8"/>'
    )


def _second(frame: Frame, east: float, north: float, origin: Origin) -> str:
    x, y = frame.at(east, north)
    a, b = frame.at(origin.x, origin.y)
    return (
        f'<path d="M{a:.1f} {b:.1f}L{x:.1f} {y:.1f}" stroke="{ACCENT}" stroke-dasharray="4 3"/>'
        f'<path d="M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7z" fill="#fff" stroke="{ACCENT}" stroke-width="1.8"/>'
    )


def _nodes(frame: Frame, nodes: Sequence[Node], rounds: Sequence[Round], lines: Sequence[Line]) -> list[str]:
    """Each node on it with its name, put beside it where neither another name nor one of `lines` stands."""
    parts, taken = [], [*lines]
    for node in (n for n in nodes if frame.holds(n.x, n.y)):
        x, y = frame.at(node.x, node.y)
        name = shortened(node.id, 14)
        long = LETTER * len(name)
        spots = [(left, y + down) for left in (x + 7, x - 7 - long) for down in (-5, 13)]
        if x + 7 + long > frame.corner[0] + SIDE:
            spots.reverse()
        free = (s for s in spots if not any(_touch((*s, long), other) for other in taken))
        left, line = next(free, spots[0])
        taken.append((left, line, long))
        beside = _clear(left, line, escape(name)) if left > x else _clear(x - 7, line, escape(name), "end")
        parts.append(mark(x, y, fate_of(node.id, rounds)) + beside)
    return parts


def _touch(one: Line, other: Line) -> bool:
    return abs(one[1] - other[1]) < LINE and one[0] < other[0] + other[2] and other[0] < one[0] + one[2]


def shortened(name: str, most: int) -> str:
    """A node's name of so many letters at most: its end tells it from others."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _clear(x: float, y: float, text: str, anchor: str = "start") -> str:
    """Escaped text that lines under it do not touch: WeasyPrint knows no paint-order, so its halo is drawn first."""
    at = f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    halo = f'{at} stroke="#fff" stroke-width="3" stroke-linejoin="round" aria-hidden="true">{text}</text>'
    return f"{halo}{at}>{text}</text>"


def mark(x: float, y: float, fate: str) -> str:
    at = f'transform="translate({x:.1f} {y:.1f})"'
    if fate == USED:
        return f'<circle {at} r="4.5" fill="{INK}"/>'
    if fate == REFUSED:
        return f'<path {at} d="M-4.5 -4.5L4.5 4.5M-4.5 4.5L4.5 -4.5" stroke="{INK}" stroke-width="2.4"/>'
    dashed = "" if fate == "silent" else ' stroke-dasharray="2 1.6"'
    return f'<circle {at} r="4" fill="#fff" stroke="{INK}" stroke-width="1.5"{dashed}/>'


def _numbers(frame: Frame, rounds: Sequence[Round]) -> list[str]:
    """Each round's middle with its number, put where no other number stands."""
    taken: list[Point] = []
    parts = []
    for one in rounds:
        x, y = frame.at(one.shot.origin.x, one.shot.origin.y)
        spot = next(
            (x + r * math.cos(a), y + r * math.sin(a))
            for r in range(14, 1000, 8)
            for a in (k * math.pi / 6 - math.pi / 4 for k in range(12))
            if all(math.dist((x + r * math.cos(a), y + r * math.sin(a)), p) > 15 for p in taken)
        )
        taken.append(spot)
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}L{spot[0]:.1f} {spot[1]:.1f}" stroke="{ACCENT}" stroke-width="0.7"/>'
            f'<path d="M{x - 3:.1f} {y:.1f}h6m-3 -3v6" stroke="{INK}" stroke-width="1.4"/>'
            f'<circle cx="{spot[0]:.1f}" cy="{spot[1]:.1f}" r="7.5" fill="{ACCENT}"/>'
            f'<text x="{spot[0]:.1f}" y="{spot[1] + 3.3:.1f}" text-anchor="middle" fill="#fff" '
            f'font-weight="bold">{one.number}</text>'
        )
    return parts


def _scale(frame: Frame, words: Language) -> str:
    metres = next((m for m in SCALES_M if m * frame.scale >= 45), SCALES_M[-1])
    x, y = frame.corner[0] + 10, frame.corner[1] + SIDE - 10
    return (
        f'<path d="M{x} {y - 5}v5h{metres * frame.scale:.1f}v-5" fill="none" stroke="{INK}" stroke-width="1.4"/>'
        f"{_clear(x + 3, y - 5, words.metres(metres))}"
    )


def _compass(frame: Frame, words: Language) -> str:
    x, y = frame.corner[0] + SIDE - 16, frame.corner[1] + SIDE - 12
    return (
        f'<path d="M{x} {y}v-24m-5 9l5 -9l5 9" fill="none" stroke="{INK}" stroke-width="1.4"/>'
        f"{_clear(x, y - 28, words('compass'), 'middle')}"
    )


def _legend(y: float, nodes: Sequence[Node], rounds: Sequence[Round], level: str, words: Language) -> list[str]:
    shown = {fate_of(n.id, rounds) for n in nodes}
    rows = [(mark, fate, words(f"mark_{fate}")) for fate in FATES if fate in shown]
    parts = []
    x = 8.0
    for draw, fate, text in rows:
        parts.append(f'{draw(x, y - 3.5, fate)}<text x="{x + 10}" y="{y}">{text}</text>')
        x += SIDE / 2
    x, y = 8.0, y + 20
    if rounds:
        parts.append(
            f'<ellipse cx="{x + 2}" cy="{y - 3.5}" rx="9" ry="5.5" fill="{ACCENT}" fill-opacity="0.13" '
            f'stroke="{ACCENT}" stroke-width="1.8"/>'
            f'<text x="{x + 18}" y="{y}">{words("mark_ellipse", level=level)}</text>'
        )
    if any(r.shot.origin.also for r in rounds):
        x += SIDE
        parts.append(
            f'<path d="M{x} {y - 10}l6 6l-6 6l-6 -6z" fill="#fff" stroke="{ACCENT}" stroke-width="1.8"/>'
            f'<text x="{x + 12}" y="{y}">{words("mark_also")}</text>'
        )
    return parts


def residuals(one: Round, path_s: float, words: Language) -> str:
    """A row a node, nearest first: how late its sound came, with its σ, against the path delay that is expected."""
    reach = max([abs(h.residual.residual_s) + h.arrival.sigma_s for h in one.heard] + [1.5 * path_s]) * 1e3
    reach = min(reach * 1.1, MOST_MS)
    middle, unit = (LEFT + WIDTH - RIGHT) / 2, (WIDTH - RIGHT - LEFT) / 2 / reach
    bottom = TOP + ROW * len(one.heard)
    parts = [opening(WIDTH, bottom + 8, words("chart_alt", round=str(one.number)))]
    band = 1e3 * path_s * unit
    parts.append(
        f'<rect x="{middle - band:.1f}" y="{TOP}" width="{2 * band:.1f}" height="{bottom - TOP}" fill="{BAND}"/>'
    )
    step = next((s for s in STEPS_MS if s * unit >= 50), STEPS_MS[-1])
    for k in range(-int(reach // step), int(reach // step) + 1):
        x = middle + k * step * unit
        parts.append(
            f'<path d="M{x:.1f} {TOP - 4}V{bottom}" stroke="{INK if k == 0 else "#c3c8ce"}" '
            f'stroke-width="{1 if k == 0 else 0.6}"/>'
            f'<text x="{x:.1f}" y="{TOP - 8}" text-anchor="middle">{words.ms(k * step / 1e3)}</text>'
        )
    parts.append(f'<text x="{LEFT}" y="11" fill="{SOFT}">← {words("early")}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="11" text-anchor="end" fill="{SOFT}">{words("late")} →</text>')
    parts += [_row(h, TOP + ROW * (k + 0.5), middle, unit, reach, words) for k, h in enumerate(one.heard)]
    return "\n".join([*parts, "</svg>"])


def _row(heard: Heard, y: float, middle: float, unit: float, reach_ms: float, words: Language) -> str:
    late_ms, sigma_ms = 1e3 * heard.residual.residual_s, 1e3 * heard.arrival.sigma_s
    x = middle + max(-reach_ms, min(reach_ms, late_ms)) * unit
    low, high = (middle + max(-reach_ms, min(reach_ms, late_ms + s)) * unit for s in (-sigma_ms, sigma_ms))
    parts = [
        f'<text x="0" y="{y + 3.5}">{escape(shortened(heard.arrival.node, 12))}</text>'
        f'<text x="{LEFT - 12}" y="{y + 3.5}" text-anchor="end" fill="{SOFT}">{words.metres(heard.distance_m)}</text>',
        f'<path d="M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 3.5}v7M{high:.1f} {y - 3.5}v7" stroke="{ACCENT}" '
        'stroke-width="1.4"/>',
    ]
    if heard.residual.refused:
        parts.append(mark(x, y, REFUSED))
    else:
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{ACCENT}"/>')
    if abs(late_ms) > reach_ms:
        end, dx = ("end", -9) if late_ms > 0 else ("start", 9)
        text = words.late_ms(heard.residual.residual_s)
        parts.append(f'<text x="{x + dx:.1f}" y="{y + 3.5}" text-anchor="{end}">{text}</text>')
    return "".join(parts)


def opening(width: float, height: float, told: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -4 {width + 12:.0f} {height + 8:.0f}" role="img" '
        f'aria-label={quoteattr(told)} font-family="Liberation Sans, Arial, Helvetica, sans-serif" font-size="10.5" '
        f'fill="{INK}"><title>{escape(told)}</title>'
    )

"""A located shot's picture: where its arrivals' hyperbolas meet, its ellipse, and what each node heard against it; SVG.

`python -m recordings.shot_picture FOLDER FILE.svg` draws the first shot of a Pittsburgh test with its surveyed place.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.classify import Model
from arrays.session import Session, SessionNode
from localisation.arrivals import Arrival, Origin, Shot, Station
from localisation.likelihood import travel_times
from localisation.network import locate
from recordings import models
from recordings.formats.pittsburgh import read_test
from recordings.replaying import arrivals_of
from recordings.sounds import read_sound

Array = NDArray[np.float64]
Place = tuple[float, float]

SIDE, GAP, TOP, ROW = 440.0, 40.0, 58.0, 52.0  # of the two plans; of a node's sound
BELOW = 118.0  # from the plans to the sounds
WIDTH = 2 * SIDE + 3 * GAP
NEAR = 2.8  # to each side of the place, in the close plan, in ellipses
WINDOW_S = (-0.4, 0.45)  # of sound, about when the direct sound is expected
COLUMNS = 300  # of a node's sound
SCALES_M = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
# Blue and vermilion of Okabe & Ito (2008), lighter at night: told apart by most colour-blind eyes, and drawn unlike.
STYLE = """
svg { font: 14px system-ui, sans-serif; --ink: #1c2026; --soft: #6b727c; --paper: #ffffff; --frame: #d5d9de;
  --good: #0072b2; --bad: #c44e00; --sound: #9aa3ad; fill: var(--ink) }
@media (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --soft: #9aa3ad; --paper: #14171c; --frame: #343a43;
  --good: #56b4e9; --bad: #f08a3c; --sound: #5d6671 } }
.paper { fill: var(--paper) } .frame { fill: none; stroke: var(--frame) } .soft { fill: var(--soft) }
.line { fill: none; stroke: var(--good); stroke-width: 1.4 } .wrong { fill: none; stroke: var(--bad);
  stroke-dasharray: 5 4; opacity: .8 } .cross { fill: none; stroke: var(--bad); stroke-width: 2 }
.region { fill: var(--good); fill-opacity: .16; stroke: var(--good); stroke-width: 2.5 }
.node { fill: var(--ink) } .number { fill: var(--paper); text-anchor: middle; font-weight: 600; font-size: 12px }
.place { fill: var(--ink); stroke: var(--paper); stroke-width: 1.5 } .rule { fill: none; stroke: var(--ink) }
.survey { fill: none; stroke: var(--ink); stroke-width: 2 } .sound { fill: var(--sound) } .good { fill: var(--good) }
.end { text-anchor: end } .middle { text-anchor: middle } .bad { fill: var(--bad) }
.halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round }
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A square of ground about a middle (east, north) m, `half_m` to each side; drawn from `left` and TOP on."""

    middle: Place
    half_m: float
    left: float

    def at(self, east: float, north: float) -> tuple[float, float]:
        """Where a place is drawn."""
        scale = SIDE / (2 * self.half_m)
        across, up = east - self.middle[0] + self.half_m, self.middle[1] + self.half_m - north
        return self.left + across * scale, TOP + up * scale

    def path(self, places: Array) -> str:
        """A line through those of the places (n, 2) m that are on it, or nearly."""
        on = [False, *(np.abs(places - self.middle).max(axis=1) < 1.2 * self.half_m).tolist()]
        points = ("{:.1f} {:.1f}".format(*self.at(*p)) for p in places.tolist())
        return "".join(f"{'L' if b else 'M'}{p}" for b, now, p in zip(on[:-1], on[1:], points, strict=True) if now)

    def ruler(self) -> str:
        """Its scale."""
        metres = max(m for m in SCALES_M if m <= self.half_m / 2)
        long, x, y = metres * SIDE / (2 * self.half_m), self.left + 12, TOP + SIDE - 14
        bar = f'<path class="rule" d="M{x} {y - 6}v6h{long:.1f}v-6"/>'
        return f'{bar}<text class="halo" x="{x + long + 8:.1f}" y="{y + 3}">{metres} m</text>'


def hyperbola(first: Arrival, other: Arrival, height_m: float, air: Air, reach_m: float) -> Array:
    """Places (n, 2) m, `reach_m` from the first node at most, from which sound comes to the other so much later.

    Along each ray from the first node that difference only falls: it is sought by bisection.
    """
    wind = np.array([air.speed_ms, air.wind_east_ms or 0.0, air.wind_north_ms or 0.0])
    nodes = np.array([(a.x, a.y, a.z) for a in (first, other)])
    turn = math.atan2(other.y - first.y, other.x - first.x) + np.linspace(-math.pi, math.pi, 721)
    way = np.column_stack([np.cos(turn), np.sin(turn)])

    def later(away_m: Array) -> Array:
        sources = np.column_stack([nodes[0, :2] + away_m[:, None] * way, np.full(len(way), height_m)])
        travel = travel_times(nodes, sources, wind)
        return np.asarray(travel[:, 1] - travel[:, 0])

    wanted = (other.time_ns - first.time_ns) * 1e-9
    low, high = np.zeros(len(way)), np.full(len(way), reach_m)
    there = (later(low) > wanted) & (later(high) < wanted)
    for _ in range(40):
        half = (low + high) / 2
        beyond = later(half) < wanted
        low, high = np.where(beyond, low, half), np.where(beyond, half, high)
    return np.asarray((nodes[0, :2] + low[:, None] * way)[there])


def shot_svg(session: Session, arrivals: Sequence[Arrival], shot: Shot, words: Sequence[str], survey: Place) -> str:
    """The picture of a shot of a session, of all that its nodes heard, and of where it was surveyed, m.

    `words`: the title, whom to credit, and how the true place is known.
    """
    origin = shot.origin
    late = {r.arrival: r.residual_s for r in origin.used}
    used = sorted((a for a in arrivals if a.id in late), key=lambda a: a.time_ns)
    number = {a.node: k for k, a in enumerate(used, 1)}
    nodes = sorted((n for n in session.nodes if n.id in number), key=lambda n: number[n.id])
    expected = {a.node: a.time_ns * 1e-9 - late[a.id] for a in used}
    refused = [a for a in arrivals if a.id not in late and a.node in expected and _near(a, expected[a.node])]
    away_m = {n.id: math.dist(n.position, (origin.x, origin.y, origin.z)) for n in nodes}
    height = TOP + SIDE + BELOW + ROW * len(nodes) + 64
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" width="{WIDTH:.0f}" '
        f'height="{height:.0f}" role="img"><title>{escape(words[0])}</title><style>{STYLE}</style>',
        f'<rect class="paper" width="100%" height="100%" rx="6"/><text x="{GAP}" y="34" font-size="20">'
        f"{escape(words[0])}</text>",
    ]
    ground = np.array([n.position[:2] for n in nodes])
    low, high = ground.min(axis=0), ground.max(axis=0)
    wide = Plan(((low + high) / 2).tolist(), float((high - low).max()) * 0.56, GAP)
    close = Plan((origin.x, origin.y), NEAR * origin.ellipse.semi_major_m, 2 * GAP + SIDE)
    for name, plan in (("wide", wide), ("close", close)):
        box = f'x="{plan.left}" y="{TOP}" width="{SIDE}" height="{SIDE}"'
        parts.append(f'<clipPath id="{name}"><rect {box}/></clipPath><g clip-path="url(#{name})">')
        for kind, others in (("wrong", refused), ("line", used[1:])):
            for a in others:
                line = plan.path(hyperbola(used[0], a, origin.z, session.air, 4 * wide.half_m))
                parts += [f'<path class="{kind}" d="{line}"/>'] if line else []
        parts.append(f'<path class="region" d="{plan.path(_outline(origin))}Z"/></g><rect class="frame" {box}/>')
        parts.append(plan.ruler())
    for n in nodes:
        x, y = wide.at(*n.position[:2])
        parts.append(f'<circle class="node" cx="{x:.1f}" cy="{y:.1f}" r="10"/>')
        parts.append(f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}">{number[n.id]}</text>')
    parts += _details(wide, close, origin, survey, words[2])
    top = TOP + SIDE + BELOW
    parts += _sounds(nodes, expected, away_m, top)
    for a in (*used, *refused):
        x = _across(a.time_ns * 1e-9 - expected[a.node])
        y = top + ROW * (number[a.node] - 0.5)
        if a.id in late:
            parts.append(f'<path class="line" stroke-width="2" d="M{x:.1f} {y - 20:.1f}v40"/>')
            told = f"{1e3 * late[a.id]:+.1f} ms".replace("-", "−")
            parts.append(f'<text class="good end" x="{WIDTH - GAP}" y="{y + 5}">{told}</text>')
        else:
            parts.append(f'<path class="cross" d="M{x - 5:.1f} {y - 5:.1f}l10 10m-10 0l10 -10"/>')
    parts.append(f'<text class="soft" font-size="12" x="{GAP}" y="{height - 14}">{escape(words[1])}</text></svg>\n')
    return "\n".join(parts)


def _near(a: Arrival, expected_s: float) -> bool:
    return WINDOW_S[0] < a.time_ns * 1e-9 - expected_s < WINDOW_S[1]


def _outline(origin: Origin) -> Array:
    """Places (n, 2) m around the ellipse."""
    e, turn = origin.ellipse, np.linspace(0.0, 2.0 * math.pi, 73)
    azimuth = math.radians(e.azimuth_deg)
    along, across = e.semi_major_m * np.cos(turn), e.semi_minor_m * np.sin(turn)
    east = along * math.sin(azimuth) + across * math.cos(azimuth)
    return np.column_stack([origin.x + east, origin.y + along * math.cos(azimuth) - across * math.sin(azimuth)])


def _details(wide: Plan, close: Plan, origin: Origin, survey: Place, known: str) -> list[str]:
    """The place and its surveyed twin, what is what, and north."""
    apart, e = math.dist(survey, (origin.x, origin.y)), origin.ellipse
    x, y = close.at(origin.x, origin.y)
    there_x, there_y = close.at(*survey)
    north, below = wide.left + SIDE - 20, TOP + SIDE
    told = (
        (wide.left, 20, "good", "— node 1 and another, by the arrivals used"),
        (wide.left, 40, "bad", "- - by an arrival refused"),
        (
            close.left,
            20,
            "",
            f"● located, 90 % ellipse of {e.semi_major_m:.1f} m by {e.semi_minor_m:.1f} m (semi-axes)",
        ),
        (close.left, 40, "", f"+ {known}, {apart:.1f} m away"),
    )
    return [
        f'<circle class="place" cx="{x:.1f}" cy="{y:.1f}" r="5"/>',
        f'<path class="survey" d="M{there_x - 7:.1f} {there_y:.1f}h14m-7 -7v14"/>',
        f'<path class="rule" d="M{north} {TOP + 46}v-30m-6 10l6 -10l6 10"/>',
        f'<text class="middle" x="{north}" y="{TOP + 62}">N</text>',
        *(f'<text class="{kind}" x="{left}" y="{below + down}">{words}</text>' for left, down, kind, words in told),
    ]


def _across(late_s: float) -> float:
    left, right = GAP + 90, WIDTH - GAP - 90
    return left + (late_s - WINDOW_S[0]) / (WINDOW_S[1] - WINDOW_S[0]) * (right - left)


def _sounds(
    nodes: Sequence[SessionNode], expected: dict[str, float], away_m: dict[str, float], top: float
) -> list[str]:
    """What the nodes recorded, each about when it should have heard the direct sound; an axis below."""
    zero, bottom = _across(0.0), top + ROW * len(nodes)
    parts = [
        f'<text x="{GAP}" y="{top - 34}">What each node heard, moved to when its direct sound is expected</text>',
        f'<path class="rule" stroke-dasharray="2 3" d="M{zero:.1f} {top - 4}V{bottom + 6}"/>',
        f'<text class="good end" x="{WIDTH - GAP}" y="{top - 8}">used, late by</text>',
        f'<text class="bad middle" x="{_across(0.22):.1f}" y="{top - 8}">× refused: a stranger, or an echo</text>',
    ]
    for k, node in enumerate(nodes):
        middle = top + ROW * (k + 0.5)
        low, high = _envelope(node, expected[node.id])
        x = [_across(WINDOW_S[0] + (WINDOW_S[1] - WINDOW_S[0]) * (n + 0.5) / COLUMNS) for n in range(COLUMNS)]
        points = [*zip(x, high, strict=True), *reversed([*zip(x, low, strict=True)])]
        line = "L".join(f"{east:.1f} {middle - 0.46 * ROW * up:.1f}" for east, up in points)
        parts.append(f'<path class="sound" d="M{line}Z"/><circle class="node" cx="{GAP + 10}" cy="{middle}" r="10"/>')
        parts.append(f'<text class="number" x="{GAP + 10}" y="{middle + 4}">{k + 1}</text>')
        parts.append(f'<text class="soft" x="{GAP + 28}" y="{middle + 5}">{away_m[node.id]:.0f} m</text>')
    for tenth in range(math.ceil(WINDOW_S[0] * 10), math.floor(WINDOW_S[1] * 10) + 1, 2):
        told = f"{tenth * 100:+d} ms".replace("-", "−") if tenth else "direct sound"
        parts.append(f'<text class="soft middle" x="{_across(tenth / 10):.1f}" y="{bottom + 22}">{told}</text>')
    return parts


def _envelope(node: SessionNode, expected_s: float) -> tuple[list[float], list[float]]:
    """The lowest and the highest value of a node's sound in each column, its largest ±1."""
    sound = read_sound(node.file)
    begin = expected_s + WINDOW_S[0] - node.start_ns * 1e-9
    edges = np.round((begin + np.linspace(0, WINDOW_S[1] - WINDOW_S[0], COLUMNS + 1)) * sound.rate_hz).astype(int)
    pieces = [sound.samples[0, max(a, 0) : max(b, 0)] for a, b in pairwise(edges.tolist())]
    low, high = (np.array([f(p, initial=0.0) for p in pieces]) for f in (np.min, np.max))
    most = max(float(high.max()), -float(low.min()), 1e-9)
    return (low / most).tolist(), (high / most).tolist()


def draw_test(folder: Path) -> str:
    """The picture of the first shot in a folder of the Pittsburgh recordings. Raises InputError."""
    session, model = read_test(folder), Model.from_bytes(models.default())
    arrivals = [a for node in session.nodes for a in arrivals_of(session, node, model)]
    stations = [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in session.nodes]
    shot = locate(arrivals, session.air, stations)[0]
    (survey,) = folder.glob("*.survey.json")
    place = json.loads(survey.read_text())["survey_location"]
    title = f"One shot, {len(shot.origin.used)} nodes: each pair’s difference in time is a hyperbola"
    credit = "Recording: ShotSpotter Sample Live Fire Test Data (Calhoun et al. 2021), © ShotSpotter, Inc., CC BY 4.0; "
    words = (title, f"{credit}{folder.parent.name}, {folder.name}", "surveyed by smartphone (about ± 2.5 m)")
    return shot_svg(session, arrivals, shot, words, (place["x"], place["y"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=draw_test.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    asked = parser.parse_args()
    asked.file.write_text(draw_test(asked.folder))

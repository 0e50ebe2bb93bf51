"""A plan's picture: how well each cell is covered, the nodes, scale and north; SVG, readable without colour vision."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from localisation.area import Cells
from recordings.ground import PlannedNode

Array = NDArray[np.float64]

# Steps of cividis (Nuñez, Anderton & Renslow 2018): even in lightness, the same to most colour-blind eyes.
SHADES = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
WIDTH, MARGIN, SIDE = 900.0, 24.0, 190.0
OVERLAP = 0.6  # of neighbouring cells, so that no line of the ground shows between them
SCALES_M = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10000)


def coverage_svg(
    cells: Cells, within: Array, nodes: Sequence[PlannedNode], suggested: Array, title: str, goal_m: float
) -> str:
    """`within`: share (P,) of shots in each cell located within `goal_m`; `suggested`: (n, 2) m of nodes to add."""
    points = np.vstack([cells.centres, np.array([n.place[:2] for n in nodes]).reshape(-1, 2), suggested.reshape(-1, 2)])
    low, high = points.min(axis=0) - cells.side_m, points.max(axis=0) + cells.side_m
    scale = (WIDTH - 2 * MARGIN) / float(max(high[0] - low[0], (high[1] - low[1]) * 0.8))
    across, tall = (high - low) * scale
    top = MARGIN + 40.0

    def at(east: float, north: float) -> tuple[float, float]:
        return MARGIN + (east - low[0]) * scale, top + (high[1] - north) * scale

    height = top + max(tall, 360.0) + MARGIN
    width = MARGIN + across + SIDE + MARGIN
    drawn = f"{cells.side_m * scale + OVERLAP:.2f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="system-ui, sans-serif" font-size="14" fill="#e8eaed">',
        f'<rect width="100%" height="100%" fill="#14171c"/><text x="{MARGIN}" y="{MARGIN + 12}" font-size="20">'
        f"{escape(title)}</text>",
    ]
    shade = np.clip((within * len(SHADES)).astype(int), 0, len(SHADES) - 1)
    for k, colour in enumerate(SHADES):
        steps = []
        for east, north in cells.centres[shade == k].tolist():
            x, y = at(east - cells.side_m / 2, north + cells.side_m / 2)
            steps.append(f"M{x:.1f} {y:.1f}h{drawn}v{drawn}h-{drawn}z")
        if steps:
            parts.append(f'<path shape-rendering="crispEdges" fill="{colour}" d="{"".join(steps)}"/>')
    for node in nodes:
        x, y = at(*node.place[:2])
        parts.append(_mark(x, y, node.up, node.bearing) + f"<title>{escape(node.id)}</title></g>")
    for east, north in suggested.reshape(-1, 2).tolist():
        x, y = at(east, north)
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{_plus()}</g>')
    parts += _legend(MARGIN + across + 24.0, top, scale, goal_m, bool(len(suggested)))
    return "\n".join([*parts, "</svg>", ""])


def _mark(x: float, y: float, up: bool, array: bool) -> str:
    shape = '<rect x="-5" y="-5" width="10" height="10"' if array else '<circle r="5"'
    fill = "#fff" if up else "#14171c"
    arms = "M-5 -5L5 5M-5 5L5 -5"
    lines = ((5, "#14171c"), (2, "#fff"))
    cross = "" if up else "".join(f'<path d="{arms}" stroke="{c}" stroke-width="{w}"/>' for w, c in lines)
    return f'<g transform="translate({x:.1f} {y:.1f})">{shape} fill="{fill}" stroke="#14171c" stroke-width="2"/>{cross}'


def _plus() -> str:
    arms = "M-8 0H8M0 -8V8"
    return f'<path d="{arms}" stroke="#14171c" stroke-width="7"/><path d="{arms}" stroke="#ff7a59" stroke-width="4"/>'


def _legend(x: float, y: float, scale: float, goal_m: float, suggested: bool) -> list[str]:
    parts = [f'<text x="{x}" y="{y + 12}">Shots located</text><text x="{x}" y="{y + 30}">within {goal_m:g} m</text>']
    for k, colour in enumerate(reversed(SHADES)):
        top = y + 42 + 14 * k
        parts.append(f'<rect x="{x}" y="{top}" width="20" height="14" fill="{colour}"/>')
        if k % 5 == 0 or k == len(SHADES) - 1:
            share = 100 * (len(SHADES) - k) // len(SHADES) if k < len(SHADES) - 1 else 0
            parts.append(f'<text x="{x + 28}" y="{top + 12}">{share} %</text>')
    rows = [
        (_mark(x + 10, y + 206, True, False) + "</g>", "node"),
        (_mark(x + 10, y + 228, True, True) + "</g>", "array"),
    ]
    rows.append((_mark(x + 10, y + 250, False, False) + "</g>", "node that is down"))
    if suggested:
        rows.append((f'<g transform="translate({x + 10} {y + 272})">{_plus()}</g>', "place for a node"))
    for k, (mark, words) in enumerate(rows):
        parts.append(f'{mark}<text x="{x + 28}" y="{y + 211 + 22 * k}">{words}</text>')
    metres = next((m for m in SCALES_M if m * scale >= 60), SCALES_M[-1])
    base = y + 350
    parts.append(
        f'<path d="M{x} {base - 6}v6h{metres * scale:.1f}v-6" fill="none" stroke="#e8eaed" stroke-width="2"/>'
        f'<text x="{x}" y="{base - 12}">{f"{metres} m" if metres < 1000 else f"{metres // 1000} km"}</text>'
        f'<path d="M{x + 150} {base}v-34m-7 12l7 -12l7 12" fill="none" stroke="#e8eaed" stroke-width="2"/>'
        f'<text x="{x + 145}" y="{base - 40}">N</text>'
    )
    return parts

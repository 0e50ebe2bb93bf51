"""`tocsin plan`: how well nodes cover the ground, where one more helps most, and how many a town needs."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.area import Area, Cells, hull
from localisation.coverage import PISTOL_DB, Assumed, Coverage, Nodes, coverage, hearing_m
from localisation.planning import Goal, Ground, next_node, propose
from recordings.ground import HEIGHT_M, GroundPlan, PlannedNode, read_ground
from recordings.pictures import coverage_svg
from recordings.traffic import bytes_a_month

Array = NDArray[np.float64]

GOAL = "90 % within 15 m"
MOST_CELLS, MOST_PROPOSED_CELLS, MOST_PLACES = 12_000, 1_500, 900
AROUND_M = 250.0  # beyond the outermost nodes, where no zone was drawn
NODE_COST_EUR = 450.0  # pole microphones of a country-wide network: 400 to 500 dollars each


def main(argv: list[str]) -> int:
    """Answer a plan; see --help."""
    asked = _parse(argv)
    goal, plan = _goal(asked.goal), read_ground(asked.file)
    assumed = Assumed(hearing_m=hearing_m(asked.level_db))
    if plan.nodes and asked.propose is False:
        _cover(plan, goal, assumed, asked)
    else:
        _propose(plan, goal, assumed, asked)
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin plan",
        description="Tell how well nodes cover the ground, and where one more helps most; "
        "or, for a zone without nodes, how many it needs and where.",
        epilog="FILE is GeoJSON: nodes are points (properties: id, height_m, bearing: true for an array, health: up or "
        "down), the zone is a polygon. A zone with nodes in it is judged as it is; --propose adds what it lacks.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--goal", default=GOAL, help="share of all shots and metres (default: %(default)s)")
    parser.add_argument("--down", type=_count, default=0, help="the worst so many nodes around each place have failed")
    parser.add_argument("--propose", action="store_true", help="propose nodes for a zone that has some already")
    parser.add_argument(
        "--level-db", type=float, default=PISTOL_DB, help=f"of the shot at 1 m (default: a pistol's, {PISTOL_DB:.0f})"
    )
    parser.add_argument("--node-cost", type=_euros, default=NODE_COST_EUR, help="euros a node (default: %(default)g)")
    parser.add_argument(
        "--out", type=Path, default=Path(), help="folder for coverage.geojson, coverage.svg, nodes.geojson"
    )
    return parser.parse_args(argv)


def _cover(plan: GroundPlan, goal: Goal, assumed: Assumed, asked: argparse.Namespace) -> None:
    up = [n for n in plan.nodes if n.up]
    if not up:
        raise InputError(f"{asked.file}: every node is down; expected at least one that is up")
    area = plan.zone or Area((hull(np.array([n.place[:2] for n in plan.nodes])),), AROUND_M)
    cells, nodes = area.cells(MOST_CELLS), _up(up)
    found = coverage(cells.centres, nodes, goal.metres, assumed, asked.down)
    few = area.cells(MOST_PROPOSED_CELLS)
    ground = Ground(few.centres, nodes, goal.metres, assumed)
    best, gain = next_node(ground, _candidates(area), False, goal.share)
    _print_coverage(plan, found, cells, goal, asked.down)
    if gain > 0:
        print(
            f"one more node helps most at {_where(plan, best[:2])}: the share of shots located within "
            f"{goal.metres:g} m rises by {100 * gain:.1f} points (ground that meets the goal counts no further)"
        )
    else:
        print("one more node gains nothing: no ground within its reach misses the goal")
    _write(plan, cells, found, plan.nodes, best[None, :2][: gain > 0], goal, asked.out)


def _propose(plan: GroundPlan, goal: Goal, assumed: Assumed, asked: argparse.Namespace) -> None:
    if plan.zone is None:
        raise InputError(f"{asked.file}: holds no polygon; expected the zone to propose nodes for")
    there = [n for n in plan.nodes if n.up]
    few = plan.zone.cells(MOST_PROPOSED_CELLS)
    places = propose(few.centres, _candidates(plan.zone), _up(there), goal, assumed)
    added = tuple(
        PlannedNode(id=f"new-{i}", place=(float(x), float(y), float(z)), bearing=False, up=True)
        for i, (x, y, z) in enumerate(places, 1)
    )
    every = [*there, *added]
    cells = plan.zone.cells(MOST_CELLS)
    found = coverage(cells.centres, _up(every), goal.metres, assumed, asked.down)
    month = bytes_a_month()
    print(
        f"{len(added)} nodes{' more' if there else ''} for {len(cells.at) * cells.area_km2:.2f} km²: "
        f"equipment {len(added) * asked.node_cost:,.0f} EUR at {asked.node_cost:g} EUR a node (without mounting), "
        f"{len(added) * month / 1e9:.1f} GB a month ({month / 1e6:.0f} MB a node)"
    )
    _print_coverage(plan, found, cells, goal, asked.down)
    _write(plan, cells, found, there, np.array([n.place[:2] for n in added]).reshape(-1, 2), goal, asked.out)
    _save(asked.out / "nodes.geojson", _collection([_node(plan, n) for n in every]))


def _up(nodes: Sequence[PlannedNode]) -> Nodes:
    return Nodes(
        places=np.array([n.place for n in nodes], dtype=float).reshape(-1, 3),
        bearings=np.array([n.bearing for n in nodes], dtype=bool),
    )


def _candidates(area: Area) -> Array:
    flat = np.vstack([area.border(150.0), area.cells(MOST_PLACES).centres])
    return np.column_stack([flat, np.full(len(flat), HEIGHT_M)])


def _print_coverage(plan: GroundPlan, found: Coverage, cells: Cells, goal: Goal, down: int) -> None:
    area_km2 = cells.area_km2
    met, deaf = found.within >= goal.share, found.detected < 0.5
    without = f", the worst {down} of the nodes around each place down" if down else ""
    gone = [n.id for n in plan.nodes if not n.up]
    if gone:
        print(f"down now: {', '.join(gone)}")
    print(f"{len(met) * area_km2:.2f} km² in cells of {cells.side_m:g} m{without}")
    print(f"  {100 * goal.share:g} % within {goal.metres:g} m   {100 * met.mean():5.1f} % of the ground")
    print(f"  detected            {100 * found.detected.mean():5.1f} % of all shots")
    print(f"  located             {100 * found.within.mean():5.1f} % of all shots within {goal.metres:g} m")
    for level, error in ((50, found.error_50_m), (90, found.error_90_m)):
        finite = error[np.isfinite(error)]
        words = (
            f"{np.median(finite):.0f} m at the median place" if len(finite) > len(error) / 2 else "not at most places"
        )
        print(f"  {level} % error          {words}")
    if deaf.any():
        middle = _where(plan, cells.centres[deaf].mean(axis=0))
        print(f"  deaf                {deaf.sum() * area_km2:.2f} km² where most shots go unheard, around {middle}")
    weakest = int(np.argmin(found.within))
    print(f"  weakest place       {_where(plan, cells.centres[weakest])}: {100 * found.within[weakest]:.0f} %")


def _where(plan: GroundPlan, point: Array) -> str:
    ((lon, lat),) = plan.degrees(point[None])
    return f"{lat:.5f}, {lon:.5f}"


def _write(
    plan: GroundPlan,
    cells: Cells,
    found: Coverage,
    nodes: Sequence[PlannedNode],
    suggested: Array,
    goal: Goal,
    out: Path,
) -> None:
    half = cells.side_m / 2
    corners = [plan.degrees(cells.centres + half * np.array(c)) for c in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[corner[i] for corner in corners]]},
            "properties": {
                "detected": round(float(found.detected[i]), 3),
                "within_goal": round(float(found.within[i]), 3),
                "error_50_m": _finite(found.error_50_m[i]),
                "error_90_m": _finite(found.error_90_m[i]),
            },
        }
        for i in range(len(cells.at))
    ]
    places = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": c}, "properties": {"suggested": True}}
        for c in plan.degrees(suggested)
    ]
    out.mkdir(parents=True, exist_ok=True)
    _save(out / "coverage.geojson", _collection([*features, *(_node(plan, n) for n in nodes), *places]))
    title = f"Where shots are located within {goal.metres:g} m"
    picture = out / "coverage.svg"
    picture.write_text(coverage_svg(cells, found.within, nodes, suggested, title, goal.metres), encoding="utf-8")
    print(f"wrote {picture}")


def _node(plan: GroundPlan, node: PlannedNode) -> dict[str, Any]:
    (at,) = plan.degrees(np.array([node.place[:2]]))
    properties = {
        "id": node.id,
        "height_m": node.place[2],
        "bearing": node.bearing,
        "health": "up" if node.up else "down",
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": properties}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _save(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def _finite(value: float) -> float | None:
    return round(float(value), 1) if math.isfinite(value) else None


def _goal(text: str) -> Goal:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*within\s*(\d+(?:\.\d+)?)\s*m\s*", text)
    if found is None:
        raise InputError(f'goal is {text!r}; expected the form "{GOAL}"')
    share, metres = float(found[1]) / 100, float(found[2])
    if not (0 < share < 1 and 1 <= metres <= 400):
        raise InputError(f"goal is {text!r}; expected 0 to 100 % (both excluded) within 1 to 400 m")
    return Goal(share, metres)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 5:
        raise argparse.ArgumentTypeError(f"{text} is not a number of nodes; expected 0 to 5")
    return int(text)


def _euros(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a price in euros; expected 0 or more")
    return value

"""A plan's GeoJSON (RFC 7946): nodes as points, a zone as polygons, WGS-84 outside and metres inside."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymap3d import enu2geodetic, geodetic2enu

from acoustic.errors import InputError
from arrays.reading import content_of
from localisation.area import Area

Array = NDArray[np.float64]

LARGEST_M = 30_000.0  # from the middle: beyond, metres on a plane are no longer those on the ground
SAME_M = 1.0
HEIGHT_M = 8.0
HEALTH = ("up", "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """A node: its place in metres from the plan's origin, whether it tells bearings, whether it is up."""

    id: str
    place: tuple[float, float, float]
    bearing: bool
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPlan:
    """Nodes (none for a town that has none), the zone that was drawn (None: what the nodes hear), and the origin."""

    nodes: tuple[PlannedNode, ...]
    zone: Area | None
    latitude: float
    longitude: float

    def degrees(self, points: Array) -> list[list[float]]:
        """Longitude and latitude of points (P, 2) m, as GeoJSON wants them."""
        zero = np.zeros(len(points))
        lat, lon, _ = enu2geodetic(points[:, 0], points[:, 1], zero, self.latitude, self.longitude, 0.0)
        return [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]


def read_ground(path: Path) -> GroundPlan:
    """Raises InputError that names the feature and the field, where the file is not such a plan."""
    content = content_of(path)
    try:
        data = json.loads(content)
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    try:
        return _plan(list(_features(data)))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _features(data: Any) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each feature's name, geometry and properties."""
    kind = data.get("type") if isinstance(data, dict) else None
    features = data.get("features") if kind == "FeatureCollection" else [data] if kind == "Feature" else None
    if not isinstance(features, list) or not features:
        raise InputError("holds no features; expected a GeoJSON FeatureCollection of points and polygons")
    for i, feature in enumerate(features):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict):
            raise InputError(f"features[{i}].geometry is missing; expected a Point, Polygon or MultiPolygon")
        properties = feature.get("properties")
        yield f"features[{i}]", geometry, properties if isinstance(properties, dict) else {}


def _plan(features: Sequence[tuple[str, dict[str, Any], dict[str, Any]]]) -> GroundPlan:
    points: list[tuple[str, tuple[float, float], dict[str, Any]]] = []
    rings: list[list[tuple[float, float]]] = []
    for where, geometry, properties in features:
        kind, at = geometry.get("type"), f"{where}.geometry.coordinates"
        if kind == "Point":
            points.append((where, _degrees(geometry.get("coordinates"), at), properties))
        elif kind in ("Polygon", "MultiPolygon"):
            polygons = [geometry.get("coordinates")] if kind == "Polygon" else geometry.get("coordinates")
            rings += [_ring(ring, at) for polygon in _list(polygons, at) for ring in _list(polygon, at)]
        else:
            raise InputError(f"{where}.geometry.type is {kind!r}; expected Point, Polygon or MultiPolygon")
    every = np.array([p for _, p, _ in points] + [p for ring in rings for p in ring])
    lon, lat = (float(v) for v in (every.min(axis=0) + every.max(axis=0)) / 2)
    metres = _metres(every, lat, lon)
    if (far := float(np.abs(metres).max())) > LARGEST_M:
        raise InputError(
            f"geometry.coordinates reach {far / 1000:.0f} km from their middle; expected at most "
            f"{LARGEST_M / 1000:.0f} km (is a longitude in a latitude's place?)"
        )
    nodes = tuple(_node(w, p, tuple(m)) for (w, _, p), m in zip(points, metres.tolist(), strict=False))
    _apart(nodes)
    outlines = tuple(_metres(np.array(ring), lat, lon) for ring in rings)
    return GroundPlan(nodes=nodes, zone=Area(outlines) if outlines else None, latitude=lat, longitude=lon)


def _metres(degrees: Array, lat: float, lon: float) -> Array:
    east, north, _ = geodetic2enu(degrees[:, 1], degrees[:, 0], np.zeros(len(degrees)), lat, lon, 0.0)
    return np.column_stack([east, north])


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InputError(f"{where} is not a list of positions; expected rings of [longitude, latitude]")
    return value


def _degrees(value: Any, where: str) -> tuple[float, float]:
    numbers = isinstance(value, list) and len(value) >= 2 and all(isinstance(v, int | float) for v in value)
    if not numbers or not all(map(math.isfinite, value)):
        raise InputError(f"{where} is {value!r}; expected [longitude, latitude] in degrees")
    lon, lat = float(value[0]), float(value[1])
    if not (-180.0 <= lon <= 180.0 and -85.0 <= lat <= 85.0):
        raise InputError(f"{where} is {value!r}; expected a longitude within ±180 and then a latitude within ±85")
    return lon, lat


def _ring(value: Any, where: str) -> list[tuple[float, float]]:
    ring = [_degrees(v, where) for v in _list(value, where)]
    if ring[0] == ring[-1]:
        ring = ring[:-1]
    if len(set(ring)) < 3:
        raise InputError(f"{where} has a ring of {len(set(ring))} different positions; expected at least 3")
    return ring


def _node(where: str, properties: dict[str, Any], at: tuple[float, float]) -> PlannedNode:
    name, height = properties.get("id", where), properties.get("height_m", HEIGHT_M)
    bearing, health = properties.get("bearing", False), properties.get("health", "up")
    if not isinstance(name, str) or not name:
        raise InputError(f"{where}.properties.id is {name!r}; expected a name")
    if isinstance(height, bool) or not isinstance(height, int | float) or not -500.0 <= height <= 1000.0:
        raise InputError(f"{where}.properties.height_m is {height!r}; expected metres over the ground, -500 to 1000")
    if not isinstance(bearing, bool):
        raise InputError(f"{where}.properties.bearing is {bearing!r}; expected true or false")
    if health not in HEALTH:
        raise InputError(f"{where}.properties.health is {health!r}; expected {' or '.join(HEALTH)}")
    return PlannedNode(id=name, place=(*at, float(height)), bearing=bearing, up=health == "up")


def _apart(nodes: Sequence[PlannedNode]) -> None:
    seen: dict[str, PlannedNode] = {}
    for i, node in enumerate(nodes):
        if node.id in seen:
            apart = math.dist(seen[node.id].place, node.place)
            raise InputError(f"node {node.id} is at two places {apart:.0f} m apart; expected one")
        seen[node.id] = node
        for other in nodes[:i]:
            if math.dist(other.place[:2], node.place[:2]) < SAME_M:
                raise InputError(f"nodes {other.id} and {node.id} are at one place; expected them apart")

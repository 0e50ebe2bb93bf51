"""A piece of ground: what lies inside its outline, and the square cells that it is cut into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIDES_M = (5.0, 10.0, 15.0, 25.0, 35.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0)
BLOCK = 4096  # points at once


@dataclass(frozen=True, slots=True)
class Cells:
    """Square cells of `side_m`: their column and row (P, 2), counted from (0, 0) m east and north."""

    at: NDArray[np.int64]
    side_m: float

    @property
    def centres(self) -> Array:
        """(P, 2) m."""
        return np.asarray((self.at + 0.5) * self.side_m)

    @property
    def area_km2(self) -> float:
        """Of one cell."""
        return self.side_m**2 * 1e-6


@dataclass(frozen=True, slots=True)
class Area:
    """The ground inside rings, each (n, 2) m (a ring in a ring is a hole), and up to `margin_m` around."""

    rings: tuple[Array, ...]
    margin_m: float = 0.0

    def holds(self, points: Array) -> Mask:
        """Which points (P, 2) lie inside."""
        parts = [self._holds(points[i : i + BLOCK]) for i in range(0, len(points), BLOCK)]
        return np.concatenate([np.zeros(0, dtype=bool), *parts])

    def _holds(self, points: Array) -> Mask:
        inside = np.zeros(len(points), dtype=bool)
        near = np.zeros(len(points), dtype=bool)
        for ring in self.rings:
            start, end = ring, np.roll(ring, -1, axis=0)
            inside ^= _crossings(points, start, end) % 2 == 1
            if self.margin_m > 0:
                near |= _nearest(points, start, end) <= self.margin_m
        return inside | near

    def cells(self, most: int) -> Cells:
        """The finest cells of SIDES_M, centres inside, of which there are at most `most`; never none."""
        for side_m in SIDES_M:
            low, high = (np.floor(v / side_m).astype(int) for v in self._box())
            if np.prod((high - low + 1).astype(float)) > 20 * most:
                continue
            east, north = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)))
            at = np.column_stack([east.ravel(), north.ravel()])
            at = at[self.holds((at + 0.5) * side_m)]
            if 0 < len(at) <= most or side_m == SIDES_M[-1]:
                break
        return Cells(at if len(at) else np.floor(self.rings[0][:1] / side_m).astype(np.int64), side_m)

    def border(self, apart_m: float) -> Array:
        """Points (P, 2) on the rings: corners, and on the edges between them evenly, at most `apart_m` apart."""
        points = []
        for ring in self.rings:
            for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                count = max(1, math.ceil(math.dist(start, end) / apart_m))
                points.append(start + np.arange(count)[:, None] / count * (end - start))
        return np.vstack(points)

    def _box(self) -> tuple[Array, Array]:
        corners = np.vstack(self.rings)
        return corners.min(axis=0) - self.margin_m, corners.max(axis=0) + self.margin_m


def hull(points: Array) -> Array:
    """The convex ring (n, 2) around points (P, 2), counter-clockwise; of points on a line, its ends."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    if len(ordered) < 3:
        return np.array(ordered)
    halves = [_half(ordered), _half(ordered[::-1])]
    return np.array([p for half in halves for p in half[:-1]])


def _half(ordered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for p in ordered:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], p) <= 0:
            kept.pop()
        kept.append(p)
    return kept


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _crossings(points: Array, start: Array, end: Array) -> NDArray[np.int64]:
    """How many edges of a ring a ray to the east crosses."""
    x, y = points[:, :1], points[:, 1:]
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], math.inf, end[:, 1] - start[:, 1])
    meets = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return np.asarray((spans & (x < meets)).sum(axis=1))


def _nearest(points: Array, start: Array, end: Array) -> Array:
    """Distance (P,) to the nearest edge."""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    way = points[:, None] - start
    part = np.clip((way * along).sum(axis=2) / length2, 0.0, 1.0)
    return np.asarray(np.sqrt(((way - part[..., None] * along) ** 2).sum(axis=2)).min(axis=1))

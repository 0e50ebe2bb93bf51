"""Places in closed form: where two hyperbolas meet, or a bearing and a hyperbola.

Three arrivals of one sound leave at most two places at a given height (Bancroft 1985; Schau and Robinson 1987). In
steady wind the same holds in a frame that moves with the air. Stations in a line leave a place on either side of it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NARROW = 0.02  # of the product of two baselines: what they span, below which they are one line
MISSED = 0.1  # of a square by which a root may be imaginary: the hyperbolas just miss each other


def of_triples(stations: Array, times: Array, air: Array, height: Array | float) -> tuple[Array, Array]:
    """Places (2, N, 2) m and how far they are from the first station (2, N) m, for N times three arrivals.

    `stations`: (N, 3, 3) m; `times`: (N, 3) s; `air`: speed of sound and wind east and north, (3,) or (N, 3) m/s;
    `height`: the sources', m, one or (N,). NaN where there is no such place.
    """
    air = np.broadcast_to(air, (len(times), 3))
    speed, wind = air[:, :1], air[:, None, 1:]
    first, rise = stations[:, 0, :2], np.broadcast_to(height, len(times))[:, None] - stations[..., 2]
    late = times[:, 1:] - times[:, :1]
    way = stations[:, 1:, :2] - first[:, None] - late[..., None] * wind
    later = late * speed
    known = 0.5 * ((way**2).sum(-1) + rise[:, 1:] ** 2 - rise[:, :1] ** 2 - later**2)
    span = way[:, 0, 0] * way[:, 1, 1] - way[:, 0, 1] * way[:, 1, 0]
    line = np.abs(span) < NARROW * np.hypot(*way[:, 0].T) * np.hypot(*way[:, 1].T)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # of a line as of a plane
        away, metres = _plane(way, later, known, span, rise[:, 0])
        if line.any():
            away[:, line], metres[:, line] = _line(way[line], later[line], known[line], rise[line, 0])
        places = first + away - wind[:, 0] * (metres / speed[:, 0])[..., None]
    return places, np.where(metres > 0, metres, math.nan)


def _plane(way: Array, later: Array, known: Array, span: Array, rise: Array) -> tuple[Array, Array]:
    """Stations that span a plane: both equations are linear in the place and its distance to the first station."""
    inverse = np.stack([way[:, 1, 1], -way[:, 0, 1], -way[:, 1, 0], way[:, 0, 0]], -1).reshape(-1, 2, 2)
    slope, base = ((inverse @ v[..., None])[..., 0] / span[:, None] for v in (-later, known))
    square, half, rest = (slope**2).sum(-1) - 1, (slope * base).sum(-1), (base**2).sum(-1) + rise**2
    square = np.where(np.abs(square) < 1e-9, 1e-9, square)
    under = half**2 - square * rest
    root = np.where(under > -MISSED * half**2, np.sqrt(np.maximum(under, 0.0)), math.nan)
    metres = (-half + np.array([[1.0], [-1.0]]) * root) / square
    return base + slope * metres[..., None], metres


def _line(way: Array, later: Array, known: Array, rise: Array) -> tuple[Array, Array]:
    """Stations in a line: the place along it and its distance follow, and it is as far on either side."""
    longer = np.take_along_axis(way, np.hypot(way[..., 0], way[..., 1]).argmax(1)[:, None, None], 1)[:, 0]
    unit = longer / np.hypot(longer[:, 0], longer[:, 1])[:, None]
    along = (way * unit[:, None]).sum(-1)
    turn = along[:, 0] * later[:, 1] - along[:, 1] * later[:, 0]
    east = (known[:, 0] * later[:, 1] - known[:, 1] * later[:, 0]) / turn
    metres = (along[:, 0] * known[:, 1] - along[:, 1] * known[:, 0]) / turn
    across = np.sqrt(np.maximum(metres**2 - east**2 - rise**2, 0.0))
    normal = np.stack([-unit[:, 1], unit[:, 0]], -1)
    sides = np.array([1.0, -1.0])[:, None, None] * (across[:, None] * normal)
    return (east[:, None] * unit) + sides, np.tile(metres, (2, 1))


def of_bearings(stations: Array, times: Array, azimuths: Array, speed_ms: float) -> tuple[Array, Array]:
    """Places (N, 2) m and how far they are from the first station (N,) m, which knows the azimuth (N,) rad.

    `stations`: (N, 2, 2) m; `times`: (N, 2) s. NaN where the second arrival does not agree with any place.
    """
    unit = np.stack([np.sin(azimuths), np.cos(azimuths)], -1)
    way, later = stations[:, 1] - stations[:, 0], (times[:, 1] - times[:, 0]) * speed_ms
    with np.errstate(divide="ignore", invalid="ignore"):
        metres = 0.5 * ((way**2).sum(-1) - later**2) / (later + (unit * way).sum(-1))
    metres = np.where(metres > 0, metres, math.nan)
    return stations[:, 0] + unit * metres[:, None], metres

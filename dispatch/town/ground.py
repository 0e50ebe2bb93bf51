"""What is drawn under the network: the site's own map files, read from this machine and served by the centre itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pymap3d

from acoustic.errors import InputError, ResourceError
from dispatch.settings import GroundSettings, Origin

MAGIC = b"PMTiles\x03"
MOST_POINTS = 2_000_000
MOST_BYTES = 200 << 20


class _Geometry(msgspec.Struct):
    type: str
    coordinates: Any = None


class _Feature(msgspec.Struct):
    geometry: _Geometry | None = None


class _Collection(msgspec.Struct):
    features: list[_Feature]


def check(ground: GroundSettings) -> None:
    """Raise InputError or ResourceError, naming the setting, where a file cannot be what is drawn."""
    if ground.tiles is not None:
        try:
            with Path(ground.tiles).open("rb") as file:
                begins = file.read(len(MAGIC))
        except OSError as error:
            raise ResourceError(f"ground.tiles {ground.tiles} cannot be read: {error.strerror}") from error
        if begins != MAGIC:
            raise InputError(f"ground.tiles {ground.tiles} is no PMTiles archive of version 3")
    if ground.streets is not None and not Path(ground.streets).is_file():
        raise ResourceError(f"ground.streets {ground.streets} cannot be read: no such file")


def read_streets(path: Path, origin: Origin) -> list[list[int]]:
    """The lines of a GeoJSON file as x, y, x, y … in whole metres east and north of the origin.

    Areas give their outlines; points are left out. Raises InputError naming the feature, ResourceError.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"ground.streets {path} has more than {MOST_BYTES >> 20} MiB; expected one town's streets")
        collection = msgspec.json.decode(path.read_bytes(), type=_Collection)
    except OSError as error:
        raise ResourceError(f"ground.streets {path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"ground.streets {path} is no GeoJSON: {error}; expected a FeatureCollection") from error
    lines: list[list[int]] = []
    points = 0
    for number, feature in enumerate(collection.features, start=1):
        for line in _lines(feature.geometry):
            degrees = _degrees(line, f"ground.streets {path}, feature {number}")
            points += len(degrees)
            if points > MOST_POINTS:
                raise InputError(f"ground.streets {path} has over {MOST_POINTS} points; expected one town's streets")
            east, north, _ = pymap3d.geodetic2enu(
                degrees[:, 1], degrees[:, 0], origin.height_m, origin.lat, origin.lon, origin.height_m
            )
            lines.append(np.column_stack([east, north]).round().astype(int).ravel().tolist())
    return lines


def _lines(geometry: _Geometry | None) -> list[Any]:
    if geometry is None:
        return []
    match geometry.type:
        case "LineString":
            return [geometry.coordinates]
        case "MultiLineString" | "Polygon":
            return list(geometry.coordinates or [])
        case "MultiPolygon":
            return [ring for polygon in geometry.coordinates or [] for ring in polygon]
    return []


def _degrees(line: Any, where: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        degrees = np.array([point[:2] for point in line], dtype=float).reshape(-1, 2)
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"{where} has coordinates that are no positions; expected [longitude, latitude]") from error
    if not (np.isfinite(degrees).all() and (np.abs(degrees) <= [180.0, 90.0]).all()):
        raise InputError(f"{where} has a position off the globe; expected [longitude, latitude] in degrees")
    return degrees

"""A small archive of vector tiles, written by Protomaps' own library: a river and a street through one town."""

from __future__ import annotations

import io
import math

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

ZOOM = 14
EXTENT = 4096
WATER = (2600, 3100)  # its northern and its southern edge in each tile


def archive(lat: float, lon: float) -> bytes:
    """Nine tiles around a place, each with a band of water and a street from side to side."""
    file = io.BytesIO()
    writer = Writer(file)  # type: ignore[no-untyped-call]
    x = int((lon + 180.0) / 360.0 * 2**ZOOM)
    y = int((1.0 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2.0 * 2**ZOOM)
    tile = _layer(b"water", 3, _ring([(0, WATER[0]), (EXTENT, WATER[0]), (EXTENT, WATER[1]), (0, WATER[1])]))
    tile += _layer(b"roads", 2, _line([(0, 1200), (EXTENT, 1500)]))
    for identity in sorted(zxy_to_tileid(ZOOM, x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
        writer.write_tile(identity, tile)  # type: ignore[no-untyped-call]
    header = {"tile_type": TileType.MVT, "tile_compression": Compression.NONE, "min_zoom": ZOOM, "max_zoom": ZOOM}
    header |= {"min_lon_e7": -1800000000, "min_lat_e7": -850000000, "max_lon_e7": 1800000000, "max_lat_e7": 850000000}
    header |= {"center_zoom": ZOOM, "center_lon_e7": round(lon * 1e7), "center_lat_e7": round(lat * 1e7)}
    told = {"vector_layers": [{"id": "water", "fields": {}}, {"id": "roads", "fields": {}}]}
    writer.finalize(header, told)  # type: ignore[no-untyped-call]
    return file.getvalue()


def _layer(name: bytes, kind: int, geometry: list[int]) -> bytes:
    """One layer with one feature (Mapbox Vector Tile 2.1)."""
    packed = b"".join(_varint(value) for value in geometry)
    feature = b"\x18" + _varint(kind) + b"\x22" + _varint(len(packed)) + packed
    inside = b"\x78\x02" + b"\x0a" + _varint(len(name)) + name + b"\x12" + _varint(len(feature)) + feature
    inside += b"\x28" + _varint(EXTENT)
    return b"\x1a" + _varint(len(inside)) + inside


def _line(points: list[tuple[int, int]]) -> list[int]:
    """MoveTo the first, LineTo each other, as zigzag differences."""
    (x, y), *others = points
    told = [9, _zigzag(x), _zigzag(y), (len(others) << 3) | 2]
    for next_x, next_y in others:
        told += [_zigzag(next_x - x), _zigzag(next_y - y)]
        x, y = next_x, next_y
    return told


def _ring(points: list[tuple[int, int]]) -> list[int]:
    return [*_line(points), 15]


def _zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 31)


def _varint(value: int) -> bytes:
    told = bytearray()
    while value > 127:
        told.append(value & 127 | 128)
        value >>= 7
    return bytes([*told, value])

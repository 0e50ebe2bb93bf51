"""Files of addresses: the French BAN's CSV, and OpenStreetMap as GeoJSON or as a GeoJSON text sequence.

BAN: semicolons, one header line, UTF-8, an address a line (https://adresse.data.gouv.fr). OpenStreetMap: features with
`addr:housenumber`, of any geometry; a sequence (RFC 8142, or one feature a line) is read line by line and may be large.
A file may come from elsewhere, packed: no line of it and no collection is taken into memory beyond a bound.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import IO, Any, AnyStr, BinaryIO

import msgspec

from acoustic.errors import InputError, ResourceError
from dispatch.town.addresses import Address

BAN = "Base Adresse Nationale"
OSM = "© OpenStreetMap contributors"
COLUMNS = ("numero", "rep", "nom_voie", "code_postal", "nom_commune", "lon", "lat")
SEPARATOR = b"\x1e"  # of a GeoJSON text sequence
LONGEST_LINE = 1 << 20
LARGEST_WHOLE = 64 << 20  # of a file that is read at once


class _Geometry(msgspec.Struct):
    type: str
    coordinates: Any = None


class _Feature(msgspec.Struct):
    geometry: _Geometry | None = None
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct):
    features: list[_Feature]


def read_addresses(path: Path) -> tuple[str, Iterator[Address]]:
    """Whose data a file is, and its addresses; those without a place are left out. `.gz` is unpacked on the way.

    Raises InputError naming line and field, ResourceError; while addresses are taken, too.
    """
    name = path.name.removesuffix(".gz").lower()
    if name.endswith(".csv"):
        return BAN, _told(path, _ban(path))
    if name.endswith((".geojsonl", ".geojsons", ".geojsonseq")):
        return OSM, _told(path, _osm_lines(path))
    if name.endswith((".geojson", ".json")):
        return OSM, _told(path, _osm(path))
    raise InputError(f"{path.name} is of no known kind; expected .csv (BAN), .geojson or .geojsonl (OpenStreetMap)")


def _told(path: Path, addresses: Iterator[Address]) -> Iterator[Address]:
    """The addresses, every error with the file's name."""
    try:
        yield from addresses
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"{path.name} is no whole gzip file: {error}") from error
    except csv.Error as error:
        raise InputError(f"{path.name} is no CSV: {error}") from error
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text: {error.reason}") from error


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: IO[AnyStr]) -> Iterator[AnyStr]:
    """Every line. Raises InputError for one that is no line any more."""
    for number in count(1):
        line = file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE:
            raise InputError(f"line {number} has {LONGEST_LINE} characters or more; expected an address a line")
        if not line:
            return
        yield line


def _ban(path: Path) -> Iterator[Address]:
    with _opened(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(_lines(text), delimiter=";")
        header = next(rows, [])
        if missing := [name for name in COLUMNS if name not in header]:
            raise InputError(f"has no column {missing[0]!r}; expected, separated by semicolons: {';'.join(COLUMNS)}")
        at = [header.index(name) for name in COLUMNS]
        for row in rows:
            if len(row) != len(header):
                raise InputError(f"line {rows.line_num} has {len(row)} fields; expected {len(header)} as in the header")
            number, suffix, street, postcode, town, lon, lat = (row[i].strip() for i in at)
            if street and (place := _place(lon, lat, f"line {rows.line_num}")):
                words = _words([f"{number}{' ' if suffix else ''}{suffix} {street}", f"{postcode} {town}"])
                yield Address(words=words, lat=place[1], lon=place[0])


def _osm(path: Path) -> Iterator[Address]:
    with _opened(path) as raw:
        content = raw.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        raise InputError(f"has more than {LARGEST_WHOLE >> 20} MB; expected .geojsonl, which is read line by line")
    try:
        features = msgspec.json.decode(content, type=_Collection).features
    except msgspec.DecodeError as error:
        raise InputError(f"is no GeoJSON FeatureCollection: {error}") from error
    for number, feature in enumerate(features):
        yield from _feature(feature, f"features[{number}]")


def _osm_lines(path: Path) -> Iterator[Address]:
    decoder = msgspec.json.Decoder(_Feature)
    with _opened(path) as raw:
        for number, line in enumerate(_lines(raw), start=1):
            if text := line.strip(SEPARATOR + b" \t\r\n"):
                try:
                    feature = decoder.decode(text)
                except msgspec.DecodeError as error:
                    raise InputError(f"line {number} is no GeoJSON feature: {error}") from error
                yield from _feature(feature, f"line {number}")


def _feature(feature: _Feature, where: str) -> Iterator[Address]:
    told = {key: str(value).strip() for key, value in (feature.properties or {}).items() if value is not None}
    street = told.get("addr:street") or told.get("addr:place", "")
    if not told.get("addr:housenumber") or not street or feature.geometry is None:
        return
    corners = list(_positions(feature.geometry.coordinates))
    if not corners:
        raise InputError(f"{where}.geometry.coordinates hold no position; expected [longitude, latitude]")
    lons, lats = zip(*corners, strict=True)
    place = _place(sum(lons) / len(lons), sum(lats) / len(lats), where)
    if place is not None:
        town = f"{told.get('addr:postcode', '')} {told.get('addr:city', '')}"
        yield Address(words=_words([f"{told['addr:housenumber']} {street}", town]), lat=place[1], lon=place[0])


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    """Every position in a geometry's coordinates, however deep; a ring's last, which is its first, left out."""
    if not isinstance(coordinates, list) or not coordinates:
        return
    if isinstance(coordinates[0], int | float) and len(coordinates) >= 2:
        yield float(coordinates[0]), float(coordinates[1])
        return
    closed = len(coordinates) > 3 and coordinates[0] == coordinates[-1]
    for part in coordinates[:-1] if closed else coordinates:
        yield from _positions(part)


def _place(lon: str | float, lat: str | float, where: str) -> tuple[float, float] | None:
    """Degrees; None where there are none. Raises InputError where they are not on the globe."""
    if lon == "" or lat == "":
        return None
    try:
        numbers = float(lon), float(lat)
    except ValueError:
        numbers = math.nan, math.nan
    if not (abs(numbers[0]) <= 180.0 and abs(numbers[1]) <= 90.0):
        raise InputError(f"{where} has lon {lon!r} and lat {lat!r}; expected degrees within ±180 and ±90")
    return numbers


def _words(parts: Sequence[str]) -> str:
    words = ", ".join(joined for part in parts if (joined := " ".join(part.split())))
    return "".join(c for c in words if c.isprintable())[:200]

"""Located shots as files: JSON lines as `tocsin replay` prints them, GeoJSON (RFC 7946), CSV and Parquet.

A row is one shot, its fields those of DESIGN's "Formats"; fields of a later program go along as they are.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from acoustic.errors import InputError
from arrays.reading import plain
from arrays.session import Origin

Row = dict[str, Any]
ELLIPSE = ("semi_major_m", "semi_minor_m", "azimuth_deg", "level")
FLAT = ("session", "utc", "time", "x", "y", "lat", "lon", *(f"ellipse_{name}" for name in ELLIPSE), "ambiguous", "also")
FLAT += ("used", "label", "gunshot")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_S = 4e9


class _Place(msgspec.Struct, frozen=True):
    x: float
    y: float


class _Ellipse(msgspec.Struct, frozen=True):
    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    level: float = 0.9


class _Shot(msgspec.Struct, frozen=True):
    """What a row must hold; all else in it is kept unread."""

    time: float
    x: float
    y: float
    ellipse: _Ellipse
    session: str = ""
    ambiguous: bool = False
    also: tuple[_Place, ...] = ()
    used: tuple[str, ...] = ()
    label: str | None = None
    gunshot: float | None = None


def read_lines(text: str) -> list[Row]:
    """JSON lines. Raises InputError naming line and field."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise InputError(f"line {number} is not JSON: {error}") from error
    return checked(rows, "line")


def lines(rows: Sequence[Row]) -> str:
    """JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_geojson(text: str) -> list[Row]:
    """A FeatureCollection of points. Raises InputError naming the feature and the field."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        raise InputError("holds no features; expected a GeoJSON FeatureCollection of points")
    rows = []
    for index, feature in enumerate(features):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        at = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
        if not (isinstance(at, list) and len(at) >= 2 and all(isinstance(v, int | float) for v in at)):
            raise InputError(f"features[{index}].geometry is no Point; expected longitude and latitude")
        if not (abs(at[0]) <= 180.0 and abs(at[1]) <= 90.0):
            raise InputError(f"features[{index}].geometry is at {at[0]}, {at[1]}; expected longitude and latitude")
        properties = feature.get("properties")
        rows.append({**(properties if isinstance(properties, dict) else {}), "lon": at[0], "lat": at[1]})
    return checked(rows, "feature", placed=False)


def geojson(rows: Sequence[Row]) -> str:
    """A FeatureCollection: each shot's point, all else in the properties. Raises InputError where a row has no place on
    the globe.
    """
    features = []
    for row in rows:
        if "lat" not in row:
            raise InputError("the shots have no place on the globe; expected --origin LAT,LON of their metres")
        properties = {name: value for name, value in row.items() if name not in ("lat", "lon")}
        point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
        features.append({"type": "Feature", "geometry": point, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False) + "\n"


def read_csv(text: str) -> list[Row]:
    """CSV with a heading as `write_csv` makes it. Raises InputError naming row and column."""
    rows = []
    for number, cells in enumerate(csv.DictReader(io.StringIO(text, newline="")), 1):
        flat = {name: _cell(name, cell, number) for name, cell in cells.items() if name and cell not in (None, "")}
        rows.append(_deep(flat))
    return checked(rows, "row", placed=False)


def as_csv(rows: Sequence[Row]) -> str:
    """CSV with a heading; lists as JSON in their cell."""
    table = [_flat(row) for row in rows]
    columns = _columns(table)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in table:
        writer.writerow([_text(row.get(name)) for name in columns])
    return out.getvalue()


def read_parquet(content: bytes) -> list[Row]:
    """Parquet as `parquet` makes it. Raises InputError; needs pyarrow."""
    import pyarrow
    from pyarrow import parquet as files

    try:
        table = files.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"is not Parquet: {error}") from error
    rows = [_deep({k: v for k, v in row.items() if v is not None}) for row in table.to_pylist()]
    return checked(rows, "row", placed=False)


def parquet(rows: Sequence[Row]) -> bytes:
    """Parquet, one column a field, times as UTC to the microsecond; needs pyarrow."""
    import pyarrow
    from pyarrow import parquet as files

    table = [_flat(row) for row in rows]
    number, text = pyarrow.float64(), pyarrow.string()
    kinds: dict[str, Any] = dict.fromkeys(FLAT, number) | dict.fromkeys(("session", "label"), text)
    kinds["utc"] = pyarrow.timestamp("us", tz="UTC")
    kinds["ambiguous"] = pyarrow.bool_()
    kinds["also"] = pyarrow.list_(pyarrow.struct([("x", number), ("y", number)]))
    kinds["used"] = pyarrow.list_(text)
    columns = _columns(table)
    fields = [(name, kinds.get(name, text)) for name in columns]
    told = [{n: v if n in kinds or isinstance(v, str) else json.dumps(v) for n, v in row.items()} for row in table]
    sink = pyarrow.BufferOutputStream()
    files.write_table(pyarrow.Table.from_pylist(told, pyarrow.schema(fields)), sink)
    return bytes(sink.getvalue())


def checked(rows: Iterable[Any], what: str, *, placed: bool = True) -> list[Row]:
    """The rows, each of which holds a shot; without `placed`, x and y may be absent where lat and lon are told. Raises
    InputError naming the row and the field.
    """
    found: list[Row] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InputError(f"{what} {number} is no object; expected a shot")
        on_globe = not placed and "x" not in row and {"lat", "lon"} <= row.keys()
        try:
            shot = msgspec.convert({"x": 0.0, "y": 0.0, **row} if on_globe else row, _Shot)
        except msgspec.ValidationError as error:
            raise InputError(f"{what} {number}: {plain(error)}") from error
        if not (math.isfinite(shot.x) and math.isfinite(shot.y) and 0.0 <= shot.time <= LATEST_S):
            raise InputError(f"{what} {number}: time is {shot.time}; expected seconds since 1970, at finite metres")
        found.append(row)
    return found


def on_the_globe(rows: Sequence[Row], origin: Origin | None) -> list[Row]:
    """The rows with latitude and longitude beside metres, where `origin` is given. Raises InputError for a row that has
    no metres where there is none.
    """
    from pymap3d import enu2geodetic, geodetic2enu

    told = []
    for row in rows:
        if "x" not in row and origin is None:
            raise InputError("the shots have no metres; expected --origin LAT,LON from which to count them")
        if origin is None:
            told.append(row)
        elif "x" not in row:
            x, y, _ = geodetic2enu(row["lat"], row["lon"], origin.height_m, origin.lat, origin.lon, origin.height_m)
            told.append({**row, "x": round(float(x), 3), "y": round(float(y), 3)})
        else:
            lat, lon, _ = enu2geodetic(row["x"], row["y"], 0.0, origin.lat, origin.lon, origin.height_m)
            told.append({**row, "lat": round(float(lat), 8), "lon": round(float(lon), 8)})
    return told


TEXT_READERS: Mapping[str, Callable[[str], list[Row]]] = {"jsonl": read_lines, "geojson": read_geojson, "csv": read_csv}
TEXT_WRITERS: Mapping[str, Callable[[Sequence[Row]], str]] = {"jsonl": lines, "geojson": geojson, "csv": as_csv}


def _flat(row: Row) -> Row:
    at = EPOCH + timedelta(microseconds=round(row["time"] * 1e6))
    ellipse = {f"ellipse_{name}": value for name, value in row["ellipse"].items()}
    return {"utc": at, **{n: v for n, v in row.items() if n not in ("ellipse", "utc")}, **ellipse}


def _deep(flat: Row) -> Row:
    ellipse = {n.removeprefix("ellipse_"): v for n, v in flat.items() if n.startswith("ellipse_")}
    rest = {n: v for n, v in flat.items() if not n.startswith("ellipse_") and n != "utc"}
    return {**rest, "ellipse": ellipse}


def _columns(table: Sequence[Row]) -> list[str]:
    there = {name for row in table for name in row}
    return [name for name in FLAT if name in there] + sorted(there - set(FLAT))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(name: str, text: str, number: int) -> Any:
    if name in ("session", "utc", "label"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if name in FLAT:
            raise InputError(f"row {number}: {name} is {text[:40]!r}; expected a number or a list") from None
        return text

"""A CSV of where recorders stood: metres, or degrees of WGS-84.

    file,node,x,y,z,start,time_sigma_s          or     file,node,lat,lon,height,clock

`file` names a sound file, or what the names of one recorder's files begin with, or their folder. Only it and a place
are needed. Rows with one node and several places are the microphones of an array, one file each.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pymap3d import geodetic2enu

from acoustic.errors import InputError
from arrays.reading import text_of
from arrays.session import Origin
from arrays.timebase import parse_utc_ns

COLUMNS = {"file", "node", "x", "y", "z", "lat", "lon", "height", "start", "time_sigma_s", "clock"}
CLOCKS = ("known", "unknown")
FARTHEST_M = 30_000.0
SOUND = (".wav", ".flac", ".w64", ".rf64", ".bwf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A row: the files it speaks of, in order of name; the node; metres from the origin; `start_ns` and `sigma_s` where
    they are stated; whether the recorder's clock is of no use.
    """

    row: int
    files: tuple[Path, ...]
    node: str
    place: tuple[float, float, float]
    start_ns: int | None
    sigma_s: float | None
    unknown: bool


def read_positions(path: Path, folder: Path) -> tuple[list[Position], Origin | None]:
    """The rows, with the sound files of `folder` that each speaks of, and the origin where they are in degrees. Raises
    InputError naming row and column.
    """
    text = text_of(path)
    try:
        return _parsed(text, folder)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def sound_files(folder: Path) -> list[Path]:
    """The sound files in a folder and the folders in it, in order of name; links that lead out of it are none. Raises
    InputError where there is none.
    """
    root = folder.resolve()
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SOUND and p.is_file())
    inside = [p for p in found if p.resolve().is_relative_to(root) and not p.name.startswith(".")]
    if not inside:
        raise InputError(f"{folder} holds no sound file; expected {', '.join(SOUND)}")
    return inside


def _parsed(text: str, folder: Path) -> tuple[list[Position], Origin | None]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    heads = {name.strip().lower() for name in reader.fieldnames or () if name}
    if unknown := sorted(heads - COLUMNS):
        raise InputError(f"has the column {unknown[0]!r}; expected {', '.join(sorted(COLUMNS))}")
    if "file" not in heads or not ({"x", "y"} <= heads or {"lat", "lon"} <= heads):
        raise InputError("has no columns file and x, y or lat, lon; expected them in its first line")
    rows = [
        {(k or "").strip().lower(): (v or "").strip() for k, v in row.items() if isinstance(v, str)} for row in reader
    ]
    if not rows:
        raise InputError("has no row; expected one a recorder")
    places, origin = _places(rows, degrees="lat" in heads)
    files = sound_files(folder)
    found = [
        _position(n, row, place, folder, files) for n, (row, place) in enumerate(zip(rows, places, strict=True), 1)
    ]
    seen: dict[Path, int] = {}
    for position in found:
        for file in position.files:
            if file in seen:
                raise InputError(f"rows {seen[file]} and {position.row} both speak of {file.name}; expected one")
            seen[file] = position.row
    return found, origin


def _position(
    number: int, row: dict[str, str], place: tuple[float, float, float], folder: Path, files: Sequence[Path]
) -> Position:
    where = f"row {number}"
    named = row["file"]
    if not named or PurePosixPath(named).is_absolute() or ".." in PurePosixPath(named).parts:
        raise InputError(f"{where}: file is {named!r}; expected a file inside {folder.name}")
    exact = [file for file in files if named in (file.name, file.relative_to(folder).as_posix())]
    begun = [file for file in files if file.relative_to(folder).as_posix().startswith(named.rstrip("/"))]
    begun = begun or [file for file in files if file.name.startswith(named)]
    if not (chosen := exact or begun):
        raise InputError(f"{where}: file is {named!r}; {folder.name} holds no sound file whose name begins so")
    try:
        start_ns = parse_utc_ns(row["start"]) if row.get("start") else None
    except ValueError as error:
        raise InputError(
            f"{where}: start is {row['start']!r}; expected a time like 2026-06-01T21:00:00.000Z"
        ) from error
    if start_ns is not None and len(chosen) > 1:
        raise InputError(f"{where}: start is stated for {len(chosen)} files; expected one file")
    sigma_s = _number(row, "time_sigma_s", where) if row.get("time_sigma_s") else None
    if sigma_s is not None and not 0.0 <= sigma_s <= 3600.0:
        raise InputError(f"{where}: time_sigma_s is {sigma_s:g}; expected 0 to 3600 seconds")
    clock = row.get("clock") or "known"
    if clock not in CLOCKS:
        raise InputError(f"{where}: clock is {clock!r}; expected known or unknown")
    return Position(
        row=number,
        files=tuple(chosen),
        node=row.get("node") or (exact[0].stem if exact else PurePosixPath(named.rstrip("/")).name.rstrip("-_. ")),
        place=place,
        start_ns=start_ns,
        sigma_s=sigma_s,
        unknown=clock == "unknown",
    )


def _places(rows: Sequence[dict[str, str]], *, degrees: bool) -> tuple[list[tuple[float, float, float]], Origin | None]:
    """Metres of each row; of degrees, from the first."""
    if not degrees:
        found = [
            tuple(_number(row, name, f"row {n}") if row.get(name) or name != "z" else 0.0 for name in "xyz")
            for n, row in enumerate(rows, 1)
        ]
        return [_checked(place, n) for n, place in enumerate(found, 1)], None
    told = []
    for n, row in enumerate(rows, 1):
        lat, lon = (_number(row, name, f"row {n}") for name in ("lat", "lon"))
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            raise InputError(f"row {n}: lat, lon are {lat}, {lon}; expected degrees")
        told.append((lat, lon, _number(row, "height", f"row {n}") if row.get("height") else 0.0))
    first = told[0]
    metres = [tuple(float(v) for v in geodetic2enu(*place, first[0], first[1], 0.0)) for place in told]
    origin = Origin(lat=first[0], lon=first[1], height_m=0.0)
    return [_checked(place, n) for n, place in enumerate(metres, 1)], origin


def _checked(place: tuple[float, ...], number: int) -> tuple[float, float, float]:
    x, y, z = place
    if max(abs(x), abs(y), abs(z)) > FARTHEST_M:
        raise InputError(f"row {number}: the recorder is {max(map(abs, place)):.0f} m away; expected all in one town")
    return x, y, z


def _number(row: dict[str, str], name: str, where: str) -> float:
    try:
        value = float(row.get(name, ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {name} is {row.get(name, '')!r}; expected a number")
    return value

"""A session: a folder with `session.json` and the sound files it names, parsed and checked once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from arrays.capture.files import read_header
from arrays.geometry import offsets
from arrays.reading import plain, text_of
from arrays.timebase import LATEST_NS, parse_utc_ns
from arrays.weather import Weather

VERSION = 1
TIME_SIGMA_S = 1e-3
FARTHEST_M = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where x, y, z count from: WGS-84 degrees, metres above the ellipsoid."""

    lat: float
    lon: float
    height_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNode:
    """One node's recording.

    `position` metres east, north, up of the origin; `microphones` (channels, 3) offsets from it; `start_ns` UTC of the
    first sample; `gaps` seconds of the recording, start and end, in which nothing was captured whatever the file holds.
    """

    id: str
    position: tuple[float, float, float]
    file: Path
    start_ns: int
    microphones: NDArray[np.float64]
    rate_hz: float
    samples: int
    time_sigma_s: float = TIME_SIGMA_S
    gaps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Recordings of several nodes that heard the same time, and the air between them."""

    id: str
    nodes: tuple[SessionNode, ...]
    air: Air
    origin: Origin | None = None

    def node(self, identity: str) -> SessionNode:
        """The node of this id. Raises InputError where there is none."""
        for node in self.nodes:
            if node.id == identity:
                return node
        raise InputError(f"session {self.id!r} has no node {identity!r}; it has {', '.join(n.id for n in self.nodes)}")


class _Position(msgspec.Struct, forbid_unknown_fields=True):
    x: float
    y: float
    z: float


class _Origin(msgspec.Struct, forbid_unknown_fields=True):
    lat: float
    lon: float
    height_m: float = 0.0


class _Node(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    position: _Position
    file: str
    start: str
    microphones: list[tuple[float, float, float]] | None = None
    sample_rate_hz: float | None = None
    time_sigma_s: float = TIME_SIGMA_S
    gaps: list[tuple[float, float]] = []


class _Session(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    nodes: list[_Node]
    version: int = VERSION
    air: Weather = Weather()
    origin: _Origin | None = None


def read_session(folder: Path) -> Session:
    """Read `session.json` and the headers of its sound files. Raises InputError naming file and field."""
    path = folder / "session.json"
    text = text_of(path)
    try:
        raw = _parse(text)
        _refuse_version(raw)
        session = _session(folder, msgspec.convert(raw, _Session))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error.msg} in line {error.lineno}") from error
    except RecursionError as error:
        raise InputError(f"{path} is nested too deeply; expected a session") from error
    except (msgspec.ValidationError, InputError, OverflowError) as error:
        raise InputError(f"{path}: {plain(error)}") from error
    return session


def make_session(identity: str, nodes: Sequence[SessionNode], air: Air, origin: Origin | None = None) -> Session:
    """A session of parts that are good in themselves. Raises InputError where two nodes have one id, or none."""
    if not nodes:
        raise InputError("nodes is empty; expected at least one")
    seen: set[str] = set()
    for index, node in enumerate(nodes):
        if node.id in seen:
            raise InputError(f"nodes[{index}].id is {node.id!r} again; expected each id once")
        seen.add(node.id)
    return Session(id=identity, nodes=tuple(nodes), air=air, origin=origin)


def _parse(text: str) -> Any:
    """JSON with finite numbers only: Python's decoder takes NaN and Infinity for numbers."""
    parsed = json.loads(text)
    for field, value in _numbers(parsed, ""):
        if not math.isfinite(value):
            raise InputError(f"{field.lstrip('.')} is {value}; expected a finite number")
    return parsed


def _numbers(value: Any, field: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, f"{field}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _numbers(inner, f"{field}[{index}]")


def _refuse_version(raw: Any) -> None:
    version = raw.get("version", VERSION) if isinstance(raw, dict) else VERSION
    if version != VERSION:
        raise InputError(f"version is {version!r}; this program reads version {VERSION}")


def _session(folder: Path, raw: _Session) -> Session:
    if not raw.id:
        raise InputError("id is empty; expected a name")
    if raw.origin is not None and not (abs(raw.origin.lat) <= 90.0 and abs(raw.origin.lon) <= 180.0):
        raise InputError(
            f"origin is {raw.origin.lat}, {raw.origin.lon}; expected a latitude and a longitude in degrees"
        )
    air = raw.air.air()
    origin = Origin(**msgspec.structs.asdict(raw.origin)) if raw.origin is not None else None
    nodes = []
    for index, node in enumerate(raw.nodes):
        try:
            nodes.append(_node(folder, node))
        except InputError as error:
            raise InputError(f"nodes[{index}].{error}") from error
    return make_session(raw.id, nodes, air, origin)


def _node(folder: Path, raw: _Node) -> SessionNode:
    """A node, its sound file's header read. Raises InputError whose text begins with the field."""
    if not raw.id:
        raise InputError("id is empty; expected a name")
    position = (raw.position.x, raw.position.y, raw.position.z)
    if max(map(abs, position)) > FARTHEST_M:
        raise InputError(f"position is {position}; expected metres within {FARTHEST_M:g} of the origin")
    if Path(raw.file).is_absolute() or ".." in Path(raw.file).parts:
        raise InputError(f"file is {raw.file!r}; expected a file inside the session's folder")
    if not 0.0 <= raw.time_sigma_s <= 3600.0:
        raise InputError(f"time_sigma_s is {raw.time_sigma_s}; expected 0 to 3600 seconds")
    try:
        start_ns = parse_utc_ns(raw.start)
    except ValueError as error:
        raise InputError(f"start is {raw.start[:80]!r}; expected a time like 2018-12-19T00:49:26.000Z") from error
    if not 0 <= start_ns < LATEST_NS:
        raise InputError(f"start is {raw.start[:80]!r}; expected a time from 1970 to 2116")
    header = read_header(folder / raw.file)
    if raw.sample_rate_hz is not None and raw.sample_rate_hz != header.rate_hz:
        raise InputError(f"sample_rate_hz is {raw.sample_rate_hz:g}; {raw.file} has {header.rate_hz:g} Hz")
    return SessionNode(
        id=raw.id,
        position=position,
        file=folder / raw.file,
        start_ns=start_ns,
        microphones=offsets(raw.microphones, header.channels),
        rate_hz=header.rate_hz,
        samples=header.samples,
        time_sigma_s=raw.time_sigma_s,
        gaps=_gaps(raw.gaps, header.samples / header.rate_hz),
    )


def _gaps(gaps: Sequence[tuple[float, float]], length_s: float) -> tuple[tuple[float, float], ...]:
    last = 0.0
    for index, (start_s, end_s) in enumerate(gaps):
        if not last <= start_s <= end_s:
            raise InputError(f"gaps[{index}] is {[start_s, end_s]}; expected start and end in seconds, in order")
        last = end_s
    return tuple((start, min(end, length_s)) for start, end in gaps if start < length_s)

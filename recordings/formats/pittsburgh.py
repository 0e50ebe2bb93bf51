"""The Pittsburgh live-fire recordings: one of their own test folders as a session.

Read are the WAV files with their `.json`, the weather and, where present, the pulse file for the sensors' places: the
positions beside the WAV files are off by some metres. The survey and the tuples are the truth, and are not opened.
(ShotSpotter Sample Live Fire Test Data, CC BY 4.0; Calhoun et al. 2021, arXiv 2108.07377.)
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import TypeVar

import msgspec

from acoustic.air import Air
from acoustic.errors import InputError
from arrays.capture.files import read_header
from arrays.geometry import offsets
from arrays.reading import json_of
from arrays.session import Session, SessionNode, make_session
from arrays.timebase import parse_utc_ns

AUDIO, PULSES, WEATHER = "*.audio.*.json", "*.allpulses.json", "*.weather.json"
Place = tuple[float, float, float]
T = TypeVar("T")


class _Location(msgspec.Struct):
    x: float
    y: float
    z: float


class _Audio(msgspec.Struct):
    serial_number: str
    timestamp: str
    location: _Location


class _Pulse(msgspec.Struct):
    serial_number: str
    location: _Location


class _Weather(msgspec.Struct):
    """°C, m/s, degrees clockwise from north that the wind comes from."""

    temperature: float
    speed: float = 0.0
    direction: float = 0.0


def is_test(folder: Path) -> bool:
    """Whether a folder is one of the dataset's tests."""
    return any(folder.glob(AUDIO))


def read_test(folder: Path) -> Session:
    """A test folder as a session. Raises InputError naming file and field."""
    places = _places(folder)
    nodes = [_node(path, places) for path in sorted(folder.glob(AUDIO))]
    if not nodes:
        raise InputError(f"{folder} holds no {AUDIO}; expected a test of the Pittsburgh recordings")
    try:
        return make_session(folder.name, nodes, _air(folder))
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error


def _node(path: Path, places: dict[str, Place]) -> SessionNode:
    audio = json_of(path, _Audio)
    try:
        start_ns = parse_utc_ns(audio.timestamp)
    except ValueError as error:
        raise InputError(f"{path}: timestamp: {error}") from error
    wav = path.with_suffix(".wav")
    header = read_header(wav)
    return SessionNode(
        id=audio.serial_number,
        position=places.get(audio.serial_number, _place(audio.location)),
        file=wav,
        start_ns=start_ns,
        microphones=offsets(None, header.channels),
        rate_hz=header.rate_hz,
        samples=header.samples,
    )


def _places(folder: Path) -> dict[str, Place]:
    """The median place of each sensor over its pulses."""
    seen: dict[str, list[Place]] = defaultdict(list)
    for path in sorted(folder.glob(PULSES)):
        for pulse in json_of(path, list[_Pulse]):
            seen[pulse.serial_number].append(_place(pulse.location))
    return {
        serial: (median(p[0] for p in at), median(p[1] for p in at), median(p[2] for p in at))
        for serial, at in seen.items()
    }


def _air(folder: Path) -> Air:
    paths = sorted(folder.glob(WEATHER))
    if not paths:
        return Air()
    weather = json_of(paths[0], _Weather)
    to = math.radians(weather.direction + 180.0)
    try:
        return Air(
            temperature_c=weather.temperature,
            wind_east_ms=weather.speed * math.sin(to),
            wind_north_ms=weather.speed * math.cos(to),
        )
    except InputError as error:
        raise InputError(f"{paths[0]}: {error}") from error


def _place(location: _Location) -> Place:
    return location.x, location.y, location.z

"""The map of a bundle: its shots on the globe as GeoJSON (RFC 7946), which any program that draws maps opens.

It is made when the bundle is, and sealed with what it was made of.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from acoustic.errors import InputError
from arrays.session import Origin
from localisation.arrivals import Shot
from recordings.evidence.contents import Evidence, Method, Subject, moved
from recordings.evidence.sealed import Globe
from recordings.printing import Found, shot_lines

SAME_DEG = 2e-8  # of rounding: 2 mm


class _Point(msgspec.Struct, frozen=True):
    coordinates: tuple[float, float]


class _Feature(msgspec.Struct, frozen=True):
    geometry: _Point


class _Map(msgspec.Struct, frozen=True):
    features: list[_Feature]


def mapped(globe: Globe, subject: Subject, method: Method, relocated: Iterable[Shot]) -> Globe:
    """With the map of these shots, if it is known where the globe's metres count from."""
    if globe.lat is None or globe.lon is None:
        return globe
    origin = Origin(lat=globe.lat, lon=globe.lon, height_m=globe.height_m or 0.0)
    shots = [moved(shot, globe.first_node) for shot in relocated]
    found = Found(session=subject.replay_of or subject.event, shots=shots, origin=origin)
    (text,) = shot_lines([found], "geojson", method.digest)
    return msgspec.structs.replace(globe, map=text)


def map_of(globe: Globe, evidence: Evidence) -> str:
    """The sealed map, or that of an older bundle. Raises InputError where it is not known where on the globe it was."""
    told = globe if globe.map else mapped(globe, evidence.subject, evidence.method, evidence.relocated)
    if not told.map:
        raise InputError("the file tells no places on the globe; expected one of a site with an origin")
    return told.map


def same_map(globe: Globe, evidence: Evidence) -> bool:
    """Whether the sealed map shows the shots of the bundle."""
    try:
        there = msgspec.json.decode(globe.map, type=_Map).features
        here = msgspec.json.decode(
            mapped(globe, evidence.subject, evidence.method, evidence.relocated).map, type=_Map
        ).features
    except msgspec.DecodeError:
        return False
    return len(there) == len(here) and all(
        abs(a - b) < SAME_DEG
        for one, other in zip(there, here, strict=True)
        for a, b in zip(one.geometry.coordinates, other.geometry.coordinates, strict=True)
    )

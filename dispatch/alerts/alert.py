"""What a receiver is told, the same for every standard, and its words. Pure.

Nothing is told as certain: a class has its probability, a place its ellipse, an address comes after both, and what is
not known is said.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

import msgspec
import numpy as np
import pymap3d

Kind = Literal["new", "update", "end"]
POINTS = 36  # of an ellipse's outline
FEW_NODES = 3  # up to so many, nothing checks the place
NAMES = {  # class: one, several
    "gunshot": ("possible gunshot", "possible gunshots"),
    "shock_wave": ("possible supersonic bullet", "possible supersonic bullets"),
    "firework": ("possible firework", "possible fireworks"),
    "other": ("possible other impulse", "possible other impulses"),
    "unknown": ("impulse of unknown kind", "impulses of unknown kind"),
    "withdrawn": ("no gunshot: explained otherwise", "no gunshot: explained otherwise"),
}
EXERCISE = "EXERCISE: "
UNKNOWN = "Not known: who or what fired, at what, and whether anyone is hurt."


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Frozen, by name; what is not so is left out."""


class Heard(Struct, frozen=True, kw_only=True):
    """An event as it is told: class and probability, rounds, place with its ellipse, then what may be near.

    `x`, `y` metres of the site; `lat`, `lon` WGS-84, None where the site has no place on the globe; `azimuth_deg` of
    the ellipse's long axis, from north; `nodes` that heard it; `verdict` a person's: confirmed, false or none yet. An
    `exercise` was made up or replayed for training.
    """

    number: int
    time_ns: int
    label: str
    probability: float
    count: int
    nodes: int
    x: float
    y: float
    lat: float | None
    lon: float | None
    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    level: float
    ambiguous: bool = False
    late_s: float = 0.0
    verdict: Literal["confirmed", "false", ""] = ""
    address: str = ""
    exercise: bool = False


class Earlier(Struct, frozen=True, kw_only=True):
    """A message that was sent before about the same subject."""

    id: str
    sent_ms: int


class Alert(Struct, frozen=True, kw_only=True):
    """One message to one receiver. `id` stays the same however often it is sent; `subject` is the event or node."""

    id: str
    kind: Kind
    topic: Literal["gunshot", "node"]
    subject: str
    site: str
    sent_ms: int
    headline: str
    text: str
    exercise: bool = False
    heard: Heard | None = None
    earlier: tuple[Earlier, ...] = ()


def headline(heard: Heard, kind: Kind) -> str:
    """A few words: the class, as possible as it is, and its probability; before all, that it is an exercise."""
    return f"{EXERCISE if heard.exercise else ''}{_headline(heard, kind)}"


def _headline(heard: Heard, kind: Kind) -> str:
    name = NAMES.get(heard.label, NAMES["unknown"])[heard.count > 1]
    if kind == "end":
        return f"Taken back: {name}" if heard.label != "withdrawn" else f"Taken back: {NAMES['withdrawn'][0]}"
    chance = "" if heard.label == "unknown" else f", {percent(heard.probability)}"
    return f"{name[0].upper()}{name[1:]}{chance}"


def sentences(heard: Heard, kind: Kind) -> str:
    """What is known and what is not, a line each, the address last."""
    count = "1 impulse" if heard.count == 1 else f"{heard.count} impulses"
    lines = [f"{headline(heard, kind)}: {count} at {utc(heard.time_ns)}, heard by {heard.nodes} nodes.", _place(heard)]
    if heard.ambiguous:
        lines.append("Another place explains the sounds nearly as well.")
    if heard.nodes <= FEW_NODES:
        lines.append(f"Only {heard.nodes} nodes heard it: nothing checks the place.")
    if heard.late_s > 0:
        lines.append(f"Late: recorded {heard.late_s:.0f} s after it was heard.")
    said = {"confirmed": "A person has confirmed it.", "false": "A person has found it false."}
    lines.append(said.get(heard.verdict, "No person has confirmed it."))
    lines.append(UNKNOWN)
    if heard.address:
        lines.append(f"{heard.address[0].upper()}{heard.address[1:]}.")
    return "\n".join(lines)


def outline(heard: Heard) -> list[tuple[float, float]]:
    """The ellipse as a closed ring of (longitude, latitude) degrees, counter-clockwise; empty without a place."""
    if heard.lat is None or heard.lon is None:
        return []
    turn = math.radians(90.0 - heard.azimuth_deg)
    angles = np.arange(POINTS) * (2 * math.pi / POINTS)
    along, across = heard.semi_major_m * np.cos(angles), heard.semi_minor_m * np.sin(angles)
    east = along * math.cos(turn) - across * math.sin(turn)
    north = along * math.sin(turn) + across * math.cos(turn)
    lat, lon, _ = pymap3d.enu2geodetic(east, north, np.zeros(POINTS), heard.lat, heard.lon, 0.0)
    ring = list(zip(np.round(lon, 7).tolist(), np.round(lat, 7).tolist(), strict=True))
    return [*ring, ring[0]]


def percent(share: float) -> str:
    """A share for people; never 0 or 100, which nothing here is."""
    return f"{min(max(round(share * 100), 1), 99)} %"


def utc(time_ns: int) -> str:
    """A time for people: UTC, to the tenth of a second."""
    tenths = round(time_ns / 1e8)
    whole = datetime.fromtimestamp(tenths // 10, UTC)
    return f"{whole:%Y-%m-%d %H:%M:%S}.{tenths % 10} UTC"


def iso(time_ms: float) -> str:
    """A time for programs, RFC 3339 to the millisecond, UTC."""
    return datetime.fromtimestamp(time_ms / 1e3, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _place(heard: Heard) -> str:
    at = f"{heard.x:.0f} m east, {heard.y:.0f} m north of the site's origin"
    if heard.lat is not None and heard.lon is not None:
        at = f"{heard.lat:.5f}, {heard.lon:.5f}"
    return (
        f"Place: {at}; with {percent(heard.level)} probability within an ellipse of {heard.semi_major_m:.0f} m by "
        f"{heard.semi_minor_m:.0f} m (half axes), its long axis {heard.azimuth_deg:.0f}° from north."
    )

"""What came in from elsewhere: calls, patrols' findings, alarms, video systems, shootings that raised no alert. Pure.

What came in is attached to an event by a person; the centre only suggests, by time and place.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

import msgspec

from acoustic.errors import InputError
from recordings.decisions import FARTHEST_M, TEXT_CHARACTERS, Ground, Source, check_name
from recordings.events import Event

INCOMING, MISSED = "incoming", "missed"  # kinds of journal lines
REFERENCE_CHARACTERS = 200
# How long before and after what came in the shot can have been, s, and how far away beside both uncertainties, m.
WINDOWS: dict[Source, tuple[float, float, float]] = {
    "call": (1800.0, 60.0, 500.0),
    "patrol": (86_400.0, 60.0, 100.0),
    "alarm": (60.0, 60.0, 150.0),
    "video": (60.0, 60.0, 150.0),
}
LAST_MS = 9_000_000_000_000  # its nanoseconds are a 64-bit integer
SAME_S, SAME_M = 120.0, 250.0  # an alert this near a shooting that is said to be missed may be its own


class Incoming(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that someone else saw, heard or found, when (UTC ms), and where (m) if they said; `radius_m`: how well
    they know. `reference` is their own number for it: the same again is not kept twice.
    """

    source: Source
    time_ms: int
    text: str
    reference: str = ""
    x: float | None = None
    y: float | None = None
    radius_m: float = 0.0

    def __post_init__(self) -> None:
        _sentence("text", self.text, TEXT_CHARACTERS)
        _checked(self.time_ms, self.reference)
        if (self.x is None) != (self.y is None) or not _near(self.x, self.y, self.radius_m) or self.radius_m < 0:
            raise InputError("the place is not two numbers of metres with a radius of 0 or more")


class Missed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmed shooting that raised no alert: when (UTC ms), where (m), known by what; `reference`: the case.

    `other_than`: numbers of alerts near it that were looked at and are of other shots.
    """

    time_ms: int
    x: float
    y: float
    reference: str
    grounds: tuple[Ground, ...]
    text: str = ""
    other_than: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _sentence("reference", self.reference, REFERENCE_CHARACTERS)
        _checked(self.time_ms, self.reference)
        if len(self.text) > TEXT_CHARACTERS:
            raise InputError(f"text has {len(self.text)} characters; expected at most {TEXT_CHARACTERS}")
        if not self.grounds:
            raise InputError(f"grounds are empty; expected one at least of {', '.join(get_args(Ground))}")
        if not _near(self.x, self.y):
            raise InputError("the place is not two numbers of metres")


class IncomingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A journal line's data: who entered it, what."""

    by: str
    what: Incoming

    def __post_init__(self) -> None:
        check_name(self.by)


class MissedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A journal line's data: who entered it, what."""

    by: str
    what: Missed

    def __post_init__(self) -> None:
        check_name(self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An event that may be meant: `after_s` from the shot to what came in; `metres` between them, if it has a place."""

    event: str
    number: int
    after_s: float
    metres: float | None


def identity(*parts: str) -> str:
    """What a thing with a reference is known by; a drawn one where the reference (the last part) is empty."""
    if not parts[-1]:
        return secrets.token_hex(8)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def suggestions(what: Incoming, events: Iterable[tuple[int, Event]]) -> list[Suggestion]:
    """The events, of (number, event), that what came in may be about, the likeliest first."""
    before_s, after_s, reach_m = WINDOWS[what.source]
    found = []
    for number, event in events:
        best = event.best.origin
        passed_s = what.time_ms * 1e-3 - event.first.origin.time_ns * 1e-9
        metres = None if what.x is None or what.y is None else math.hypot(best.x - what.x, best.y - what.y)
        room_m = reach_m + what.radius_m + best.ellipse.semi_major_m
        if event.standing and -after_s <= passed_s <= before_s and (metres is None or metres <= room_m):
            unlike = abs(passed_s) / before_s + (metres or 0.0) / room_m
            found.append((unlike, Suggestion(event=event.id, number=number, after_s=passed_s, metres=metres)))
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].number))]


def may_be_its_own(what: Missed, alerts: Iterable[tuple[int, Event]]) -> list[int]:
    """The numbers of the alerts that the shooting may have raised after all, those that it is not left out."""
    near = []
    for number, event in alerts:
        best = event.best.origin
        apart_s = abs(what.time_ms * 1e-3 - event.first.origin.time_ns * 1e-9)
        apart_m = math.hypot(best.x - what.x, best.y - what.y) - best.ellipse.semi_major_m
        if apart_s <= SAME_S and apart_m <= SAME_M and number not in what.other_than:
            near.append(number)
    return near


def _checked(time_ms: int, reference: str) -> None:
    if not 0 < time_ms < LAST_MS:
        raise InputError(f"time_ms is {time_ms}; expected UTC milliseconds from 1970 to 2255")
    if len(reference) > REFERENCE_CHARACTERS:
        raise InputError(f"reference has {len(reference)} characters; expected at most {REFERENCE_CHARACTERS}")


def _sentence(name: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        raise InputError(f"{name} has {len(text)} characters; expected 1 to {most}")


def _near(*numbers: float | None) -> bool:
    return all(n is None or (math.isfinite(n) and abs(n) <= FARTHEST_M) for n in numbers)

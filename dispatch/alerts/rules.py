"""Who is told of what, and what counts as a change that a receiver would act on. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from acoustic.errors import InputError
from dispatch.alerts.alert import Heard
from dispatch.checks import within
from dispatch.town.zones import Zone, ring_of
from localisation.area import Area

if TYPE_CHECKING:
    from dispatch.town.places import Frame

HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
MOVED_M = 10.0
RESIZED = 1.5
STEP = 0.1
BOUNDS = (0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What a rule needs to know of the site: where it is, its zones, its clock."""

    frame: Frame
    zones: Sequence[Zone]
    clock: ZoneInfo


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a receiver is first told of; once told, it hears how that goes on, whatever the rule.

    `about`: located sounds, or nodes that are silent for `silent_s`. `zones`: of the site's, by name; told is what has
    its ellipse's middle in one, or nearer to it than the half long axis; everywhere where empty. `hours`: the site's
    local time, such as "22:00-06:00"; always where empty.
    """

    about: Literal["events", "nodes"] = "events"
    classes: tuple[Literal["gunshot", "shock_wave", "firework", "other", "unknown"], ...] = ("gunshot", "shock_wave")
    probability: float = 0.5
    zones: tuple[str, ...] = ()
    hours: str = ""
    exercises: bool = True
    silent_s: float = 600.0

    def __post_init__(self) -> None:
        within("probability", self.probability, 0.0, 1.0)
        within("silent_s", self.silent_s, 1.0, 30 * 86400.0)
        if not self.classes:
            raise InputError("classes is empty; expected at least one class")
        if self.hours and not HOURS.fullmatch(self.hours):
            raise InputError(f"hours is {self.hours[:40]!r}; expected HH:MM-HH:MM, such as 22:00-06:00")

    def wants(self, heard: Heard, site: Local, now_ms: int) -> bool:
        """Whether to tell of an event that was not told before."""
        return (
            self.stands(heard)
            and (self.exercises or not heard.exercise)
            and (heard.label == "unknown" or heard.probability >= self.probability)
            and self.open_at(now_ms, site.clock)
            and self._in_zone(heard, site)
        )

    def stands(self, heard: Heard) -> bool:
        """Whether what was told still is what this receiver is told of."""
        return heard.label in self.classes and heard.verdict != "false"

    def open_at(self, now_ms: int, clock: ZoneInfo) -> bool:
        """Whether it is one of the hours."""
        if not (found := HOURS.fullmatch(self.hours)):
            return True
        start, end = (time(int(h), int(m)) for h, m in (found.groups()[:2], found.groups()[2:]))
        now = datetime.fromtimestamp(now_ms / 1e3, clock).time()
        return start <= now < end if start < end else now >= start or now < end

    def _in_zone(self, heard: Heard, site: Local) -> bool:
        if not self.zones:
            return True
        named = [zone for zone in site.zones if zone.name in self.zones]
        if site.frame.origin is None and any(zone.corners for zone in named):
            return True  # nobody can say where these degrees are: rather told than missed
        rings = [ring_of(zone, site.frame) for zone in named]
        place = np.array([[heard.x, heard.y]])
        return any(Area((ring,), margin_m=heard.semi_major_m).holds(place)[0] for ring in rings)


def matters(told: Heard, now: Heard) -> bool:
    """Whether a receiver would act on the difference.

    It would where the class, the number of rounds, the ambiguity or a person's verdict changed; the place moved by more
    than half of the long half axis that was told, and 10 m; that axis changed by half, and 10 m; or the probability
    passed 0.5 or 0.9, or changed by 0.1.
    """
    said = (told.label, told.count, told.ambiguous, told.verdict)
    if said != (now.label, now.count, now.ambiguous, now.verdict):
        return True
    if math.dist((told.x, told.y), (now.x, now.y)) > max(MOVED_M, told.semi_major_m / 2):
        return True
    small, large = sorted((told.semi_major_m, now.semi_major_m))
    if large > RESIZED * small and large - small > MOVED_M:
        return True
    low, high = sorted((told.probability, now.probability))
    return high - low >= STEP or any(low < bound <= high for bound in BOUNDS)

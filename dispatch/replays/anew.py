"""What nodes reported in a span of time, located anew, beside what the centre has kept of it. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
import numpy as np

from acoustic.errors import InputError
from arrays.session import Origin
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.events import latest_versions
from dispatch.store.nodes import all_nodes
from dispatch.store.reports import arrivals_between, how_many_between
from dispatch.town.places import Frame, kept_frame
from dispatch.town.zones import Zone, ring_of
from localisation.area import Area
from localisation.arrivals import Arrival, Shot, Station
from localisation.verdict import WITHDRAWN
from recordings.comparison import Change, Told, compare
from recordings.method import changed
from recordings.printing import Found, chosen, told
from recordings.relocation import relocated

NS = 1_000_000_000
AROUND_NS = 10 * NS  # of arrivals before and after, that shots at the edges are whole
STEP_NS = 600 * NS  # read at once
ANY = 10**9  # shots: more than there are


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Shots fired from `since_ns` until before `until_ns` (UTC), in a zone of the settings where one is named, with
    `changes` of settings (NAME=VALUE); those too that are surely no gunshots where `everything` is wanted.
    """

    since_ns: int
    until_ns: int
    zone: str = ""
    changes: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """The shots as they are found now, by `method`, and as they are kept; `events`: of each kept one, by its key."""

    found: Found
    kept: Found
    method: str
    events: dict[str, str]

    @property
    def told(self) -> list[Told]:
        """The shots found, as runs are compared."""
        return told(self.found, self.method)

    def changes(self) -> list[tuple[Change, str]]:
        """What became of each shot that is kept, and which are new, by time; with the event of each, '' where new."""
        before = told(self.kept, "")
        event = {one: self.events[shot.key] for one, shot in zip(before, self.kept.shots, strict=True)}
        return [
            (change, "" if change.before is None else event[change.before]) for change in compare(before, self.told)
        ]


def located_anew(
    store: Store,
    settings: Settings,
    wanted: Wanted,
    passed: Callable[[float], None] = lambda _share: None,
    most: int = ANY,
) -> Anew:
    """Locate what is wanted; `passed` is told the share of arrivals that was gone through.

    Raises InputError for a setting or zone that does not exist, and where there are more than `most` shots.
    """
    how = changed(wanted.changes)
    frame = store.read_now(lambda connection: kept_frame(connection, settings.origin)) or Frame()
    ground = _ground(settings, frame, wanted.zone)
    stations = [Station(node=n.id, x=n.x, y=n.y, z=n.z) for n in store.read_now(all_nodes)]
    shots = list(islice(relocated(_heard(store, wanted, passed), stations, settings.air.air(), how), most + 1))
    versions = store.read_now(lambda connection: latest_versions(connection, wanted.since_ns, wanted.until_ns))
    if max(len(shots), len(versions)) > most:
        raise InputError(f"there are more than {most} shots; expected a shorter span of time")

    def found(some: list[Shot]) -> Found:
        inside = [
            shot
            for shot in sorted(some, key=lambda s: (s.origin.time_ns, s.key))
            if wanted.since_ns <= shot.origin.time_ns < wanted.until_ns
            and shot.verdict.label != WITHDRAWN
            and not shot.exercise
            and (ground is None or ground.holds(np.array([[shot.origin.x, shot.origin.y]]))[0])
        ]
        return Found(session=settings.name, shots=chosen(inside, wanted.everything), origin=_origin(frame))

    return Anew(
        found=found(shots),
        kept=found([version.shot for version in versions]),
        method=how.digest(None),
        events={version.key: version.event for version in versions},
    )


def zone_named(settings: Settings, name: str) -> Zone:
    """A zone of the settings. Raises InputError where there is none of this name."""
    zone = next((zone for zone in settings.zones if zone.name == name), None)
    if zone is None:
        known = ", ".join(zone.name for zone in settings.zones) or "none"
        raise InputError(f"there is no zone {name!r}; the settings have {known}")
    return zone


def _heard(store: Store, wanted: Wanted, passed: Callable[[float], None]) -> Iterator[Arrival]:
    """Arrivals in order of time, some minutes in memory at once; none of exercises."""
    first_ns, last_ns = wanted.since_ns - AROUND_NS, wanted.until_ns + AROUND_NS
    of, done = store.read_now(lambda connection: how_many_between(connection, first_ns, last_ns - 1)), 0
    for begin in range(first_ns, last_ns, STEP_NS):
        end = min(begin + STEP_NS, last_ns) - 1
        kept: list[Arrival] = store.read_now(lambda connection, a=begin, b=end: arrivals_between(connection, a, b))  # type: ignore[misc]
        for arrival in kept:
            if not arrival.exercise:
                yield arrival
            done += 1
            passed(min(done / max(of, 1), 1.0))  # more may have come meanwhile


def _ground(settings: Settings, frame: Frame, name: str) -> Area | None:
    return Area((ring_of(zone_named(settings, name), frame),)) if name else None


def _origin(frame: Frame) -> Origin | None:
    at = frame.origin
    return None if at is None else Origin(lat=at.lat, lon=at.lon, height_m=at.height_m)

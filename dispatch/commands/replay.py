"""`tocsin centre replay`: locate anew what was reported in a span of time, with other settings if wanted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from acoustic.errors import InputError
from arrays.session import Origin
from dispatch.commands.performance import settings_arguments, settings_of
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.events import latest_shots
from dispatch.store.nodes import all_nodes
from dispatch.store.reports import arrivals_between
from dispatch.town.places import Frame, kept_frame
from dispatch.town.zones import ring_of
from localisation.area import Area
from localisation.arrivals import Arrival, Shot, Station
from localisation.verdict import WITHDRAWN
from recordings.commands.replay import add_run_options, refuse_odd
from recordings.comparison import compare, read_told
from recordings.method import changed
from recordings.printing import Found, change_lines, chosen, shot_lines, told
from recordings.relocation import relocated

NS = 1_000_000_000
AROUND_NS = 10 * NS  # of arrivals before and after, that shots at the edges are whole
STEP_NS = 600 * NS  # read at once


def replay(argv: list[str]) -> int:
    """Print the shots."""
    asked = _parse(argv)
    settings, how = settings_of(asked), changed(asked.set)
    if not asked.since < asked.until:
        raise InputError("--until is not after --since; expected a span of time")
    store = Store(Path(settings.data))
    try:
        frame = store.read_now(lambda connection: kept_frame(connection, settings.origin)) or Frame()
        ground = _ground(settings, frame, asked.zone)
        enrolled = store.read_now(all_nodes)
        stations = [Station(node=n.id, x=n.x, y=n.y, z=n.z) for n in enrolled]
        heard = _heard(store, asked.since - AROUND_NS, asked.until + AROUND_NS)
        shots = list(relocated(heard, stations, settings.air.air(), how))
        kept = store.read_now(lambda connection: latest_shots(connection, asked.since, asked.until))
    finally:
        store.close()

    def found(some: list[Shot]) -> Found:
        inside = [
            shot
            for shot in sorted(some, key=lambda s: (s.origin.time_ns, s.key))
            if asked.since <= shot.origin.time_ns < asked.until
            and shot.verdict.label != WITHDRAWN
            and not shot.exercise
            and (ground is None or ground.holds(np.array([[shot.origin.x, shot.origin.y]]))[0])
        ]
        return Found(session=settings.name, shots=chosen(inside, asked.all), origin=_origin(frame))

    method = how.digest(None)
    if asked.recorded or asked.against:
        before = told(found(kept), "") if asked.recorded else read_told(asked.against)
        lines = change_lines(compare(before, told(found(shots), method)), asked.format)
    else:
        lines = shot_lines([found(shots)], asked.format, method)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin centre replay",
        description="Locate anew what nodes reported in a span of time; nothing is written. The centre may be running.",
        epilog="No sound is kept, so detection and class are as the nodes reported them: settings of detection change "
        "nothing here.",
    )
    settings_arguments(parser)
    parser.add_argument("--since", required=True, type=_instant, metavar="TIME", help="2026-11-26T22:14:00+01:00")
    parser.add_argument("--until", required=True, type=_instant, metavar="TIME", help="shots before this time")
    parser.add_argument("--zone", default="", metavar="NAME", help="only shots in this zone of the settings file")
    add_run_options(parser)
    parser.add_argument(
        "--recorded", action="store_true", help="print instead what became of each shot that the centre has kept"
    )
    asked = parser.parse_args(argv)
    refuse_odd(parser, asked)
    if asked.recorded and (asked.against or asked.format == "geojson"):
        parser.error("--recorded goes with a table or jsonl, and without --against")
    return asked


def _heard(store: Store, first_ns: int, last_ns: int) -> Iterator[Arrival]:
    """Arrivals in order of time, some minutes in memory at once; none of exercises."""
    for begin in range(first_ns, last_ns, STEP_NS):
        end = min(begin + STEP_NS, last_ns) - 1
        kept: list[Arrival] = store.read_now(lambda connection, a=begin, b=end: arrivals_between(connection, a, b))  # type: ignore[misc]
        yield from (arrival for arrival in kept if not arrival.exercise)


def _ground(settings: Settings, frame: Frame, name: str) -> Area | None:
    if not name:
        return None
    zone = next((zone for zone in settings.zones if zone.name == name), None)
    if zone is None:
        known = ", ".join(zone.name for zone in settings.zones) or "none"
        raise InputError(f"there is no zone {name!r}; the settings have {known}")
    return Area((ring_of(zone, frame),))


def _origin(frame: Frame) -> Origin | None:
    at = frame.origin
    return None if at is None else Origin(lat=at.lat, lon=at.lon, height_m=at.height_m)


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; expected one with its offset, such as 2026-11-26T22:14:00+01:00"
        )
    return int(at.timestamp()) * NS + at.microsecond * 1000

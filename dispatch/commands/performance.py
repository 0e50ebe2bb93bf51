"""`tocsin centre performance`: how well the network did; `tocsin centre missed`: a shooting that it did not tell of."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.whole import write_whole
from dispatch.figures.counting import counted, span_of
from dispatch.figures.text import as_csv, as_json, as_text
from dispatch.incoming import Missed
from dispatch.settings import Settings, read_settings
from dispatch.store import Store
from dispatch.store.incoming import enter_missed
from dispatch.town.places import Frame, kept_frame
from recordings.decisions import Ground, Spot

T = TypeVar("T")
FORMATS = {"text": as_text, "csv": as_csv, "json": as_json}


def performance(argv: list[str]) -> int:
    """Print or write the figures."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre performance",
        description="Recall, precision with the share of what is not decided, false alerts per km² and day, "
        "mislocations, latency, each with its 95 %% interval, by month and zone.",
    )
    settings_arguments(parser)
    parser.add_argument("--since", default="", metavar="YYYY-MM-DD", help="first local day (default: a year ago)")
    parser.add_argument("--until", default="", metavar="YYYY-MM-DD", help="last local day (default: today)")
    parser.add_argument("--format", choices=[*FORMATS], default="text", help="default: text")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    arguments = parser.parse_args(argv)
    settings = settings_of(arguments)
    span = span_of(arguments.since, arguments.until, ZoneInfo(settings.timezone), time.time_ns() // 1_000_000)
    rows = in_store(settings, lambda connection: counted(connection, settings, span))
    text = FORMATS[arguments.format](rows)
    if arguments.out is None:
        print(text.rstrip())
    else:
        write_whole(arguments.out, text.encode())
    return 0


def missed(argv: list[str]) -> int:
    """Enter a shooting that raised no alert."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre missed",
        description="Enter a confirmed shooting that raised no alert. It counts against recall, and nothing takes it "
        "back.",
    )
    settings_arguments(parser)
    parser.add_argument("--by", required=True, metavar="NAME", help="who enters it")
    parser.add_argument("--at", required=True, type=_instant, metavar="TIME", help="such as 2026-11-26T22:14:00+01:00")
    parser.add_argument("--place", required=True, type=_place, metavar="LAT,LON", help="WGS-84, or x=…,y=… in metres")
    parser.add_argument("--case", required=True, metavar="REFERENCE", help="the case's number; each is entered once")
    parser.add_argument("--grounds", required=True, nargs="+", choices=get_args(Ground), help="how it is known")
    parser.add_argument("--text", default="", help="anything else")
    parser.add_argument(
        "--other-than", type=int, nargs="+", default=[], metavar="NUMBER", help="alerts near it that are of other shots"
    )
    arguments = parser.parse_args(argv)
    settings = settings_of(arguments)

    def enter(connection: sa.Connection) -> str:
        spot = (kept_frame(connection, settings.origin) or Frame()).spot(arguments.place)
        what = Missed(
            time_ms=arguments.at,
            x=spot.x or 0.0,
            y=spot.y or 0.0,
            reference=arguments.case,
            grounds=tuple(arguments.grounds),
            text=arguments.text,
            other_than=tuple(arguments.other_than),
        )
        return enter_missed(connection, arguments.by, what, time.time_ns() // 1_000_000).id

    print(f"entered as {in_store(settings, enter, write=True)}")
    return 0


def settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Which centre a command is about."""
    parser.add_argument("settings", nargs="?", type=Path, metavar="SETTINGS.toml", help="the centre's settings file")
    parser.add_argument("--data", metavar="DIR", help="the centre's data folder; it may be running")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of the centre that a command is about. Raises InputError where it has no data."""
    settings = read_settings(arguments.settings) if arguments.settings else Settings()
    settings = msgspec.structs.replace(settings, data=arguments.data or settings.data)
    if not Path(settings.data).is_dir():
        raise InputError(f"data folder {settings.data} is not there; expected that of a centre")
    return settings


def in_store(settings: Settings, work: Callable[[sa.Connection], T], *, write: bool = False) -> T:
    """What `work` finds in the centre's store, or writes there."""
    store = Store(Path(settings.data))
    try:
        return store.write_now(work) if write else store.read_now(work)
    finally:
        store.close()


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; expected one with its offset, such as 2026-11-26T22:14:00+01:00"
        )
    return round(at.timestamp() * 1e3)


def _place(text: str) -> Spot:
    names = ("x", "y") if text.startswith("x=") else ("lat", "lon")
    parts = [part.strip().removeprefix(f"{name}=") for name, part in zip(names, text.split(","), strict=False)]
    try:
        first, second = map(float, parts)
        return Spot(x=first, y=second) if names[0] == "x" else Spot(lat=first, lon=second)
    except (ValueError, InputError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no place; expected LAT,LON or x=METRES,y=METRES") from error

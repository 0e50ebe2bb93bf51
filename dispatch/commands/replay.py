"""`tocsin centre replay`: locate anew what was reported in a span of time, with other settings if wanted."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

from acoustic.errors import InputError
from dispatch.commands.performance import settings_arguments, settings_of
from dispatch.replays.anew import NS, Wanted, located_anew
from dispatch.store import Store
from recordings.commands.replay import add_run_options, refuse_odd
from recordings.comparison import compare, read_told
from recordings.printing import change_lines, shot_lines


def replay(argv: list[str]) -> int:
    """Print the shots."""
    asked = _parse(argv)
    settings = settings_of(asked)
    if not asked.since < asked.until:
        raise InputError("--until is not after --since; expected a span of time")
    wanted = Wanted(
        since_ns=asked.since,
        until_ns=asked.until,
        zone=asked.zone,
        changes=tuple(asked.set),
        everything=asked.all,
    )
    store = Store(Path(settings.data))
    try:
        anew = located_anew(store, settings, wanted)
    finally:
        store.close()
    if asked.recorded:
        lines = change_lines([change for change, _ in anew.changes()], asked.format)
    elif asked.against:
        lines = change_lines(compare(read_told(asked.against), anew.told), asked.format)
    else:
        lines = shot_lines([anew.found], asked.format, anew.method)
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

"""`tocsin centre exercise`: play recordings into the running centre, marked as an exercise."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from dispatch.commands.performance import settings_of
from dispatch.settings import address

LATE_S = 1.0  # behind its time, from which on that is said
EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104  # what listens on all is reached on this machine


def exercise(argv: list[str]) -> int:
    """Play until the recordings end."""
    asked = _parse(argv)
    from arrays.running import read_model
    from dispatch.exercises.playback import names_of, play
    from recordings.replaying import read_any

    settings, session = settings_of(asked), read_any(asked.folder)
    host, port = address(settings.listen)
    here = "127.0.0.1" if host in EVERY_ADDRESS else host
    names = names_of(session)
    print(f"{session.id}: {len(names)} nodes, {names[0]} to {names[-1]}, at {asked.speed:g} times its pace", flush=True)
    centre = asked.centre or f"https://{here}:{port}"
    done = play(Path(settings.data), centre, session, read_model(""), asked.speed, asked.by)
    print(f"{done.arrivals} arrivals were reported; the nodes are revoked")
    if done.behind_s > LATE_S:
        print(
            f"tocsin centre: it fell up to {done.behind_s:.1f} s behind; a lower --speed suits this machine",
            file=sys.stderr,
        )
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin centre exercise",
        description="Play a recorded session into the running centre, in real time or faster: every report, event and "
        "alert of it is marked EXERCISE, and it has no part in what is truly heard.",
        epilog="Each recording gets a node of its own (exercise-NODE), which is revoked at the end, or with Ctrl-C. "
        "Times are moved so that the last sound falls when it is played.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a session, or a Pittsburgh test folder")
    parser.add_argument("--settings", type=Path, metavar="SETTINGS.toml", help="the centre's settings file")
    parser.add_argument("--data", metavar="DIR", help="the centre's data folder")
    parser.add_argument("--centre", metavar="URL", help="where nodes report (default: as the settings say)")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="N", help="times its own pace (default: 1)")
    parser.add_argument("--by", required=True, metavar="NAME", help="who holds the exercise, for the journal")
    return parser.parse_args(argv)


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 100.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; expected a number from 0.1 to 100")
    return value

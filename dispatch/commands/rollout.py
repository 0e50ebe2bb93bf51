"""`tocsin centre rollout`: settings or a classifier for nodes, ring after ring, back by itself where it does harm."""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path

from acoustic.errors import InputError, ResourceError
from arrays.release import CHANGEABLE, MODEL, SETTINGS, TRIAL_S, Body
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.rollouts import RollOut, begin, newest, stop

SHOWN = 3


def rollout(argv: list[str]) -> int:
    """Begin a roll-out, stop one, or say how far the newest are."""
    asked = _parser().parse_args(argv)
    store, now_ms = Store(Path(asked.data)), time.time_ns() // 1_000_000
    try:
        if asked.what == "stop":
            print(f"stopped: {store.write_now(lambda c: stop(c, asked.by, asked.because, now_ms))}")
        elif asked.what is not None:
            body, rings = _body(asked), [[name for name in ring.split(",") if name] for ring in asked.ring]
            rings += [[]] if asked.rest or not rings else []
            told = asked.what, body, rings, asked.by, asked.because, now_ms
            print(f"begun: {store.write_now(lambda c: begin(c, *told))}")
        found = store.read_now(lambda c: newest(c, SHOWN))
    finally:
        store.close()
    print("\n".join(line for one in found for line in lines(one)) or "nothing was rolled out yet")
    return 0


def lines(one: RollOut) -> list[str]:
    """How far a roll-out is."""
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.begun_ms / 1e3))
    rows = [f"  ring {s.ring + 1}  {s.node}  {s.state}{': ' if s.why else ''}{s.why}" for s in one.steps]
    told = f"{one.id}  {one.kind}, begun {when} UTC by {one.by or 'somebody'} ({one.because or 'no reason kept'})"
    return [f"{told}: {one.state}{': ' if one.ended else ''}{one.ended}", *rows]


def _body(asked: argparse.Namespace) -> Body:
    path: Path = asked.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error.strerror}") from error
    if asked.what == MODEL:
        return Body(npz=content, trial_s=asked.trial)
    try:
        return Body(changes=tomllib.loads(content.decode()), trial_s=asked.trial)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin centre rollout",
        description="Give nodes other settings or another classifier, ring after ring: the next ring once every node "
        "of the last has tried it well. A node whose health worsens goes back by itself, and the roll-out stops. "
        "Without more, say how far the newest are.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", default=argparse.SUPPRESS, metavar="DIR", help="the centre's data folder")
    parser.set_defaults(data=Settings().data)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--by", required=True, metavar="NAME", help="who decides it, for the journal")
    named.add_argument("--because", required=True, metavar="TEXT", help="the reason, for the journal")
    parser.add_argument("--data", metavar="DIR", help="the centre's data folder")
    ways = parser.add_subparsers(dest="what", metavar="settings | model | stop")
    for what, file, told in (
        (SETTINGS, "CHANGES.toml", f"what is to change: {', '.join(CHANGEABLE)}"),
        (MODEL, "MODEL.npz", "the classifier's file"),
    ):
        way = ways.add_parser(what, parents=[common, named], help=f"roll out {told}")
        way.add_argument("file", type=Path, metavar=file, help=told)
        way.add_argument("--ring", action="append", default=[], metavar="NODE,…", help="the next ring; may be repeated")
        way.add_argument("--rest", action="store_true", help="a last ring of all others; the only one without --ring")
        way.add_argument(
            "--trial",
            type=_seconds,
            default=TRIAL_S,
            metavar="S",
            help=f"how long each tries it (default: {TRIAL_S:g})",
        )
    ways.add_parser("stop", parents=[common, named], help="give nothing more of the one that is running")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1.0 <= seconds <= 86_400.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time of trial; expected 1 to 86400 seconds")
    return seconds

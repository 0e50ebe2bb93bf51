"""`tocsin centre alerts`: send a marked exercise through the running centre, or tell what became of alerts."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from acoustic.errors import InputError
from dispatch.alerts.announce import Announcer
from dispatch.alerts.destinations import Destination
from dispatch.alerts.trial import queue_trial
from dispatch.settings import Settings, read_settings
from dispatch.store import Store
from dispatch.store.alerts import DONE, Queued, find, newest
from dispatch.town.addresses import Addresses
from dispatch.town.places import Frame, kept_frame

WAIT_S = 30.0
LOG_LINES = 50


def main(argv: list[str]) -> int:
    """Run `tocsin centre alerts …`; exit code 0 only if what was asked for was done."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre alerts", description="Try a destination of alerts, or look back."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    test = verbs.add_parser("test", help="send a marked exercise, and its end, through the running centre")
    test.add_argument("name", metavar="NAME", help="the destination's name in the settings")
    test.add_argument(
        "--settings", type=Path, required=True, metavar="SETTINGS.toml", help="the centre's settings file"
    )
    log = verbs.add_parser("log", help="print what became of the newest alerts")
    log.add_argument("--name", metavar="NAME", help="of this destination only")
    for verb in (test, log):
        verb.add_argument("--data", metavar="DIR", help="the centre's data folder")
    arguments = parser.parse_args(argv)
    return _test(arguments) if arguments.verb == "test" else _log(arguments)


def _test(arguments: argparse.Namespace) -> int:
    settings = read_settings(arguments.settings)
    destination = _named(settings, arguments.name)
    data = Path(arguments.data or settings.data)
    if not data.is_dir():
        raise InputError(f"data folder {data} does not exist; start the centre first")
    store = Store(data)
    try:
        frame = store.read_now(lambda c: kept_frame(c, None)) or Frame(origin=settings.origin)
        announcer = Announcer(site=settings.name, destinations=settings.alerts, addresses=Addresses(data))
        now_ms = time.time_ns() // 1_000_000
        ids = store.write_now(lambda c: queue_trial(c, announcer, destination, frame, now_ms))
        return _wait(store, ids)
    finally:
        store.close()


def _wait(store: Store, ids: list[str]) -> int:
    end = time.monotonic() + WAIT_S
    shown: dict[str, str] = {}
    while True:
        alerts = store.read_now(lambda c: find(c, ids))
        for one in alerts:
            line = _line(one)
            if (one.state in DONE or one.problem) and shown.get(one.alert.id) != line:
                print(line, flush=True)
                shown[one.alert.id] = line
        if all(one.state in DONE for one in alerts):
            return 0 if all(one.state == "delivered" for one in alerts) else 1
        if time.monotonic() > end:
            print(f"not delivered within {WAIT_S:.0f} s; it stays queued. Does the centre run, with these settings?")
            return 1
        time.sleep(0.2)


def _log(arguments: argparse.Namespace) -> int:
    data = Path(arguments.data or Settings().data)
    if not data.is_dir():
        raise InputError(f"data folder {data} does not exist; expected that of a centre")
    store = Store(data)
    try:
        for one in reversed(store.read_now(lambda c: newest(c, arguments.name, LOG_LINES))):
            print(_line(one))
    finally:
        store.close()
    return 0


def _line(one: Queued) -> str:
    at = datetime.fromtimestamp(one.queued_ms / 1e3, UTC).strftime("%Y-%m-%d %H:%M:%S")
    problem = f"  {one.problem}" if one.problem else ""
    return f"{at}  {one.destination}  {one.alert.kind:<6}  {one.state}  {one.attempts}×  {one.alert.headline}{problem}"


def _named(settings: Settings, name: str) -> Destination:
    for one in settings.alerts:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in settings.alerts) or "none"
    raise InputError(f"the settings have no destination {name!r}; they have {known}")

"""`tocsin demo`: a synthetic city block played through real processes, each located shot beside its true place."""

from __future__ import annotations

import argparse
import math
import os
import signal
import tempfile
import threading
import time
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

from acoustic.errors import ResourceError
from dispatch.demo.processes import City
from dispatch.demo.truth import GUNSHOT, Fired, Located, Pair, outcome, pairs
from localisation.verdict import WITHDRAWN
from recordings.scene import ORIGIN, Scene, SceneNode, scene, write_scene

SECONDS = 45.0
BOUND_M = 15.0
SETTLED_S = 1.5  # a shot is told when no better version of it has come for this long
QUIET_AFTER_S = 5.0  # what sound, node and network need after the scene's end
SETTLE_AFTER_S = 60.0  # at most, for a network that is behind, on a busy machine
CPU_S_PER_NODE = 1.8  # to start one, on a slow core
TRIES = 3
HEADING = "time (UTC)   located as         east   north  truly        east   north    error  on the page after"


@dataclass
class Page:
    """The shots on the page since a time, as its stream tells them; read and written under one lock."""

    since_ms: float = 0.0
    located: dict[str, Located] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)
    told: dict[str, Located] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, event: dict[str, Any]) -> None:
        """Take an event from the stream."""
        now_ms = time.time() * 1e3
        with self.lock:
            for shot in event["shots"]:
                if shot["time_ms"] < self.since_ms:
                    continue
                old = self.located.get(shot["key"])
                names = ("key", "label", "probability", "time_ms", "x", "y")
                new = Located(**{name: shot[name] for name in names}, seen_ms=old.seen_ms if old else now_ms)
                if new != old:
                    self.located[new.key] = new
                    self.changed[new.key] = time.monotonic()

    def settled(self) -> list[str]:
        """The keys of shots that changed and now rest; each change is told once."""
        with self.lock:
            rested = [key for key, at in self.changed.items() if time.monotonic() - at > SETTLED_S]
            for key in rested:
                del self.changed[key]
            return rested

    def all(self) -> dict[str, Located]:
        """Every shot now."""
        with self.lock:
            return dict(self.located)


def main(argv: list[str]) -> int:
    """Run `tocsin demo …`; exit code 0 only if every true shot was located and nothing else was."""
    parser = argparse.ArgumentParser(prog="tocsin demo", description="A centre and 12 nodes on a synthetic city block.")
    parser.add_argument(
        "--seconds", type=_seconds, help="play one scene this long and judge it (default: until Ctrl-C)"
    )
    parser.add_argument("--headless", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another scene (default: 1)")
    parser.add_argument("--page-port", type=int, default=8080, help="port of the page (default: 8080)")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as folder:
            return _demo(Path(folder), arguments)
    except KeyboardInterrupt:
        print("\nended", flush=True)
        return 130 if arguments.seconds else 0


def _demo(folder: Path, arguments: argparse.Namespace) -> int:
    seconds = arguments.seconds or SECONDS
    chosen = scene(arguments.seed, seconds)
    with City(folder, centre_settings(chosen), arguments.page_port) as city:
        city.start_centre()
        print(f"the page is at {city.page}", flush=True)
        if arguments.headless or not webbrowser.open(city.link()):
            print(f"this link logs you in, once: {city.link()}", flush=True)
        print("making the first scene, enrolling its nodes …", flush=True)
        write_scene(chosen, folder / "scene")
        enrol(city, chosen, folder / "scene")
        good = play(city, chosen, folder / "scene")
        for number in count(1):
            if arguments.seconds is not None:
                break
            print("\nmaking another scene …", flush=True)
            chosen = replace(chosen, bangs=scene(arguments.seed + number, seconds).bangs)  # the same city, other shots
            write_scene(chosen, folder / "scene")
            good = play(city, chosen, folder / "scene")
    return 0 if good else 1


def play(city: City, chosen: Scene, folder: Path) -> bool:
    """Play a written scene through the nodes, telling each located shot; whether it went as it should."""
    start = start_nodes(city, chosen, folder)
    page = Page(since_ms=start.timestamp() * 1e3)
    listener = city.listen(page.hear)
    fired = fired_in(chosen, start)
    print(f"all {len(chosen.nodes)} nodes are listening; the scene begins\n{HEADING}", flush=True)
    end_s = start.timestamp() + chosen.seconds
    try:
        while (late_s := time.time() - end_s) < SETTLE_AFTER_S:
            if late_s > QUIET_AFTER_S and not page.changed and not city.backlog():
                break
            city.check()
            _tell(page, fired)
            time.sleep(0.2)
    finally:
        listener.end()
        city.stop([node.id for node in chosen.nodes])
    return _sum_up(page, fired, start)


def centre_settings(chosen: Scene) -> str:
    """The centre's settings for a scene: where it is, and the weather that a weather station would tell."""
    origin = "".join(f"{name} = {value}\n" for name, value in ORIGIN.items())
    air = chosen.air
    return (
        f'name = "A city block"\n[origin]\n{origin}[air]\ntemperature_c = {air.temperature_c}\n'
        f"humidity_pct = {air.humidity_pct}\nwind_east_ms = {air.wind_east_ms}\nwind_north_ms = {air.wind_north_ms}\n"
    )


def enrol(city: City, chosen: Scene, folder: Path) -> None:
    """Enrol every node with a token of its own, as an administrator would."""
    names = []
    for node, token in zip(chosen.nodes, city.tokens(len(chosen.nodes)), strict=True):
        settings = write_node_settings(city, node, folder, chosen.start)
        names.append(f"{node.id}-enrolment")
        city.start(names[-1], "node", "enrol", settings, "--centre", city.ingest, "--token", token)
    city.wait(names)


def write_node_settings(city: City, node: SceneNode, folder: Path, start: datetime) -> Path:
    """A node's settings file: the scene's sound, from `start` on."""
    path = city.folder / f"{node.id}.toml"
    path.write_text(
        f'node = "{node.id}"\ndata = "{node.id}"\n[source]\nkind = "session"\nfolder = "{folder.name}"\n'
        f'start_at_utc = "{start.astimezone(UTC).isoformat().replace("+00:00", "Z")}"\n',
        encoding="utf-8",
    )
    return path


def start_nodes(city: City, chosen: Scene, folder: Path) -> datetime:
    """Start every node on its sound, in time to be ready when the scene begins; returns when that is.

    Raises ResourceError where the machine is too slow for so many.
    """
    lead_s = 3.0 + CPU_S_PER_NODE * len(chosen.nodes) / (os.cpu_count() or 1)
    for _ in range(TRIES):
        start = datetime.now(UTC) + timedelta(seconds=lead_s)
        since_ms = time.time() * 1e3
        for node in chosen.nodes:
            settings = write_node_settings(city, node, folder, start + (node.start - chosen.start))
            city.start(node.id, "node", settings)
        while datetime.now(UTC) < start:
            city.check()
            if all((n["last_report_ms"] or 0) > since_ms for n in city.state()["nodes"]):
                return start
            time.sleep(0.2)
        city.stop([node.id for node in chosen.nodes])
        lead_s *= 2.0
    raise ResourceError(f"this machine could not start {len(chosen.nodes)} nodes within {lead_s / 2.0:.0f} s")


def fired_in(chosen: Scene, start: datetime) -> list[Fired]:
    """What truly happens in a scene that begins at `start`."""
    moved_ms = (start - chosen.start).total_seconds() * 1e3
    labels = {"gunshot": GUNSHOT, "firecracker": "firework", "slam": "other"}
    return [
        Fired(
            label=labels[bang.kind],
            time_ms=(chosen.start.timestamp() + bang.time_s) * 1e3 + moved_ms,
            x=bang.position[0],
            y=bang.position[1],
        )
        for bang in chosen.bangs
    ]


def _tell(page: Page, fired: Sequence[Fired]) -> None:
    """Print the gunshots that have come to rest since the last time, and what was told as one and is none."""
    rested, located = page.settled(), page.all()
    standing = pairs(fired, [one for one in located.values() if one.label != WITHDRAWN])
    gone = [Pair(located=located[key], fired=None) for key in rested if located[key].label == WITHDRAWN]
    for pair in [*standing, *gone]:
        key, told = pair.located.key, page.told.get(pair.located.key)
        if key in rested and (told or pair.located.label == GUNSHOT) and _is_news(pair.located, told):
            page.told[key] = pair.located
            print(_line(pair), flush=True)


def _is_news(now: Located, told: Located | None) -> bool:
    return told is None or now.label != told.label or math.hypot(now.x - told.x, now.y - told.y) > BOUND_M / 5.0


def _line(pair: Pair) -> str:
    one = pair.located
    at = datetime.fromtimestamp(one.time_ms / 1e3, UTC).strftime("%H:%M:%S.%f")[:-4]
    text = f"{at}  {one.label:<9} {one.probability:4.0%}  {one.x:7.1f} {one.y:7.1f}"
    if one.label == WITHDRAWN:
        return f"{text}  taken back"
    if pair.fired is None:
        return f"{text}  nothing was fired here"
    true = f"{pair.fired.label:<9} {pair.fired.x:7.1f} {pair.fired.y:7.1f}"
    return f"{text}  {true}  {pair.error_m:5.1f} m  {pair.latency_s:5.2f} s"


def _sum_up(page: Page, fired: Sequence[Fired], start: datetime) -> bool:
    result = outcome(fired, page.all(), BOUND_M)
    shots = sum(one.label == GUNSHOT for one in fired)
    others = sum(one.label not in (GUNSHOT, WITHDRAWN) for one in page.all().values())
    print(f"\n{len(result.pairs)} of {shots} gunshots located within {BOUND_M:g} m; {len(result.false)} false")
    print(f"{others} other sounds located, and taken for what they are")
    if result.pairs:
        errors = sorted(pair.error_m for pair in result.pairs)
        waits = sorted(pair.latency_s for pair in result.pairs)
        print(
            f"error: median {median(errors):.1f} m, worst {errors[-1]:.1f} m; "
            f"from the shot to the page: median {median(waits):.1f} s, worst {waits[-1]:.1f} s"
        )
    for lost in result.missed:
        at_s = lost.time_ms / 1e3 - start.timestamp()
        print(f"missed: the gunshot at {at_s:.1f} s of the scene, {lost.x:.1f} m east, {lost.y:.1f} m north")
    for wrong in result.false:
        print(f"false: {_line(wrong)}")
    return result.good


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 20.0 <= value <= 600.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a length; expected a number of seconds from 20 to 600")
    return value


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt

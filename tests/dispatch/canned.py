"""A centre that says what it is told to, and the built page before it: what a real one shows too seldom to wait for."""

from __future__ import annotations

import json
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dispatch.api.guard import SECURITY
from tests.dispatch.running import GRID, REPOSITORY, SPEED_MS

DIST = REPOSITORY / "dispatch" / "console" / "dist"


def node(number: int, **other: Any) -> dict[str, Any]:
    """A node on the wire, healthy unless told otherwise."""
    x, y, z = GRID[number % len(GRID)]
    now_ms = int(time.time() * 1e3)
    base = {"id": f"roof-{number + 1}", "x": x, "y": y, "z": z, "lat": 44.84 + y / 111e3, "lon": -0.58 + x / 79e3}
    base |= {
        "zone_m": None,
        "state": "ok",
        "last_report_ms": now_ms,
        "interval_s": 3.0,
        "clock_sigma_s": 2e-5,
        "noise_db": -52.0,
    }
    return base | {"outbox": 0, "reasons": []} | other


def event(number: int, ago_s: float = 0.0, **other: Any) -> dict[str, Any]:
    """An event on the wire: three rounds, possible gunshots, unless told otherwise."""
    x, y = other.get("x", 120.0 + 37 * (number % 7)), other.get("y", 80.0 + 29 * (number % 5))
    time_ms = time.time() * 1e3 - ago_s * 1e3
    ellipse = {"semi_major_m": 6.2, "semi_minor_m": 3.9, "azimuth_deg": 40.0, "level": 0.9}
    count = other.get("count", 3)
    shots = [
        {"key": f"{number}-{i}", "version": 2, "time_ms": time_ms + 600 * i, "x": x + 1.5 * i, "y": y}
        | {"ellipse": ellipse, "label": "gunshot", "probability": 0.87}
        for i in range(max(count, 1))
    ]
    reasons = [
        {"code": "nodes_agree", "values": {"agree": 5, "of": 6, "label": "gunshot"}, "text": "5 of 6 nodes say gunshot"}
    ]
    base = {"id": f"e{number}", "number": number, "status": "open", "taken_by": None, "taken_ms": None, "outcome": None}
    base |= {"verdict": None, "corroborated": 0, "reminded_ms": None}
    base |= {"label": "gunshot", "probability": 0.87}
    base |= {"reasons": reasons, "count": count, "time_ms": time_ms, "updated_ms": int(time_ms) + 900}
    base |= {"x": x, "y": y, "lat": 44.84 + y / 111e3, "lon": -0.58 + x / 79e3, "ellipse": ellipse, "nodes": 5}
    return base | {"ambiguous": False, "also": [], "late": False, "shots": shots} | other


def detail(of: dict[str, Any]) -> dict[str, Any]:
    """The event with its versions and arrivals; roof-6's is refused."""
    versions = [
        {k: shot[k] for k in ("time_ms", "x", "y", "label", "probability")}
        | {"also": of["also"] if v == 2 else []}
        | {"shot": shot["key"], "version": v, "recorded_ms": int(shot["time_ms"]) + 700 * v, "preferred": v == 2}
        | {"used": 3 + v, "ellipse": shot["ellipse"] | ({"semi_major_m": 30.0, "semi_minor_m": 14.0} if v == 1 else {})}
        for shot in of["shots"]
        for v in (1, 2)
    ]
    arrivals = [
        {"id": f"roof-{i}:{n}", "node": f"roof-{i}", "shot": shot["key"], "time_ms": arrives_ms(shot, i)}
        | {"residual_ms": 31.2 if i == 6 else 0.9 * (i - 3), "refused": "+31 ms off" if i == 6 else ""}
        | {"snr_db": 31.0 - 3 * i, "azimuth_deg": 40.0 * i, "probabilities": {"gunshot": 0.9, "other": 0.1}}
        for n, shot in enumerate(of["shots"])
        for i in range(1, 7)
    ]
    return of | {"versions": versions, "arrivals": arrivals, "history": [], "nearest_address": ""}


def arrives_ms(shot: dict[str, Any], number: int) -> float:
    """When the node hears a shot, in still air; roof-6 is 31 ms late."""
    travel_s = math.dist(GRID[number - 1], (shot["x"], shot["y"], 1.5)) / SPEED_MS
    return float(shot["time_ms"] + 1e3 * travel_s + (31.2 if number == 6 else 0.9 * (number - 3)))


def heard(of: dict[str, Any]) -> dict[str, Any]:
    """What was heard around an event: its arrivals, and an echo of each at roof-2, 170 ms later, in no shot."""
    known = detail(of)
    arrivals = []
    for one in known["arrivals"]:
        number = int(one["node"].removeprefix("roof-"))
        x, y, z = GRID[number - 1]
        kept = {k: one[k] for k in ("id", "node", "time_ms", "snr_db", "azimuth_deg")} | {"x": x, "y": y, "z": z}
        kept |= {"shock_lead_ms": 41.0 if number == 1 else None, "label": "gunshot", "probability": 0.9, "again": False}
        arrivals.append(kept)
        if number == 2:
            arrivals.append(kept | {"id": f"{one['id']}e", "time_ms": one["time_ms"] + 170.0, "snr_db": 14.0})
    versions = [
        {"shot": v["shot"], "version": v["version"], "z": 1.5}
        | {"fits": [_fit(a, v) for a in known["arrivals"] if a["shot"] == v["shot"] and _knows(v, a)]}
        for v in known["versions"]
    ]
    return {
        "air": {"speed_ms": SPEED_MS, "wind_east_ms": 0.0, "wind_north_ms": 0.0},
        "arrivals": arrivals,
        "versions": versions,
    }


def _knows(version: dict[str, Any], arrival: dict[str, Any]) -> bool:
    return bool(version["version"] == 2 or arrival["node"] != "roof-5")


def _fit(arrival: dict[str, Any], version: dict[str, Any]) -> dict[str, Any]:
    off_ms = arrival["residual_ms"] * (1.0 if version["version"] == 2 else 3.0)
    return {"arrival": arrival["id"], "residual_ms": off_ms, "refused": arrival["refused"]}


@dataclass
class Canned:
    """A centre that says what it is told to, on a free port; `cut` ends every connection and answers no more."""

    nodes: list[dict[str, Any]] = field(default_factory=lambda: [node(i) for i in range(12)])
    events: list[dict[str, Any]] = field(default_factory=list)
    tiles: bytes = b""
    streets: list[list[int]] = field(default_factory=list)
    zones: list[dict[str, Any]] = field(default_factory=list)
    past: list[dict[str, Any]] = field(default_factory=list)
    skew_ms: float = 0.0
    role: str = "wall"
    rights: tuple[str, ...] = ("see-events",)
    lost: threading.Event = field(default_factory=threading.Event)
    streams: list[queue.Queue[str | None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    talking: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    @property
    def page(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}/"

    def state(self) -> dict[str, Any]:
        """What `/api/state` answers."""
        known = {"name": "Rue des Essais", "origin": {"lat": 44.84, "lon": -0.58}, "last_id": len(self.said)}
        return known | {"now_ms": int(time.time() * 1e3 + self.skew_ms), "nodes": self.nodes, "events": self.events}

    def ground(self) -> dict[str, Any]:
        """What `/api/ground` answers."""
        known = {"tiles": bool(self.tiles), "streets": bool(self.streets), "zones": self.zones}
        return known | {"attribution": "© OpenStreetMap contributors"}

    def history(self) -> dict[str, Any]:
        """What `/api/history` answers."""
        fields = ("number", "x", "y", "time_ms", "label")
        return {name: [one[name] for one in self.past] for name in fields} | {"more": False}

    def hearing(self) -> dict[str, Any]:
        """What `/api/ground/hearing` answers: deaf in the west, where nodes are silent."""
        cells = [(x + 15.0, y + 15.0) for x in range(0, 450, 30) for y in range(0, 300, 30)]
        heard = [20 if x < 120 else 70 if x < 180 else 97 for x, _ in cells]
        shares = {"detected_pct": heard, "share_pct": 78.0, "exact": "see-places" in self.rights}
        return {"side_m": 30.0, "x": [x for x, _ in cells], "y": [y for _, y in cells]} | shares

    def say(self, kind: str, data: dict[str, Any]) -> None:
        """Tell every open page."""
        with self.talking:
            kept = self.events if kind == "event" else self.nodes
            kept[:] = [data, *(one for one in kept if one["id"] != data["id"])]
            self.said.append(f"id: {len(self.said) + 1}\nevent: {kind}\ndata: {json.dumps(data)}\n\n")
            for stream in self.streams:
                stream.put(self.said[-1])

    def listen(self, since: int) -> queue.Queue[str | None]:
        """What is told from now on, and first what was missed."""
        with self.talking:
            mine: queue.Queue[str | None] = queue.Queue()
            for news in self.said[since:]:
                mine.put(news)
            self.streams.append(mine)
            return mine

    def cut(self) -> None:
        """The link is gone."""
        self.lost.set()
        with self.talking:
            for stream in self.streams:
                stream.put(None)


GROUND: dict[str, Callable[[Canned], Any]] = {
    "/api/ground": Canned.ground,
    "/api/ground/streets": lambda canned: canned.streets,
    "/api/ground/hearing": Canned.hearing,
    "/api/history": Canned.history,
}


class Handler(SimpleHTTPRequestHandler):
    """The built page under the centre's own security headers, and the canned API."""

    def __init__(self, *arguments: Any, canned: Canned, **more: Any) -> None:
        self.canned = canned
        super().__init__(*arguments, directory=str(DIST), **more)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def end_headers(self) -> None:
        """Every answer is guarded as the centre guards it."""
        for name, value in SECURITY.items():
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self) -> None:
        """Answer a browser."""
        path, _, asked = self.path.partition("?")
        if path.startswith("/api/") and self.canned.lost.is_set():
            self.send_error(503)
        elif path == "/api/session":
            me = {"name": "Ann", "role": self.canned.role, "rights": self.canned.rights, "ends_ms": 2**42}
            self._json(me if self.canned.role else None)  # or nobody is logged in
        elif path == "/api/session/ways":
            self._json({"provider": None})
        elif path == "/api/state":
            self._json(self.canned.state())
        elif path == "/api/ground/tiles":
            self._part(self.canned.tiles)
        elif path in GROUND:
            self._json(GROUND[path](self.canned))
        elif path == "/api/stream":
            self._stream(int(self.headers.get("Last-Event-ID") or asked.removeprefix("last_id=")))
        elif path.startswith("/api/events/") and path.endswith("/blind"):
            rows = [{"after_ms": 0.0, "snr_db": 31.0}, {"after_ms": 212.4, "snr_db": None}]
            self._json({"id": path.split("/")[-2], "nodes": 2, "heard": rows})
        elif path.startswith("/api/events/") and path.endswith("/heard"):
            self._json(heard(next(e for e in self.canned.events if e["id"] == path.split("/")[-2])))
        elif path.startswith("/api/events/"):
            self._json(detail(next(e for e in self.canned.events if e["id"] == path.rpartition("/")[2])))
        else:
            super().do_GET()

    def _part(self, whole: bytes) -> None:
        first, last = (int(n) for n in self.headers["Range"].removeprefix("bytes=").split("-"))
        part = whole[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(whole)}")
        self.end_headers()
        self.wfile.write(part)

    def _json(self, body: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def _stream(self, since: int) -> None:
        mine = self.canned.listen(since)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"retry: 200\n\n")
        self.wfile.flush()
        try:
            while (news := mine.get()) is not None:
                self.wfile.write(news.encode())
                self.wfile.flush()
        except OSError:
            pass  # the page was closed
        finally:
            self.canned.streams.remove(mine)


class QuietServer(ThreadingHTTPServer):
    """A page that goes away in the middle of an answer is nothing to print."""

    daemon_threads = True

    def handle_error(self, *which: Any) -> None:
        """Leave it; anything else is a mistake here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*which)


@contextmanager
def canned(**what: Any) -> Iterator[Canned]:
    """A canned centre, ended at exit."""
    centre = Canned(**what)
    server = QuietServer(("127.0.0.1", 0), partial(Handler, canned=centre))
    centre.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield centre
    finally:
        centre.cut()
        server.shutdown()
        thread.join()
        server.server_close()

"""A fleet of node processes at one centre, with faults at random: what was accepted is at the centre once, and memory
stays flat. `make soak` writes benchmarks/soak.json.

    python -m benchmarks._soak [NODES [SECONDS [KILLS [KILLS OF EACH]]]]
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Self

import soundfile

from arrays.outbox import Outbox
from arrays.report import decode_envelope, decode_report, read_report
from arrays.running import join
from arrays.settings import read_settings
from arrays.status import look
from benchmarks._kills import town_kills
from benchmarks._relay import CUT, GARBAGE, GOOD, REFUSE, SLOW, Relay
from dispatch.demo.processes import City
from dispatch.store import Store
from dispatch.store.events import latest_shots
from dispatch.store.tables import reports
from localisation.verdict import WITHDRAWN
from tests.arrays.sessions import RATE_HZ, noise, with_bangs, write
from tests.dispatch.test_brokers import Server

RESULTS = Path(__file__).with_name("soak.json")
SHOT_XY, SPEED_MS, SPACING_M, COLUMNS = (180.0, 140.0), 340.3, 130.0, 8
LOCATED_M, SAME_S = 15.0, 0.1
START_CPU_S, MOST_CROWD = 2.5, 4.0  # to start a node, on a slow core; so many times longer at most
DRAIN_S, LOOK_EVERY_S, KILL_WITHIN_S = 90.0, 5.0, 8.0
ON_THE_WAY = (CUT, GARBAGE, REFUSE, SLOW)
FAULTS = (*ON_THE_WAY, "broker killed", "centre killed", "centre's disk full", "node killed", "node's disk full")


@dataclass
class Member:
    """One node of the fleet, and the numbers of the arrivals that its disk had accepted whenever it was killed."""

    name: str
    place: tuple[float, float]
    folder: Path
    link: str
    accepted: set[int] = field(default_factory=set)

    @property
    def settings(self) -> Path:
        """Its file."""
        return self.folder / f"{self.name}.toml"

    @property
    def outbox(self) -> Path:
        """Its file."""
        return self.folder / self.name / "outbox.db"

    def plays_from(self, start_s: float) -> None:
        """Write its settings: it hears the scene as late as sound is from where the shots are fired."""
        start = datetime.fromtimestamp(start_s + math.dist(self.place, SHOT_XY) / SPEED_MS, UTC)
        x, y = self.place
        self.settings.write_text(
            f'node = "{self.name}"\ndata = "{self.name}"\n[position]\nx = {x}\ny = {y}\nz = 1.5\n{self.link}[source]\n'
            f'kind = "session"\nfolder = "scene"\nnode = "street"\nstart_at_utc = "{start:%Y-%m-%dT%H:%M:%S.%fZ}"\n'
        )


class Fleet:
    """Processes in one folder; every other node reports by a broker, the rest through a relay that misbehaves."""

    def __init__(self, folder: Path, count: int, seconds: float, seed: int, shot_every_s: float = 4.0) -> None:
        self.seconds, self.faults, self._shot_every_s = seconds, Counter[str](), shot_every_s
        self.memory: list[tuple[float, ...]] = []
        self._random = random.Random(seed)  # noqa: S311 — chooses faults
        self._broker = Server("mqtt", folder / "broker")
        self._broker.start()
        self.city = City(folder, f'[[brokers]]\nurl = "{self._broker.url}"\n[air]\ntemperature_c = 15.0\n')
        self.city.start_centre()
        host, _, port = self.city.ingest.removeprefix("https://").rpartition(":")
        self._relay = Relay(host, int(port))
        (folder / "scene").mkdir()
        recorded_s = seconds + 2.0 * DRAIN_S  # a node ends with its recording
        sound = with_bangs(noise(recorded_s), [round(s * RATE_HZ) for s in self.shots_s()])
        soundfile.write(folder / "scene" / "street.wav", sound.T, RATE_HZ, subtype="PCM_16")
        street = {"id": "street", "file": "street.wav", "position": {"x": 0.0, "y": 0.0, "z": 0.0}}
        write(folder / "scene", [{**street, "start": "2026-01-01T00:00:00Z"}])
        by_broker = f'[link]\nurl = "{self._broker.url}"\n'
        places = [(SPACING_M * (n % COLUMNS), SPACING_M * (n // COLUMNS)) for n in range(count)]
        self.members = [Member(f"roof-{n}", p, folder, by_broker if n % 2 else "") for n, p in enumerate(places)]
        for member, token in zip(self.members, self.city.tokens(count), strict=True):
            member.plays_from(time.time())
            join(read_settings(member.settings), f"https://127.0.0.1:{self._relay.port}", token)
        cores = os.cpu_count() or 1
        crowd = min(MOST_CROWD, max(1.0, os.getloadavg()[0] / cores))  # others are at work here too
        self.start_s = time.time() + 3.0 + START_CPU_S * count / cores * crowd
        for member in self.members:
            member.plays_from(self.start_s)
            self.city.start(member.name, "node", member.settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.city.stop([*(member.name for member in self.members), "centre"])
        self._relay.close()
        self._broker.kill()

    def shots_s(self) -> list[float]:
        """When shots are fired, from the scene's start."""
        every_s = self._shot_every_s
        return [1.0 + every_s * n for n in range(max(1, int((self.seconds - 2.0) / every_s)))]

    def suffer(self) -> None:
        """Faults one after another, each over before the next, until the scene is."""
        time.sleep(max(0.0, self.start_s + 2.0 - time.time()))
        looked_s = 0.0
        while time.time() < self.start_s + self.seconds - 3.0:
            fault = self._random.choice(FAULTS)
            self.faults[fault] += 1
            self._strike(fault, self._random.uniform(0.5, 3.0))
            time.sleep(self._random.uniform(0.5, 2.0))
            if time.time() - looked_s > LOOK_EVERY_S:
                looked_s = time.time()
                self._look()
            self._revive()

    def kill_one(self, times: int) -> None:
        """kill -9 at any moment of the first node's work, again and again, over a way that is good, slow or shut."""
        for _ in range(times):
            self._relay.be(self._random.choice((GOOD, SLOW, REFUSE)))
            time.sleep(self._random.uniform(0.5, KILL_WITHIN_S))
            self._kill(self.members[0])
            self.faults["node killed"] += 1
        self._relay.be(GOOD)

    def _revive(self) -> None:
        """Start what has ended, as a service does: a node that finds the disk full when it starts says so and ends."""
        for member in self.members:
            if not self.city.alive(member.name):
                self.faults["ended, and started by its service"] += 1
                self._kill(member)

    def settle(self) -> dict[str, int]:
        """Let what waits go, end the nodes, and say how many reports still wait or are set aside, which is all."""
        self._revive()
        began_s, end_s = time.time(), time.time() + DRAIN_S
        while time.time() < end_s and any(_busy(member, began_s) for member in self.members):
            time.sleep(0.5)
        self.city.stop([member.name for member in self.members])
        left = Counter[str]()
        for member in self.members:
            outbox = Outbox(member.outbox)
            left["waiting"] += outbox.waiting()
            outbox.close()
        end_s = time.time() + DRAIN_S
        while self.city.backlog() and time.time() < end_s:
            time.sleep(0.5)
        time.sleep(1.0)
        return dict(left)

    def _strike(self, fault: str, seconds: float) -> None:
        if fault in ON_THE_WAY:
            self._relay.be(fault)
            time.sleep(seconds)
            self._relay.be(GOOD)
        elif fault == "broker killed":
            self._broker.kill()
            time.sleep(seconds)
            self._broker.start()
        elif fault == "centre killed":
            self.city.kill("centre")
            time.sleep(seconds)
            self.city.start_centre()
        elif fault == "node killed":
            self._kill(self._random.choice(self.members))
        elif fault == "node's disk full":
            self._fill(self._random.choice(self.members).name, seconds)
        else:
            self._fill("centre", seconds)

    def _kill(self, member: Member) -> None:
        self.city.kill(member.name)
        member.accepted |= _accepted(member.outbox)
        self.city.start(member.name, "node", member.settings)

    def _fill(self, name: str, seconds: float) -> None:
        """As a disk without room: no file of the process may grow."""
        pid = self.city.pid(name)
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, most))
        time.sleep(seconds)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    def _look(self) -> None:
        """Resident memory, MB: a node's median and most, the centre's."""
        own = [_resident_mb(self.city.pid(m.name)) for m in self.members if self.city.alive(m.name)]
        centre_mb = _resident_mb(self.city.pid("centre"))
        self.memory.append((round(time.time() - self.start_s, 1), median(own), max(own), centre_mb))


def account(fleet: Fleet, left: dict[str, int]) -> dict[str, Any]:
    """What became of every report and every shot."""
    store = Store(fleet.city.data)
    bodies = store.read_now(lambda c: list(c.scalars(reports.select().with_only_columns(reports.c.body))))
    shots = store.read_now(lambda c: latest_shots(c, 0, 2**62))
    store.close()
    kept = [read_report(body) for body in bodies]
    numbers = Counter((report.node, arrival.number) for report in kept for arrival in report.arrivals)
    accepted = {(member.name, number) for member in fleet.members for number in member.accepted}
    standing = [shot for shot in shots if shot.verdict.label != WITHDRAWN]
    fired_s = [fleet.start_s + s for s in fleet.shots_s()]
    found = [
        sum(
            abs(shot.origin.time_ns * 1e-9 - at_s) < SAME_S
            and math.dist((shot.origin.x, shot.origin.y), SHOT_XY) < LOCATED_M
            for shot in standing
        )
        for at_s in fired_s
    ]
    return {
        "nodes": len(fleet.members),
        "seconds": fleet.seconds,
        "faults": dict(fleet.faults),
        "reports": len(kept),
        "arrivals": len(numbers),
        "waiting_at_the_end": left["waiting"],
        "accepted_before_a_kill": len(accepted),
        "lost": len(accepted - set(numbers)),
        "doubled": sum(count > 1 for count in numbers.values()),
        "shots": len(found),
        "shots_located": sum(count > 0 for count in found),
        "shots_doubled": sum(count > 1 for count in found),
        "memory_mb": {"columns": ["second", "node, median", "node, most", "centre"], "rows": fleet.memory},
    }


def soak(nodes: int, seconds: float, seed: int = 1) -> dict[str, Any]:
    """A fleet under every fault."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder, Fleet(Path(folder), nodes, seconds, seed) as fleet:
        fleet.suffer()
        return account(fleet, fleet.settle())


def kills(times: int, seed: int = 2) -> dict[str, Any]:
    """One node, killed again and again while it hears shots."""
    seconds = 10.0 + KILL_WITHIN_S * times
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder, Fleet(Path(folder), 1, seconds, seed, 0.7) as fleet:
        time.sleep(max(0.0, fleet.start_s - time.time()))
        fleet.kill_one(times)
        return account(fleet, fleet.settle())


def _accepted(path: Path) -> set[int]:
    """The numbers of arrivals in the outbox of a process that is dead."""
    with closing(sqlite3.connect(path)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'reports'").fetchall():
            return set()  # killed before it had one
        rows = database.execute("SELECT body FROM reports").fetchall()
    return {a.number for (body,) in rows for a in decode_report(decode_envelope(body).body).arrivals}


def _busy(member: Member, since_s: float) -> bool:
    """Whether a node at work has not spoken since a time, or says that more waits than this very word."""
    seen = look(member.outbox.parent, time.time_ns())
    return seen.status is None or seen.status.said_ns < since_s * 1e9 or seen.status.health.outbox > 1


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return round(int(text.split("VmRSS:")[1].split()[0]) / 1024.0, 1)


def main(argv: list[str]) -> int:
    """Run all three; 1 where anything accepted was lost or doubled, or the journal's chain does not hold."""
    nodes, seconds, times, each = [*map(int, argv), *(50, 900, 100, 50)[len(argv) :]]
    killed = kills(times)
    fleet = soak(nodes, float(seconds))
    town = town_kills(each)
    results = {"cores": os.cpu_count(), "kills": killed, "fleet": fleet, "town": town}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    bad = any(part["lost"] or part["doubled"] for part in (killed, fleet, town))
    bad = bad or any(part["waiting_at_the_end"] for part in (killed, fleet))
    return int(bad or bool(town["shots_doubled"]) or not town["chain_holds"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

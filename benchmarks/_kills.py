"""kill -9 of centre, worker, database and broker at any moment, while nodes report shots: nothing acknowledged is lost,
no shot is told twice, the journal's chain holds. Part of `make soak`.
"""

from __future__ import annotations

import math
import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import sqlalchemy as sa

from acoustic.errors import ResourceError
from dispatch.audit import Check, next_lines
from dispatch.demo.processes import City
from dispatch.locator import QUIET_S
from dispatch.store import Store
from dispatch.store.events import latest_shots
from dispatch.store.progress import waiting
from dispatch.store.tables import arrivals, reports
from dispatch.trust.authority import open_authority
from localisation.verdict import WITHDRAWN
from tests.dispatch import wire
from tests.dispatch.postgres import cluster
from tests.dispatch.running import GRID, FakeNode, Lines, RunningCentre
from tests.dispatch.test_brokers import server

VICTIMS = ("centre", "worker", "database", "broker")
CORNER_M = 5000.0  # of four cells, in the middle of the block
SHOT_EVERY_S, AGAIN_S, DRAIN_S = 4.0, 0.3, 90.0
LOCATED_M, SAME_S = 15.0, 0.1
SETTINGS = """
database = "{database}"
[limits]
reports_per_s = 1000.0
[workers]
cell_m = 5000.0
[workers.broker]
url = "{broker}"
"""


class Town:
    """A centre on PostgreSQL with two workers and their queue, nodes that report shots, and what was acknowledged."""

    def __init__(self, folder: Path, seed: int, running: ExitStack) -> None:
        self._random = random.Random(seed)  # noqa: S311 — chooses faults and places
        self._postgres, self._nats = (
            running.enter_context(cluster()),
            running.enter_context(server("nats", folder / "js")),
        )
        told = SETTINGS.format(database=self._postgres.database(), broker=self._nats.url)
        self.city = running.enter_context(City(folder, told))
        self.city.start_centre()
        self._site = folder / "centre.toml"
        for name in ("worker-1", "worker-2"):
            self._start(name)
        centre = RunningCentre(cast("Any", None), self.city.data, self.city.ingest, self.city.page)
        self._lines = running.enter_context(Lines(centre))
        middle_m = CORNER_M - 225.0, CORNER_M - 150.0
        self.nodes = [FakeNode(f"roof-{n}", x + middle_m[0], y + middle_m[1], z) for n, (x, y, z) in enumerate(GRID)]
        for node, secret in zip(self.nodes, self.city.tokens(len(self.nodes)), strict=True):
            node.enrol(self._lines, secret)
        self.acknowledged: set[tuple[str, int]] = set()
        self.fired: list[tuple[float, float, int]] = []
        self.refused = Counter[int]()

    def suffer(self, kills: int) -> Counter[str]:
        """Kill each of the four so many times, in any order, while shots are fired; what was killed how often."""
        chosen = [victim for victim in VICTIMS for _ in range(kills)]
        self._random.shuffle(chosen)
        ended = threading.Event()
        firing = threading.Thread(target=self._fire, args=(ended,))
        firing.start()
        try:
            for victim in chosen:
                time.sleep(self._random.uniform(0.5, 3.0))
                self._kill(victim)
        finally:
            ended.set()
            firing.join()
        return Counter(chosen)

    def _kill(self, victim: str) -> None:
        gone_s = self._random.uniform(0.0, 1.5)
        if victim == "centre":
            self.city.kill("centre")
            time.sleep(gone_s)
            while True:
                try:
                    return self.city.start_centre()
                except ResourceError:  # as a service does, where the database is still recovering
                    self.city.kill("centre")
        if victim == "worker":
            name = self._random.choice(("worker-1", "worker-2"))
            self.city.kill(name)
            time.sleep(gone_s)
            return self._start(name)
        killed = self._postgres if victim == "database" else self._nats
        killed.kill()
        time.sleep(gone_s)
        return killed.start()

    def _start(self, name: str) -> None:
        self.city.start(name, "centre", "worker", self._site, "--data", self.city.data)

    def _fire(self, ended: threading.Event) -> None:
        """Shots, each reported by every node as it hears it, again and again until it is acknowledged."""
        sending: list[threading.Thread] = []
        while not ended.wait(SHOT_EVERY_S):
            x, y = (CORNER_M + self._random.uniform(-120.0, 120.0) for _ in range(2))
            self.fired.append((x, y, time.time_ns()))
            for node in self.nodes:
                heard = node.hear(*self.fired[-1])
                report = node.report([heard], wire.health(interval_s=SHOT_EVERY_S))
                key = node.id, report.sequence
                late_s = (heard.time_ns - time.time_ns()) * 1e-9
                sending.append(threading.Thread(target=self._send, args=(key, node.sealed(report), late_s)))
                sending[-1].start()
        for thread in sending:
            thread.join()

    def _send(self, key: tuple[str, int], body: bytes, late_s: float) -> None:
        time.sleep(max(0.0, late_s))
        while True:
            try:
                answer = self._lines.of(key[0]).post("/report", content=body)
            except httpx.HTTPError:
                time.sleep(AGAIN_S)
                continue
            if answer.status_code == 200:
                self.acknowledged.add(key)
                return
            self.refused[answer.status_code] += 1
            if answer.status_code != 503:
                return
            time.sleep(AGAIN_S)

    def account(self) -> dict[str, Any]:
        """What became of every report and every shot."""
        store = Store(self.city.data)
        _wait_until_located(store)
        kept = store.read_now(lambda c: Counter(map(tuple, c.execute(sa.select(reports.c.node, reports.c.sequence)))))
        heard = store.read_now(lambda c: c.scalar(sa.select(sa.func.count()).select_from(arrivals))) or 0
        shots = store.read_now(lambda c: latest_shots(c, 0, 2**62))
        chain = Check(centre_key=open_authority(self.city.data).order_key.public_key())
        while lines := store.read_now(next_lines(chain.last)):
            chain.take(lines)
        store.close()
        standing = [shot for shot in shots if shot.verdict.label != WITHDRAWN]
        found = [
            sum(
                abs(shot.origin.time_ns - at_ns) * 1e-9 < SAME_S
                and math.dist((shot.origin.x, shot.origin.y), (x, y)) < LOCATED_M
                for shot in standing
            )
            for x, y, at_ns in self.fired
        ]
        return {
            "reports_acknowledged": len(self.acknowledged),
            "answered_503": self.refused[503],
            "answered_otherwise": sum(count for status, count in self.refused.items() if status != 503),
            "lost": len(self.acknowledged - kept.keys()),
            "doubled": heard - len(self.acknowledged),
            "shots": len(self.fired),
            "shots_located": sum(count > 0 for count in found),
            "shots_doubled": sum(count > 1 for count in found),
            "other_shots": len(standing) - sum(found),
            "chain_holds": chain.good,
        }


def town_kills(times: int, seed: int = 3) -> dict[str, Any]:
    """Each of the four killed so many times."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder, ExitStack() as running:
        town = Town(Path(folder), seed, running)
        killed = town.suffer(times)
        return {"killed": dict(killed), **town.account()}


def _wait_until_located(store: Store) -> None:
    """Every cell has seen the newest arrival through, and looked at the whole once more."""
    end_s = time.monotonic() + DRAIN_S
    while time.monotonic() < end_s and store.read_now(waiting):
        time.sleep(0.5)
    time.sleep(QUIET_S + 3.0)

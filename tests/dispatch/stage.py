"""A centre with something on every page: nodes well and ill, shots, an exercise, people who decided."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa

from arrays.report import Health, WireArrival
from dispatch.people import register
from dispatch.people.roles import Role
from dispatch.store import Store
from dispatch.store.people import LinkKind
from tests.dispatch.running import FakeNode, Lines, RunningCentre, block, running_centre, send, tokens, wait_for

S = 10**9
MODEL = "9b1f3c7a52e84d06" * 4
PASSWORD = "a lantern over still water"
SETTINGS = """
name = "Rue des Essais"
timezone = "Europe/Paris"
[origin]
lat = 44.8378
lon = -0.5792
[[zones]]
name = "Old town"
corners_m = [[-100, -100], [230, -100], [230, 400], [-100, 400]]
[[zones]]
name = "Harbour"
corners_m = [[230, -100], [600, -100], [600, 400], [230, 400]]
[[alerts]]
name = "city"
to = {kind = "feed", sender = "tocsin.example"}
[[alerts]]
name = "night-shift"
unacknowledged_s = 120
when = {zones = ["Harbour"], hours = "22:00-06:00", exercises = false}
to = {kind = "feed", sender = "tocsin.example"}
"""
ILL = {
    "roof-4": Health(
        state="degraded",
        reasons=["The clock is known to 3 ms only: no GNSS fix since 20 min."],
        clock_sigma_s=3e-3,
        interval_s=600.0,
    ),
    "roof-9": Health(state="deaf", reasons=["Microphone 2 gives no sound."], interval_s=600.0),
}


@dataclass
class Stage:
    """The centre, its nodes, and a dispatcher and an administrator who work there."""

    centre: RunningCentre
    client: Lines
    nodes: list[FakeNode]
    bob: httpx.Client
    ann: httpx.Client

    def fire(self, x: float, y: float, rounds: int = 1, ago_s: float = 4.0, label: str = "gunshot") -> None:
        """Rounds at a place, 0.7 s apart, as all nodes but the deaf one hear them."""
        start_ns = time.time_ns() - round(ago_s * S)
        for node in self.nodes:
            if node.id == "roof-9":
                continue
            arrivals = [_farther(node, x, y, node.hear(x, y, start_ns + n * 7 * S // 10, label)) for n in range(rounds)]
            self.say(node, arrivals)

    def say(
        self,
        node: FakeNode,
        arrivals: Sequence[WireArrival] = (),
        health: Health | None = None,
        *,
        exercise: bool = False,
    ) -> None:
        """A report of a node."""
        report = node.report(arrivals, health)
        told = msgspec.structs.replace(report, program="tocsin 0.1.0", model=MODEL)
        chosen = msgspec.structs.replace(told, exercise=True) if exercise else told
        assert send(self.client, node.sealed(chosen)).status_code == 200

    def event(self, x: float, y: float) -> dict[str, Any]:
        """The event near a place, once it is there."""

        def found() -> list[dict[str, Any]]:
            return [e for e in self.centre.state()["events"] if abs(e["x"] - x) + abs(e["y"] - y) < 30.0]

        return dict(wait_for(found)[0])

    def decide(self, event: dict[str, Any], **what: Any) -> None:
        """The dispatcher decides."""
        self.bob.post(f"/api/events/{event['id']}/decisions", json=what).raise_for_status()


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The stage, set; it takes some seconds."""
    (folder / "centre.toml").write_text(SETTINGS)
    with running_centre(folder / "data", str(folder / "centre.toml")) as centre, centre.client() as client:
        nodes = block()
        for node, token in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
            node.enrol(client, token)
        stage = Stage(
            centre,
            client,
            nodes,
            let_in(centre, "Bob Leclerc", "dispatcher"),
            let_in(centre, "Ann Martin", "administrator"),
        )
        for minute in range(30):  # a little history, told late
            for node in nodes[:3]:
                noise_db = -52.0 + minute % 7 + (6.0 if 12 < minute < 18 else 0.0)
                told = Health(state="ok", clock_sigma_s=2e-5 * (1 + minute % 3), noise_db=noise_db, interval_s=60.0)
                stage.say(node, health=told)
        for node in nodes:
            stage.say(node, health=ILL.get(node.id, _well()))
        yield stage


def person(centre: RunningCentre, name: str, role: str, kind: LinkKind | None = None) -> str:
    """The link of a new person; of kind `enter`, it asks for no password."""
    store, now_ms = Store(centre.data), time.time_ns() // 1_000_000

    def work(connection: sa.Connection) -> str:
        added = register.add(connection, name, Role(role), "Ann", now_ms)
        return register.make_link(connection, added, "Ann", now_ms, kind)

    try:
        return store.write_now(work)
    finally:
        store.close()


def let_in(centre: RunningCentre, name: str, role: str) -> httpx.Client:
    """The browser of a new person."""
    client = httpx.Client(base_url=centre.page, headers={"Origin": centre.page}, timeout=20.0)
    secret = person(centre, name, role).partition("/")[2]
    client.post("/api/session/link", json={"secret": secret, "password": PASSWORD}).raise_for_status()
    centre.clients.append(client)
    return client


def play(stage: Stage) -> None:
    """Shots of every kind, and what people made of them."""
    for x, y, rounds, ago_s, label in (
        (120.0, 60.0, 3, 24.0, "gunshot"),
        (330.0, 220.0, 1, 18.0, "firework"),
        (60.0, 230.0, 1, 13.0, "gunshot"),
        (395.0, 90.0, 2, 5.0, "gunshot"),
    ):
        stage.fire(x, y, rounds, ago_s, label)
    first, second = stage.event(120.0, 60.0), stage.event(60.0, 230.0)
    stage.event(395.0, 90.0)
    stage.decide(first, action="acknowledge")
    stage.decide(first, action="dispatch", text="Car 12, from the north")
    stage.decide(first, action="note", text="Second caller says a white van left towards the quay.")
    stage.decide(
        second, action="close", outcome="confirmed", grounds=["casings"], text="Three casings under the arcade"
    )


def _well() -> Health:
    return Health(state="ok", clock_sigma_s=2e-5, noise_db=-51.0, interval_s=600.0, temperature_c=21.0)


def _farther(node: FakeNode, x: float, y: float, arrival: WireArrival) -> WireArrival:
    metres = max(((node.x - x) ** 2 + (node.y - y) ** 2) ** 0.5, 20.0)
    return msgspec.structs.replace(arrival, snr_db=round(48.0 - 9.0 * (metres / 100.0) ** 0.5, 1))

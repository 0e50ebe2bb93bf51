"""How many arrivals a second do one, two and four location workers see through?

Four towns, each in a cell of its own, have fired for a minute; their arrivals are in PostgreSQL and in the queues of
NATS JetStream, as the centre puts them there, and workers' processes drain them. On a machine with two cores four
workers can be no faster than two; the time of a core that an arrival costs says what a machine with more would do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from nats.aio.client import Client

from benchmarks._arrivals import city
from dispatch.locator import QUIET_S
from dispatch.store import Store
from dispatch.store.events import latest_shots
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.store.reports import Received, add_reports
from dispatch.workers.cells import around, cells_of
from dispatch.workers.queue import STREAM
from localisation.arrivals import Arrival
from localisation.verdict import WITHDRAWN
from tests.dispatch.postgres import Cluster, cluster
from tests.dispatch.test_brokers import server
from tests.dispatch.workers.test_workers import taken, working
from tests.localisation.simulated import EPOCH_NS

TOWNS, NODES, SHOTS_PER_MIN, CELL_M = 4, 25, 30.0, 8000.0
WORKERS = (1, 2, 4)


def run() -> dict[str, Any]:
    """Two workers against one."""
    if shutil.which("nats-server") is None:
        return {"skipped": "nats-server is not installed (Debian has it)"}
    with cluster() as postgres:
        told = {count: drained(postgres, count) for count in WORKERS}
    for count, (per_s, busy_ms, shots, arrivals) in told.items():
        print(
            f"{count} workers: {per_s:.0f} arrivals/s of {arrivals}, {busy_ms:.1f} ms of a core each, {shots} shots "
            f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.0f})"
        )
    return {
        "ours": round(told[2][0], 1),
        "unit": "arrivals/s, two workers",
        "peer": "one worker",
        "peer_value": round(told[1][0], 1),
        "ratio": round(told[2][0] / told[1][0], 2),
        "floor": 1.0,
        "quality": {
            **{f"per_s_{count}": round(one[0], 1) for count, one in told.items()},
            **{f"busy_ms_{count}": round(one[1], 2) for count, one in told.items()},
            "cores": os.cpu_count(),
            "same_shots": len({one[2] for one in told.values()}) == 1,
        },
    }


def drained(postgres: Cluster, count: int) -> tuple[float, float, int, int]:
    """With so many workers: arrivals a second, milliseconds of a core for each, shots that stand, arrivals."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as place, ExitStack() as running:
        folder = Path(place)
        nats = running.enter_context(server("nats", folder / "nats"))
        site, data = folder / "centre.toml", folder / "data"
        url = postgres.database()
        site.write_text(
            f'database = "{url}"\n[workers]\ncell_m = {CELL_M}\n[workers.broker]\nurl = "{nats.url}"\n'
            "[air]\ntemperature_c = 15.0\n"
        )
        nodes, heard = towns(time.time_ns() - 60 * 10**9)
        store = Store(data, url)
        for node in nodes:
            store.write_now(lambda c, node=node: add_node(c, node))  # type: ignore[misc]
        names = [f"worker-{n}" for n in range(count)]
        workers = [running.enter_context(working(site, data, name)) for name in names]
        cells = cells_of([(node.x, node.y) for node in nodes], CELL_M)
        while taken(folder, *names) < len(cells) or min(taken(folder, name) for name in names) < len(cells) // count:
            time.sleep(0.2)
        time.sleep(3.0)  # their queues are open
        keep(store, heard)
        before_s, began = sum(map(busy_s, (w.pid for w in workers))), time.monotonic()
        asyncio.run(queue_and_wait(nats.url, heard, len(cells)))
        spent_s, used_s = time.monotonic() - began, sum(map(busy_s, (w.pid for w in workers))) - before_s
        time.sleep(QUIET_S + 3.0)  # after a silence each cell looks at the whole once more
        shots = store.read_now(lambda c: latest_shots(c, 0, 2**62))
        store.close()
        stand = sum(shot.verdict.label != WITHDRAWN for shot in shots)
        return len(heard) / spent_s, 1e3 * used_s / len(heard), stand, len(heard)


def towns(start_ns: int) -> tuple[list[NodeRecord], list[Arrival]]:
    """Towns in the middle of their cells, and what all of them heard, by time."""
    nodes, heard = [], []
    for number in range(TOWNS):
        town = city(NODES, SHOTS_PER_MIN, 1.0, 1 + number)
        middle = town.places[:, :2].mean(0).tolist()
        east, north = CELL_M * (number % 2 + 0.5) - middle[0], CELL_M * (number // 2 + 0.5) - middle[1]
        for k, (x, y, z) in enumerate(town.places.tolist()):
            nodes.append(NodeRecord(id=f"t{number}-{k}", public_key=b"k", x=x + east, y=y + north, z=z))
        for n, a in enumerate(town.heard):
            name = f"t{number}-{a.node[1:]}"
            moved = {"x": a.x + east, "y": a.y + north, "time_ns": a.time_ns - EPOCH_NS + start_ns}
            heard.append(replace(a, id=f"{name}:{n}", node=name, **moved))
    return nodes, sorted(heard, key=lambda a: a.time_ns)


def keep(store: Store, heard: list[Arrival]) -> None:
    """Have them in the store, as a centre has before it hands them over."""
    received = [
        Received(node=a.node, sequence=n, received_ns=a.time_ns, body=a.id.encode(), signature=b"s", arrivals=(a,))
        for n, a in enumerate(heard)
    ]
    store.write_now(lambda c: add_reports(c, received))


async def queue_and_wait(url: str, heard: list[Arrival], consumers: int) -> None:
    """Queue every arrival for the cells that hear it; return once all are seen through."""
    client = Client()
    await client.connect(url)
    stream = client.jetstream()
    for first in range(0, len(heard), 200):
        await asyncio.gather(
            *(
                stream.publish(cell.subject, msgspec.json.encode(arrival))
                for arrival in heard[first : first + 200]
                for cell in around(arrival.x, arrival.y, CELL_M)
            )
        )
    while True:
        told = [await stream.consumer_info(STREAM, one.name) for one in await stream.consumers_info(STREAM)]
        if len(told) == consumers and not any((one.num_pending or 0) + (one.num_ack_pending or 0) for one in told):
            break
        await asyncio.sleep(0.05)
    await client.close()


def busy_s(pid: int) -> float:
    """Seconds of a core that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

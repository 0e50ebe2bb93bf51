"""How many reports a second does a centre take, each durable before it is acknowledged, against this disk's own syncs?

A centre in a process of its own, on SQLite. Nodes that exist only as keys and connections (mutual TLS) send it signed
words on health, which is nearly all that a town's nodes send, and wait for each answer; then the centre is killed and
its store counted. The disk's own rate is measured in the same run, in the same folder: a page written and synced
(fdatasync), again and again, as a centre must do that commits each report alone. What arrivals cost on top, which is
locating them, is `benchmarks.latency`'s.
"""

from __future__ import annotations

import os
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import msgspec

from arrays.parcel import Answers, pack, unpack
from arrays.report import decode_envelope, decode_report
from benchmarks.timing import seconds
from dispatch.store import Store
from dispatch.store.reports import Received, add_reports
from dispatch.trust.signatures import signed_by
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, Lines, RunningCentre, running_centre, tokens

NODES, PARCELS, REPORTS, ALONE = 16, 24, 25, 60  # connections, parcels each, reports in each; then parcels of one
PAGE_BYTES, SYNC_S = 4096, 1.0
SETTINGS = "[limits]\nreports_per_s = 1e6\nburst = 1000000\n"


def run() -> dict[str, Any]:
    """Reports a second over the disk's own syncs a second."""
    with tempfile.TemporaryDirectory(prefix="tocsin-") as place:
        folder = Path(place)
        before = syncs_per_s(folder)
        many, alone = taken(folder / "many", PARCELS, REPORTS), taken(folder / "alone", ALONE, 1)
        floor = statistics.mean((before, syncs_per_s(folder)))
    print(f"the disk syncs a page {floor:.0f} times a second")
    for words, one in ((f"in parcels of {REPORTS}", many), ("each alone", alone)):
        print(f"{one.count} reports {words}: {one.per_s:.0f} a second, {one.busy_us:.0f} µs of a core each")
    for name, spent_s in costs().items():
        print(f"  {name}: {1e6 * spent_s:.0f} µs a report")
    return {
        "ours": round(many.per_s, 1),
        "unit": "durable reports/s",
        "peer": "this disk's own fdatasync rate",
        "peer_value": round(floor, 1),
        "ratio": round(many.per_s / floor, 2),
        "floor": 10.0,
        "quality": {
            "kept_of_acknowledged": (many.kept + alone.kept) / (many.count + alone.count),
            "us_per_report": round(many.busy_us, 1),
            "alone_per_s": round(alone.per_s, 1),
            "alone_us_per_report": round(alone.busy_us, 1),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many were acknowledged, in what time (s), what it cost the centre (s of one core), how many it has kept."""

    count: int
    spent_s: float
    busy_s: float
    kept: int

    @property
    def per_s(self) -> float:
        """Reports a second."""
        return self.count / self.spent_s

    @property
    def busy_us(self) -> float:
        """Of a core, a report."""
        return 1e6 * self.busy_s / self.count


def syncs_per_s(folder: Path) -> float:
    """How often one page can be written and synced."""
    path = folder / "synced"
    with path.open("wb", buffering=0) as file:
        page, times = os.urandom(PAGE_BYTES), 0
        began = time.monotonic()
        while time.monotonic() - began < SYNC_S:
            file.write(page)
            os.fdatasync(file.fileno())
            times += 1
        spent_s = time.monotonic() - began
    path.unlink()
    return times / spent_s


def costs() -> dict[str, float]:
    """Seconds of one core that each step takes a report, by itself, in this process."""
    nodes = [FakeNode(f"roof-{n}", 10.0 * n) for n in range(20)]
    sealed = [body for node in nodes for body in _reports(node, REPORTS)]
    parcels = [pack(sealed[k : k + REPORTS]) for k in range(0, len(sealed), REPORTS)]
    envelopes = [decode_envelope(body) for body in sealed]
    keys = {node.id: node.key.public_key().public_bytes_raw() for node in nodes}
    reports = [decode_report(envelope.body) for envelope in envelopes]
    received = [
        Received(
            node=report.node,
            sequence=report.sequence,
            received_ns=1,
            body=envelope.body,
            signature=envelope.signature,
        )
        for report, envelope in zip(reports, envelopes, strict=True)
    ]
    steps: dict[str, Callable[[], object]] = {
        "inflate": lambda: [unpack(parcel) for parcel in parcels],
        "decode": lambda: [decode_report(decode_envelope(body).body) for body in sealed],
        "verify": lambda: [signed_by(envelope, keys[envelope.node]) for envelope in envelopes],
        "keep": lambda: _keep(received),
    }
    spent = seconds(*steps.values(), rounds=3)
    return {name: each / len(sealed) for name, each in zip(steps, spent, strict=True)}


def _keep(received: Sequence[Received]) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-") as place:
        store = Store(Path(place))
        store.write_now(lambda c: add_reports(c, received))
        store.close()


def taken(folder: Path, parcels: int, reports: int) -> Taken:
    """Send so many parcels over each connection, kill the centre, and look."""
    folder.mkdir()
    (folder / "centre.toml").write_text(SETTINGS)
    with running_centre(folder / "data", str(folder / "centre.toml")) as centre, centre.client() as client:
        nodes = [FakeNode(f"roof-{n}", 100.0 * n) for n in range(NODES)]
        for node, secret in zip(nodes, tokens(centre.data, NODES), strict=True):
            node.enrol(client, secret)
        senders = [Sender(centre, client, node, parcels, reports) for node in nodes]
        before_s, began = _busy_s(centre), time.monotonic()
        threads = [threading.Thread(target=sender.run) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent_s, busy_s = time.monotonic() - began, _busy_s(centre) - before_s
        count = sum(sender.taken for sender in senders)
        if count != NODES * parcels * reports:
            raise RuntimeError(f"of {NODES * parcels * reports} reports only {count} were taken")
        centre.kill()  # as a power cut would: what was acknowledged is there
    store = Store(folder / "data")
    kept = store.read_now(lambda c: c.exec_driver_sql("SELECT count(*) FROM reports").scalar_one())
    store.close()
    return Taken(count=count, spent_s=spent_s, busy_s=busy_s, kept=kept)


class Sender:
    """One node's connection, and what it will send, made before the clock runs."""

    def __init__(self, centre: RunningCentre, client: Lines, node: FakeNode, parcels: int, reports: int) -> None:
        self.taken = 0
        context = ssl.create_default_context(cafile=str(centre.data / "keys" / "ca.pem"))
        context.load_cert_chain(client.file(node.id))
        host, _, port = centre.ingest.removeprefix("https://").partition(":")
        self._line = HTTPSConnection(host, int(port), context=context, timeout=60)
        self._line.connect()
        self._parcels = [pack(_reports(node, reports)) for _ in range(parcels)]

    def run(self) -> None:
        """Send all, each once the last was answered."""
        for parcel in self._parcels:
            self._line.request("POST", "/reports", parcel, {"Content-Type": "application/octet-stream"})
            answers = msgspec.msgpack.decode(self._line.getresponse().read(), type=Answers)
            self.taken += sum(outcome.status == 200 for outcome in answers.outcomes)
        self._line.close()


def _reports(node: FakeNode, count: int) -> list[bytes]:
    return [node.sealed(node.report(health=wire.health())) for _ in range(count)]


def _busy_s(centre: RunningCentre) -> float:
    """Seconds of a core that the centre's process has used."""
    fields = Path(f"/proc/{centre.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

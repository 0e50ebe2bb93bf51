"""A real centre in its own process, and nodes that exist only as keys and places: what several tests share."""

from __future__ import annotations

import math
import os
import secrets
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from acoustic.errors import InputError
from arrays.identity import certificate_request
from arrays.report import Health, Report, WireArrival, decode_envelope
from dispatch.people import register
from dispatch.people.roles import Role
from dispatch.store import Store
from dispatch.store.people import LinkKind
from tests.dispatch import wire

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPOSITORY = Path(__file__).resolve().parents[2]
SPEED_MS = 340.3
GRID = [(x, y, 10.0 + 3.0 * ((x + 2 * y) // 150 % 3)) for x in (0.0, 150.0, 300.0, 450.0) for y in (0.0, 150.0, 300.0)]


@dataclass
class RunningCentre:
    """A centre's process and its two addresses."""

    process: subprocess.Popen[str]
    data: Path
    ingest: str
    page: str
    clients: list[httpx.Client] = field(default_factory=list)

    def tls(self) -> ssl.SSLContext:
        """Trusts this centre's CA and nothing else."""
        return ssl.create_default_context(cafile=str(self.data / "keys" / "ca.pem"))

    def client(self) -> Lines:
        """The connections of nodes."""
        return Lines(self)

    def client_of_page(self, *rights: str) -> httpx.Client:
        """A program with a token of its own; without rights named, one that sees everything."""
        name = f"test {secrets.token_hex(4)}"
        may = [part for right in rights or ("see-events", "see-places") for part in ("--may", right)]
        token = said("centre", "machines", "add", name, *may, "--data", self.data)
        return self._client({"Authorization": f"Bearer {token}"})

    @cached_property
    def api(self) -> httpx.Client:
        """A program that sees everything."""
        return self.client_of_page()

    def let_in(self, role: str) -> httpx.Client:
        """The browser of a new person of a role, let in by a link without a password, and sending as a page does."""
        secret = one_time_link(self.data, role).partition("/")[2]
        client = self._client({"Origin": self.page})
        client.post("/api/session/link", json={"secret": secret}).raise_for_status()
        return client

    def _client(self, headers: dict[str, str]) -> httpx.Client:
        self.clients.append(httpx.Client(base_url=self.page, headers=headers, timeout=20.0))
        return self.clients[-1]

    def show(self, page: Page, role: str = "administrator") -> None:
        """Open this centre's page, as someone of a role."""
        page.goto(f"{self.page}/#/{one_time_link(self.data, role)}")

    def state(self) -> dict[str, Any]:
        """The page's state now."""
        return dict(self.api.get("/api/state").raise_for_status().json())

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.process.kill()
        self.process.wait(10)


class Lines(httpx.Client):
    """Connections to one centre: this one shows no certificate; `of` gives each node its own, under the certificate
    that it was given, which outlives the centre's process."""

    def __init__(self, centre: RunningCentre) -> None:
        super().__init__(base_url=centre.ingest, verify=centre.tls(), timeout=20.0)
        self._centre = centre
        self._own: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()

    def file(self, node: str) -> Path:
        """Where the certificate and the key of a node are."""
        return self._centre.data.parent / f"{self._centre.data.name}-{node}.pem"

    def of(self, node: str) -> httpx.Client:
        """A node's own connection; one without a certificate where it has none."""
        with self._lock:
            if node not in self._own and self.file(node).exists():
                context = self._centre.tls()
                context.load_cert_chain(self.file(node))
                self._own[node] = httpx.Client(base_url=self._centre.ingest, verify=context, timeout=20.0)
            return self._own.get(node, self)

    def keep(self, node: FakeNode, certificate: str) -> None:
        """From now on the node shows this certificate."""
        key = node.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.file(node.id).write_bytes(certificate.encode() + key)
        with self._lock:
            if (old := self._own.pop(node.id, None)) is not None:
                old.close()

    def close(self) -> None:
        """All of them."""
        for own in self._own.values():
            own.close()
        super().close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        self.close()


def command(*arguments: str | Path) -> list[str]:
    """`tocsin …` of this very checkout."""
    return [sys.executable, str(REPOSITORY / "tocsin.py"), *map(str, arguments)]


@contextmanager
def running_centre(data: Path, *arguments: str, listen: str = "127.0.0.1:0") -> Iterator[RunningCentre]:
    """A centre on free ports, ended at exit if it still runs."""
    line = command("centre", "--data", data, "--listen", listen, "--page-port", "0", *arguments)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    log = (data.parent / f"{data.name}.log").open("a")
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        assert process.stdout is not None
        addresses = [process.stdout.readline().rpartition(" ")[2].strip() for _ in range(2)]
        assert addresses[1].startswith("http"), log.name
        running = RunningCentre(process, data, addresses[0], addresses[1])
        yield running
        for client in running.clients:
            client.close()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        log.close()


def one_time_link(data: Path, role: str, kind: LinkKind = "enter") -> str:
    """`KIND/SECRET`, for a new person of a role."""
    store, now_ms = Store(data), time.time_ns() // 1_000_000

    def work(connection: sa.Connection) -> str:
        person = register.add(connection, f"{role} {secrets.token_hex(4)}", Role(role), "a test", now_ms)
        return register.make_link(connection, person, "a test", now_ms, kind)

    try:
        return store.write_now(work)
    finally:
        store.close()


def said(*arguments: str | Path) -> str:
    """What a command prints."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=True).stdout.strip()


def token(data: Path) -> str:
    """A one-time token, as an administrator gets it."""
    return tokens(data, 1)[0]


def tokens(data: Path, count: int) -> list[str]:
    """Several one-time tokens."""
    return said("centre", "token", "--data", data, "--count", str(count)).split()


@dataclass
class FakeNode:
    """A node without microphones: its key, its place, and what it would report."""

    id: str
    x: float = 0.0
    y: float = 0.0
    z: float = 10.0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sequence: int = 0
    number: int = 0

    def request(self, secret: str) -> dict[str, Any]:
        """The body of its enrolment."""
        position = {"x": self.x, "y": self.y, "z": self.z}
        request = certificate_request(self.key, self.id)
        return {"token": secret, "node": self.id, "request": request, "position": position, "microphones": []}

    def enrol(self, client: Lines, secret: str) -> dict[str, Any]:
        """Become known to the centre; its welcome."""
        welcome = dict(client.post("/enrol", json=self.request(secret)).raise_for_status().json())
        client.keep(self, welcome["certificate"])
        return welcome

    def hear(self, x: float, y: float, time_ns: int, label: str = "gunshot") -> WireArrival:
        """The arrival of a shot fired at a place (z = 1.5 m) and time."""
        self.number += 1
        delay_s = math.dist((self.x, self.y, self.z), (x, y, 1.5)) / SPEED_MS
        return wire.arrival(self.number, time_ns + round(delay_s * 1e9), label)

    def report(
        self, arrivals: Sequence[WireArrival] = (), health: Health | None = None, sent_ns: int | None = None
    ) -> Report:
        """Its next report."""
        self.sequence += 1
        return wire.report(self.id, self.sequence, time.time_ns() if sent_ns is None else sent_ns, arrivals, health)

    def sealed(self, report: Report) -> bytes:
        """The signed bytes of a report."""
        return wire.seal(report, self.key)


def send(client: Lines, body: bytes, node: str = "") -> httpx.Response:
    """Post the bytes of a report under the certificate of a node: of `node`, else of the one that the report names."""
    if not node:
        with suppress(InputError):
            node = decode_envelope(body).node
    return client.of(node).post("/report", content=body, headers={"content-type": "application/msgpack"})


def block(prefix: str = "roof") -> list[FakeNode]:
    """Twelve nodes on the roofs of a block 450 m by 300 m."""
    return [FakeNode(f"{prefix}-{number}", *place) for number, place in enumerate(GRID, start=1)]


def wait_for(condition: Any, timeout_s: float = 20.0, every_s: float = 0.05) -> Any:
    """What `condition()` returns once it is true; fails after a while."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every_s)
    raise AssertionError(f"still not so after {timeout_s:g} s")

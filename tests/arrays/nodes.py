"""Real node processes and a small centre for them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import soundfile
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from arrays.mandate import Mandate, mandate_order
from arrays.order import Order, sign_order
from arrays.report import Answer, Report, WireAnswer, WireArrival, decode_envelope, decode_report, encode, verify
from arrays.running import join
from arrays.settings import read_settings
from tests.arrays.https_server import Server
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write

REPOSITORY = Path(__file__).resolve().parents[2]
CENTRE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def tocsin(*arguments: str | Path) -> list[str]:
    """`tocsin …` of this checkout."""
    return [sys.executable, str(REPOSITORY / "tocsin.py"), *map(str, arguments)]


class Centre:
    """Answers enrolments and reports as the contract says, and remembers them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.public_key = b""
        self.enrolment: dict[str, Any] = {}
        self.bodies: dict[int, bytes] = {}
        self.received_s: dict[int, float] = {}
        self.clips: list[bytes] = []
        self.mandate: Order | None = mandate_of()
        server.answer = self.answer

    @property
    def token(self) -> str:
        """Good for this centre."""
        return f"-secret.{self.server.fingerprint}"

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """/enrol, /renew and /report."""
        if path == "/enrol":
            self.enrolment = json.loads(body)
            request = self.enrolment["request"]
            key = x509.load_pem_x509_csr(request.encode()).public_key()
            assert isinstance(key, Ed25519PublicKey)
            self.public_key = key.public_bytes_raw()
            place = {"x": 10.0, "y": 20.0, "z": 5.0}
            welcome = {"ca": self.server.ca, "origin": None, "position": place, "centre_key": order_key()}
            given = {"certificate": self.server.certify(request), "mandate": self.mandate}
            return 200, json.dumps({**welcome, **msgspec.to_builtins(given)}).encode()
        if path == "/renew":
            certificate = self.server.certify(json.loads(body)["request"])
            return 200, json.dumps({"certificate": certificate, "ca": self.server.ca}).encode()
        if path == "/clips":
            self.clips.append(body)
            return 200, b""
        envelope = decode_envelope(body)
        assert verify(envelope, self.public_key)
        report = decode_report(envelope.body)
        if self.bodies.setdefault(report.sequence, envelope.body) != envelope.body:
            return 409, b'{"error": "other bytes"}'
        self.received_s.setdefault(report.sequence, time.time())
        return 200, encode(Answer(sequence=report.sequence))

    def reports(self) -> list[Report]:
        """What came in, by sequence."""
        return [decode_report(body) for _, body in sorted(self.bodies.items())]

    def answers(self) -> dict[str, WireAnswer]:
        """What became of each order that was answered."""
        return {answer.order: answer for report in self.reports() for answer in report.answers}

    def arrivals(self) -> list[WireArrival]:
        """Every arrival, in order."""
        return [arrival for report in self.reports() for arrival in report.arrivals]


def mandate_of(issued_ns: int = 1, end_ns: int = 2**61, reach_m: float = 100.0, **more: Any) -> Order:
    """A mandate, signed: from 1970 on, a square around the origin."""
    r = reach_m
    square = ((-r, -r), (r, -r), (r, r), (-r, r))
    mandate = Mandate(purpose="to test", zone=(square,), **{"start_ns": 0, "end_ns": end_ns, **more})
    return sign_order(mandate_order(mandate, issued_ns), CENTRE_KEY)


def order_key() -> str:
    """The centre's, as it tells nodes."""
    return base64.b64encode(CENTRE_KEY.public_key().public_bytes_raw()).decode()


def session_with_bangs(folder: Path, at_s: list[float], seconds: float, channels: int = 1) -> Path:
    """A session of one node, roof-1, in whose sound there is a bang at each instant."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = with_bangs(noise(seconds, channels), [round(s * RATE_HZ) for s in at_s])
    soundfile.write(folder / "roof-1.wav", sound.T, RATE_HZ, subtype="PCM_16")
    return write(folder, [node()])


def settings(folder: Path, start: float | None = None, **changes: Any) -> Path:
    """roof-1.toml beside a session in `scene`; played live from `start` (epoch seconds) on, where given."""
    lines = ['node = "roof-1"', 'data = "data"']
    lines += [f"{name} = {json.dumps(value)}" for name, value in changes.items()]
    lines += ["[source]", 'kind = "session"', 'folder = "scene"']
    if start is not None:
        lines.append(f'start_at_utc = "{datetime.fromtimestamp(start, UTC).isoformat().replace("+00:00", "Z")}"')
    path = folder / "roof-1.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def soon() -> float:
    """When a scene may begin (epoch seconds) that a node, started now, is to hear from its start: it takes a second or
    two to start, and longer on a machine that has much else to do."""
    return time.time() + min(10.0, 2.5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def enrolled(centre: Centre, path: Path) -> None:
    """Enrol the node of a settings file."""
    join(read_settings(path), centre.server.url, centre.token)


def started(path: Path) -> subprocess.Popen[str]:
    """A node at work."""
    return subprocess.Popen(
        tocsin("node", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def wait_for(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Return once it is so; fail after a while."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "still not so"
        time.sleep(0.01)

"""Reports as a node makes them, for the tests of the centre."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.report import Envelope, Health, Report, WireArrival, encode, sign


def arrival(number: int, time_ns: int, label: str = "gunshot") -> WireArrival:
    """A clear arrival, known to a tenth of a millisecond."""
    return WireArrival(
        number=number,
        time_ns=time_ns,
        sigma_s=1e-4,
        snr_db=25.0,
        level_db=-12.0,
        probabilities={label: 0.9, "other": 0.1},
    )


def report(
    node: str, sequence: int, sent_ns: int, arrivals: Sequence[WireArrival] = (), health: Health | None = None
) -> Report:
    """A report of the present version."""
    return Report(
        node=node, sequence=sequence, sent_ns=sent_ns, program="test", model="", arrivals=list(arrivals), health=health
    )


def health(state: str = "ok", interval_s: float = 3.0) -> Health:
    """What a node says of itself."""
    return Health(state=state, interval_s=interval_s)


def seal(content: Report, key: Ed25519PrivateKey) -> bytes:
    """A report signed and in its envelope."""
    return encode(sign(content, key))


def seal_body(node: str, body: bytes, key: Ed25519PrivateKey, v: int = 1) -> bytes:
    """Any bytes, properly signed."""
    signature = key.sign(b"tocsin report 1\n" + body)
    return encode(Envelope(v=v, node=node, body=body, signature=signature))


def json_bytes(message: object) -> bytes:
    """As a node writes JSON."""
    return msgspec.json.encode(message)

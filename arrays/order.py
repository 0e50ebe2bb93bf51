"""Orders: what the centre asks of a node, signed, in the answer to a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acoustic.errors import InputError
from localisation.arrivals import Ask

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DOMAIN = b"tocsin order 1\n"
REPICK = "repick"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order: `kind` says what is asked, `body` its values; good until `expires_ns` (UTC nanoseconds)."""

    id: str
    kind: str
    issued_ns: int
    expires_ns: int
    body: Mapping[str, Any] = {}
    signature: bytes = b""


class _Repick(msgspec.Struct, forbid_unknown_fields=True):
    shot: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{1,64}$")]
    time_ns: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    half_s: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]


def repick(ask: Ask, issued_ns: int, expires_ns: int) -> Order:
    """The order, unsigned, that has a node look again; a shot asks a node once, so the two are its name."""
    body = {"shot": ask.shot, "time_ns": ask.time_ns, "half_s": ask.half_s}
    return Order(id=f"{ask.shot}-{ask.node}", kind=REPICK, issued_ns=issued_ns, expires_ns=expires_ns, body=body)


def read_repick(order: Order, node: str) -> Ask:
    """What a repick order asks of this node. Raises InputError naming the field."""
    try:
        body = msgspec.convert(order.body, _Repick)
    except msgspec.ValidationError as error:
        raise InputError(f"order {order.id[:80]!r} is not a repick: {error}") from error
    return Ask(shot=body.shot, node=node, time_ns=body.time_ns, half_s=body.half_s)


def sign_order(order: Order, key: Ed25519PrivateKey) -> Order:
    """The same order with the centre's Ed25519 signature."""
    return msgspec.structs.replace(order, signature=key.sign(_signed(order)))


def verify_order(order: Order, public_key: bytes) -> bool:
    """Whether the centre of this 32-byte public key signed the order."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(order.signature, _signed(order))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(order: Order) -> bytes:
    unsigned = msgspec.structs.replace(order, signature=b"")
    return DOMAIN + msgspec.msgpack.encode(unsigned, order="deterministic")

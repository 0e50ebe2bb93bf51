"""Orders: what the centre asks of a node, signed, in the answer to a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DOMAIN = b"tocsin order 1\n"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order: `kind` says what is asked, `body` its values; good until `expires_ns` (UTC nanoseconds)."""

    id: str
    kind: str
    issued_ns: int
    expires_ns: int
    body: Mapping[str, Any] = {}
    signature: bytes = b""


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

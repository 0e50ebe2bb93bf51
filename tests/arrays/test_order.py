"""Orders: only the centre's own are believed."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.order import Order, sign_order, verify_order

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
ORDER = Order(id="o-1", kind="clip", issued_ns=1, expires_ns=2, body={"event": "e-1", "from_s": 1.5})


def test_a_signed_order_survives_the_wire() -> None:
    travelled = msgspec.msgpack.decode(msgspec.msgpack.encode(sign_order(ORDER, KEY)), type=Order)
    assert verify_order(travelled, PUBLIC)


def test_an_order_that_was_changed_unsigned_or_signed_by_another_is_not_believed() -> None:
    signed = sign_order(ORDER, KEY)
    assert not verify_order(ORDER, PUBLIC)
    assert not verify_order(msgspec.structs.replace(signed, expires_ns=3), PUBLIC)
    assert not verify_order(msgspec.structs.replace(signed, body={"event": "e-2"}), PUBLIC)
    assert not verify_order(sign_order(ORDER, Ed25519PrivateKey.generate()), PUBLIC)

"""The centre's fast check of signatures answers as the one that nodes and evidence use."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from arrays.report import Envelope, sign, verify
from dispatch.trust.signatures import signed_by
from tests.dispatch import wire

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNED = sign(wire.report("roof-1", 1, 0), KEY)
PUBLIC = KEY.public_key().public_bytes_raw()


def test_what_the_node_signed_is_known_and_nothing_else() -> None:
    assert signed_by(SIGNED, PUBLIC)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not signed_by(SIGNED, other)
    assert not signed_by(SIGNED, b"short")
    assert not signed_by(msgspec.structs.replace(SIGNED, signature=SIGNED.signature[:63]), PUBLIC)
    assert not signed_by(msgspec.structs.replace(SIGNED, body=SIGNED.body + b"\0"), PUBLIC)


@given(st.integers(0, len(SIGNED.signature + SIGNED.body) - 1), st.integers(0, 7))
def test_a_changed_bit_is_told_as_the_other_library_tells_it(at: int, bit: int) -> None:
    changed = bytearray(SIGNED.signature + SIGNED.body)
    changed[at] ^= 1 << bit
    envelope = Envelope(node="roof-1", signature=bytes(changed[:64]), body=bytes(changed[64:]))
    assert signed_by(envelope, PUBLIC) is verify(envelope, PUBLIC) is False


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=40))
def test_anything_at_all_is_no_signature(signature: bytes, body: bytes, key: bytes) -> None:
    assert not signed_by(Envelope(node="n", signature=signature, body=body), key)

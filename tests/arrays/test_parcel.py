"""What travels: small, exact, and believed only from the centre."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError, UnknownVersionError
from arrays.node import wire_arrival
from arrays.order import Order
from arrays.parcel import (
    MOST_BYTES,
    MOST_REPORTS,
    VERSION,
    Answers,
    Outcome,
    decode_answers,
    digest,
    open_sealed,
    pack,
    seal,
    unpack,
)
from arrays.report import Health, Report, WireArrival, encode, program, sign
from tests.arrays.test_pipeline import MODEL, TETRAHEDRON, pipeline, plane_wave, run

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW_NS = 1_795_000_000_123_456_789


def arrivals(count: int) -> list[WireArrival]:
    """Bangs as an array of four microphones reports them, with the shipped classifier."""
    sound = np.concatenate([plane_wave(213.4, 5.0, 0.6 + 0.01 * n) for n in range(count)], axis=1)
    heard = [wire_arrival(one) for one in run(pipeline(TETRAHEDRON, MODEL), sound, [])]
    assert len(heard) == count
    assert all(one.azimuth_deg is not None and one.probabilities for one in heard)
    return heard


def envelope(sequence: int, heard: Sequence[WireArrival] = (), health: Health | None = None) -> bytes:
    report = Report(
        node="roof-17",
        sequence=sequence,
        sent_ns=NOW_NS + sequence * 10**9,
        program=program(),
        model=MODEL.digest,
        arrivals=heard,
        health=health,
    )
    return encode(sign(report, KEY))


@given(st.lists(st.binary(max_size=600), min_size=1, max_size=20))
def test_what_is_packed_comes_out_as_it_was(envelopes: list[bytes]) -> None:
    assert unpack(pack(envelopes)) == envelopes


def test_an_arrival_takes_at_most_300_bytes_alone_or_in_company() -> None:
    heard = arrivals(4)
    alone = [pack([envelope(123_456 + n, [one])]) for n, one in enumerate(heard)]
    assert max(map(len, alone)) <= 300
    with_lead = msgspec.structs.replace(heard[0], shock_lead_s=0.123456789)
    assert len(pack([envelope(123_456, [with_lead])])) <= 300
    assert len(pack([envelope(123_456 + n, [one]) for n, one in enumerate(heard)])) <= 4 * 250
    assert len(pack([envelope(123_456, heard)])) <= 4 * 160


def test_health_takes_at_most_250_bytes() -> None:
    well = Health(state="ok", clock_sigma_s=1.234567e-4, noise_db=-61.2, outbox=0, gaps=3, uptime_s=86_400.123)
    assert len(pack([envelope(123_456, health=well)])) <= 250


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    for message in (noise, bytes([VERSION]) + noise):
        with contextlib.suppress(InputError):
            unpack(message)


@given(st.integers(1, 400))
def test_a_parcel_cut_off_anywhere_is_refused(left: int) -> None:
    whole = pack([envelope(1), envelope(2)])
    with pytest.raises(InputError):
        unpack(whole[: min(left, len(whole) - 1)])


def test_a_small_message_that_unpacks_to_much_is_refused() -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = bytes([VERSION]) + deflate.compress(bytes(50 * MOST_BYTES)) + deflate.flush()
    assert len(bomb) < MOST_BYTES
    with pytest.raises(InputError, match=f"holds more than {MOST_BYTES} bytes"):
        unpack(bomb)
    with pytest.raises(InputError, match=f"expected 1 to {MOST_REPORTS}"):
        unpack(pack([b""] * (MOST_REPORTS + 1)))
    with pytest.raises(InputError, match="expected 1 to"):
        unpack(pack([]))


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(UnknownVersionError, match="parcel version is 9; expected 1"):
        unpack(b"\x09abc")
    with pytest.raises(UnknownVersionError, match="parcel version is absent"):
        unpack(b"")
    with pytest.raises(UnknownVersionError, match="answer version is 9"):
        decode_answers(msgspec.msgpack.encode(Answers(v=9)))


def test_answers_over_a_broker_are_believed_from_the_centre_and_for_this_node_only() -> None:
    order = Order(id="o", kind="repick", issued_ns=1, expires_ns=2, body={"shot": "ab"})
    answers = Answers(about=digest(b"p"), outcomes=[Outcome(200), Outcome(403, "no")], orders=[order])
    sealed = seal("roof-1", answers, KEY)
    read = open_sealed("roof-1", sealed, PUBLIC)
    assert (read.about, list(read.outcomes), list(read.orders)) == (
        answers.about,
        answers.outcomes,
        answers.orders,
    )
    forger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for node, message in (
        ("roof-2", sealed),
        ("roof-1", seal("roof-1", answers, forger)),
        ("roof-1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("roof-1", b""),
        ("roof-1", b"\xc1garbage"),
    ):
        with pytest.raises(InputError, match="answer is not signed by the centre"):
            open_sealed(node, message, PUBLIC)

"""The wire: what is sent is what arrives, and nothing else is taken for it."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError, UnknownVersionError
from arrays.report import (
    DOMAIN,
    Answer,
    Envelope,
    Health,
    Report,
    WireAnswer,
    WireArrival,
    WireRepeat,
    decode_answer,
    decode_envelope,
    decode_report,
    encode,
    sign,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def an_arrival(**changes: Any) -> WireArrival:
    arrival = WireArrival(
        number=7,
        time_ns=1_780_347_604_000_000_000,
        sigma_s=2e-4,
        snr_db=24.0,
        level_db=-12.0,
        azimuth_deg=80.0,
        azimuth_sigma_deg=0.5,
        elevation_deg=3.0,
        probabilities={"gunshot": 0.9, "shock_wave": 0.02, "firework": 0.05, "other": 0.03},
        repeats=[WireRepeat(6, 0.31, 0.92)],
    )
    return msgspec.structs.replace(arrival, **changes)


def a_report(**changes: Any) -> Report:
    report = Report(
        node="roof-1",
        sequence=3,
        sent_ns=1_780_347_605_000_000_000,
        program="tocsin 0.1.0",
        model="ab" * 32,
        arrivals=[an_arrival()],
        health=Health(state="ok"),
        answers=[],
    )
    return msgspec.structs.replace(report, **changes)


def test_a_report_arrives_as_it_was_sent() -> None:
    envelope = decode_envelope(encode(sign(a_report(), KEY)))
    assert verify(envelope, PUBLIC)
    assert decode_report(envelope.body) == a_report()


def test_the_same_report_is_the_same_bytes() -> None:
    other_order = {"other": 0.03, "firework": 0.05, "shock_wave": 0.02, "gunshot": 0.9}
    assert encode(sign(a_report(), KEY)) == encode(
        sign(a_report(arrivals=[an_arrival(probabilities=other_order)]), KEY)
    )


def test_an_arrival_costs_at_most_300_bytes() -> None:
    alone = len(msgspec.msgpack.encode(an_arrival(repeats=[])))
    one_repeat = len(msgspec.msgpack.encode(an_arrival())) - alone
    assert alone <= 300
    assert one_repeat <= 24


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_changed_byte_breaks_the_signature(place: int, flip: int) -> None:
    envelope = sign(a_report(), KEY)
    body = bytearray(envelope.body)
    body[place % len(body)] ^= flip
    assert not verify(msgspec.structs.replace(envelope, body=bytes(body)), PUBLIC)


def test_another_node_s_key_and_a_broken_key_do_not_verify() -> None:
    envelope = sign(a_report(), KEY)
    assert not verify(envelope, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert not verify(envelope, b"short")
    assert not verify(msgspec.structs.replace(envelope, signature=b""), PUBLIC)


def test_a_field_of_tomorrow_is_kept_in_the_bytes() -> None:
    body = msgspec.msgpack.encode({**msgspec.to_builtins(a_report()), "temperature_c": 41.0})
    envelope = decode_envelope(encode(Envelope(node="roof-1", body=body, signature=KEY.sign(DOMAIN + body))))
    assert verify(envelope, PUBLIC)
    assert decode_report(envelope.body) == a_report()
    assert msgspec.msgpack.decode(envelope.body)["temperature_c"] == 41.0


def test_a_report_of_before_orders_were_answered_is_read() -> None:
    report = a_report()
    old = msgspec.to_builtins(report)
    del old["answers"]
    assert all("again" not in arrival for arrival in old["arrivals"])
    assert decode_report(msgspec.msgpack.encode(old)) == msgspec.structs.replace(report, answers=())


def test_what_was_found_again_and_the_answer_arrive() -> None:
    report = a_report(arrivals=[an_arrival(again="ab12")], answers=[WireAnswer("o-1", "found")])
    assert decode_report(sign(report, KEY).body) == report


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(UnknownVersionError, match="envelope version is 2; expected 1"):
        decode_envelope(msgspec.msgpack.encode({"v": 2, "whatever": []}))
    with pytest.raises(UnknownVersionError, match="report version is 9; expected 1"):
        decode_report(msgspec.msgpack.encode({**msgspec.to_builtins(a_report()), "v": 9}))
    with pytest.raises(UnknownVersionError, match="answer version is 0; expected 1"):
        decode_answer(msgspec.msgpack.encode({"v": 0}))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for decode in (decode_envelope, decode_report, decode_answer):
        with contextlib.suppress(InputError):
            decode(data)


@given(st.integers(0, 10**6))
def test_a_report_cut_short_is_refused(place: int) -> None:
    data = encode(sign(a_report(), KEY))
    with pytest.raises(InputError, match="envelope"):
        decode_envelope(data[: place % len(data)])


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (a_report(node=""), "report.node is ''"),
        (a_report(node="../etc"), "report.node is '../etc'"),
        (a_report(sequence=0), "report.sequence is 0; expected a number from 1 up"),
        (a_report(sent_ns=-1), "report.sent_ns is -1"),
        (a_report(program="x" * 2000), "program or model is longer"),
        (a_report(arrivals=[an_arrival(number=0)]), r"report.arrivals\[0\].number is 0"),
        (a_report(arrivals=[an_arrival(), an_arrival(sigma_s=math.nan)]), r"arrivals\[1\].sigma_s is nan"),
        (a_report(arrivals=[an_arrival(sigma_s=0.0)]), "sigma_s is 0.0"),
        (a_report(arrivals=[an_arrival(azimuth_deg=math.inf)]), "azimuth_deg is inf"),
        (a_report(arrivals=[an_arrival(probabilities={"gunshot": 1.2})]), "probabilities.gunshot is 1.2"),
        (a_report(arrivals=[an_arrival(probabilities={"<b>": 0.2})]), "the label '<b>'"),
        (a_report(arrivals=[an_arrival(repeats=[WireRepeat(7, 0.1, 0.9)])]), "repeats names arrival 7"),
        (a_report(arrivals=[an_arrival(repeats=[WireRepeat(3, math.nan, 0.9)])]), "repeats.interval_s is nan"),
        (a_report(arrivals=[an_arrival(again="../etc")]), "again is '../etc'; expected the key of a shot, or nothing"),
        (a_report(answers=[WireAnswer("o-1", "perhaps")]), "answers says 'perhaps' of 'o-1'; expected one of found"),
        (a_report(answers=[WireAnswer("o-1", "gone")] * 101), "answers has 101 entries; expected at most 100"),
        (a_report(health=Health(state="fine")), "health.state is 'fine'; expected one of starting, ok, degraded"),
        (a_report(health=Health(state="ok", interval_s=0.0)), "health.interval_s is 0.0"),
    ],
)
def test_a_value_that_cannot_be_is_named(report: Report, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        decode_report(sign(report, KEY).body)


def test_an_answer_comes_back() -> None:
    assert decode_answer(encode(Answer(sequence=5))) == Answer(sequence=5, orders=[])

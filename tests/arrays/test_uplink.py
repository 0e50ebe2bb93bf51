"""The way to the centre, over real HTTPS: what is trusted, what is retried, what is set aside."""

from __future__ import annotations

import itertools
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError, ResourceError
from arrays.order import Order
from arrays.outbox import ARRIVALS, HEALTH, Outbox
from arrays.parcel import Outcome, pack, unpack
from arrays.report import Report, decode_envelope, decode_report, encode, sign
from arrays.uplink.backoff import LONGEST_WAIT_S, Backoff
from arrays.uplink.courier import Courier
from arrays.uplink.https import HttpsUplink, error_text, fetch_ca, host_and_port
from tests.arrays.https_server import Server, acknowledge, https_server

KEY = Ed25519PrivateKey.generate()


def report(sequence: int) -> bytes:
    content = Report(node="roof-1", sequence=sequence, sent_ns=1, program="test", model="")
    return encode(sign(content, KEY))


def sequences(server: Server) -> list[int]:
    return [decode_report(decode_envelope(body).body).sequence for path, body in server.heard if path == "/report"]


def wait_for(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with https_server(tmp_path) as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.db")
    yield opened
    opened.close()


@pytest.fixture
def courier(server: Server, outbox: Outbox) -> Iterator[Courier]:
    started = Courier(outbox, HttpsUplink(server.url, server.ca), lambda _: None, seed=1)
    started.start()
    yield started
    started.end(5.0)


def test_reports_arrive_over_one_connection(server: Server, outbox: Outbox, courier: Courier) -> None:
    for kind in (ARRIVALS, HEALTH, ARRIVALS):
        outbox.add(kind, report, 1)
        courier.wake()
    wait_for(lambda: outbox.waiting() == 0)
    assert sorted(sequences(server)) == [1, 2, 3]
    assert server.connections == 1


def test_a_busy_centre_is_asked_again_and_loses_nothing(server: Server, outbox: Outbox, courier: Courier) -> None:
    answers = itertools.chain([(503, b""), (429, b'{"error": "later"}'), (500, b"oops")], itertools.repeat(None))
    server.answer = lambda path, body: next(answers) or acknowledge(path, body)
    outbox.add(ARRIVALS, report, 1)
    outbox.add(ARRIVALS, report, 2)
    courier.wake()
    wait_for(lambda: outbox.waiting() == 0)
    assert len(set(server.parcels[:4])) == 1
    assert sorted(set(sequences(server))) == [1, 2]
    wait_for(lambda: courier.problem == "")


def test_a_refused_report_is_set_aside_and_blocks_nothing(server: Server, outbox: Outbox, courier: Courier) -> None:
    refusal = 403, json.dumps({"error": "node 'roof-1' is not enrolled here"}).encode()
    server.answer = lambda path, body: refusal if sequences(server)[-1] == 1 else acknowledge(path, body)
    outbox.add(ARRIVALS, report, 1)
    outbox.add(ARRIVALS, report, 2)
    courier.wake()
    wait_for(lambda: outbox.waiting() == 0)
    assert outbox.parked == {1: "the centre answered 403: node 'roof-1' is not enrolled here"}
    assert sequences(server) == [2, 1]


@pytest.mark.parametrize("garbage", [b"", b"\xff\xff", b"<html>", b"\x81\xa1v\x02"])
def test_only_a_true_acknowledgement_counts(server: Server, outbox: Outbox, courier: Courier, garbage: bytes) -> None:
    answers = iter([(200, garbage), (200, acknowledge("", report(99))[1])])
    server.answer = lambda path, body: next(answers, None) or acknowledge(path, body)
    outbox.add(ARRIVALS, report, 1)
    courier.wake()
    wait_for(lambda: outbox.waiting() == 0)
    assert sequences(server) == [1, 1, 1]


def test_a_report_that_the_disk_does_not_give_back_stops_no_other(
    server: Server, outbox: Outbox, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = outbox._body

    def damaged(sequence: int) -> bytes | None:
        if sequence == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return read(sequence)

    monkeypatch.setattr(outbox, "_body", damaged)
    for _ in range(2):
        outbox.add(ARRIVALS, report)
    courier.wake()
    wait_for(lambda: sequences(server) == [1] and outbox.waiting() == 0)
    assert outbox.parked == {2: "report 2 cannot be read back from the outbox: disk I/O error"}


def test_a_connection_that_died_in_silence_is_taken_up_again(tmp_path: Path, outbox: Outbox) -> None:
    with https_server(tmp_path) as first:
        uplink = HttpsUplink(first.url, first.ca)
        assert uplink.send(pack([report(1)])).outcomes == [Outcome(200)]
        assert uplink._connection is not None
        assert uplink._connection.sock is not None
        uplink._connection.sock.shutdown(socket.SHUT_RDWR)
        assert uplink.send(pack([report(2)])).outcomes == [Outcome(200)]
        uplink.close()


def test_a_slow_answer_is_waited_for_longer_and_longer_and_no_more_once_answers_are_quick(server: Server) -> None:
    uplink, wait_s = HttpsUplink(server.url, server.ca, timeout_s=0.5), 1.4

    def slowly(path: str, body: bytes) -> tuple[int, bytes]:
        time.sleep(wait_s)
        return acknowledge(path, body)

    def waited_s() -> float:
        start_s = time.monotonic()
        with pytest.raises(ResourceError, match="no answer in time"):
            uplink.send(pack([report(1)]))
        return time.monotonic() - start_s

    server.answer = slowly
    assert waited_s() < waited_s()
    assert uplink.send(pack([report(1)])).outcomes == [Outcome(200)]  # it has 2 s now
    wait_s = 0.0
    for sequence in range(2, 6):
        assert uplink.send(pack([report(sequence)])).outcomes == [Outcome(200)]
    wait_s = 1.9
    assert waited_s() < wait_s
    uplink.close()


def test_an_absent_centre_is_named_and_reports_wait(tmp_path: Path, outbox: Outbox) -> None:
    with https_server(tmp_path) as server:
        pass
    uplink = HttpsUplink(server.url, server.ca, timeout_s=2.0)
    with pytest.raises(ResourceError, match=r"centre 127\.0\.0\.1:\d+ cannot be reached: Connection refused"):
        uplink.send(pack([report(1)]))
    courier = Courier(outbox, uplink, lambda _: None)
    outbox.add(ARRIVALS, report, 1)
    courier.start()
    wait_for(lambda: "cannot be reached" in courier.problem)
    courier.end(5.0)
    assert outbox.waiting() == 1


def test_a_name_that_is_gone_is_told_and_reports_go_once_it_is_back(
    server: Server, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, known = True, socket.getaddrinfo

    def lookup(*asked: Any, **more: Any) -> Any:
        if gone:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(*asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    courier = Courier(outbox, HttpsUplink(server.url, server.ca), lambda _: None)
    outbox.add(ARRIVALS, report, 1)
    courier.start()
    wait_for(lambda: courier.problem.endswith("cannot be reached: its name is not known"))
    gone = False
    wait_for(lambda: outbox.waiting() == 0)
    courier.end(5.0)


def test_a_centre_that_another_authority_vouches_for_is_not_trusted(tmp_path: Path, server: Server) -> None:
    (tmp_path / "other").mkdir()
    with https_server(tmp_path / "other") as other:
        uplink = HttpsUplink(server.url, other.ca)
        with pytest.raises(ResourceError, match="its certificate is not the one this node trusts"):
            uplink.send(pack([report(1)]))
    assert server.heard == []


def test_the_authority_is_believed_only_by_its_digest(server: Server) -> None:
    assert fetch_ca(server.url, server.fingerprint) == server.ca
    for wrong in ("0" * 32, server.fingerprint[:8], ""):
        with pytest.raises(InputError, match="is not the one that the token names"):
            fetch_ca(server.url, wrong)


@pytest.mark.parametrize("url", ["", "http://a:1", "https://", "https://a:x", "https://a/b", "a:8443", "https://u@a"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="expected https://HOST:PORT"):
        host_and_port(url)


def test_waits_grow_are_spread_are_bounded_and_repeat_for_a_seed() -> None:
    backoff, same = Backoff(7), Backoff(7)
    waits = [backoff.failed() for _ in range(40)]
    assert waits == [same.failed() for _ in range(40)]
    assert waits[0] != Backoff(8).failed()
    assert max(waits) <= LONGEST_WAIT_S
    assert waits[0] <= 0.2
    assert min(waits[8:]) >= LONGEST_WAIT_S / 2
    backoff.worked()
    assert backoff.failed() <= 0.2


def test_a_refusal_s_sentence_is_read_from_anything() -> None:
    assert error_text(b'{"error": "no room"}') == "no room"
    for body in (b"", b"[]", b'{"a": 1}', b"[" * 100_000, b"\x00\xff" * 50):
        assert error_text(body) == "no reason given"


def test_what_an_outage_has_left_goes_in_few_requests(server: Server, outbox: Outbox) -> None:
    for _ in range(400):
        outbox.add(HEALTH, report)
    outbox.add(ARRIVALS, report, 1)
    courier = Courier(outbox, HttpsUplink(server.url, server.ca), lambda _: None)
    courier.start()
    wait_for(lambda: outbox.waiting() == 0)
    courier.end(5.0)
    assert sequences(server)[0] == 401
    assert sorted(sequences(server)) == list(range(1, 402))
    assert len(server.parcels) < 20
    assert sum(map(len, server.parcels)) < 401 * 130


def test_parcels_shrink_on_a_slow_link(server: Server, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arrays.uplink.courier.SLOW_S", 0.0)
    monkeypatch.setattr("arrays.uplink.courier.QUICK_S", -1.0)
    for _ in range(60):
        outbox.add(ARRIVALS, report)
    courier = Courier(outbox, HttpsUplink(server.url, server.ca), lambda _: None)
    courier.start()
    wait_for(lambda: outbox.waiting() == 0)
    courier.end(5.0)
    sizes = [len(unpack(parcel)) for parcel in server.parcels]
    assert sizes[0] > sizes[-2]
    assert sizes[-2] * len(report(1)) <= 1000


def test_orders_come_on_a_request_that_is_kept_open(server: Server) -> None:
    order = Order(id="o-1", kind="repick", issued_ns=1, expires_ns=2)
    came: list[Order] = []
    uplink = HttpsUplink(server.url, server.ca, orders=True)
    uplink.listen(came.extend)
    wait_for(lambda: server.connections == 1)
    server.orders = [order]
    wait_for(lambda: came == [order], 1.0)
    uplink.close()

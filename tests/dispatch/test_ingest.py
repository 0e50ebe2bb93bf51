"""Reports over real HTTPS: what is acknowledged is kept, what is wrong is refused in one sentence."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest

from arrays.parcel import decode_answers, digest, pack
from arrays.report import Answer
from dispatch.buckets import Buckets
from dispatch.store import Store
from dispatch.store.tables import reports
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, Lines, RunningCentre, running_centre, send, token

DAY_NS = 24 * 3600 * 10**9


@dataclass
class Line:
    """A centre, a connection to it, and an enrolled node."""

    centre: RunningCentre
    client: Lines
    node: FakeNode


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with running_centre(tmp_path_factory.mktemp("ingest") / "data") as centre, centre.client() as client:
        node = FakeNode("roof-1")
        node.enrol(client, token(centre.data))
        yield Line(centre, client, node)


def bodies(data: Path, node: str) -> list[bytes]:
    store = Store(data)
    try:
        return list(
            store.read_now(
                lambda c: c.scalars(reports.select().with_only_columns(reports.c.body).where(reports.c.node == node))
            )
        )
    finally:
        store.close()


def test_a_report_is_acknowledged_with_its_sequence_and_kept_as_it_came(line: Line) -> None:
    report = line.node.report([line.node.hear(10.0, 20.0, time.time_ns())], wire.health())
    body = msgspec.msgpack.encode({**msgspec.to_builtins(report), "from_the_future": "kept"})
    answer = send(line.client, wire.seal_body(line.node.id, body, line.node.key))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/msgpack"
    assert msgspec.msgpack.decode(answer.content, type=Answer).sequence == report.sequence
    assert body in bodies(line.centre.data, line.node.id)


def test_the_same_report_twice_is_kept_once_and_acknowledged_twice(line: Line) -> None:
    sealed = line.node.sealed(line.node.report())
    before = len(bodies(line.centre.data, line.node.id))
    assert [send(line.client, sealed).status_code for _ in range(3)] == [200, 200, 200]
    assert len(bodies(line.centre.data, line.node.id)) == before + 1


def test_reports_may_come_out_of_order(line: Line) -> None:
    sealed = [line.node.sealed(line.node.report()) for _ in range(4)]
    assert [send(line.client, body).status_code for body in reversed(sealed)] == [200] * 4


def test_a_sequence_with_other_bytes_is_refused(line: Line) -> None:
    report = line.node.report()
    assert send(line.client, line.node.sealed(report)).status_code == 200
    other = line.node.sealed(msgspec.structs.replace(report, sent_ns=report.sent_ns + 1))
    answer = send(line.client, other)
    assert answer.status_code == 409
    assert "came before with other bytes" in answer.json()["error"]


def bad_reports(node: FakeNode) -> dict[str, tuple[bytes, int, str]]:
    """Name of what is wrong: (bytes, status, words of the answer)."""
    good = node.report([node.hear(0.0, 0.0, time.time_ns())])
    ahead = msgspec.structs.replace(good, sent_ns=time.time_ns() + 365 * DAY_NS)
    heard_ahead = msgspec.structs.replace(good, arrivals=[wire.arrival(99, time.time_ns() + 2 * DAY_NS)])
    sealed = node.sealed(good)
    stranger = FakeNode("nobody", key=node.key)
    body = msgspec.to_builtins(good)
    without = {key: value for key, value in body.items() if key != "sequence"}
    text = {**body, "sequence": "seven"}

    def signed(content: object, v: int = 1) -> bytes:
        return wire.seal_body(node.id, msgspec.msgpack.encode(content), node.key, v)

    return {
        "unknown node": (stranger.sealed(stranger.report()), 403, "nobody"),
        "other node's key": (FakeNode(node.id).sealed(good), 403, "signature"),
        "other node inside": (signed({**body, "node": "roof-2"}), 403, "roof-2"),
        "wrong version of the envelope": (signed(body, v=9), 400, "9"),
        "wrong version of the report": (signed({**body, "v": 9}), 400, "9"),
        "clock a year ahead": (node.sealed(ahead), 422, "clock of node"),
        "heard two days ahead": (node.sealed(heard_ahead), 422, "clock of node"),
        "truncated": (sealed[: len(sealed) // 2], 400, ""),
        "empty": (b"", 400, ""),
        "not msgpack": (b"\xc1" * 40, 400, ""),
        "no sequence": (signed(without), 400, "sequence"),
        "sequence in words": (signed(text), 400, "sequence"),
        "too long": (b"\x00" * ((1 << 20) + 1), 413, "bytes"),
    }


@pytest.mark.parametrize("wrong", list(bad_reports(FakeNode("roof-1"))))
def test_a_bad_report_gets_one_sentence_and_is_not_kept(line: Line, wrong: str) -> None:
    before = len(bodies(line.centre.data, line.node.id))
    body, status, words = bad_reports(line.node)[wrong]
    answer = send(line.client, body, line.node.id)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    sentence = answer.json()["error"]
    assert words in sentence
    assert "Traceback" not in sentence
    assert len(bodies(line.centre.data, line.node.id)) == before


def test_an_altered_byte_breaks_the_signature(line: Line) -> None:
    sealed = line.node.sealed(line.node.report())
    assert sealed.count(b"test") == 1
    assert send(line.client, sealed.replace(b"test", b"tesT")).status_code == 403


def test_reports_that_come_together_are_all_kept(line: Line) -> None:
    sealed = [line.node.sealed(line.node.report()) for _ in range(60)]
    before = len(bodies(line.centre.data, line.node.id))
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda body: send(line.client, body).status_code, sealed))
    assert codes == [200] * 60
    assert len(bodies(line.centre.data, line.node.id)) == before + 60


def send_parcel(line: Line, parcel: bytes) -> httpx.Response:
    return line.client.of(line.node.id).post("/reports", content=parcel)


def test_a_parcel_is_answered_report_by_report_and_what_is_good_is_kept(line: Line) -> None:
    node = line.node
    good, forged, again = (node.sealed(node.report()) for _ in range(3))
    send(line.client, again)
    forged = FakeNode(node.id).sealed(node.report())
    before = len(bodies(line.centre.data, node.id))
    parcel = pack([good, forged, b"garbage", again])
    answer = send_parcel(line, parcel)
    assert answer.status_code == 200
    answers = decode_answers(answer.content)
    assert answers.about == digest(parcel)
    assert [outcome.status for outcome in answers.outcomes] == [200, 403, 400, 200]
    assert "signature" in answers.outcomes[1].problem
    assert len(bodies(line.centre.data, node.id)) == before + 1


def test_a_parcel_that_is_none_is_one_sentence(line: Line) -> None:
    for parcel, words in ((b"", "parcel version"), (b"\x01\x00", "parcel"), (b"\x07", "parcel version is 7")):
        answer = send_parcel(line, parcel)
        assert answer.status_code == 400
        assert words in answer.json()["error"]


def test_without_a_nodes_certificate_there_are_no_orders_and_no_parcel_is_taken(line: Line) -> None:
    assert line.client.get("/orders").status_code == 401
    assert line.client.post("/reports", content=pack([line.node.sealed(line.node.report())])).status_code == 401


def test_a_newer_request_for_orders_ends_the_older(line: Line) -> None:
    line.client.of(line.node.id).get("/ca")  # connected
    with ThreadPoolExecutor(1) as pool, line.centre.client() as others:
        first = pool.submit(line.client.of(line.node.id).get, "/orders")
        time.sleep(0.5)
        assert not first.done()
        with pytest.raises(httpx.ReadTimeout):
            others.of(line.node.id).get("/orders", timeout=2.0)
        assert decode_answers(first.result(5.0).content).orders == []


def test_a_disk_that_is_full_refuses_for_now_and_loses_nothing(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as client:
        node = FakeNode("roof-1")
        node.enrol(client, token(centre.data))
        kept, waiting = [node.sealed(node.report(health=wire.health())) for _ in range(2)]
        assert send(client, kept).status_code == 200
        pid, limit = centre.process.pid, (centre.data / "tocsin.db-wal").stat().st_size
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, most))  # as a disk without room: no file may grow
        answer = send(client, waiting)
        assert answer.status_code == 503
        assert "send it again later" in answer.json()["error"]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
        assert send(client, waiting).status_code == 200
        assert len(bodies(centre.data, node.id)) == 2
    assert "Traceback" not in (tmp_path / "data.log").read_text()


def test_a_flooding_node_is_slowed_and_its_neighbour_is_not(tmp_path: Path) -> None:
    settings = tmp_path / "centre.toml"
    settings.write_text("[limits]\nreports_per_s = 1\nburst = 5\n")
    with running_centre(tmp_path / "data", str(settings)) as centre, centre.client() as client:
        loud, quiet = FakeNode("loud"), FakeNode("quiet", 50.0)
        for node in (loud, quiet):
            node.enrol(client, token(centre.data))
        codes = [send(client, loud.sealed(loud.report())).status_code for _ in range(20)]
        assert codes[:5] == [200] * 5
        assert 429 in codes
        assert send(client, quiet.sealed(quiet.report())).status_code == 200


def test_a_bucket_fills_again_at_its_rate() -> None:
    bucket = Buckets(per_s=2.0, burst=3)
    assert [bucket.take("n", 0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take("n", 400_000_000)
    assert bucket.take("n", 600_000_000)
    assert [bucket.take("n", 10**12) for _ in range(4)] == [True, True, True, False]

"""The mandate: what it allows, whom a node believes, and that nothing is sampled outside of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError
from arrays.mandate import FILE, NONE, Mandate, Warden, mandate_order, read_mandate, revoke_order
from arrays.order import Order, sign_order
from arrays.report import Answer, decode_envelope, decode_report, encode
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import (
    CENTRE_KEY,
    ENVIRONMENT,
    Centre,
    enrolled,
    mandate_of,
    session_with_bangs,
    tocsin,
    wait_for,
)

HOUR_NS = 3600 * 10**9
START_NS = 1_780_000_000 * 10**9
PUBLIC = CENTRE_KEY.public_key().public_bytes_raw()
SQUARE = ((-100.0, -100.0), (100.0, -100.0), (100.0, 100.0), (-100.0, 100.0))


class Clocks:
    """The computer's clock, which may be set, and one that nobody sets."""

    def __init__(self) -> None:
        self.utc_ns, self.steady_ns = START_NS + HOUR_NS, 77

    def wait(self, hours: float) -> None:
        self.utc_ns += round(hours * HOUR_NS)
        self.steady_ns += round(hours * HOUR_NS)

    def step(self, hours: float) -> None:
        self.utc_ns += round(hours * HOUR_NS)


def warden(folder: Path, clocks: Clocks, place: tuple[float, float] = (0.0, 0.0)) -> Warden:
    return Warden(folder, "roof-1", place, PUBLIC, lambda: clocks.utc_ns, lambda: clocks.steady_ns)


def a_day(issued_ns: int = START_NS, **more: Any) -> Order:
    """A mandate from START_NS on for 24 hours."""
    return mandate_of(issued_ns, START_NS + 24 * HOUR_NS, start_ns=START_NS, **more)


def test_without_a_mandate_a_node_may_not_listen_and_with_one_it_may_for_its_time(tmp_path: Path) -> None:
    clocks = Clocks()
    held = warden(tmp_path, clocks)
    assert held.forbids() == NONE
    assert held.take(a_day())
    assert held.forbids() == ""
    clocks.wait(22.9)
    assert held.forbids() == ""
    clocks.wait(0.2)
    assert held.forbids() == "the mandate ended on 2026-05-29 20:26 UTC"
    assert warden(tmp_path, clocks).forbids() == held.forbids()  # after a new start too
    early = Clocks()
    early.utc_ns = START_NS - 1
    other = warden(tmp_path / "other", early)
    (tmp_path / "other").mkdir()
    other.take(a_day(issued_ns=1))
    assert other.forbids() == "the mandate begins on 2026-05-28 20:26 UTC"


@pytest.mark.parametrize(
    ("place", "inside"), [((99.0, 99.0), True), ((101.0, 0.0), False), ((0.0, 0.0), False), ((30.0, 0.0), True)]
)
def test_the_nodes_place_must_lie_in_the_zone_and_not_in_a_hole_of_it(
    tmp_path: Path, place: tuple[float, float], inside: bool
) -> None:
    held = warden(tmp_path, Clocks(), place)
    hole = tuple((x / 5, y / 5) for x, y in SQUARE)
    given = Mandate(purpose="p", zone=(SQUARE, hole), start_ns=START_NS, end_ns=START_NS + 24 * HOUR_NS)
    held.take(sign_order(mandate_order(given, START_NS), CENTRE_KEY))
    assert (held.forbids() == "") is inside


def test_an_older_mandate_is_refused_and_the_same_again_is_not(tmp_path: Path) -> None:
    held = warden(tmp_path, Clocks())
    assert held.take(a_day(5))
    assert held.take(a_day(5))
    assert not held.take(a_day(4))
    assert not held.take(a_day(5, clips=True))
    assert held.mandate is not None
    assert not held.mandate.clips
    assert held.take(a_day(6, clips=True))
    assert held.mandate.clips


@pytest.mark.parametrize("key", ["purpose", "end_ns", "clips"])
def test_a_mandate_that_was_altered_on_the_disk_or_signed_by_another_is_none(tmp_path: Path, key: str) -> None:
    warden(tmp_path, Clocks()).take(a_day())
    kept = json.loads((tmp_path / FILE).read_text())
    kept["body"][key] = {"purpose": "another", "end_ns": 2**61, "clips": True}[key]
    (tmp_path / FILE).write_text(json.dumps(kept))
    assert "it is not signed by the centre; the centre is asked for another" in warden(tmp_path, Clocks()).forbids()
    forged = sign_order(msgspec.structs.replace(a_day(), signature=b""), Ed25519PrivateKey.generate())
    (tmp_path / FILE).write_bytes(msgspec.json.encode(forged))
    assert "it is not signed by the centre" in warden(tmp_path, Clocks()).forbids()
    (tmp_path / FILE).write_bytes(b"\xff{")
    assert "cannot be used" in warden(tmp_path, Clocks()).forbids()


def test_to_set_the_clock_back_does_not_outlive_a_mandate_and_a_clock_ahead_ends_it_until_it_is_right(
    tmp_path: Path,
) -> None:
    clocks = Clocks()
    held = warden(tmp_path, clocks)
    held.take(a_day(clocks.utc_ns))  # signed now
    clocks.step(-1.0)
    clocks.wait(22.9)
    assert held.forbids() == ""
    clocks.wait(0.2)
    assert "the mandate ended" in held.forbids()
    ahead = Clocks()
    other = warden(tmp_path, ahead)
    assert other.forbids() == ""
    ahead.step(30.0)
    assert "the mandate ended" in other.forbids()
    ahead.step(-30.0)
    assert other.forbids() == ""


def test_a_clock_that_was_lost_counts_on_from_what_the_centre_signed(tmp_path: Path) -> None:
    clocks = Clocks()
    warden(tmp_path, clocks).take(a_day(clocks.utc_ns))
    lost = Clocks()
    lost.utc_ns = 0  # a computer without a battery starts in 1970
    held = warden(tmp_path, lost)
    assert held.forbids() == ""
    later = sign_order(Order(id="any", kind="repick", issued_ns=START_NS + 23 * HOUR_NS, expires_ns=2**62), CENTRE_KEY)
    held.saw(later)
    lost.wait(0.9)
    assert held.forbids() == ""
    lost.wait(0.2)
    assert "the mandate ended" in held.forbids()


def test_a_revoked_node_may_not_listen_and_another_nodes_revocation_is_none(tmp_path: Path) -> None:
    held = warden(tmp_path, Clocks())
    held.take(a_day(5))
    assert not held.take(sign_order(revoke_order("roof-2", 6), CENTRE_KEY))
    assert held.forbids() == ""
    assert held.take(sign_order(revoke_order("roof-1", START_NS), CENTRE_KEY))
    assert held.forbids() == "the centre revoked this node on 2026-05-28 20:26 UTC"
    assert warden(tmp_path, Clocks()).forbids() == held.forbids()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"purpose": " "}, "purpose has 1 characters"),
        ({"zone": ()}, "zone has 0 corners"),
        ({"zone": (((0.0, 0.0), (1.0, 1.0)),)}, "zone has 2 corners"),
        ({"zone": (((0.0, 0.0), (1.0, 1.0), (2e6, 0.0)),)}, "farther than 1e\\+06 m"),
        ({"end_ns": START_NS}, "is not before the end"),
        ({"microphone": True}, "unknown field"),
    ],
)
def test_a_mandate_that_says_nothing_usable_is_refused(changes: dict[str, object], sentence: str) -> None:
    body = {"purpose": "p", "zone": (SQUARE,), "start_ns": START_NS, "end_ns": START_NS + 1, **changes}
    with pytest.raises(InputError, match=sentence):
        read_mandate(Order(id="m", kind="mandate", issued_ns=1, expires_ns=2, body=body))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def giving(centre: Centre, orders: list[Order]) -> None:
    """Answer the next report with these orders."""
    answer = centre.answer

    def with_orders(route: str, body: bytes) -> tuple[int, bytes]:
        status, content = answer(route, body)
        if route != "/report":
            return status, content
        given = orders[:]
        del orders[: len(given)]
        sequence = decode_report(decode_envelope(body).body).sequence
        return 200, encode(Answer(sequence=sequence, orders=given))

    centre.server.answer = with_orders


def states(centre: Centre) -> list[str]:
    return [r.health.state for r in centre.reports() if r.health]


def test_a_node_listens_only_while_a_mandate_allows_it_and_closes_its_microphone_outside(
    tmp_path: Path, centre: Centre
) -> None:
    """A pipe for a microphone: nobody holds its reading end once the mandate has ended."""
    orders: list[Order] = []
    giving(centre, orders)
    path = tmp_path / "roof-1.toml"
    head = 'node = "roof-1"\ndata = "data"\nhealth_interval_s = 0.2\n[position]\nx = 1.0\ny = 2.0\nz = 3.0\n'
    path.write_text(head + '[source]\nkind = "stdin"\nrate_hz = 48000\nchannels = 1\n')
    centre.mandate = None
    enrolled(centre, path)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen(tocsin("node", path), stdin=reading, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    os.close(reading)
    try:
        wait_for(lambda: "out_of_mandate" in states(centre))
        os.write(writing, bytes(9600))
        time.sleep(0.5)
        assert not any(r.health and r.health.noise_db is not None for r in centre.reports())  # it heard nothing
        now_ns = time.time_ns()
        orders.append(mandate_of(now_ns, now_ns + 4 * 10**9))
        wait_for(lambda: states(centre)[-1] != "out_of_mandate")
        wait_for(lambda: states(centre)[-1] == "out_of_mandate")
        wait_for(lambda: broken(writing), 5.0)
        answers = [a for r in centre.reports() for a in r.answers]
        assert [(a.order, a.state) for a in answers] == [(f"mandate-{now_ns}", "done")]
        assert process.poll() is None
        orders.append(mandate_of(now_ns + 1))
        _, errors = process.communicate(timeout=20)  # it ends, so that whoever started both starts both again
        assert process.returncode == 0
        assert "the mandate ended on" in errors
    finally:
        process.kill()
        process.communicate()
        os.close(writing)


def broken(writing: int) -> bool:
    """Whether nobody reads a pipe."""
    try:
        os.write(writing, bytes(2))
    except BrokenPipeError:
        return True
    except BlockingIOError:
        return False
    return False


def test_a_live_source_is_opened_again_when_a_valid_mandate_comes(tmp_path: Path, centre: Centre) -> None:
    orders: list[Order] = []
    giving(centre, orders)
    session_with_bangs(tmp_path / "scene", [0.5 * n for n in range(1, 80)], 41.0)
    path = nodes.settings(tmp_path, time.time() + 1.0, health_interval_s=0.2)
    enrolled(centre, path)
    process = nodes.started(path)
    try:
        wait_for(lambda: len(centre.arrivals()) > 2)
        ended_ns = time.time_ns()
        orders.append(mandate_of(ended_ns, ended_ns))
        wait_for(lambda: states(centre)[-1] == "out_of_mandate")
        time.sleep(0.5)  # what was heard until then is still sent
        heard = len(centre.arrivals())
        time.sleep(1.5)
        assert len(centre.arrivals()) == heard
        forged = msgspec.structs.replace(mandate_of(ended_ns + 1), signature=bytes(64))
        orders += [forged, mandate_of(ended_ns - 1)]
        wait_for(lambda: not orders)
        time.sleep(0.5)
        assert states(centre)[-1] == "out_of_mandate"
        orders.append(mandate_of(ended_ns + 2))
        wait_for(lambda: len(centre.arrivals()) > heard + 2)
        numbers = [a.number for a in centre.arrivals()]
        assert len(set(numbers)) == len(numbers)
    finally:
        process.terminate()
        process.communicate(timeout=20)

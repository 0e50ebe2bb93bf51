"""The site's mandate at its centre: set by command, journaled, given to every node until it has it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from arrays.mandate import read_mandate, revoke_order
from arrays.order import Order, verify_order
from arrays.parcel import decode_answers, pack
from arrays.report import Answer, WireAnswer
from dispatch.cli import issue_tokens
from dispatch.settings import Origin
from dispatch.store import Store
from dispatch.store.tables import journal
from dispatch.town.places import Frame
from dispatch.trust.authority import open_authority
from dispatch.trust.mandate import AGAIN_NS, YEAR_NS, Mandates, default_mandate, zone_of
from tests.dispatch.running import FakeNode, Lines, RunningCentre, command, running_centre, said, send, wait_for


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    with running_centre(tmp_path_factory.mktemp("mandate") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client(centre: RunningCentre) -> Iterator[Lines]:
    with centre.client() as lines:
        yield lines


def told(client: Lines, node: FakeNode, answers: list[WireAnswer] | None = None) -> list[Order]:
    """The orders in the answer to its next report."""
    report = msgspec.structs.replace(node.report(), answers=answers or [])
    answer = send(client, node.sealed(report))
    assert answer.status_code == 200
    return list(msgspec.msgpack.decode(answer.content, type=Answer).orders)


def test_a_centre_begins_with_a_mandate_of_a_year_without_clips_and_gives_it_at_enrolment(
    centre: RunningCentre, client: Lines
) -> None:
    node = FakeNode("first")
    welcome = node.enrol(client, *issue_tokens(centre.data, 1))
    order = msgspec.convert(welcome["mandate"], Order)
    assert verify_order(order, open_authority(centre.data).order_key.public_key().public_bytes_raw())
    mandate = read_mandate(order)
    assert not mandate.clips
    assert abs(mandate.end_ns - time.time_ns() - YEAR_NS) < 10**12
    assert mandate.holds(node.x, node.y)


def test_a_node_is_given_a_mandate_until_it_says_that_it_has_it(centre: RunningCentre, client: Lines) -> None:
    node = FakeNode("second", 50.0)
    node.enrol(client, *issue_tokens(centre.data, 1))
    (first,) = told(client, node)
    assert told(client, node) == []  # it is under way
    assert told(client, node, [WireAnswer(order=first.id, state="done")]) == []
    line = ("centre", "mandate", "--end", "2030-01-01T00:00:00Z", "--purpose", "council decision 12", "--clips")
    spoken = said(*line, "--data", centre.data)
    assert "council decision 12, from" in spoken
    assert "to 2030-01-01 00:00 UTC; clips of located shots may leave a node" in spoken
    (second,) = wait_for(lambda: told(client, node))
    assert read_mandate(second).clips
    assert read_mandate(second).zone == read_mandate(first).zone
    assert said("centre", "mandate", "--data", centre.data) == spoken  # only to look changes nothing
    store = Store(centre.data)
    rows = store.read_now(lambda c: list(c.scalars(sa.select(journal.c.data).where(journal.c.kind == "mandate"))))
    store.close()
    assert [json.loads(row)["purpose"] for row in rows] == ["to locate gunshots", "council decision 12"]


def test_a_place_outside_the_zone_is_refused_at_enrolment_and_the_token_stays_good(
    centre: RunningCentre, client: Lines
) -> None:
    (token,) = issue_tokens(centre.data, 1)
    far = client.post("/enrol", json=FakeNode("far", 11_000.0).request(token))
    assert far.status_code == 400
    assert "lies outside the zone of the site's mandate" in far.json()["error"]
    assert client.post("/enrol", json=FakeNode("near").request(token)).status_code == 200


def test_a_revoked_node_is_told_so_in_the_refusal(centre: RunningCentre, client: Lines) -> None:
    node = FakeNode("gone")
    node.enrol(client, *issue_tokens(centre.data, 1))
    said("centre", "revoke", node.id, "--by", "Ann", "--because", "a test", "--data", centre.data)
    wait_for(lambda: {n["id"]: n["state"] for n in centre.state()["nodes"]}["gone"] == "revoked")
    answers = decode_answers(client.of(node.id).post("/reports", content=pack([node.sealed(node.report())])).content)
    assert [outcome.status for outcome in answers.outcomes] == [403]
    (order,) = answers.orders
    assert order.kind == "revoke"
    assert verify_order(order, open_authority(centre.data).order_key.public_key().public_bytes_raw())


def test_a_zone_is_drawn_on_the_globe_and_signed_in_metres(tmp_path: Path) -> None:
    ring = [[-0.59, 44.83], [-0.57, 44.83], [-0.57, 44.85], [-0.59, 44.85], [-0.59, 44.83]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "zone.geojson").write_text(json.dumps(feature))
    (drawn,) = zone_of(tmp_path / "zone.geojson", Frame(origin=Origin(lat=44.84, lon=-0.58)))
    # a hundredth of a degree at 44.84° N on WGS-84: 1111.1 m of meridian, 791.0 m of parallel
    assert [round(v, -1) for corner in drawn for v in corner] == [-790, -1110, 790, -1110, 790, 1110, -790, 1110]


def test_a_mandate_is_given_again_where_the_word_of_it_was_lost() -> None:
    from arrays.mandate import mandate_order

    now_ns = [10**18]
    order = mandate_order(default_mandate(now_ns[0]), 5)
    mandates = Mandates(order, lambda: now_ns[0])
    assert mandates.due("n") == [order]
    assert mandates.due("n") == []
    now_ns[0] += AGAIN_NS
    assert mandates.due("n") == [order]
    mandates.answered("n", order.id)
    now_ns[0] += AGAIN_NS
    assert mandates.due("n") == []
    newer = mandate_order(default_mandate(now_ns[0]), 6)
    mandates.set(newer)
    assert mandates.due("n") == [newer]
    assert revoke_order("n", 1).kind == "revoke"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--end", "soon"), "'soon' is no time"),
        (("--end", "1990-01-01T00:00:00Z"), "is not before the end"),
        (("--zone", "absent.geojson"), "absent.geojson cannot be read"),
        (("--purpose", ""), "purpose has 0 characters"),
    ],
)
def test_a_mandate_that_makes_no_sense_is_one_sentence(
    centre: RunningCentre, arguments: tuple[str, ...], words: str
) -> None:
    line = command("centre", "mandate", *arguments, "--data", centre.data)
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr

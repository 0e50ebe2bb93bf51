"""Reminders: of alerts without an outcome, once per span of hours, until somebody closes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.api.render import render_event
from dispatch.reminders import reminders
from dispatch.store import Store
from dispatch.store.decisions import decide
from dispatch.store.events import add_shots, newest_events
from dispatch.town.places import Frame
from recordings.decisions import Acknowledge, Close, Decision, Undo
from recordings.events import new_id
from tests.dispatch.running import running_centre, wait_for
from tests.dispatch.test_locator import deliver, enrolled, fire, near
from tests.recordings.test_events import shot

H = 3_600_000
EVENT = new_id(shot("a"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    opened.write_now(lambda c: add_shots(c, [shot("a"), shot("b", 60.0, label="firework")], 100 * H, "0" * 64))
    yield opened
    opened.close()


def reminded(store: Store, *hours: float) -> list[float]:
    """The hours, of those at which somebody looks, at which the alert is reminded of."""
    told = []
    for hour in hours:
        entries = store.write_now(lambda c, hour=hour: reminders(c, 72 * H, round(hour * H)))  # type: ignore[misc]
        assert {entry.subject for entry in entries} <= {EVENT}, "what was never an alert is not asked about"
        told += [hour] * len(entries)
    return told


def decides(store: Store, hour: float, what: Decision) -> int:
    return store.write_now(lambda c: decide(c, EVENT, "Alice", what, round(hour * H)))[0].id


def test_an_alert_is_reminded_of_every_so_many_hours(store: Store) -> None:
    assert reminded(store, *range(100, 400)) == [173, 246, 319, 392]


def test_looking_often_seldom_or_after_a_long_stop_tells_it_once(store: Store) -> None:
    assert reminded(store, 101, 500, 500.1, 501, 573, 573.1) == [500, 573]


def test_what_was_closed_is_left_alone_until_it_is_opened_again(store: Store) -> None:
    decides(store, 110, Acknowledge())
    closed = decides(store, 120, Close(outcome="unknown"))
    assert reminded(store, *range(120, 300)) == []
    decides(store, 300, Undo(line=closed))
    assert reminded(store, *range(300, 400)) == [373]


def test_the_page_sees_it_until_there_is_an_outcome(store: Store) -> None:
    reminded(store, 200)
    (_, record) = store.read_now(lambda c: newest_events(c, 2))
    event = render_event(record, Frame())
    assert (event.reminded_ms, event.updated_ms) == (200 * H, 200 * H)
    decides(store, 201, Close(outcome="unknown"))
    (_, record) = store.read_now(lambda c: newest_events(c, 2))
    assert render_event(record, Frame()).reminded_ms is None


def test_a_running_centre_reminds_by_itself(tmp_path: Path) -> None:
    (tmp_path / "centre.toml").write_text("outcome_due_h = 0.001\n")
    with running_centre(tmp_path / "data", str(tmp_path / "centre.toml")) as centre, centre.client() as client:
        deliver(client, fire(enrolled(centre, client), 100.0, 80.0, time.time_ns()))
        wait_for(lambda: near(centre.state()["events"], 100.0, 80.0))
        wait_for(lambda: near(centre.state()["events"], 100.0, 80.0)[0]["reminded_ms"], 90.0, every_s=0.5)

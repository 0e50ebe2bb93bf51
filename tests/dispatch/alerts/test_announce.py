"""What is queued when an event changes: once, followed by what matters, taken back, and never before its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.alerts.announce import HOLD_MS, Announcer
from dispatch.alerts.destinations import Destination
from dispatch.alerts.feed import Feed
from dispatch.alerts.human import acknowledged, verdict
from dispatch.alerts.rules import Rule
from dispatch.settings import Origin
from dispatch.store import Store
from dispatch.store.alerts import Queued, begin, newest, next_due, settle
from dispatch.store.decisions import decide, decisions_of
from dispatch.store.engine import migrate
from dispatch.store.events import add_shots, newest_events
from dispatch.store.journal import entries_after
from dispatch.town.addresses import Address, Addresses, write_addresses
from dispatch.town.places import Frame
from localisation.arrivals import Shot
from recordings.decisions import Acknowledge, Close, Decided, Decision, Dispatch, Note, Undo
from recordings.events import new_id
from tests.recordings.test_events import shot

FRAME = Frame(origin=Origin(lat=44.84, lon=-0.58))
NOW = 1_700_000_001_000
EVENT = new_id(shot("a"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


class Site:
    """A store and one destination; shots in, what is queued out."""

    def __init__(self, store: Store, rule: Rule = Rule(), unacknowledged_s: float = 0.0) -> None:  # noqa: B008
        self.store = store
        self.to = Destination(name="city", to=Feed(), when=rule, unacknowledged_s=unacknowledged_s)
        self.announcer = Announcer(site="S", destinations=(self.to,), addresses=Addresses(store.folder))

    def publish(self, one: Shot, now_ms: int = NOW) -> None:
        def work(connection):  # type: ignore[no-untyped-def]
            entries = add_shots(connection, [one], now_ms, "0" * 64)
            self.announcer.events(connection, [e.subject for e in entries], FRAME, now_ms)

        self.store.write_now(work)

    def again(self, now_ms: int = NOW + 10_000) -> None:
        self.store.write_now(lambda c: self.announcer.events(c, [EVENT], FRAME, now_ms))

    def try_next(self, now_ms: int = NOW + 60_000) -> Queued:
        one = self.store.read_now(lambda c: next_due(c, "city", now_ms))
        assert one is not None
        assert self.store.write_now(lambda c: begin(c, one.row))
        return one

    def deliver(self, now_ms: int = NOW + 60_000) -> Queued:
        one = self.try_next(now_ms)
        self.store.write_now(lambda c: settle(c, one, "delivered", now_ms))
        return one

    def queued(self) -> list[tuple[str, str]]:
        rows = self.store.read_now(lambda c: newest(c, "city", 99))
        return [(one.alert.kind, one.state) for one in reversed(rows)]


def test_an_event_is_told_once_then_updated_where_it_matters_then_taken_back(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    first = site.deliver()
    site.publish(shot("a", x=2.0, version=2), NOW + 100)
    assert site.queued() == [("new", "delivered")]
    site.publish(shot("a", x=40.0, version=3), NOW + 200)
    update = site.deliver()
    site.publish(shot("a", x=40.0, version=4, label="withdrawn"), NOW + 9000)
    end = site.deliver()
    assert site.queued() == [("new", "delivered"), ("update", "delivered"), ("end", "delivered")]
    assert [one.alert.id for one in (first, update, end)] == [f"{EVENT}.city.{n}" for n in (1, 2, 3)]
    assert [e.id for e in end.alert.earlier] == [first.alert.id, update.alert.id]
    assert end.alert.headline.startswith("Taken back")


def test_what_was_never_tried_is_replaced_by_what_is_true_now(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    site.publish(shot("a", x=40.0, version=2), NOW + 100)
    assert site.queued() == [("new", "replaced"), ("new", "queued")]
    told = site.deliver()
    assert told.alert.heard is not None
    assert told.alert.heard.x == 40.0
    site.publish(shot("b", 1.0, 40.0), NOW + 200)
    site.publish(shot("b", 1.0, 40.0, version=2, label="withdrawn"), NOW + 300)
    assert site.queued()[2:] == [("update", "replaced")]


def test_an_event_that_is_taken_back_before_it_was_told_is_never_told(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    site.publish(shot("a", version=2, label="withdrawn"), NOW + 100)
    assert site.queued() == [("new", "replaced")]
    assert store.read_now(lambda c: next_due(c, "city", NOW + 60_000)) is None


def test_a_burst_is_not_told_round_by_round(store: Store) -> None:
    site = Site(store)
    site.publish(shot("0"))
    site.deliver(NOW)
    for number in range(1, 12):
        site.publish(shot(str(number), number * 0.1), NOW + number * 100)
    assert store.read_now(lambda c: next_due(c, "city", NOW + HOLD_MS - 1)) is None
    update = site.deliver(NOW + HOLD_MS)
    assert update.alert.heard is not None
    assert update.alert.heard.count == 12
    assert site.queued()[-1] == ("update", "delivered")


def test_a_receiver_that_hangs_gets_the_new_one_before_its_update(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    first = site.try_next()
    site.publish(shot("a", x=40.0, version=2), NOW + 100)
    again = site.try_next()
    assert again.row == first.row
    other = shot("far", 100.0, 900.0)
    site.publish(other, NOW + 200)
    assert site.try_next().alert.subject == new_id(other)


def test_the_next_in_line_is_due_later_and_later_versions_do_not_put_it_off(store: Store) -> None:
    site = Site(store, unacknowledged_s=60.0)
    site.publish(shot("a"))
    site.publish(shot("a", x=40.0, version=2), NOW + 50_000)
    assert store.read_now(lambda c: next_due(c, "city", NOW + 59_999)) is None
    assert site.deliver(NOW + 60_000).alert.kind == "new"


def test_a_class_that_the_rule_has_not_ends_what_was_told(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    site.deliver()
    site.publish(shot("a", version=2, label="firework"), NOW + 5000)
    assert site.deliver().alert.headline == "Taken back: possible firework"
    site.publish(shot("a", version=3), NOW + 9000)
    again = site.deliver()
    assert (again.alert.kind, again.alert.earlier) == ("new", ())


def test_what_no_rule_wants_is_not_queued(store: Store) -> None:
    site = Site(store, Rule(probability=0.95))
    site.publish(shot("a"))
    assert site.queued() == []
    site.publish(shot("a", version=2, probability=0.96), NOW + 100)
    assert site.queued() == [("new", "queued")]


def test_a_crash_between_event_and_alert_loses_both_or_none(store: Store) -> None:
    site = Site(store)

    def work(connection):  # type: ignore[no-untyped-def]
        entries = add_shots(connection, [shot("a")], NOW, "0" * 64)
        site.announcer.events(connection, [e.subject for e in entries], FRAME, NOW)
        raise RuntimeError("the power fails here")

    with pytest.raises(RuntimeError, match="power"):
        store.write_now(work)
    assert site.queued() == []
    assert store.read_now(lambda c: entries_after(c, 0)) == []


def decided(store: Store, what: Decision) -> None:
    store.write_now(lambda c: decide(c, EVENT, "Ada", what, NOW))


def test_what_a_person_finds_false_is_taken_back_and_what_is_confirmed_is_told(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    site.deliver()
    decided(store, Close(outcome="confirmed", grounds=("casings",)))
    site.again()
    update = site.deliver().alert
    assert update.heard is not None
    assert (update.kind, update.heard.verdict) == ("update", "confirmed")
    assert "A person has confirmed it." in update.text
    line = store.read_now(lambda c: decisions_of(c, [EVENT]))[EVENT][-1].line
    decided(store, Undo(line=line))
    decided(store, Close(outcome="false"))
    site.again()
    assert site.deliver().alert.kind == "end"


@given(st.lists(st.sampled_from([Acknowledge(), Dispatch(text="Car 3"), Note(text="x"), Close(outcome="unknown")])))
def test_whoever_takes_it_in_hand_acknowledges_it(said: list[Decision]) -> None:
    lines = [Decided(line=n, recorded_ms=n, by="Ada", what=what) for n, what in enumerate(said)]
    assert acknowledged(lines) == any(not isinstance(what, Note) for what in said)
    assert verdict(lines) == ""


def test_every_end_is_in_the_journal(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    site.deliver()
    assert [e.kind for e in store.read_now(lambda c: entries_after(c, 0))] == ["event", "alert"]


def test_a_late_event_says_so(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"), NOW + 100_000)
    told = site.deliver(NOW + 200_000).alert
    assert told.heard is not None
    assert told.heard.late_s == pytest.approx(101.0)
    assert "Late: recorded 101 s" in told.text


def test_doubt_goes_along(store: Store) -> None:
    one = shot("a")
    Site(store).publish(replace(one, origin=replace(one.origin, ambiguous=True)))
    (queued,) = store.read_now(lambda c: newest(c, None, 9))
    assert "Another place explains the sounds nearly as well." in queued.alert.text


def test_the_table_goes_and_comes_back_without_touching_events(store: Store) -> None:
    site = Site(store)
    site.publish(shot("a"))
    store.write_now(lambda c: migrate(c, "0005"))
    assert [r.number for r in store.read_now(lambda c: newest_events(c, 9))] == [1]
    store.write_now(migrate)
    assert site.queued() == []
    site.again()
    assert site.deliver().alert.id == f"{EVENT}.city.1"


def test_the_nearest_address_is_told_after_the_ellipse(store: Store) -> None:
    write_addresses(store.folder, [Address(words="3 Rue des Lilas", lat=44.8402, lon=-0.58)], "BAN")
    site = Site(store)
    site.publish(shot("a"))
    told = site.deliver().alert
    assert told.heard is not None
    assert told.heard.address == "nearest address, not the fix: 3 Rue des Lilas, 22 m away (BAN)"
    assert told.text.index("ellipse of") < told.text.index("Nearest address, not the fix: 3 Rue des Lilas")

"""Decisions in the store: chained, beside the machine's verdict, and told to the page at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.api import decision_models
from dispatch.api.render import render_detail, render_event
from dispatch.store import Store
from dispatch.store.decisions import AbsentError, decide
from dispatch.store.events import EventRecord, add_shots, newest_events
from dispatch.store.journal import CONTENT
from dispatch.store.tables import journal
from dispatch.town.places import Frame
from recordings.chain import BEGINNING, Line, altered, end_of
from recordings.decisions import (
    Acknowledge,
    Close,
    ConflictError,
    Decision,
    Dispatch,
    Judge,
    Note,
    Undo,
    action,
)
from recordings.events import new_id
from tests.recordings.test_decisions import PLAIN
from tests.recordings.test_events import shot

EVENT = new_id(shot("a"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    opened.write_now(lambda c: add_shots(c, [shot("a")], 1000, "0" * 64))
    yield opened
    opened.close()


def by(store: Store, person: str, what: Decision, now_ms: int = 2000) -> int:
    """The number of the line in which a person decides so; 0 where there was nothing to write."""
    entries = store.write_now(lambda c: decide(c, EVENT, person, what, now_ms))
    return entries[0].id if entries else 0


def record(store: Store) -> EventRecord:
    (one,) = store.read_now(lambda c: newest_events(c, 1))
    return one


def test_the_second_dispatcher_is_told_who_was_first(store: Store) -> None:
    assert by(store, "Alice", Acknowledge())
    with pytest.raises(ConflictError, match="taken by Alice"):
        by(store, "Bob", Acknowledge())
    assert by(store, "Alice", Acknowledge()) == 0, "said twice, kept once"
    assert [d.by for d in record(store).decisions] == ["Alice"]


def test_a_persons_verdict_stands_beside_the_machines(store: Store) -> None:
    before = render_event(record(store), Frame())
    by(store, "Alice", Judge(label="firework", count=3, place="behind the hall", blind=True), now_ms=5000)
    after = render_event(record(store), Frame())
    assert (after.label, after.probability, after.count, after.x, after.y) == ("gunshot", 0.9, 1, before.x, before.y)
    assert after.verdict is not None
    assert after.verdict.model_dump() == {
        "by": "Alice",
        "label": "firework",
        "count": 3,
        "blind": True,
    }
    assert after.updated_ms == 5000, "the page shows what changed last"


def test_the_history_tells_who_when_what_and_what_was_undone(store: Store) -> None:
    by(store, "Alice", Dispatch(text="patrol 3"), now_ms=3000)
    closed = by(store, "Alice", Close(outcome="confirmed", grounds=("casings", "video")), now_ms=4000)
    by(store, "Bob", Undo(line=closed), now_ms=5000)
    detail = render_detail(record(store), Frame(), {})
    assert [(h.recorded_ms, h.by, h.what.action, h.undone) for h in detail.history] == [
        (3000, "Alice", "dispatch", False),
        (4000, "Alice", "close", True),
        (5000, "Bob", "undo", False),
    ]
    assert (detail.status, detail.outcome, detail.taken_by) == ("dispatched", None, "Alice")


def test_decisions_are_in_the_chain(store: Store) -> None:
    decisions: tuple[Decision, ...] = (Acknowledge(), Note(text="a"), Close(outcome="unknown"))
    for n, what in enumerate(decisions):
        by(store, "Alice", what, now_ms=n)
    rows = store.read_now(lambda c: [dict(row._mapping) for row in c.execute(sa.select(journal))])
    lines = [msgspec.convert({name: row[name] for name in ("id", "content", *CONTENT)}, Line) for row in rows]
    assert [line.kind for line in lines] == ["event", "decision", "decision", "decision"]
    assert altered(lines) == []
    assert end_of(BEGINNING, lines) == rows[-1]["digest"]


def test_nobody_decides_about_what_is_not_there(store: Store) -> None:
    with pytest.raises(AbsentError, match="no event 'none'"):
        store.write_now(lambda c: decide(c, "none", "Alice", Acknowledge(), 1))
    assert record(store).decisions == ()


@pytest.mark.parametrize("what", PLAIN, ids=action)
def test_the_api_gives_every_decision_as_it_was_kept(store: Store, what: Decision) -> None:
    by(store, "Alice", what)
    (line,) = record(store).decisions
    shown = decision_models.told(line, False).what
    assert msgspec.convert(shown.model_dump(), type(what)) == what


@pytest.mark.parametrize("what", [w for w in PLAIN if action(w) != "corroborate"], ids=action)
def test_the_api_takes_every_decision_that_a_person_makes(what: Decision) -> None:
    model = getattr(decision_models, type(what).__name__)
    assert decision_models.asked(model.model_validate_json(msgspec.json.encode(what))) == what


def test_what_the_api_cannot_know_to_be_wrong_is_one_sentence() -> None:
    body = decision_models.Close(action="close", outcome="confirmed")
    with pytest.raises(InputError, match="grounds are"):
        decision_models.asked(body)

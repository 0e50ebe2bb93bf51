"""What people decide: any lines give a state, undo restores it, and two never handle one event unknowingly."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.errors import InputError
from recordings.chain import Line
from recordings.decisions import (
    KIND,
    Acknowledge,
    CallBack,
    Close,
    ConflictError,
    Corroborate,
    Decided,
    Decision,
    Dispatch,
    Judge,
    Note,
    Spot,
    Told,
    Undo,
    action,
    check,
    decided,
    state_of,
)

PEOPLE = ("Alice", "Bob", "Chen")
CALL = Corroborate(incoming="i1", source="call", time_ms=1, reference="112-7")
PLAIN: tuple[Decision, ...] = (
    Acknowledge(),
    CallBack(text="shop: nothing heard"),
    Dispatch(text="patrol 3"),
    Judge(label="firework", count=2),
    Close(outcome="confirmed", grounds=("casings",), found=Spot(x=1.0, y=2.0)),
    Close(outcome="false"),
    Note(text="road works"),
    CALL,
)


def lines(*told: tuple[str, Decision]) -> list[Decided]:
    return [Decided(line=10 * n, recorded_ms=n, by=by, what=what) for n, (by, what) in enumerate(told, start=1)]


@st.composite
def histories(draw: st.DrawFn) -> list[Decided]:
    """Any lines at all, undos of anything included: also of what is not there."""
    count = draw(st.integers(0, 12))
    undos = st.integers(0, 140).map(lambda line: Undo(line=line))
    whats = st.one_of(st.sampled_from(PLAIN), undos)
    return lines(*[(draw(st.sampled_from(PEOPLE)), draw(whats)) for _ in range(count)])


@settings(deadline=None)
@given(histories())
def test_any_lines_give_a_state(history: list[Decided]) -> None:
    state = state_of(history)
    assert state.status in ("open", "acknowledged", "dispatched", "closed")
    assert (state.outcome is not None) == (state.status == "closed")
    for part in (state.taken, state.closed, *state.dispatched, *state.verdicts, *state.corroborations):
        assert part is None or (part in history and part.line not in state.undone)


@settings(deadline=None)
@given(histories(), st.sampled_from(PLAIN), st.sampled_from(PEOPLE))
def test_undo_restores_and_undoing_the_undo_brings_back(history: list[Decided], what: Decision, by: str) -> None:
    last = history[-1].line if history else 0
    history = [h for h in history if not (isinstance(h.what, Undo) and h.what.line > last)]
    done = Decided(line=last + 1, recorded_ms=1, by=by, what=what)
    undo = Decided(line=last + 2, recorded_ms=2, by=by, what=Undo(line=done.line))
    redo = Decided(line=last + 3, recorded_ms=3, by=by, what=Undo(line=undo.line))
    before, after = state_of(history), state_of([*history, done])
    assert replace(state_of([*history, done, undo]), undone=before.undone) == before
    assert state_of([*history, done, undo]).undone == tuple(sorted({*before.undone, done.line}))
    assert replace(state_of([*history, done, undo, redo]), undone=after.undone) == after


@settings(deadline=None)
@given(histories())
def test_lines_come_back_as_they_were_written(history: list[Decided]) -> None:
    for one in history:
        data = msgspec.json.encode(Told(by=one.by, what=one.what)).decode()
        assert decided(Line(id=one.line, content="", kind=KIND, recorded_ms=one.recorded_ms, data=data)) == one
        assert f'"action":"{action(one.what)}"' in data


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PLAIN[:3])), max_size=10))
def test_only_one_person_at_a_time_handles_an_event(tried: list[tuple[str, Decision]]) -> None:
    """Whatever is tried without naming the other, what is kept is of whoever came first."""
    kept: list[Decided] = []
    for by, what in tried:
        if kept and kept[0].by != by:
            with pytest.raises(ConflictError, match=f"taken by {kept[0].by}"):
                check(kept, by, what)
        else:
            check(kept, by, what)
            kept = lines(*((k.by, k.what) for k in kept), (by, what))
    assert {one.by for one in kept} <= {tried[0][0]} if tried else not kept


def test_an_event_is_handed_over_by_naming_who_had_it() -> None:
    history = lines(("Alice", Acknowledge()))
    with pytest.raises(ConflictError, match="taken by Alice"):
        check(history, "Bob", Dispatch(text="patrol 3"))
    with pytest.raises(ConflictError, match="taken by Alice"):
        check(history, "Bob", Acknowledge(instead_of="Chen"))
    check(history, "Bob", Acknowledge(instead_of="Alice"))
    taken = state_of(lines(("Alice", Acknowledge()), ("Bob", Acknowledge(instead_of="Alice")))).taken
    assert taken is not None
    assert taken.by == "Bob"
    with pytest.raises(ConflictError, match="nobody has taken"):
        check([], "Bob", Acknowledge(instead_of="Alice"))


def test_a_closed_event_says_by_whom_and_opens_again_by_undo() -> None:
    history = lines(("Alice", Acknowledge()), ("Bob", Close(outcome="false")))
    for what in (Acknowledge(), Close(outcome="unknown")):
        with pytest.raises(ConflictError, match=r"closed .*by Bob; undo line 20 first"):
            check(history, "Alice", what)
    check(history, "Chen", Judge(label="firework"))
    check(history, "Alice", Undo(line=20))
    again = lines(*((h.by, h.what) for h in history), ("Alice", Undo(line=20)))
    assert state_of(again).status == "acknowledged"
    with pytest.raises(ConflictError, match="undone before"):
        check(again, "Alice", Undo(line=20))
    with pytest.raises(InputError, match="line is 25"):
        check(again, "Alice", Undo(line=25))


def test_the_last_verdict_stands_and_the_earlier_ones_stay() -> None:
    state = state_of(lines(("Alice", Judge(label="gunshot", blind=True)), ("Bob", Judge(label="firework"))))
    assert [one.by for one in state.verdicts] == ["Alice", "Bob"]


def test_a_blind_answer_is_the_persons_first_word_on_the_event() -> None:
    history = lines(("Alice", Acknowledge()))
    with pytest.raises(ConflictError, match="Alice has dealt with this event before"):
        check(history, "Alice", Judge(label="gunshot", blind=True))
    check(history, "Bob", Judge(label="gunshot", blind=True))


def test_what_came_in_is_attached_once() -> None:
    history = lines(("Alice", CALL))
    with pytest.raises(ConflictError, match="attached to this event by Alice"):
        check(history, "Bob", CALL)
    check(lines(("Alice", CALL), ("Alice", Undo(line=10))), "Bob", CALL)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"action": "close", "outcome": "confirmed"}, "grounds are"),
        ({"action": "close", "outcome": "false", "grounds": ["video"]}, "go with 'confirmed'"),
        ({"action": "close", "outcome": "confirmed", "grounds": ["video", "video"]}, "each once"),
        ({"action": "close", "outcome": "confirmed", "grounds": ["call"], "found": {"x": 1.0}}, "neither or both"),
        ({"action": "close", "outcome": "maybe"}, "maybe"),
        ({"action": "note", "text": "  "}, "text has 2 characters"),
        ({"action": "note", "text": "x" * 2001}, "expected 1 to 2000"),
        ({"action": "judge", "label": "voice"}, "voice"),
        ({"action": "judge", "label": "gunshot", "count": -1}, "count is -1"),
    ],
)
def test_a_wrong_decision_is_one_sentence(what: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        decided(Line(id=1, content="", data=msgspec.json.encode({"by": "Alice", "what": what}).decode()))


@pytest.mark.parametrize("name", ["", " ", "a" * 121, "a\nb"])
def test_a_decision_names_a_person(name: str) -> None:
    with pytest.raises(InputError, match="the person is"):
        Told(by=name, what=Acknowledge())

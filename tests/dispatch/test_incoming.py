"""What came in from elsewhere: kept once, suggested by time and place, attached by a person; misses stay for ever."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from acoustic.errors import InputError, TocsinError
from dispatch.commands.performance import missed, performance
from dispatch.figures.counting import counted, day_of, span_of
from dispatch.figures.performance import Figures
from dispatch.incoming import Incoming, Missed
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.decisions import AbsentError, decide
from dispatch.store.events import add_shots
from dispatch.store.incoming import all_missed, attach, came_in, enter_missed, take_in
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.store.tables import journal
from dispatch.town.zones import zone_info
from localisation.arrivals import Shot
from recordings.decisions import Close, ConflictError, Judge, Spot, Undo
from recordings.events import new_id
from tests.dispatch.running import command
from tests.recordings.test_events import shot

SHOT_MS = 1_700_000_000_000  # when `shot("a")` was fired
EVENT = new_id(shot("a"))
CALL = Incoming(source="call", time_ms=SHOT_MS + 40_000, text="two bangs behind the hall", reference="112-7")
MISS = Missed(time_ms=SHOT_MS + 7_200_000, x=500.0, y=0.0, reference="2026/114", grounds=("casings",))
UTC = zone_info("UTC")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def publish(store: Store, *shots: Shot, now_ms: int = SHOT_MS + 1500) -> None:
    store.write_now(lambda c: add_shots(c, shots, now_ms, "0" * 64))


def test_what_came_in_is_kept_once(store: Store) -> None:
    first = store.write_now(lambda c: take_in(c, "shop 4", CALL, 1))
    again = store.write_now(lambda c: take_in(c, "shop 4", CALL, 2))
    assert (again.id, again.line, again.recorded_ms) == (first.id, first.line, 1)
    other = Incoming(source="call", time_ms=1, text="something else", reference="112-7")
    with pytest.raises(ConflictError, match="call '112-7' came before, from shop 4, with other words"):
        store.write_now(lambda c: take_in(c, "shop 4", other, 3))
    unnumbered = Incoming(source="patrol", time_ms=1, text="casings")
    two = {store.write_now(lambda c: take_in(c, "patrol 3", unnumbered, 4)).id for _ in range(2)}
    assert len(two) == 2, "without a reference nobody can know that it is the same"


def test_a_call_that_came_before_any_event_is_suggested_once_there_is_one(store: Store) -> None:
    kept = store.write_now(lambda c: take_in(c, "Alice", CALL, SHOT_MS + 50_000))
    assert kept.suggested == ()
    publish(store, shot("a"), now_ms=SHOT_MS + 60_000)
    (now,) = store.read_now(lambda c: came_in(c, 0))
    (one,) = now.suggested
    assert (one.event, one.number, one.metres) == (EVENT, 1, None)
    assert one.after_s == pytest.approx(40.0)


def test_suggestions_follow_time_and_place(store: Store) -> None:
    publish(store, shot("a"), shot("b", 20.0, 400.0), shot("c", 30.0, 4000.0), shot("d", 90.0, 0.0))
    alarm = Incoming(source="alarm", time_ms=SHOT_MS + 21_000, text="glass", x=390.0, y=0.0)
    kept = store.write_now(lambda c: take_in(c, "shop", alarm, 1))
    assert [s.number for s in kept.suggested] == [2], "near in place, and not in a minute and a half's future"
    call = Incoming(source="call", time_ms=SHOT_MS + 100_000, text="bangs", x=0.0, y=0.0)
    kept = store.write_now(lambda c: take_in(c, "Alice", call, 1))
    assert [s.number for s in kept.suggested] == [4, 1, 2], "the likeliest first, what is 4 km away not at all"


def test_a_person_attaches_it_and_can_undo_that(store: Store) -> None:
    publish(store, shot("a"))
    kept = store.write_now(lambda c: take_in(c, "Alice", CALL, 1))
    (entry,) = store.write_now(lambda c: attach(c, EVENT, kept.id, "Alice", 2))
    (now,) = store.read_now(lambda c: came_in(c, 0))
    assert (now.attached, now.suggested) == ((1,), ())
    with pytest.raises(ConflictError, match="attached to this event by Alice"):
        store.write_now(lambda c: attach(c, EVENT, kept.id, "Bob", 3))
    store.write_now(lambda c: decide(c, EVENT, "Bob", Undo(line=entry.id), 4))
    (now,) = store.read_now(lambda c: came_in(c, 0))
    assert (now.attached, [s.number for s in now.suggested]) == ((), [1])
    for event, incoming in ((EVENT, "none"), ("none", kept.id)):
        with pytest.raises(AbsentError):
            store.write_now(partial(attach, event=event, incoming=incoming, by="Bob", now_ms=5))


def test_its_words_stay_where_they_are(store: Store) -> None:
    publish(store, shot("a"))
    kept = store.write_now(lambda c: take_in(c, "Alice", CALL, 1))
    store.write_now(lambda c: attach(c, EVENT, kept.id, "Alice", 2))
    rows = store.read_now(lambda c: list(c.scalars(sa.select(journal.c.data).where(journal.c.subject == EVENT))))
    assert not any("behind the hall" in data for data in rows)
    assert any("112-7" in data for data in rows)


def counts(store: Store) -> Figures:
    span = span_of("2023-11-14", "2023-11-15", UTC, SHOT_MS + 30 * 86_400_000)
    return store.read_now(lambda c: counted(c, Settings(), span))[0]


def test_a_missed_shooting_counts_and_nothing_takes_it_back(store: Store) -> None:
    store.write_now(lambda c: enter_missed(c, "Alice", MISS, 1))
    with pytest.raises(ConflictError, match="case '2026/114' was entered by Alice on 1970-01-01"):
        store.write_now(lambda c: enter_missed(c, "Bob", MISS, 2))
    kept = store.read_now(all_missed)[0]
    for event in (kept.id, "missed"):
        with pytest.raises(AbsentError):
            store.write_now(partial(decide, event=event, by="Bob", what=Undo(line=kept.line), now_ms=3))
    assert (counts(store).missed, counts(store).recall.value) == (1, 0.0)


def test_a_shooting_that_did_raise_an_alert_is_not_entered_as_missed(store: Store) -> None:
    publish(store, shot("a"))
    near = Missed(time_ms=SHOT_MS + 60_000, x=100.0, y=0.0, reference="c", grounds=("video",))
    with pytest.raises(ConflictError, match="near it in time and place: alert 1;"):
        store.write_now(lambda c: enter_missed(c, "Alice", near, 1))
    other = Missed(time_ms=near.time_ms, x=100.0, y=0.0, reference="c", grounds=("video",), other_than=(1,))
    store.write_now(lambda c: enter_missed(c, "Alice", other, 1))
    assert store.read_now(all_missed)[0].what.other_than == (1,)


def test_what_the_page_called_a_firework_raised_no_alert(store: Store) -> None:
    publish(store, shot("a", label="firework"))
    near = Missed(time_ms=SHOT_MS, x=0.0, y=0.0, reference="c", grounds=("video",))
    store.write_now(lambda c: enter_missed(c, "Alice", near, 1))
    assert counts(store).missed == 1


def test_an_alert_stays_an_alert_when_the_machine_changes_its_mind(store: Store) -> None:
    publish(store, shot("a"))
    publish(store, shot("a", label="firework", version=2), now_ms=SHOT_MS + 9000)
    store.write_now(lambda c: decide(c, EVENT, "Alice", Close(outcome="false"), 1))
    found = counts(store)
    assert (found.alerts, found.outcomes["false"]) == (1, 1)
    assert found.latency_s.value == pytest.approx(1.5)


def test_figures_come_from_what_people_entered(store: Store) -> None:
    nodes = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0)]
    for n, (x, y) in enumerate(nodes):
        record = NodeRecord(id=f"n{n}", public_key=b"k", x=x, y=y, z=0.0, enrolled_ms=SHOT_MS - 80_000_000)
        store.write_now(partial(add_node, record=record))
    publish(store, shot("a"), shot("b", 100.0), shot("c", 200.0), shot("d", 300.0, label="firework"))
    found = Close(outcome="confirmed", grounds=("casings",), found=Spot(x=30.0, y=0.0))
    a, b, d = (new_id(shot(key)) for key in "abd")
    store.write_now(lambda c: decide(c, a, "Bob", Judge(label="firework", blind=True), 1))
    store.write_now(lambda c: decide(c, a, "Alice", found, 2))
    store.write_now(lambda c: decide(c, b, "Alice", Close(outcome="false"), 3))
    store.write_now(lambda c: decide(c, d, "Alice", Close(outcome="confirmed", grounds=("call",)), 4))
    now = counts(store)
    assert now.outcomes == {"confirmed": 1, "false": 1, "unconfirmed": 0, "unknown": 0, "none": 1}
    assert (now.missed, now.recall.of, now.mislocated.count) == (1, 2, 1)
    assert (now.error_m.value, now.agreement.count, now.agreement.of) == (30.0, 0, 1)
    assert now.false_alerts.km2 == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": " "}, "text has 1 characters"),
        ({"time_ms": 0}, "time_ms is 0"),
        ({"time_ms": 2**62}, "from 1970 to 2255"),
        ({"x": 1.0}, "the place is not"),
        ({"x": 1.0, "y": float("nan")}, "the place is not"),
        ({"x": 1.0, "y": 1.0, "radius_m": -1.0}, "radius of 0 or more"),
        ({"reference": "x" * 201}, "reference has 201"),
    ],
)
def test_what_cannot_be_is_one_sentence(wrong: dict[str, object], said: str) -> None:
    values: dict[str, object] = {"source": "call", "time_ms": 1, "text": "bangs", **wrong}
    with pytest.raises(InputError, match=said):
        Incoming(**values)  # type: ignore[arg-type]


def test_a_miss_has_a_case_and_grounds() -> None:
    with pytest.raises(InputError, match="reference has 0"):
        Missed(time_ms=1, x=0.0, y=0.0, reference="", grounds=("call",))
    with pytest.raises(InputError, match="grounds are empty"):
        Missed(time_ms=1, x=0.0, y=0.0, reference="a", grounds=())


def test_a_span_of_days_is_local_and_ends_now() -> None:
    now_ms = SHOT_MS
    span = span_of("2023-11-01", "", zone_info("Europe/Paris"), now_ms)
    assert (span.from_ms, span.to_ms) == (1_698_793_200_000, now_ms)
    for since, until, said in (
        ("2023-11-02", "2023-11-01", "since is 2023-11-02, after"),
        ("1.11.2023", "", "since is '1.11.2023'"),
        ("", "2023-13-01", "until is '2023-13-01'"),
    ):
        with pytest.raises(InputError, match=said):
            span_of(since, until, UTC, now_ms)
    with pytest.raises(InputError, match="after 1970"):
        day_of("day", "0001-01-01")


def test_the_commands_enter_a_miss_and_count_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "data")]
    Store(tmp_path / "data").close()
    told = ["--by", "Alice", "--at", "2026-11-20T22:14:00+01:00", "--grounds", "victim"]
    assert missed([*data, *told, "--case", "a", "--place", "x=10,y=-20"]) == 0
    assert "entered as" in capsys.readouterr().out
    for case, place, said in (("a", "x=10,y=-20", "was entered by Alice"), ("b", "1.0,2.0", "counts in local metres")):
        with pytest.raises(TocsinError, match=said):
            missed([*data, *told, "--case", case, "--place", place])
    for wrong in (["--place", "12"], ["--place", "95,0"], ["--place", "x=1,y=1", "--at", "2026-11-20T22:14:00"]):
        with pytest.raises(SystemExit):
            missed([*data, *told, "--case", "b", *wrong])
    capsys.readouterr()
    performance([*data, "--format", "json", "--since", "2026-11-20"])
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["missed"], row["recall"]["low"]) == (1, 0.0)
    assert set(row["precision"]) == {"decided", "undecided", "at_least"}
    performance([*data, "--format", "csv", "--since", "2026-11-20", "--out", str(tmp_path / "a.csv")])
    assert (tmp_path / "a.csv").read_text().startswith("month,zone,alerts,outcomes.confirmed")
    performance([*data, "--since", "2026-11-20"])
    assert "0% (0%–79%)" in capsys.readouterr().out
    with pytest.raises(InputError, match="is not there"):
        performance(["--data", str(tmp_path / "nowhere")])


def test_the_centres_command_knows_them(tmp_path: Path) -> None:
    line = command("centre", "performance", "--data", tmp_path / "nowhere")
    answer = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (answer.returncode, "is not there" in answer.stderr) == (2, True)

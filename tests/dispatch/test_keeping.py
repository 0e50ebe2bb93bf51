"""Retention clocks and erasing on demand: what must go is gone from the disk, and the chain still verifies."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError
from dispatch.audit import Check, next_lines
from dispatch.evidence import make_evidence
from dispatch.incoming import Incoming, Missed
from dispatch.keeping.record import KIND, Deletion
from dispatch.keeping.sweep import Clocks, sweep
from dispatch.keeping.words import stripped
from dispatch.settings import Keep
from dispatch.store import Store, alerts
from dispatch.store.decisions import decide, decisions_of
from dispatch.store.engine import migrate
from dispatch.store.events import newest_events
from dispatch.store.incoming import all_missed, came_in, enter_missed, take_in
from dispatch.store.journal import lines_about, lines_of
from dispatch.store.nodes import last_numbers
from dispatch.store.reports import Received, add_reports, last_bodies
from dispatch.store.tables import arrivals, journal, reports, shots
from recordings import decisions
from recordings.decisions import Acknowledge, Close, Note, Spot, state_of
from recordings.evidence.verify import verify_bundle
from tests.dispatch import wire
from tests.dispatch.alerts.samples import alert
from tests.dispatch.running import command
from tests.dispatch.test_evidence import Made, made  # noqa: F401 — a fixture
from tests.dispatch.test_store import arrival

NAME, WORDS = "Jeanne Martin", "the baker at number 12 saw it"
H, DAY = 3_600_000, 86_400_000


@pytest.fixture
def kept(made: Made, tmp_path: Path) -> Made:  # noqa: F811
    """A centre's folder with two events, decided on by a person with a name."""
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    store, now_ms = Store(data), time.time_ns() // 1_000_000
    event = made.evidence.subject.event
    for what in (
        Acknowledge(),
        Note(text=WORDS),
        Close(outcome="confirmed", grounds=("casings",), text=WORDS, found=Spot(x=101.0, y=80.0)),
    ):
        store.write_now(lambda c, what=what: decide(c, event, NAME, what, now_ms))  # type: ignore[misc]
    call = Incoming(source="call", time_ms=now_ms, text=f"{NAME}: {WORDS}", reference="C-1", x=1.0, y=2.0, radius_m=9.0)
    store.write_now(lambda c: take_in(c, NAME, call, now_ms))
    miss = Missed(time_ms=now_ms - DAY, x=0.0, y=0.0, reference="case 7", grounds=("victim",), text=WORDS)
    store.write_now(lambda c: enter_missed(c, NAME, miss, now_ms))
    store.close()
    return Made(made.path, made.opener, data, made.start_ns)


def checked(kept: Made) -> Check:
    store = Store(kept.data)
    done = Check(centre_key=kept.key.public_key())
    while lines := store.read_now(next_lines(done.last)):
        done.take(lines)
    store.close()
    return done


def swept(kept: Made, later_ms: int) -> Store:
    store = Store(kept.data)
    sweep(store, Clocks(keep=Keep(), key=kept.key, now_ms=time.time_ns() // 1_000_000 + later_ms))
    return store


def heard(store: Store) -> set[str]:
    return set(store.read_now(lambda c: c.scalars(sa.select(arrivals.c.id)).all()))


def on_disk(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data.glob("tocsin.db*"))


def test_names_and_words_are_erased_and_outcome_chain_and_older_evidence_stand(kept: Made, tmp_path: Path) -> None:
    store = Store(kept.data)
    event = kept.evidence.subject.event
    number = kept.evidence.subject.number
    lines = [line.id for line in store.read_now(lambda c: lines_of(c, [decisions.KIND, "incoming", "missed"]))]
    store.close()
    before = tmp_path / "before.zip"
    make_evidence(kept.data, number, "court", before)
    line = command(
        "centre", "erase", *map(str, lines), "--by", "Data officer", "--because", "asked", "--data", kept.data
    )
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.startswith(
        f"names and words erased from {len(lines)} lines"
    )
    for gone in (NAME.encode(), WORDS.encode()):
        assert gone not in on_disk(kept.data)
    done = checked(kept)
    assert (done.good, done.erased) == (True, len(lines))
    store = Store(kept.data)
    told = store.read_now(lambda c: decisions_of(c, [event]))[event]
    assert [decisions.action(one.what) for one in told] == ["acknowledge", "note", "close"]
    outcome = state_of(told).outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.grounds, outcome.found) == ("confirmed", ("casings",), Spot(x=101.0, y=80.0))
    (call,) = store.read_now(lambda c: came_in(c, 0))
    assert (call.what.text, call.what.x, call.by) == ("erased", None, "erased")
    (miss,) = store.read_now(all_missed)
    assert miss.what.grounds == ("victim",)
    store.close()
    after = tmp_path / "after.zip"
    make_evidence(kept.data, number, "court", after)
    for path, erased in ((before, False), (after, True)):
        evidence, findings = verify_bundle(path)
        assert evidence is not None
        assert [f.text for f in findings if not f.good] == []
        assert any("names and words were erased from 3 lines" in f.text for f in findings) == erased


def test_an_erasure_without_the_centres_record_does_not_pass(kept: Made) -> None:
    store = Store(kept.data)
    first, second, *_ = [line.id for line in store.read_now(lambda c: lines_of(c, [decisions.KIND]))]
    blank = {"recorded_ms": 0, "kind": "", "subject": "", "data": "", "salt": ""}
    store.write_now(lambda c: c.execute(sa.update(journal).where(journal.c.id == first).values(salt="")))
    store.write_now(lambda c: c.execute(sa.update(journal).where(journal.c.id == second).values(**blank)))
    store.close()
    done = checked(kept)
    assert (done.good, done.altered, done.broken, done.unrecorded) == (False, [], [], [first, second])
    line = command("centre", "journal", "--check", "--data", kept.data)
    answer = subprocess.run(line, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert f"line {first} was erased, and no record that the centre signed says so" in answer.stdout


def test_what_is_left_cannot_be_changed_nor_a_record_be_made_up(kept: Made) -> None:
    store = swept(kept, 366 * DAY)
    close = store.read_now(lambda c: lines_of(c, [decisions.KIND]))[-1]
    changed = close.data.replace("confirmed", "false").replace('"grounds":["casings"],', "")
    store.write_now(lambda c: c.execute(sa.update(journal).where(journal.c.id == close.id).values(data=changed)))
    assert checked(kept).unrecorded == [close.id]
    record = store.read_now(lambda c: lines_of(c, [KIND]))[-1]
    forged = record.data.replace('"because":"', '"because":"not ')
    store.write_now(lambda c: c.execute(sa.update(journal).where(journal.c.id == record.id).values(data=forged)))
    assert record.id in checked(kept).altered
    store.close()


def test_after_a_day_only_what_events_rest_on_is_kept(kept: Made) -> None:
    store = Store(kept.data)
    used = {a.id for r in store.read_now(lambda c: newest_events(c, 9)) for s in r.event.shots for a in s.arrivals}
    now_ns = time.time_ns()
    body = msgspec.msgpack.encode(wire.report("roof-1", 900, now_ns, [wire.arrival(77, now_ns)]))
    heard_alone = replace(arrival(77, now_ns), id="roof-1:77", node="roof-1")
    alone = Received(
        node="roof-1", sequence=900, received_ns=now_ns, body=body, signature=b"s", arrivals=(heard_alone,)
    )
    assert store.write_now(lambda c: add_reports(c, [alone])) == [True]
    store.write_now(lambda c: c.execute(sa.text("UPDATE notes SET value = 10000 WHERE key = 'located'")))
    store.close()
    store = swept(kept, 23 * H)
    assert "roof-1:77" in heard(store)
    store.close()
    store = swept(kept, 25 * H)
    assert "roof-1:77" not in heard(store)
    assert used <= heard(store)
    assert alone.body not in on_disk(kept.data)
    assert store.write_now(lambda c: add_reports(c, [alone])) == [True], "it is known when it comes again"
    assert "roof-1:77" not in heard(store), "and is not kept anew"
    assert store.write_now(lambda c: add_reports(c, [replace(alone, body=b"other")])) == [False]
    assert store.read_now(lambda c: last_numbers(c, "roof-1"))[0] == 900
    assert store.read_now(last_bodies), "each node's health around an event is still known"
    records = [msgspec.json.decode(line.data, type=Deletion) for line in store.read_now(lambda c: lines_of(c, [KIND]))]
    assert sum(r.rows.get("arrivals", 0) for r in records) >= 1
    assert all(r.by_key(kept.key.public_key()) for r in records)
    store.close()
    make_evidence(kept.data, kept.evidence.subject.number, "court", kept.data / "late.zip")
    evidence, findings = verify_bundle(kept.data / "late.zip")
    assert evidence is not None
    assert [f.text for f in findings if not f.good] == []
    assert checked(kept).good


def test_after_a_year_events_names_and_places_are_gone_and_after_three_the_journal(kept: Made) -> None:
    store = swept(kept, 366 * DAY)
    for table in (shots, arrivals):
        assert store.read_now(lambda c, t=table: c.scalar(sa.select(sa.func.count()).select_from(t))) == 0  # type: ignore[misc]
    assert store.read_now(lambda c: newest_events(c, 9)) == []
    assert store.read_now(lambda c: c.scalar(sa.select(sa.func.count()).where(reports.c.signature != b""))) == 0
    for gone in (NAME.encode(), WORDS.encode(), b"101.0"):
        assert gone not in on_disk(kept.data)
    (call,) = store.read_now(lambda c: came_in(c, 0))
    assert call.attached == ()
    event = kept.evidence.subject.event
    outcome = state_of(store.read_now(lambda c: decisions_of(c, [event]))[event]).outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.found) == ("confirmed", None)
    store.close()
    assert checked(kept).good
    store = swept(kept, 1096 * DAY)
    kinds = {line.kind for line in store.read_now(lambda c: lines_of(c, ["event", decisions.KIND, "node", KIND]))}
    assert kinds == {KIND}
    assert event.encode() not in on_disk(kept.data)
    store.close()
    assert checked(kept).good


def test_a_record_stays_and_a_line_that_is_not_there_is_said_so(kept: Made) -> None:
    store = swept(kept, 366 * DAY)
    (record, *_) = store.read_now(lambda c: lines_about(c, KIND, [""]))
    store.close()
    for line, words in ((record.id, "the record of an erasure, which stays"), (10**6, "is not there")):
        run = command("centre", "erase", str(line), "--by", "A", "--because", "b", "--data", kept.data)
        answer = subprocess.run(run, capture_output=True, text=True, check=False)
        assert answer.returncode == 2
        assert words in answer.stderr


def test_the_clocks_are_settings_in_order() -> None:
    assert (Keep().arrivals_h, Keep().events_days, Keep().audit_days) == (24.0, 365.0, 1095.0)
    with pytest.raises(InputError, match="each longer than the last"):
        Keep(events_days=30.0, audit_days=20.0)
    with pytest.raises(InputError, match=r"keep\.arrivals_h is 0"):
        Keep(arrivals_h=0.0)


def test_stripping_leaves_what_was_done() -> None:
    told = '{"by":"A","what":{"action":"dispatch","text":"car 3","instead_of":"B"}}'
    assert stripped(told) == '{"by":"erased","what":{"action":"dispatch","text":"erased","instead_of":"erased"}}'
    assert stripped(stripped(told)) == stripped(told)
    assert stripped('{"by":"A","what":{"x":1.0,"text":""}}', {"x"}) == '{"by":"erased","what":{"text":""}}'


def test_when_arrivals_came_is_kept_over_a_migration_down_and_up(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    came = Received(
        node="n", sequence=1, received_ns=9 * 10**15, body=b"b", signature=b"s", arrivals=(arrival(1, 7 * 10**15),)
    )
    store.write_now(lambda c: add_reports(c, [came]))
    read = sa.select(arrivals.c.received_ms)
    assert store.read_now(lambda c: c.scalar(read)) == 9 * 10**9
    store.write_now(lambda c: migrate(c, "0007"))
    store.write_now(migrate)
    assert store.read_now(lambda c: c.scalar(read)) == 7 * 10**9, "as far as the older schema could tell"
    store.close()


def test_alerts_of_silent_nodes_end_and_the_last_of_each_stays(tmp_path: Path) -> None:
    store, now_ms = Store(tmp_path), 400 * DAY
    old, young = now_ms - 366 * DAY, now_ms - 364 * DAY

    def work(connection: sa.Connection) -> None:
        for id_, kind, sent_ms in (("a", "new", old), ("b", "end", old), ("c", "new", old), ("d", "new", young)):
            told = alert(kind, None, id=id_, sent_ms=sent_ms, subject="node-1" if id_ in "abc" else "node-2")
            alerts.queue(connection, "maintenance", told, sent_ms)
            (queued,) = alerts.find(connection, [id_])
            alerts.settle(connection, queued, "delivered", sent_ms)

    store.write_now(work)
    key = Ed25519PrivateKey.generate()
    sweep(store, Clocks(keep=Keep(), key=key, now_ms=now_ms))
    left = store.read_now(lambda c: alerts.find(c, ["a", "b", "c", "d"]))
    assert [one.alert.id for one in left] == ["c", "d"]
    assert store.read_now(lambda c: alerts.open_nodes(c, "maintenance")) == {"node-1": old, "node-2": young}
    store.close()

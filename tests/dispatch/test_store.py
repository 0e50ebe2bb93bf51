"""The store: its schema, what it keeps once, and how shots are counted to events."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from acoustic.errors import InputError, ResourceError
from dispatch.store import Store
from dispatch.store.engine import migrate
from dispatch.store.events import add_shots, events_of, latest_shots, newest_events
from dispatch.store.journal import add_entry, entries_after
from dispatch.store.nodes import NodeRecord, add_node, all_nodes, change_key, revoke_node
from dispatch.store.notes import note, set_note
from dispatch.store.reports import (
    Received,
    add_reports,
    arrivals_after,
    arrivals_between,
    arrivals_of,
    last_bodies,
    last_row,
)
from dispatch.store.tables import journal, metadata
from localisation.arrivals import Arrival, Reason, Shot
from recordings.events import new_id
from tests.recordings.test_events import shot

METHOD = "0" * 64


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[Store]:
    opened = Store(tmp_path / "data", database)
    yield opened
    opened.close()


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


def arrival(number: int, time_ns: int = 0) -> Arrival:
    return Arrival(
        id=f"n:{number}", node="n", x=1.0, y=2.0, z=3.0, time_ns=time_ns, probabilities={"gunshot": 0.5}, snr_db=9.5
    )


def received(sequence: int, body: bytes = b"a", *arrivals: Arrival) -> Received:
    return Received(node="n", sequence=sequence, received_ns=1, body=body, signature=b"s", arrivals=arrivals)


def test_the_schema_of_the_migrations_is_the_schema_of_the_tables(store: Store) -> None:
    assert store.read_now(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


def test_migrations_go_down_and_up_with_data(store: Store) -> None:
    store.write_now(lambda c: add_node(c, NodeRecord(id="n", public_key=b"k", x=0.0, y=0.0, z=0.0)))
    store.write_now(lambda c: migrate(c, "base"))
    assert set(store.read_now(lambda c: sa.inspect(c).get_table_names())) == {"alembic_version"}
    store.write_now(migrate)
    assert store.read_now(all_nodes) == []


def test_an_events_lines_are_found_without_reading_those_of_others(in_file: Store) -> None:
    for many in (["a"], ["a", "b", "c"]):
        query = sa.select(journal.c.data).where(journal.c.kind == "decision", journal.c.subject.in_(many))
        text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
        (plan,) = in_file.read_now(lambda c, text=text: list(c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")))  # type: ignore[misc]
        assert "(subject=? AND kind=?)" in plan[-1]


def test_a_store_of_a_newer_program_is_refused(store: Store, tmp_path: Path) -> None:
    store.write_now(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="9999"):
        Store(tmp_path / "data")


def test_commits_are_synced_and_readers_do_not_wait(store: Store) -> None:
    on_sqlite = ["PRAGMA journal_mode", "PRAGMA synchronous"], ["wal", 2]
    on_postgresql = ["SHOW synchronous_commit", "SHOW transaction_read_only"], ["on", "on"]
    asked, told = on_sqlite if (store.folder / "tocsin.db").exists() else on_postgresql
    assert store.read_now(lambda c: [c.exec_driver_sql(one).scalar() for one in asked]) == told

    def read_meanwhile(connection: sa.Connection) -> str | None:
        set_note(connection, "k", "new")
        return store.read_now(lambda c: note(c, "k"))

    assert store.write_now(read_meanwhile) is None
    assert store.read_now(lambda c: note(c, "k")) == "new"


def test_a_store_is_opened_and_read_while_a_centre_writes_for_long(in_file: Store) -> None:
    in_file.write_now(lambda c: set_note(c, "k", "old"))

    def read_meanwhile(connection: sa.Connection) -> str | None:
        set_note(connection, "k", "new")
        beside = Store(in_file.folder)
        try:
            return beside.read_now(lambda c: note(c, "k"))
        finally:
            beside.close()

    assert in_file.write_now(read_meanwhile) == "old"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"data folder .*file.* cannot be made"):
        Store(tmp_path / "file" / "data")


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tocsin.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ResourceError, match="not a database"):
        Store(tmp_path)


def test_a_full_disk_loses_the_transaction_and_nothing_else(in_file: Store) -> None:
    in_file.write_now(lambda c: add_reports(c, [received(1)]))

    def fill(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        add_reports(connection, [received(2, bytes(1 << 20))])

    with pytest.raises(ResourceError, match="full"):
        in_file.write_now(fill)
    assert [body for _, body in in_file.read_now(last_bodies)] == [b"a"]


def test_the_data_folder_is_the_owners(tmp_path: Path) -> None:
    Store(tmp_path / "data").close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_report_is_kept_once_and_its_arrivals_once(store: Store) -> None:
    first = received(1, b"a", arrival(1), arrival(2))
    assert store.write_now(lambda c: add_reports(c, [first, first, received(1, b"other"), received(2)])) == [
        True,
        True,
        False,
        True,
    ]
    again = received(3, b"c", arrival(2, time_ns=77), arrival(3))
    assert store.write_now(lambda c: add_reports(c, [first, again, received(1, b"other")])) == [True, True, False]
    kept = store.read_now(lambda c: arrivals_after(c, 0))
    assert [a.id for a in kept] == ["n:1", "n:2", "n:3"]
    assert kept[1] == arrival(2)


def test_arrivals_are_found_by_row_by_time_and_by_id(store: Store) -> None:
    heard = [arrival(n, time_ns=100 - n) for n in range(5)]
    store.write_now(lambda c: add_reports(c, [received(1, b"a", *heard)]))
    assert store.read_now(lambda c: arrivals_between(c, 97, 99)) == [heard[3], heard[2], heard[1]]
    assert store.read_now(lambda c: arrivals_of(c, ["n:4", "n:9"])) == {"n:4": heard[4]}
    row = store.read_now(lambda c: last_row(c, ["n:0", "n:2"]))
    assert store.read_now(lambda c: arrivals_after(c, row)) == heard[3:]


def test_the_last_reports_of_each_node_come_oldest_first(store: Store) -> None:
    store.write_now(lambda c: add_reports(c, [received(n, str(n).encode()) for n in range(1, 10)]))
    assert [body for _, body in store.read_now(lambda c: last_bodies(c, depth=3))] == [b"7", b"8", b"9"]


def with_arrivals(one: Shot) -> Shot:
    reason = Reason(code="nodes", values={"n": 3, "share": 0.5, "who": "roof"}, text="Three nodes.")
    return replace(one, arrivals=(arrival(1), arrival(2)), verdict=replace(one.verdict, reasons=(reason,)))


def test_a_shot_comes_back_as_it_was_kept(store: Store) -> None:
    kept = with_arrivals(shot("a", 1.25, 3.5, -7.0))
    store.write_now(lambda c: add_shots(c, [kept], 5, METHOD))
    assert store.read_now(lambda c: latest_shots(c, 0, 2**62)) == [kept]


def test_a_burst_is_one_event_with_all_its_versions(store: Store) -> None:
    entries = store.write_now(lambda c: add_shots(c, [shot("a"), shot("b", 1.0, 5.0)], 1, METHOD))
    assert [e.subject for e in entries] == [new_id(shot("a"))]
    store.write_now(lambda c: add_shots(c, [shot("b", 1.0, 9.0, version=2)], 2, METHOD))
    (record,) = store.read_now(lambda c: newest_events(c, 10))
    assert record.number == 1
    assert [(s.key, s.version) for s in record.event.shots] == [("a", 1), ("b", 2)]
    assert [(v.shot.key, v.shot.version, v.recorded_ms) for v in record.versions] == [
        ("a", 1, 1),
        ("b", 1, 1),
        ("b", 2, 2),
    ]


def test_a_version_that_was_kept_is_not_kept_again(store: Store) -> None:
    store.write_now(lambda c: add_shots(c, [shot("a")], 1, METHOD))
    assert store.write_now(lambda c: add_shots(c, [shot("a", 0.0, 99.0)], 2, METHOD)) == []
    (record,) = store.read_now(lambda c: newest_events(c, 10))
    assert len(record.versions) == 1


def test_a_shot_that_moves_to_another_event_leaves_a_trace_in_the_first(store: Store) -> None:
    store.write_now(lambda c: add_shots(c, [shot("a"), shot("b", 1.0, 5.0), shot("c", 1.0, 500.0)], 1, METHOD))
    entries = store.write_now(lambda c: add_shots(c, [shot("b", 1.0, 495.0, version=2)], 2, METHOD))
    first, second = new_id(shot("a")), new_id(shot("c"))
    assert {e.subject for e in entries} == {first, second}
    left, joined = store.read_now(lambda c: events_of(c, [first, second]))
    assert [s.key for s in left.event.standing] == ["a"]
    assert [s.verdict.reasons[0].code for s in left.event.shots if s.key == "b"] == ["moved"]
    assert [s.key for s in joined.event.standing] == ["b", "c"]


def test_the_journal_is_replayed_with_each_subject_once(store: Store) -> None:
    store.write_now(lambda c: [add_entry(c, "event", subject, {}, 1) for subject in ("a", "b", "a")])
    assert [(e.id, e.subject) for e in store.read_now(lambda c: entries_after(c, 0))] == [(2, "b"), (3, "a")]
    assert store.read_now(lambda c: entries_after(c, 3)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=12))
def test_keeping_shots_again_after_a_crash_changes_nothing(published: list[tuple[int, int]]) -> None:
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    shots = [shot(str(key), key * 2.0, key * 10.0, version=version) for key, version in published]
    with engine.begin() as connection:
        add_shots(connection, shots, 1, METHOD)
        before = newest_events(connection, 10)
        assert add_shots(connection, shots, 2, METHOD) == []
        assert newest_events(connection, 10) == before
    engine.dispose()


def test_nodes_from_before_certificates_may_renew_and_go_back_with_their_data(store: Store) -> None:
    one, gone = (NodeRecord(id=name, public_key=b"k", x=1.0, y=0.0, z=0.0) for name in ("n", "gone"))
    for record in (one, gone):
        store.write_now(partial(add_node, record=record))
    store.write_now(lambda c: revoke_node(c, "gone", 5))
    store.write_now(lambda c: change_key(c, one, b"new", 7, 6))
    store.write_now(lambda c: migrate(c, "0004"))
    rows = store.read_now(lambda c: c.execute(sa.text("SELECT id, public_key FROM nodes")).all())
    assert rows == [("n", b"new")]  # a node that was revoked does not come back to life
    store.write_now(migrate)
    (record,) = store.read_now(all_nodes)
    assert (record.x, record.revoked_ms, record.former) == (1.0, None, ())
    assert abs(record.certified_until_ms - time.time() * 1e3) < 60e3

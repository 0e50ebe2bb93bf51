"""A store in PostgreSQL: found by every command, one order over all writers, back after a kill, copied either way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError, ResourceError
from dispatch.audit import Check, next_lines
from dispatch.keeping.copying import copy_store, move_store
from dispatch.store import Store
from dispatch.store.engine import migrate
from dispatch.store.events import add_shots, newest_events
from dispatch.store.journal import add_entry, last_entry
from dispatch.store.notes import note, set_note
from dispatch.store.reports import add_reports, arrivals_after, last_bodies
from dispatch.store.tables import arrivals
from tests.dispatch.postgres import Cluster, cluster
from tests.dispatch.running import REPOSITORY
from tests.dispatch.test_store import METHOD, arrival, received
from tests.recordings.test_events import shot

WRITER = """
import sys
from pathlib import Path
from dispatch.store import Store
from dispatch.store.journal import add_entry
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    store.write_now(lambda c: add_entry(c, "note", "x", {"number": number}, number))
store.close()
"""


def check(store: Store, key: Ed25519PrivateKey | None = None) -> Check:
    done = Check(centre_key=(key or Ed25519PrivateKey.generate()).public_key())
    while lines := store.read_now(next_lines(done.last)):
        done.take(lines)
    return done


def fill(store: Store) -> None:
    store.write_now(lambda c: add_reports(c, [received(1, b"\x00\xff", arrival(1, 5), arrival(2, 6))]))
    store.write_now(lambda c: add_shots(c, [shot("a"), shot("b", 1.0, 5.0)], 1, METHOD))
    store.write_now(lambda c: set_note(c, "k", "é"))


def test_many_processes_write_one_chain(tmp_path: Path, database: str | None) -> None:
    store = Store(tmp_path, database)
    line = [sys.executable, "-c", WRITER, str(tmp_path), "20"]
    writers = [subprocess.Popen(line, cwd=REPOSITORY) for _ in range(2)]
    for number in range(20):
        store.write_now(lambda c, number=number: add_entry(c, "note", "y", {"number": number}, number))  # type: ignore[misc]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    done = check(store)
    assert (done.good, done.lines) == (True, 60)
    store.close()


def test_data_goes_through_every_migration_down_and_up(tmp_path: Path, database: str | None) -> None:
    store = Store(tmp_path, database)
    fill(store)
    before = store.read_now(lambda c: newest_events(c, 9))
    for number in reversed(range(1, int(store.read_now(lambda c: _schema(c))))):
        store.write_now(lambda c, number=number: migrate(c, f"{number:04}"))  # type: ignore[misc]
        assert store.read_now(_schema) == f"{number:04}"
    store.write_now(migrate)
    assert store.read_now(lambda c: newest_events(c, 9)) == before
    assert store.read_now(last_bodies) == [(1, b"\x00\xff")]
    assert [a.id for a in store.read_now(lambda c: arrivals_after(c, 0))] == ["n:1", "n:2"]
    assert check(store).good
    store.close()


def test_the_data_folder_says_where_its_store_is(tmp_path: Path, postgres: Cluster) -> None:
    url = postgres.database()
    first = Store(tmp_path / "data", url)
    first.write_now(lambda c: set_note(c, "k", "v"))
    first.close()
    again = Store(tmp_path / "data")
    assert again.read_now(lambda c: note(c, "k")) == "v"
    again.close()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["database.url"]
    assert (tmp_path / "data" / "database.url").stat().st_mode & 0o77 == 0
    Store(tmp_path / "other").close()
    with pytest.raises(InputError, match=r"has a store of its own, tocsin\.db, beside the database in the settings"):
        Store(tmp_path / "other", url)


def test_a_database_that_is_not_there_is_one_sentence_without_its_password(tmp_path: Path, postgres: Cluster) -> None:
    url = postgres.url("absent").replace("tocsin@", "tocsin:secret@")
    with pytest.raises(ResourceError, match='"absent" does not exist') as told:
        Store(tmp_path, url)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_what_the_database_cannot_hold_is_refused(tmp_path: Path, postgres: Cluster) -> None:
    store = Store(tmp_path, postgres.database())
    with pytest.raises(InputError, match="cannot hold this"):
        store.write_now(lambda c: set_note(c, "k", "a\x00b"))
    store.close()


def test_killed_and_started_again_the_database_is_used_again(tmp_path: Path) -> None:
    with cluster() as server:
        store = Store(tmp_path, server.database())
        for number in range(3):
            store.write_now(lambda c, number=number: add_entry(c, "note", "x", {"number": number}, number))  # type: ignore[misc]
            server.kill()
            with pytest.raises(ResourceError, match="could not be used"):
                store.write_now(last_entry)
            server.start()
            assert store.write_now(last_entry) == number + 1
        assert check(store).good
        store.close()


def test_a_store_is_copied_either_way_and_goes_on_counting(tmp_path: Path, postgres: Cluster) -> None:
    first = Store(tmp_path / "first")
    fill(first)
    first.write_now(lambda c: c.execute(sa.delete(arrivals).where(arrivals.c.id == "n:2")))
    first.close()
    move_store(tmp_path / "first", url := postgres.database())
    assert not (tmp_path / "first" / "tocsin.db").exists()
    middle, last = Store(tmp_path / "first"), Store(tmp_path / "last")
    copy_store(middle, last)
    for store in (middle, last):
        assert store.read_now(lambda c: note(c, "k")) == "é"
        assert len(store.read_now(lambda c: newest_events(c, 9))) == 1
        assert check(store).good
        store.write_now(lambda c: add_reports(c, [received(2, b"b", arrival(3, 7))]))
        assert store.read_now(lambda c: list(c.scalars(sa.select(arrivals.c.row).order_by(arrivals.c.row)))) == [1, 3]
        store.write_now(lambda c: add_shots(c, [shot("z", 500.0)], 1, METHOD))
        assert [r.number for r in store.read_now(lambda c: newest_events(c, 9))] == [2, 1]
    with pytest.raises(InputError, match="already; expected one with nothing in it"):
        copy_store(last, middle)
    middle.close()
    last.close()
    with pytest.raises(InputError, match="already; expected one with nothing in it"):
        move_store(tmp_path / "last", url)


def test_a_writer_that_dies_holds_up_nobody(tmp_path: Path, postgres: Cluster) -> None:
    store = Store(tmp_path, postgres.database())
    holder = (
        "import sys, time; from pathlib import Path; from dispatch.store import Store; s = Store(Path(sys.argv[1]));"
    )
    holder += "s.write_now(lambda c: (print('held', flush=True), time.sleep(60)))"
    held = subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    assert store.read_now(last_entry) == 0, "a reader waits for nobody"
    held.kill()
    held.communicate()
    began = time.monotonic()
    store.write_now(lambda c: set_note(c, "k", "v"))
    assert time.monotonic() - began < 5.0
    store.close()


def _schema(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

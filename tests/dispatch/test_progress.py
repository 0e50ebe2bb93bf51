"""How far arrivals were located, by one process or by workers' cells, and from one to the other and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dispatch.store import Store
from dispatch.store.notes import set_note
from dispatch.store.progress import CELL, LOCATED, begin_cells, keep_cells, rejoin, seen, waiting
from dispatch.store.reports import add_reports
from tests.dispatch.test_store import arrival, received

WEST, EAST = f"{CELL}_0_0", f"{CELL}_1_0"


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[Store]:
    opened = Store(tmp_path / "data", database)
    opened.write_now(lambda c: add_reports(c, [received(1, b"a", *(arrival(n) for n in range(1, 6)))]))
    yield opened
    opened.close()


def test_what_the_slowest_cell_has_not_seen_waits(store: Store) -> None:
    def work(connection: sa.Connection) -> list[int]:
        set_note(connection, LOCATED, "2")
        counts = [waiting(connection)]
        begin_cells(connection, [WEST, EAST])
        set_note(connection, LOCATED, "5")  # all were handed over
        counts.append(waiting(connection))
        set_note(connection, WEST, "5")
        begin_cells(connection, [WEST, EAST])  # which have begun
        counts.append(waiting(connection))
        set_note(connection, EAST, "4")
        return [*counts, waiting(connection)]

    assert store.write_now(work) == [3, 3, 3, 1]
    assert store.read_now(seen) == {WEST: 5, EAST: 4}


def test_a_cell_without_work_holds_up_nothing_and_one_process_goes_on_from_the_slowest(store: Store) -> None:
    def work(connection: sa.Connection) -> None:
        set_note(connection, LOCATED, "5")
        for key, row in ((WEST, "3"), (EAST, "4"), (f"{CELL}_9_9", "0")):
            set_note(connection, key, row)
        keep_cells(connection, [WEST, EAST])

    store.write_now(work)
    assert store.read_now(waiting) == 2
    store.write_now(rejoin)
    assert store.read_now(seen) == {LOCATED: 3}
    assert store.read_now(waiting) == 2

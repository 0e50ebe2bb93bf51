"""The outbox: nothing kept is lost, no sequence is used twice, whatever ends the program."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from acoustic.errors import ResourceError
from arrays.outbox import ARRIVALS, HEALTH, RESERVE, Outbox

REPOSITORY = Path(__file__).resolve().parents[2]


def body(sequence: int) -> bytes:
    return f"report {sequence}".encode()


def drained(outbox: Outbox) -> list[tuple[int, bytes]]:
    out = []
    while (waiting := outbox.next()) is not None:
        out.append((waiting.sequence, waiting.body))
        outbox.done(waiting.sequence)
    return out


def rows(path: Path) -> int:
    with sqlite3.connect(path) as database:
        count = int(database.execute("SELECT count(*) FROM reports").fetchone()[0])
    database.close()
    return count


def test_arrivals_go_before_health_each_in_order(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for kind in (HEALTH, ARRIVALS, HEALTH, ARRIVALS):
        outbox.add(kind, body, 1)
    assert outbox.waiting() == 4
    assert drained(outbox) == [(n, body(n)) for n in (2, 4, 1, 3)]
    outbox.close()


def test_a_clean_end_and_a_new_start_go_on_with_the_next_numbers(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    assert outbox.next_number == 1
    outbox.add(ARRIVALS, body, 3)
    outbox.add(HEALTH, body)
    outbox.close()
    again = Outbox(path)
    assert again.next_number == 4
    assert again.add(HEALTH, body) == 3
    assert drained(again) == [(n, body(n)) for n in (1, 2, 3)]
    again.close()
    assert rows(path) == 0


def test_what_is_sent_leaves_the_disk_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    outbox.add(ARRIVALS, body, 1)
    outbox.done(1)
    assert rows(path) == 1
    outbox.add(HEALTH, body)
    assert rows(path) == 1
    outbox.close()


def test_full_it_drops_the_oldest_health_before_any_arrival(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", most=4)
    for kind in (HEALTH, ARRIVALS, ARRIVALS, HEALTH, ARRIVALS, ARRIVALS, ARRIVALS):
        outbox.add(kind, body, 1)
    assert outbox.dropped == 3
    assert [sequence for sequence, _ in drained(outbox)] == [3, 5, 6, 7]
    outbox.close()
    assert rows(tmp_path / "outbox.db") == 0


def test_a_parked_report_is_kept_and_tried_again_after_a_start(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for _ in range(2):
        outbox.add(ARRIVALS, body, 1)
    outbox.park(1, "403: not enrolled")
    assert outbox.parked == {1: "403: not enrolled"}
    assert [sequence for sequence, _ in drained(outbox)] == [2]
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert [sequence for sequence, _ in drained(again)] == [1]
    again.close()


WRITER = """
import sys
from pathlib import Path
from arrays.outbox import ARRIVALS, Outbox
outbox = Outbox(Path(sys.argv[1]))
number = outbox.next_number
while True:
    sequence = outbox.add(ARRIVALS, lambda s: f"report {s}".encode(), number)
    print(sequence, number, flush=True)
    number += 1
"""


def test_kill_9_loses_nothing_kept_and_reuses_no_number(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    used: list[tuple[int, int]] = []
    for round_ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(5 + 7 * round_):
            line = process.stdout.readline().split()
            used.append((int(line[0]), int(line[1])))
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].splitlines()
        used += [(int(a), int(b)) for a, b in (line.split() for line in rest if line.count(" ") == 1)]
    assert len({sequence for sequence, _ in used}) == len({number for _, number in used}) == len(used)
    assert used == sorted(used)
    outbox = Outbox(path)
    assert outbox.next_number > used[-1][1]
    kept = dict(drained(outbox))
    assert all(kept[sequence] == body(sequence) for sequence, _ in used)
    outbox.close()


@pytest.fixture
def full_disk(tmp_path: Path) -> Outbox:
    """An outbox whose file may not grow any more, as on a full disk."""
    outbox = Outbox(tmp_path / "outbox.db")
    outbox._database.execute("PRAGMA max_page_count=1")
    return outbox


def big(sequence: int) -> bytes:
    return body(sequence).ljust(20_000)


def test_a_full_disk_is_said_and_reports_go_on_from_memory(full_disk: Outbox, tmp_path: Path) -> None:
    for number in range(1, 4):
        full_disk.add(ARRIVALS, big, number)
    assert full_disk.problem == "the outbox cannot be written: database or disk is full"
    waiting = full_disk.next()
    assert waiting is not None
    assert waiting.body == big(1)
    full_disk.done(1)
    full_disk._database.execute("PRAGMA max_page_count=1000000")
    assert full_disk.save()
    assert full_disk.problem == ""
    full_disk._database.close()  # as a crash would
    again = Outbox(tmp_path / "outbox.db")
    assert [sequence for sequence, _ in drained(again)] == [2, 3]
    assert again.add(HEALTH, body) > 3
    again.close()


def test_on_a_full_disk_nothing_is_sent_that_a_crash_could_number_again(full_disk: Outbox) -> None:
    full_disk.add(ARRIVALS, big, RESERVE + 5)
    assert full_disk.problem
    assert full_disk.next() is None
    full_disk._database.close()


def test_a_report_that_the_disk_does_not_give_back_is_set_aside_and_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for number in (1, 2):
        outbox.add(ARRIVALS, body, number)
    read = outbox._body

    def damaged(sequence: int) -> bytes | None:
        if sequence == 1:
            raise sqlite3.OperationalError("disk I/O error")
        return read(sequence)

    monkeypatch.setattr(outbox, "_body", damaged)
    with pytest.raises(ResourceError, match="report 1 cannot be read back from the outbox: disk I/O error"):
        outbox.next()
    assert drained(outbox) == [(2, body(2))]
    assert list(outbox.parked) == [1]
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert drained(again) == [(1, body(1))]
    again.close()


def test_a_file_that_is_no_outbox_is_refused_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(os.urandom(5000))
    with pytest.raises(ResourceError, match=r"outbox .*outbox\.db cannot be opened .*file is not a database"):
        Outbox(tmp_path / "outbox.db")

"""The outbox: nothing kept is lost, no sequence is used twice, whatever ends the program."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acoustic.errors import ResourceError
from arrays.outbox import ARRIVALS, DAY_S, HEALTH, RESERVE, Bounds, Outbox

REPOSITORY = Path(__file__).resolve().parents[2]


def body(sequence: int) -> bytes:
    return f"report {sequence}".encode()


def drained(outbox: Outbox) -> list[tuple[int, bytes]]:
    out = []
    while taken := outbox.take():
        out += [(one.sequence, one.body) for one in taken]
        outbox.done(taken[0].sequence)
    return out


def rows(path: Path) -> int:
    with sqlite3.connect(path) as database:
        count = int(database.execute("SELECT count(*) FROM reports").fetchone()[0])
    database.close()
    return count


def test_arrivals_go_before_health_and_news_does_not_wait_behind_an_outage(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for kind in (HEALTH, ARRIVALS, HEALTH, ARRIVALS, ARRIVALS, ARRIVALS, HEALTH):
        outbox.add(kind, body, 1)
    assert outbox.waiting() == 7
    assert drained(outbox) == [(n, body(n)) for n in (6, 2, 5, 4, 7, 1, 3)]
    outbox.close()


def test_a_fresh_alert_is_the_next_but_one_to_go_whatever_waits(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for number in range(1, 101):
        outbox.add(ARRIVALS, body, number)
    for _ in range(5):
        outbox.done(outbox.take()[0].sequence)
    fresh = outbox.add(ARRIVALS, body, 101)
    assert fresh in [outbox.take()[0].sequence for _ in range(2)]
    outbox.close()


def test_what_is_under_way_is_not_given_twice_and_comes_back_where_it_was(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for _ in range(4):
        outbox.add(ARRIVALS, body, 1)
    first, second = outbox.take(), outbox.take()
    assert [one.sequence for one in first + second] == [4, 1]
    assert outbox.waiting() == 4
    outbox.back([4, 1])
    outbox.done(4)
    assert [sequence for sequence, _ in drained(outbox)] == [3, 1, 2]
    outbox.close()


def test_several_go_together_as_far_as_there_is_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for _ in range(6):
        outbox.add(ARRIVALS, body, 1)
    assert [len(outbox.take(20, 10)), len(outbox.take(3, 10)), len(outbox.take(1000, 2))] == [2, 1, 2]
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
    assert drained(again) == [(n, body(n)) for n in (1, 3, 2)]
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
    outbox = Outbox(tmp_path / "outbox.db", Bounds(reports=4))
    for kind in (HEALTH, ARRIVALS, ARRIVALS, HEALTH, ARRIVALS, ARRIVALS, ARRIVALS):
        outbox.add(kind, body, 1)
    assert outbox.dropped == 3
    assert [sequence for sequence, _ in drained(outbox)] == [7, 3, 6, 5]
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
import time
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
    assert [one.body for one in full_disk.take()] == [big(3)]
    full_disk.done(3)
    full_disk._database.execute("PRAGMA max_page_count=1000000")
    assert full_disk.save()
    assert full_disk.problem == ""
    full_disk._database.close()  # as a crash would
    again = Outbox(tmp_path / "outbox.db")
    assert [sequence for sequence, _ in drained(again)] == [2, 1]
    assert again.add(HEALTH, body) > 3
    again.close()


def test_on_a_full_disk_nothing_is_sent_that_a_crash_could_number_again(full_disk: Outbox) -> None:
    full_disk.add(ARRIVALS, big, RESERVE + 5)
    assert full_disk.problem
    assert full_disk.take() == []
    full_disk._database.close()


def test_a_report_that_the_disk_does_not_give_back_is_set_aside_and_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    for number in (1, 2):
        outbox.add(ARRIVALS, body, number)
    read = outbox._body

    def damaged(sequence: int) -> bytes | None:
        if sequence == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return read(sequence)

    monkeypatch.setattr(outbox, "_body", damaged)
    with pytest.raises(ResourceError, match="report 2 cannot be read back from the outbox: disk I/O error"):
        outbox.take()
    assert drained(outbox) == [(1, body(1))]
    assert list(outbox.parked) == [2]
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert drained(again) == [(2, body(2))]
    again.close()


def test_bytes_and_age_are_bounded_too_health_first(tmp_path: Path) -> None:
    now_s = [1e9]
    outbox = Outbox(tmp_path / "outbox.db", Bounds(bytes=3 * len(body(1)), age_s=DAY_S), now_s=lambda: now_s[0])
    for kind in (ARRIVALS, HEALTH, ARRIVALS, ARRIVALS):
        outbox.add(kind, body, 1)
    assert (outbox.dropped, len(outbox)) == (1, 3)
    outbox.close()
    now_s[0] += DAY_S / 2
    again = Outbox(tmp_path / "outbox.db", Bounds(age_s=DAY_S), now_s=lambda: now_s[0])
    again.add(HEALTH, body)
    now_s[0] += DAY_S * 0.6
    again.add(ARRIVALS, body, 1)
    assert again.dropped == 3
    assert [sequence for sequence, _ in drained(again)] == [6, 5]
    again.close()


def test_a_clock_set_forward_by_a_year_drops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(ARRIVALS, body, 1)
    year_ahead_s = time.time() + 365 * DAY_S
    monkeypatch.setattr(time, "time", lambda: year_ahead_s)
    outbox.add(ARRIVALS, body, 2)
    assert (outbox.dropped, outbox.waiting()) == (0, 2)
    outbox.close()


def test_on_a_link_that_costs_only_the_newest_health_waits(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", Bounds(newest_health_only=True))
    for kind in (HEALTH, ARRIVALS, HEALTH, HEALTH):
        outbox.add(kind, body, 1)
    assert [sequence for sequence, _ in drained(outbox)] == [2, 4]
    assert outbox.dropped == 0
    outbox.close()


def test_an_outbox_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE reports (sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL)")
        old.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, ceiling INTEGER NOT NULL)")
        old.execute("INSERT INTO reports VALUES (7, 'arrivals', ?)", (body(7),))
        old.execute("INSERT INTO counters VALUES ('sequence', 8), ('number', 3)")
    old.close()
    outbox = Outbox(path)
    outbox.add(HEALTH, body)
    assert (outbox.next_number, outbox.dropped, drained(outbox)) == (3, 0, [(7, body(7)), (8, body(8))])
    outbox.close()


def damage(path: Path, how: str) -> None:
    """Spoil a closed outbox's file."""
    content = bytearray(path.read_bytes())
    if how == "not a database":
        content[:] = os.urandom(len(content))
    else:
        content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["not a database", "pages overwritten"])
def test_a_damaged_file_is_set_aside_named_and_no_number_is_used_again(tmp_path: Path, how: str) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    for number in range(1, 301):
        outbox.add(ARRIVALS, body, number)
    outbox.close()
    damage(path, how)
    again = Outbox(path)
    assert again.set_aside == str(next(tmp_path.glob("outbox.db.damaged-*")))
    assert again.next_number > 300
    assert again.add(ARRIVALS, body, again.next_number) > 300
    assert again.waiting() == 1
    again.close()
    assert Outbox(path).set_aside == ""


def test_a_file_damaged_at_work_is_set_aside_and_what_comes_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    for number in range(1, 301):
        outbox.add(ARRIVALS, body, number)
    outbox._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
    outbox._database.execute("PRAGMA shrink_memory")
    later = outbox.add(ARRIVALS, body, 301)
    assert "damaged" in outbox.set_aside
    assert outbox.problem == ""
    assert [one.sequence for one in outbox.take()] == [later]
    assert outbox.add(ARRIVALS, body, 302) > 302
    outbox.close()
    kept = Outbox(path)
    assert kept.waiting() == 2
    kept.close()

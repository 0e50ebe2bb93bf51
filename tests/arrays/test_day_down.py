"""A link that was down for a day, then slow: what happens now is told first, and nothing is lost."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from arrays.identity import KEY, open_identity
from arrays.outbox import ARRIVALS, HEALTH
from arrays.outbox_file import open_file
from arrays.report import Health, Report, WireArrival, encode, sign
from tests.arrays.https_server import https_server
from tests.arrays.nodes import Centre, enrolled, session_with_bangs, settings, soon, started, wait_for

NS = 1_000_000_000
DAY_S = 86_400
ARRIVALS_A_DAY = DAY_S // 60
HEALTH_EVERY_S = 3
SLOW_BYTES_S = 20_000  # and half a second for each parcel


def a_day_of_reports(folder: Path, until_ns: int) -> None:
    """Fill an outbox as a node does without a link: an arrival a minute, and its word on its health."""
    key = open_identity(folder / KEY)
    with closing(open_file(folder / "outbox.db")) as database:
        rows, number = [], 0
        for sequence, at_s in enumerate(range(-DAY_S, 0, HEALTH_EVERY_S), start=1):
            heard = at_s % (DAY_S // ARRIVALS_A_DAY) == 0
            number += heard
            at_ns = until_ns + at_s * NS
            arrival = WireArrival(number=max(number, 1), time_ns=at_ns, sigma_s=1e-3, snr_db=20.0, level_db=-20.0)
            report = Report(
                node="roof-1",
                sequence=sequence,
                sent_ns=at_ns,
                program="test",
                model="",
                arrivals=[arrival] if heard else [],
                health=None if heard else Health(state="degraded", reasons=["no answer in time"], outbox=sequence),
            )
            kind = ARRIVALS if heard else HEALTH
            rows.append((sequence, kind, encode(sign(report, key)), at_ns / NS))
        database.execute("BEGIN")
        database.executemany("INSERT INTO reports (sequence, kind, body, kept_s) VALUES (?, ?, ?, ?)", rows)
        database.executemany(
            "INSERT OR REPLACE INTO counters VALUES (?, ?)", [("sequence", len(rows) + 1), ("number", number + 1)]
        )
        database.execute("COMMIT")


def test_after_a_day_without_a_link_and_then_a_slow_one_news_comes_first_and_all_arrives(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [2.0], 60.0)
    with https_server(tmp_path) as server:
        centre = Centre(server)
        path = settings(tmp_path, start=time.time() + 3600.0)
        enrolled(centre, path)
        a_day_of_reports(tmp_path / "data", time.time_ns())
        taken, good = server.parcel, server.answer

        def slow(parcel: bytes) -> tuple[int, bytes]:
            time.sleep(0.5 + len(parcel) / SLOW_BYTES_S)
            return taken(parcel)

        server.parcel = slow  # type: ignore[method-assign]
        server.answer = lambda _way, _body: (503, b'{"error": "no way through"}')
        start_s = soon()
        settings(tmp_path, start=start_s)
        process = started(path)
        try:
            time.sleep(max(0.0, start_s + 4.0 - time.time()))  # the bang was heard while there was no link
            joined_s, server.answer = time.time(), good
            wait_for(lambda: any(one.time_ns > start_s * NS for one in centre.arrivals()), 20.0)
            (fresh,) = [one for one in centre.arrivals() if one.time_ns > start_s * NS]
            before = len(centre.arrivals())
            wait_for(lambda: len(centre.arrivals()) == ARRIVALS_A_DAY + 1, 90.0)
        finally:
            process.terminate()
            process.communicate(timeout=30)
        (sequence,) = [r.sequence for r in centre.reports() if fresh in r.arrivals]
        assert centre.received_s[sequence] - joined_s < 10.0
        assert before < ARRIVALS_A_DAY
        assert sorted(one.number for one in centre.arrivals()) == list(range(1, ARRIVALS_A_DAY + 2))
        with closing(sqlite3.connect(tmp_path / "data" / "outbox.db")) as database:
            kinds = dict(database.execute("SELECT kind, count(*) FROM reports GROUP BY kind").fetchall())
        assert ARRIVALS not in kinds
        assert kinds[HEALTH] + len(centre.bodies) >= DAY_S // HEALTH_EVERY_S  # nor was any health lost

"""Erases what was heard on its retention clock: arrivals that no event rests on, then events with all they rest on.

A report is erased once nothing in it is kept; its digest stays, so that it is taken once however late it comes again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from arrays.report import read_report
from dispatch.evidence import AROUND_NS
from dispatch.store.clips import end_clips
from dispatch.store.notes import note, set_note
from dispatch.store.progress import LOCATED
from dispatch.store.reports import VARIABLES, Received, erased_body
from dispatch.store.tables import alerts, arrivals, events, reports, shots
from localisation.arrivals import Shot

AT_ONCE = 2000  # rows looked at in one transaction: nobody waits long for an erasure
EVENTS_AT_ONCE = 50
ARRIVALS_NOTE, REPORTS_NOTE = "swept arrivals", "swept reports"  # the row, and the time (UTC ns), looked at last
Counts = dict[str, int]


def end_arrivals(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    """Erase arrivals that came before a time, were looked at by the locator, and are in no version of a shot.

    How many of each table, and whether there may be more; so below.
    """
    after = int(note(connection, ARRIVALS_NOTE) or 0)
    due = (
        arrivals.c.row > after,
        arrivals.c.row <= int(note(connection, LOCATED) or 0),
        arrivals.c.received_ms < until_ms,
    )
    query = sa.select(arrivals.c.row, arrivals.c.id, arrivals.c.time_ns).where(*due).order_by(arrivals.c.row)
    found = connection.execute(query.limit(AT_ONCE)).all()
    if not found:
        return {}, False
    times_ns = [row.time_ns for row in found]
    used = _used(connection, min(times_ns) - AROUND_NS, max(times_ns) + AROUND_NS)
    gone = [row.row for row in found if row.id not in used]
    for k in range(0, len(gone), VARIABLES):
        connection.execute(sa.delete(arrivals).where(arrivals.c.row.in_(gone[k : k + VARIABLES])))
    set_note(connection, ARRIVALS_NOTE, str(found[-1].row))
    return {"arrivals": len(gone)}, len(found) == AT_ONCE


def end_reports(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    """Erase reports that came before a time and hold nothing that is kept."""
    after_ns = int(note(connection, REPORTS_NOTE) or -1)
    until_ns = 1_000_000 * min(until_ms, _unlocated_ms(connection, until_ms))
    due = reports.c.received_ns > after_ns, reports.c.received_ns < until_ns
    query = sa.select(reports.c.received_ns).where(*due).order_by(reports.c.received_ns)
    last_ns = connection.scalar(query.offset(AT_ONCE - 1).limit(1))
    end_ns = until_ns - 1 if last_ns is None else int(last_ns)
    gone = _erase_reports(connection, after_ns + 1, end_ns)
    if end_ns > after_ns:
        set_note(connection, REPORTS_NOTE, str(end_ns))
    return {"reports": gone}, last_ns is not None


def end_events(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    """Erase events whose last version was published before a time: shots, arrivals, reports, alerts that were sent."""
    last = sa.select(shots.c.event).group_by(shots.c.event).having(sa.func.max(shots.c.recorded_ms) < until_ms)
    ended = list(connection.scalars(last.limit(EVENTS_AT_ONCE)))
    if not ended:
        return {}, False
    rows = connection.execute(
        sa.select(shots.c.data, shots.c.time_ns, shots.c.recorded_ms).where(shots.c.event.in_(ended))
    ).all()
    heard = sorted({arrival.id for row in rows for arrival in msgspec.json.decode(row.data, type=Shot).arrivals})
    count = {"events": len(ended), "shots": len(rows), "arrivals": 0}
    connection.execute(sa.delete(shots).where(shots.c.event.in_(ended)))
    connection.execute(sa.delete(events).where(events.c.id.in_(ended)))
    count |= end_clips(connection, ended)
    count["alerts"] = connection.execute(sa.delete(alerts).where(alerts.c.subject.in_(ended))).rowcount
    still = _used(connection, min(r.time_ns for r in rows) - AROUND_NS, max(r.time_ns for r in rows) + AROUND_NS)
    gone = [one for one in heard if one not in still]
    for k in range(0, len(gone), VARIABLES):
        count["arrivals"] += connection.execute(
            sa.delete(arrivals).where(arrivals.c.id.in_(gone[k : k + VARIABLES]))
        ).rowcount
    for row in rows:
        first_ns, last_ns = row.time_ns - AROUND_NS, max(row.time_ns, row.recorded_ms * 1_000_000) + AROUND_NS
        count["reports"] = count.get("reports", 0) + _erase_reports(connection, first_ns, last_ns)
    return count, len(ended) == EVENTS_AT_ONCE


def end_alerts(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    """Erase alerts of no event, as those of silent nodes are, that were settled before a time; but of each subject the
    last that a destination has, for a node that is silent still must be told of when it speaks."""
    later = alerts.alias()
    same = later.c.destination == alerts.c.destination, later.c.subject == alerts.c.subject
    newest = sa.select(sa.func.max(later.c.row)).where(*same).scalar_subquery()
    of_event = sa.select(events.c.id).where(events.c.id == alerts.c.subject).exists()
    due = alerts.c.settled_ms < until_ms, alerts.c.row < newest, ~of_event
    return {"alerts": connection.execute(sa.delete(alerts).where(*due)).rowcount}, False


def end_digests(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    """Forget the digests of erased reports that came before a time, but of each node's newest."""
    newer = reports.alias()
    newest = sa.select(sa.func.max(newer.c.sequence)).where(newer.c.node == reports.c.node).scalar_subquery()
    old = reports.c.signature == b"", reports.c.received_ns < until_ms * 1_000_000, reports.c.sequence < newest
    connection.execute(sa.delete(reports).where(*old))
    return {}, False


def _erase_reports(connection: sa.Connection, first_ns: int, last_ns: int) -> int:
    """Of the reports that came in a span of time, erase those that hold nothing that is kept; how many."""
    span = reports.c.received_ns.between(first_ns, last_ns), reports.c.signature != b""
    came = [Received(**row._asdict()) for row in connection.execute(sa.select(reports).where(*span))]
    heard = {r.key: [f"{r.node}:{a.number}" for a in read_report(r.body).arrivals] for r in came}
    kept = _kept(connection, sorted({one for ids in heard.values() for one in ids}))
    around = sorted(_times(connection, first_ns - AROUND_NS, last_ns + AROUND_NS))
    gone = [
        r for r in came if not kept.intersection(heard[r.key]) and (heard[r.key] or not _near(r.received_ns, around))
    ]
    change = sa.update(reports).where(
        reports.c.node == sa.bindparam("of_node"), reports.c.sequence == sa.bindparam("of_sequence")
    )
    if gone:
        left = [
            {"of_node": r.node, "of_sequence": r.sequence, "body": erased_body(r.body), "signature": b""} for r in gone
        ]
        connection.execute(change, left)
    return len(gone)


def _used(connection: sa.Connection, first_ns: int, last_ns: int) -> set[str]:
    """The arrivals that shots of a span of time rest on, in any version."""
    query = sa.select(shots.c.data).where(shots.c.time_ns.between(first_ns, last_ns))
    return {a.id for data in connection.scalars(query) for a in msgspec.json.decode(data, type=Shot).arrivals}


def _kept(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for k in range(0, len(ids), VARIABLES):
        found.update(connection.scalars(sa.select(arrivals.c.id).where(arrivals.c.id.in_(ids[k : k + VARIABLES]))))
    return found


def _times(connection: sa.Connection, first_ns: int, last_ns: int) -> Iterable[int]:
    return connection.scalars(sa.select(shots.c.time_ns).where(shots.c.time_ns.between(first_ns, last_ns)))


def _near(time_ns: int, sorted_ns: Sequence[int]) -> bool:
    """Whether a node that told its health then was heard beside an event: who listened has a part in what was found."""
    at = bisect_left(sorted_ns, time_ns - AROUND_NS)
    return at < len(sorted_ns) and sorted_ns[at] <= time_ns + AROUND_NS


def _unlocated_ms(connection: sa.Connection, until_ms: int) -> int:
    """When the first arrival came that the locator has not seen through; `until_ms` where there is none."""
    waiting = sa.select(sa.func.min(arrivals.c.received_ms)).where(arrivals.c.row > int(note(connection, LOCATED) or 0))
    first: int | None = connection.scalar(waiting)
    return until_ms if first is None else first

"""Accepted reports and the arrivals in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.store.databases import insert
from dispatch.store.tables import arrivals, reports
from localisation.arrivals import Arrival

VARIABLES = 500  # SQLite allows 999 in one statement on old builds


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A verified report: its raw bytes, and the arrivals read from them."""

    node: str
    sequence: int
    received_ns: int
    body: bytes
    signature: bytes
    arrivals: tuple[Arrival, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """What identifies a report for ever."""
        return self.node, self.sequence


def add_reports(connection: sa.Connection, batch: Sequence[Received]) -> list[bool]:
    """Keep a batch; for each, True where it is kept (now or before), False where its sequence has other bytes.

    A report that comes again is neither kept twice nor are its arrivals.
    """
    first: dict[tuple[str, int], Received] = {}
    for report in batch:
        first.setdefault(report.key, report)
    bodies = _bodies(connection, list(first))
    new = [report for key, report in first.items() if key not in bodies]
    if new:
        connection.execute(sa.insert(reports), [_row(report) for report in new])
        for report in new:
            add_arrivals(connection, report.received_ns // 1_000_000, report.arrivals)
    bodies.update((report.key, report.body) for report in new)
    return [bodies[report.key] in (report.body, erased_body(report.body)) for report in batch]


def erased_body(body: bytes) -> bytes:
    """What is left of an erased report: by this it is known where it comes again."""
    return hashlib.sha256(body).digest()


def last_bodies(connection: sa.Connection, depth: int = 5) -> list[tuple[int, bytes]]:
    """The newest `depth` reports of every node, oldest first: (received_ns, body)."""
    rank = sa.func.row_number().over(partition_by=reports.c.node, order_by=reports.c.sequence.desc()).label("rank")
    whole = sa.select(reports.c.received_ns, reports.c.body, reports.c.sequence, rank).where(reports.c.signature != b"")
    ranked = whole.subquery()
    query = sa.select(ranked.c.received_ns, ranked.c.body).where(ranked.c.rank <= depth).order_by(ranked.c.sequence)
    return [(row.received_ns, row.body) for row in connection.execute(query)]


def reports_from(connection: sa.Connection, received_ns: int) -> Iterator[Received]:
    """The reports that came from a time on and are not erased, as they came; the arrivals in them not read."""
    query = sa.select(reports).where(reports.c.received_ns >= received_ns, reports.c.signature != b"")
    query = query.order_by(reports.c.received_ns)
    for row in connection.execute(query.execution_options(yield_per=VARIABLES)):
        yield Received(**row._asdict())


def reports_of(connection: sa.Connection, node: str, since_ns: int, most: int) -> list[bytes]:
    """Bodies of a node's reports that came since a time and are not erased, oldest first: about `most`, evenly chosen,
    the newest among them.
    """
    own = reports.c.node == node, reports.c.received_ns >= since_ns, reports.c.signature != b""
    count = connection.scalar(sa.select(sa.func.count()).select_from(reports).where(*own)) or 0
    number = (sa.func.row_number().over(order_by=reports.c.sequence.desc()) - 1).label("number")
    ranked = sa.select(reports.c.body, reports.c.sequence, number).where(*own).subquery()
    chosen = ranked.c.number % max(count // most, 1) == 0
    return list(connection.scalars(sa.select(ranked.c.body).where(chosen).order_by(ranked.c.sequence)))


def last_arrival(connection: sa.Connection) -> int:
    """The row number of the newest arrival; 0 where there is none."""
    return connection.scalar(sa.select(sa.func.max(arrivals.c.row))) or 0


def arrivals_after(connection: sa.Connection, row: int) -> list[Arrival]:
    """The arrivals kept after row number `row`, in the order in which they came."""
    query = sa.select(arrivals.c.data).where(arrivals.c.row > row).order_by(arrivals.c.row)
    return [_arrival(data) for data in connection.scalars(query)]


def arrivals_between(connection: sa.Connection, first_ns: int, last_ns: int) -> list[Arrival]:
    """The arrivals heard in a span of time, by time."""
    query = sa.select(arrivals.c.data).where(arrivals.c.time_ns.between(first_ns, last_ns)).order_by(arrivals.c.time_ns)
    return [_arrival(data) for data in connection.scalars(query)]


def how_many_between(connection: sa.Connection, first_ns: int, last_ns: int) -> int:
    """How many arrivals were heard in a span of time."""
    query = sa.select(sa.func.count()).select_from(arrivals).where(arrivals.c.time_ns.between(first_ns, last_ns))
    return connection.scalar(query) or 0


def arrivals_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Arrival]:
    """The kept arrivals among `ids`."""
    found: dict[str, Arrival] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), VARIABLES):
        query = sa.select(arrivals.c.data).where(arrivals.c.id.in_(wanted[start : start + VARIABLES]))
        found.update((arrival.id, arrival) for arrival in map(_arrival, connection.scalars(query)))
    return found


def newest_ns(connection: sa.Connection) -> int:
    """The time of the newest arrival; 0 where there is none."""
    return connection.scalar(sa.select(sa.func.max(arrivals.c.time_ns))) or 0


def last_row(connection: sa.Connection, ids: Iterable[str]) -> int:
    """The highest row number among these arrivals; 0 where none is kept."""
    wanted = sorted(set(ids))
    highest = 0
    for start in range(0, len(wanted), VARIABLES):
        query = sa.select(sa.func.max(arrivals.c.row)).where(arrivals.c.id.in_(wanted[start : start + VARIABLES]))
        highest = max(highest, connection.scalar(query) or 0)
    return highest


def _bodies(connection: sa.Connection, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    found: dict[tuple[str, int], bytes] = {}
    for start in range(0, len(keys), VARIABLES // 2):
        chosen = sa.tuple_(reports.c.node, reports.c.sequence).in_(keys[start : start + VARIABLES // 2])
        query = sa.select(reports.c.node, reports.c.sequence, reports.c.body).where(chosen)
        found.update(((row.node, row.sequence), row.body) for row in connection.execute(query))
    return found


def _row(report: Received) -> dict[str, object]:
    return {
        "node": report.node,
        "sequence": report.sequence,
        "received_ns": report.received_ns,
        "body": report.body,
        "signature": report.signature,
    }


def add_arrivals(connection: sa.Connection, received_ms: int, new: Iterable[Arrival]) -> None:
    """Keep arrivals that came then; what is kept already stays."""
    rows = [
        {
            "id": arrival.id,
            "time_ns": arrival.time_ns,
            "data": msgspec.json.encode(arrival).decode(),
            "received_ms": received_ms,
        }
        for arrival in new
    ]
    if rows:
        connection.execute(insert(connection, arrivals).on_conflict_do_nothing(index_elements=["id"]), rows)


def _arrival(data: str) -> Arrival:
    return msgspec.json.decode(data, type=Arrival)

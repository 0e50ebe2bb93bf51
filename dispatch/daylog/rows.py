"""The log's rows, from the journal's lines of a day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.daylog.words import LOG_WORDS
from dispatch.figures.judged import ALERT, first_alert_ms
from dispatch.figures.performance import MISLOCATED_M
from dispatch.incoming import INCOMING, MISSED, IncomingLine, MissedLine
from dispatch.store.events import REMINDER, EventRecord, events_of
from dispatch.store.journal import digest_of, lines_between
from dispatch.store.reports import VARIABLES
from dispatch.town.places import Frame
from dispatch.town.zones import day_span_ms
from localisation.verdict import WITHDRAWN
from recordings.chain import Line
from recordings.decisions import KIND, Spot, decided, state_of
from recordings.events import Event, event
from recordings.report.language import SPACE, Language
from recordings.report.people import sentence

T = TypeVar("T")
UNTOLD = ("by", "left", "blank", "signature")  # the person has a column; digests are for the journal
ABOUT_EVENTS = ("event", KIND, REMINDER, "evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: its number in the journal, when (local), the event's number where it is about one, who, what."""

    line: int
    at: datetime
    kind: str
    event: int | None
    who: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLog:
    """A day: its rows, counts for its head, and the chain's digest after its last line."""

    day: date
    local: ZoneInfo
    rows: tuple[Row, ...]
    alerts: int
    closed: int
    open: int
    incoming: int
    missed: int
    last_line: int
    digest: str


def day_log(connection: sa.Connection, day: date, local: ZoneInfo, frame: Frame, language: str) -> DayLog:
    """The log of a local day. Raises InputError for a decision of a newer program."""
    from_ms, to_ms = day_span_ms(day, local)
    lines = lines_between(connection, from_ms, to_ms)
    about = sorted({line.subject for line in lines if line.kind in ABOUT_EVENTS})
    records = {
        record.event.id: record
        for start in range(0, len(about), VARIABLES)
        for record in events_of(connection, about[start : start + VARIABLES])
    }
    told = _Telling(records, frame, local, Language(language, LOG_WORDS))
    real = [record for record in records.values() if not record.event.exercise]
    alerts = [r for r in real if from_ms <= (first_alert_ms(r) or -1) < to_ms]
    states = [state_of(r.decisions) for r in real]
    return DayLog(
        day=day,
        local=local,
        rows=tuple(row for line in lines for row in told.row(line)),
        alerts=len(alerts),
        closed=sum(s.closed is not None and from_ms <= s.closed.recorded_ms < to_ms for s in states),
        open=sum(state_of(r.decisions).closed is None for r in alerts),
        incoming=sum(line.kind == INCOMING for line in lines),
        missed=sum(line.kind == MISSED for line in lines),
        last_line=lines[-1].id if lines else 0,
        digest=digest_of(connection, lines[-1].id) if lines else "",
    )


class _Telling:
    """Tells lines in order, an event's versions only where they matter to who reads."""

    def __init__(self, records: Mapping[str, EventRecord], frame: Frame, local: ZoneInfo, words: Language) -> None:
        self._records, self._frame, self._local, self._words = records, frame, local, words
        self._shown: dict[str, Event] = {}
        self._undone = {line for r in records.values() for line in state_of(r.decisions).undone}

    def row(self, line: Line) -> Iterator[Row]:
        record = self._records.get(line.subject)
        told = self._event(line, record) if record is not None and line.kind == "event" else self._other(line)
        if told is not None:
            yield Row(
                line=line.id,
                at=self._at(line.recorded_ms),
                kind=line.kind,
                event=None if record is None else record.number,
                who=told[0],
                what=told[1],
            )

    def _event(self, line: Line, record: EventRecord) -> tuple[str, str] | None:
        shots = {v.key: v.shot for v in record.versions if v.recorded_ms <= line.recorded_ms}
        if not shots:
            return None
        now, before = event(record.event.id, shots.values()), self._shown.get(record.event.id)
        if before is not None and not _matters(before, now):
            return None
        self._shown[record.event.id] = now
        marked = self._words("log.exercise") if now.exercise else ""
        return self._words("log.machine"), marked + self._located(now)

    def _located(self, now: Event) -> str:
        w, best = self._words, now.best
        if now.label == WITHDRAWN:
            return w("label.withdrawn")
        count = len(now.standing)
        ellipse = best.origin.ellipse
        return w(
            "log.shot",
            label=w("log.possible") if now.label == ALERT else w.label(now.label),
            probability=w.percent(best.verdict.probability),
            count=w("log.round") if count == 1 else w("log.rounds", count=str(count)),
            time=self._clock(now.first.origin.time_ns / 1e6),
            long=w.extent(2 * ellipse.semi_major_m),
            wide=w.extent(2 * ellipse.semi_minor_m),
            place=self._place(Spot(x=best.origin.x, y=best.origin.y)),
            nodes=str(len({residual.node for residual in best.origin.used})),
        )

    def _other(self, line: Line) -> tuple[str, str]:
        w = self._words
        if line.kind == KIND:
            one = decided(line)
            undone = f" ({w('decision.undone')})" if line.id in self._undone else ""
            return one.by, sentence(one.what, w, self._place, self._when) + undone
        if line.kind == REMINDER:
            return w("log.machine"), w("line.reminder")
        if line.kind == INCOMING:
            came = _read(line, IncomingLine)
            source, at = w(f"source.{came.what.source}"), self._when(came.what.time_ms)
            return came.by, w(
                "log.came", source=source, time=at, reference=came.what.reference or "–", text=came.what.text
            )
        if line.kind == MISSED:
            miss = _read(line, MissedLine)
            return miss.by, w(
                "log.miss",
                time=self._when(miss.what.time_ms),
                place=self._place(Spot(x=miss.what.x, y=miss.what.y)),
                reference=miss.what.reference,
                grounds=", ".join(w(f"ground.{ground}") for ground in miss.what.grounds),
                text=miss.what.text,
            ).strip()
        return self._plain(line)

    def _plain(self, line: Line) -> tuple[str, str]:
        """A line whose data are plain names and values; `by` in it is who did so."""
        w, data = self._words, msgspec.json.decode(line.data)
        told = data if isinstance(data, dict) else {}
        who = str(told.get("by", w("log.machine")))
        if line.kind == "node" and set(told) == {"state"} and f"state.{told['state']}" in LOG_WORDS:
            return who, w("log.node", node=line.subject, state=w(f"state.{told['state']}"))
        if line.kind == "evidence" and "made_for" in told:
            return who, w("line.evidence", made_for=str(told["made_for"]))
        rest = ", ".join(f"{name} {value}" for name, value in told.items() if name not in UNTOLD)
        return who, w("log.other", kind=line.kind, subject=line.subject, data=rest)

    def _place(self, spot: Spot) -> str:
        lat, lon = self._frame.degrees(spot.x or 0.0, spot.y or 0.0)
        if lat is None or lon is None:
            east, north = self._words.side(spot.x or 0.0, spot.y or 0.0)
            return self._words("log.metres", east=east, north=north)
        return f"{lat:.5f}°, {lon:.5f}°".replace("-", "\u2212").replace(" ", SPACE)

    def _at(self, time_ms: float) -> datetime:
        return datetime.fromtimestamp(time_ms * 1e-3, UTC).astimezone(self._local)

    def _when(self, time_ms: int) -> str:
        at = self._at(time_ms)
        return at.strftime("%Y-%m-%d %H:%M:%S" if self._words.code == "en" else "%d/%m/%Y %H:%M:%S")

    def _clock(self, time_ms: float) -> str:
        return self._at(time_ms).strftime("%H:%M:%S")


def _matters(before: Event, now: Event) -> bool:
    a, b = before.best.origin, now.best.origin
    same = (before.label, len(before.standing)) == (now.label, len(now.standing))
    return not same or math.hypot(a.x - b.x, a.y - b.y) > MISLOCATED_M


def _read(line: Line, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line.data, type=kind)
    except (msgspec.DecodeError, InputError) as error:
        raise InputError(f"line {line.id} of the journal is not what was expected: {error}") from error

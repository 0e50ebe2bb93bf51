"""What is queued for each destination when an event changes, in the very transaction that keeps the change.

What was never tried is replaced by what is true now. What may have been received is followed: by an update where
something changed that a receiver would act on (`rules.matters`), by an end where it was taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from dispatch.alerts.alert import Alert, Earlier, Heard, Kind, headline, sentences
from dispatch.alerts.destinations import Destination
from dispatch.alerts.human import verdict
from dispatch.alerts.rules import Local, matters
from dispatch.store import alerts as kept
from dispatch.store.events import EventRecord, events_of
from dispatch.town.addresses import Addresses
from dispatch.town.places import Frame
from dispatch.town.zones import Zone

HOLD_MS = 2000  # between two messages about one event: a burst is not told round by round
LATE_S = 30.0  # as on the page
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Decides for one site."""

    site: str
    destinations: Sequence[Destination]
    addresses: Addresses
    zones: Sequence[Zone] = ()
    clock: ZoneInfo = UTC

    def events(self, connection: sa.Connection, ids: Sequence[str], frame: Frame, now_ms: int) -> None:
        """Queue what is to be told of events as they are now."""
        chosen = [one for one in self.destinations if one.when.about == "events"]
        site = Local(frame=frame, zones=self.zones, clock=self.clock)
        for record in events_of(connection, ids) if chosen else ():
            heard = self.heard(record, frame)
            for destination in chosen:
                self._event(connection, destination, record.event.id, heard, site, now_ms)

    def node(
        self,
        connection: sa.Connection,
        destination: Destination,
        node: str,
        kind: Kind,
        words: tuple[str, str],
        now_ms: int,
    ) -> None:
        """Queue that a node is silent, or is no more; `words` headline and text."""
        subject = node_subject(node)
        alert = self._alert(connection, destination, subject, kind, now_ms, words)
        kept.queue(connection, destination.name, alert, _due_ms(destination, alert.kind, now_ms))

    def exercise(
        self, connection: sa.Connection, destination: Destination, subject: str, heard: Heard, now_ms: int
    ) -> list[str]:
        """Queue a message that tries the destination, and its end; returns the alerts' ids. `heard` is an exercise."""
        ids: list[str] = []
        steps: tuple[tuple[Kind, int], ...] = (("new", now_ms), ("end", now_ms + HOLD_MS))
        for kind, at_ms in steps:
            words = headline(heard, kind), sentences(heard, kind)
            alert = self._alert(connection, destination, subject, kind, at_ms, words, heard)
            if ids:
                alert = msgspec.structs.replace(alert, earlier=(Earlier(id=ids[0], sent_ms=now_ms),))
            kept.queue(connection, destination.name, alert, at_ms)
            ids.append(alert.id)
        return ids

    def heard(self, record: EventRecord, frame: Frame) -> Heard:
        """An event as it is told."""
        event, best = record.event, record.event.best
        lat, lon = frame.degrees(best.origin.x, best.origin.y)
        ellipse = best.origin.ellipse
        waited_s = max(v.recorded_ms / 1e3 - v.time_ns / 1e9 for v in record.versions)
        return Heard(
            number=record.number,
            time_ns=event.first.origin.time_ns,
            label=event.label,
            probability=best.verdict.probability,
            count=len(event.standing),
            nodes=len({residual.node for residual in best.origin.used}),
            x=best.origin.x,
            y=best.origin.y,
            lat=lat,
            lon=lon,
            semi_major_m=ellipse.semi_major_m,
            semi_minor_m=ellipse.semi_minor_m,
            azimuth_deg=ellipse.azimuth_deg,
            level=ellipse.level,
            ambiguous=best.origin.ambiguous,
            late_s=waited_s if waited_s > LATE_S else 0.0,
            verdict=verdict(record.decisions),
            address=self.addresses.words(lat, lon),
            exercise=event.exercise,
        )

    def _event(
        self, connection: sa.Connection, destination: Destination, subject: str, heard: Heard, site: Local, now_ms: int
    ) -> None:
        waited_ms = kept.replace_waiting(connection, destination.name, subject, now_ms)
        told = kept.told(connection, destination.name, subject)
        kind = _kind(destination, told[-1] if told else None, waited_ms is not None, heard, site, now_ms)
        if kind is None:
            return
        words = headline(heard, kind), sentences(heard, kind)
        alert = self._alert(connection, destination, subject, kind, now_ms, words, heard)
        due_ms = _due_ms(destination, kind, now_ms, told)
        kept.queue(connection, destination.name, alert, due_ms if waited_ms is None else min(due_ms, waited_ms))

    def _alert(
        self,
        connection: sa.Connection,
        destination: Destination,
        subject: str,
        kind: Kind,
        now_ms: int,
        words: tuple[str, str],
        heard: Heard | None = None,
    ) -> Alert:
        before = kept.about(connection, destination.name, subject)
        return Alert(
            id=f"{subject}.{destination.name}.{len(before) + 1}",
            kind=kind,
            topic="node" if heard is None else "gunshot",
            subject=subject,
            site=self.site,
            sent_ms=now_ms,
            headline=words[0],
            text=words[1],
            exercise=heard is not None and heard.exercise,
            heard=heard,
            earlier=() if kind == "new" else _since_new(before),
        )


def node_subject(node: str) -> str:
    """What alerts about a node are about."""
    return f"node-{node}"


def _kind(
    destination: Destination, last: Alert | None, waited: bool, heard: Heard, site: Local, now_ms: int
) -> Kind | None:
    if last is None or last.kind == "end" or last.heard is None:
        rule = destination.when
        wanted = rule.stands(heard) if waited else rule.wants(heard, site, now_ms)
        return "new" if wanted else None
    if not destination.when.stands(heard):
        return "end"
    return "update" if matters(last.heard, heard) else None


def _due_ms(destination: Destination, kind: Kind, now_ms: int, told: Sequence[Alert] = ()) -> int:
    if kind == "new":
        return now_ms + round(destination.unacknowledged_s * 1e3)
    return max(now_ms, told[-1].sent_ms + HOLD_MS) if kind == "update" else now_ms


def _since_new(before: Iterable[kept.Queued]) -> tuple[Earlier, ...]:
    """The messages that may have been received since the subject was last told as new."""
    since: list[Earlier] = []
    for one in before:
        if one.attempts:
            one_more = Earlier(id=one.alert.id, sent_ms=one.alert.sent_ms)
            since = [*([] if one.alert.kind == "new" else since), one_more]
    return tuple(since)

"""An event as it counts: when the page first called it gunshots, and what people found it to be. Pure."""

from __future__ import annotations

import math
from itertools import groupby
from operator import attrgetter

from dispatch.figures.performance import Alert
from dispatch.store.events import EventRecord
from localisation.arrivals import Shot
from recordings.decisions import Judge, State, state_of
from recordings.events import event

ALERT = "gunshot"
LATE_MS = 30_000  # sound takes 3 s over a kilometre; what is told this long after the shot waited somewhere


def alert_of(record: EventRecord) -> Alert:
    """The event for `dispatch.figures.performance`."""
    state = state_of(record.decisions)
    best, time_ms = record.event.best.origin, record.event.first.origin.time_ns * 1e-6
    alerted_ms = first_alert_ms(record)
    return Alert(
        number=record.number,
        time_ms=time_ms,
        alerted_ms=alerted_ms,
        x=best.x,
        y=best.y,
        late=alerted_ms is not None and alerted_ms - time_ms > LATE_MS,
        outcome=None if state.outcome is None else state.outcome.outcome,
        error_m=_error_m(state, best.x, best.y),
        blind=tuple(
            one.what.label == record.event.label
            for one in state.verdicts
            if isinstance(one.what, Judge) and one.what.blind
        ),
    )


def first_alert_ms(record: EventRecord) -> int | None:
    """When the event was first published as gunshots (UTC), whatever it was called later; None where it never was."""
    known: dict[str, Shot] = {}
    ordered = sorted(record.versions, key=lambda v: (v.recorded_ms, v.key, v.version))
    for recorded_ms, versions in groupby(ordered, key=attrgetter("recorded_ms")):
        known |= {version.key: version.shot for version in versions}
        if event(record.event.id, known.values()).label == ALERT:
            return int(recorded_ms)
    return None


def _error_m(state: State, x: float, y: float) -> float | None:
    """Metres from the place of finds, where one was recorded."""
    found = None if state.outcome is None else state.outcome.found
    if found is None or found.x is None or found.y is None:
        return None
    return math.hypot(found.x - x, found.y - y)

"""Reminds of alerts that nobody has closed with an outcome, again and again until somebody does."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError
from dispatch.centre import Centre
from dispatch.figures.judged import first_alert_ms
from dispatch.store.events import REMINDER, events_of
from dispatch.store.journal import Entry, add_entry, subjects_of
from dispatch.store.notes import note, set_note
from dispatch.store.reports import VARIABLES
from recordings.decisions import KIND, state_of

LOOK_EVERY_S = 60.0
NOTE = "reminded"  # until when (UTC ms) what happened was looked at
log = structlog.get_logger()


async def remind(centre: Centre) -> None:
    """For ever: journal a reminder of each alert that is due, and tell the pages."""
    due_ms = round(centre.settings.outcome_due_h * 3.6e6)
    while True:
        now_ms = centre.now_ms
        try:
            await centre.publish(lambda c, now_ms=now_ms: reminders(c, due_ms, now_ms))  # type: ignore[misc]
        except ResourceError as error:  # a full disk: what is due is told once there is room
            log.warning("reminders could not be kept; trying again", problem=str(error))
        await asyncio.sleep(min(LOOK_EVERY_S, due_ms * 5e-4))


def reminders(connection: sa.Connection, due_ms: int, now_ms: int) -> list[Entry]:
    """Remind of every alert without an outcome to which nothing happened for `due_ms`.

    Looked at is what happened between `due_ms` before the last look and `due_ms` before now: each version, decision and
    reminder has its event looked at once more.
    """
    last_ms = int(note(connection, NOTE) or 0)
    touched = subjects_of(connection, ("event", KIND, REMINDER), last_ms - due_ms, now_ms - due_ms)
    set_note(connection, NOTE, str(now_ms))
    written = []
    for start in range(0, len(touched), VARIABLES):
        for record in events_of(connection, touched[start : start + VARIABLES]):
            told_ms = first_alert_ms(record)
            open_ = state_of(record.decisions).outcome is None
            rested = record.reminded_ms is None or record.reminded_ms < now_ms - due_ms
            due = told_ms is not None and told_ms < now_ms - due_ms and not record.event.exercise
            if due and open_ and rested:
                data = {"after_h": due_ms / 3.6e6}
                written.append(add_entry(connection, REMINDER, record.event.id, data, now_ms))
    return written

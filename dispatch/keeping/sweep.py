"""Runs the retention clocks: once an hour, a little at a time, each erasure in one transaction with its record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import ResourceError
from dispatch.centre import Centre
from dispatch.keeping.record import Deletion, add_deletion
from dispatch.keeping.rows import Counts, end_alerts, end_arrivals, end_digests, end_events, end_reports
from dispatch.keeping.words import end_lines, end_words
from dispatch.settings import Keep
from dispatch.store import Store
from dispatch.store.clips import end_sound

SWEEP_EVERY_S = 3600.0
Step = Callable[[sa.Connection], bool]  # True: there may be more
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The clocks as they are set, at one moment (UTC ms), and the key that signs what they erase."""

    keep: Keep
    key: Ed25519PrivateKey
    now_ms: int

    def steps(self) -> Iterator[Step]:
        """What is to be done, in this order, each until it says that there is no more."""
        hours, days, audit = self.keep.arrivals_h, self.keep.events_days, self.keep.audit_days
        arrivals_ms, events_ms = self._before(hours), self._before(24.0 * days)
        yield self._rows(end_arrivals, arrivals_ms, f"arrivals in no event are kept for {hours:g} hours")
        yield self._rows(end_reports, arrivals_ms, f"reports that no event rests on are kept for {hours:g} hours")
        clips_ms, clips = self._before(24.0 * self.keep.clips_days), f"clips are kept for {self.keep.clips_days:g} days"
        yield self._rows(_end_sound, clips_ms, clips)
        yield self._rows(end_events, events_ms, f"events are kept for {days:g} days")
        yield self._rows(end_alerts, events_ms, f"alerts of nodes are kept for {days:g} days")
        yield self._rows(end_digests, events_ms, "")
        words, lines = f"names and words are kept for {days:g} days", f"the journal is kept for {audit:g} days"
        yield lambda c: end_words(c, events_ms, words, self.key, self.now_ms)
        yield lambda c: end_lines(c, self._before(24.0 * audit), lines, self.key, self.now_ms)

    def _before(self, hours: float) -> int:
        return self.now_ms - round(hours * 3.6e6)

    def _rows(self, end: Callable[[sa.Connection, int], tuple[Counts, bool]], until_ms: int, because: str) -> Step:
        def step(connection: sa.Connection) -> bool:
            counts, more = end(connection, until_ms)
            if erased := {table: number for table, number in counts.items() if number}:
                add_deletion(connection, Deletion(because=because, rows=erased), self.key, self.now_ms)
            return more

        return step


def _end_sound(connection: sa.Connection, until_ms: int) -> tuple[Counts, bool]:
    return end_sound(connection, until_ms), False


def sweep(store: Store, clocks: Clocks) -> None:
    """Erase all that is due, in the caller's thread."""
    for step in clocks.steps():
        while store.write_now(step):
            pass
    store.empty_log()


async def keep_clocks(centre: Centre) -> None:
    """For ever: once an hour, erase what is due."""
    while True:
        clocks = Clocks(keep=centre.settings.keep, key=centre.authority.order_key, now_ms=centre.now_ms)
        try:
            for step in clocks.steps():
                while await centre.store.write(step):
                    pass
            await asyncio.to_thread(centre.store.empty_log)
        except ResourceError as error:  # a full disk, say: erasing is tried again, and what is due stays due
            log.warning("what is due could not be erased; trying again", problem=str(error))
        await asyncio.sleep(SWEEP_EVERY_S)

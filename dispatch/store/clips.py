"""Clips as they are kept, apart from all else: who asked, what came, who listened; each step is a line of the journal.

A clip's sound ends by its own clock, or on demand with the line that tells of its coming (`dispatch.keeping`); with it
ends what people said of it (`dispatch.store.labels`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.clip import Clip, ClipAsk, clip_order_of, read_clip
from arrays.report import FOUND, Envelope
from dispatch.clips import GOOD_FOR_NS, check_age, wanted
from dispatch.store.decisions import AbsentError
from dispatch.store.events import events_of
from dispatch.store.journal import add_entry
from dispatch.store.tables import clips, labels
from recordings.decisions import ConflictError

KIND = "clip"  # of a journal's line; its subject is the event
ASKED, ERASED, UNANSWERED = "asked", "erased", "unanswered"
LONGEST_REASON = 300
Asks = list[tuple[str, ClipAsk]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClip:
    """One node's answer: `state` is `asked`, `unanswered`, what the node said, or `erased`; `bytes` of its sound."""

    order: str
    node: str
    state: str
    why: str
    asked_ms: int
    bytes: int


def ask(connection: sa.Connection, event: str, listening: Collection[str], by: str, because: str, now_ms: int) -> Asks:
    """Note that `by` wants an event's sound, and whom to ask for it: nobody where they were asked before.

    Raises AbsentError for an unknown event, ConflictError where its sound may not be asked for, InputError.
    """
    check_reason(because)
    found = events_of(connection, [event])
    if not found:
        raise AbsentError(f"there is no event {event[:80]!r}")
    if clips_of(connection, event, now_ms):
        return []
    check_age(found[0].event, now_ms * 1_000_000)
    asks = wanted(found[0].event, listening)
    orders = [clip_order_of(event, node) for node, _ in asks]
    rows = [
        {"order": order, "event": event, "node": node, "asked_ms": now_ms, "state": ASKED, "why": ""}
        for order, (node, _) in zip(orders, asks, strict=True)
    ]
    connection.execute(sa.insert(clips), rows)
    add_entry(connection, KIND, event, {"asked": orders, "by": by, "because": because}, now_ms)
    return asks


def keep(connection: sa.Connection, envelope: Envelope, clip: Clip, now_ms: int) -> None:
    """Keep a clip whose signature is good; the very same again is kept once.

    Raises ConflictError for one that was not asked for, or not in time.
    """
    row = connection.execute(sa.select(clips).where(clips.c.order == clip.order)).first()
    if row is None or (row.node, row.event) != (clip.node, clip.event):
        raise ConflictError(f"order {clip.order[:80]!r} of node {clip.node!r} was never given")
    if row.state == FOUND and row.body == envelope.body:
        return
    if _state(row.state, row.asked_ms, now_ms) != ASKED:
        raise ConflictError(f"order {clip.order[:80]!r} is not open any more")
    about = {"start_ns": clip.start_ns, "rate_hz": clip.rate_hz, "onsets_s": clip.onsets_s}
    came = {"state": FOUND, "came_ms": now_ms, "body": envelope.body, "signature": envelope.signature}
    change = sa.update(clips).where(clips.c.order == clip.order)
    connection.execute(change.values(**came, about=msgspec.json.encode(about).decode()))
    digest = hashlib.sha256(envelope.body).hexdigest()
    add_entry(connection, KIND, clip.event, {"came": clip.order, "digest": digest}, now_ms)


def answered(connection: sa.Connection, node: str, order: str, state: str, why: str, now_ms: int) -> None:
    """A node said what became of an order, if it is one for a clip; said again, it changes nothing."""
    row = connection.execute(sa.select(clips).where(clips.c.order == order, clips.c.node == node)).first()
    if row is None or row.state != ASKED:
        return
    connection.execute(sa.update(clips).where(clips.c.order == order).values(state=state, why=why))
    add_entry(connection, KIND, row.event, {"answered": order, "state": state, "why": why}, now_ms)


def clips_of(connection: sa.Connection, event: str, now_ms: int) -> list[KeptClip]:
    """What became of each order for an event's sound, by node."""
    rows = connection.execute(sa.select(clips).where(clips.c.event == event).order_by(clips.c.node))
    return [
        KeptClip(
            order=row.order,
            node=row.node,
            state=_state(row.state, row.asked_ms, now_ms),
            why=row.why,
            asked_ms=row.asked_ms,
            bytes=len(row.body or b""),
        )
        for row in rows
    ]


def hear(connection: sa.Connection, order: str, by: str, because: str, now_ms: int) -> Clip:
    """A clip for `by` to listen to, once noted that they do. Raises AbsentError where there is none, InputError."""
    check_reason(because)
    row = connection.execute(sa.select(clips).where(clips.c.order == order, clips.c.state == FOUND)).first()
    if row is None:
        raise AbsentError(f"there is no sound of order {order[:80]!r}")
    add_entry(connection, KIND, row.event, {"heard": order, "by": by, "because": because}, now_ms)
    return read_clip(row.body)


def sound_of(connection: sa.Connection, event: str) -> list[tuple[str, bytes, bytes]]:
    """The clips of an event that are kept: node, signed body, signature; by node."""
    found = clips.c.event == event, clips.c.state == FOUND
    rows = connection.execute(sa.select(clips).where(*found).order_by(clips.c.node))
    return [(row.node, row.body, row.signature) for row in rows]


def end_sound(connection: sa.Connection, until_ms: int) -> dict[str, int]:
    """Erase the sound of clips that came before a time; how many rows of each table, and so below."""
    return _erase(connection, clips.c.came_ms < until_ms, clips.c.state == FOUND)


def erase_sound(connection: sa.Connection, told: Iterable[str]) -> dict[str, int]:
    """Erase the clips whose coming these lines of the journal, JSON, tell."""
    orders = [line["came"] for line in map(msgspec.json.decode, told) if "came" in line]
    return _erase(connection, clips.c.order.in_(orders), clips.c.state == FOUND)


def end_clips(connection: sa.Connection, events: Sequence[str]) -> dict[str, int]:
    """Erase all that is kept of these events' clips; counted are those that had sound."""
    gone = _erase(connection, clips.c.event.in_(events), clips.c.state == FOUND)
    connection.execute(sa.delete(clips).where(clips.c.event.in_(events)))
    return gone


def check_reason(because: str) -> None:
    """Raise InputError for a reason that is none."""
    if not 0 < len(because.strip()) <= LONGEST_REASON:
        raise InputError(f"because has {len(because.strip())} characters; expected a reason of 1 to {LONGEST_REASON}")


def _erase(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> dict[str, int]:
    said = labels.c.order.in_(sa.select(clips.c.order).where(*which))
    gone = connection.execute(sa.delete(labels).where(said)).rowcount
    change = sa.update(clips).where(*which).values(state=ERASED, body=None, signature=None, about=None)
    return {"clips": connection.execute(change).rowcount, "labels": gone}


def _state(state: str, asked_ms: int, now_ms: int) -> str:
    return UNANSWERED if state == ASKED and now_ms - asked_ms > GOOD_FOR_NS // 1_000_000 else state

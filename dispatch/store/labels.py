"""What people say each impulse of a clip was: append-only, every answer a line of the journal; it ends with the sound.

An answer holds until its person gives another or takes it back; what one person says never replaces another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from arrays.report import FOUND
from dispatch.store.clips import check_reason
from dispatch.store.decisions import AbsentError
from dispatch.store.journal import add_entry
from dispatch.store.tables import clips, labels
from recordings.decisions import ConflictError
from recordings.labelling import KEYS

KIND = "label"  # of a journal's line; its subject is the event, none where labels were taken away
LABELS = tuple(KEYS.values())
TAKEN_BACK = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one person says that an impulse was, and since when."""

    by: str
    label: str
    given_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Impulse:
    """An impulse of a clip, by its number from 0; `said`: what holds, one a person, oldest first."""

    number: int
    onset_s: float
    time_ns: int
    said: tuple[Said, ...]

    def by(self, person: str) -> Said | None:
        """What this person says."""
        return next((one for one in self.said if one.by == person), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledClip:
    """A clip whose sound is kept, with its impulses as they came."""

    order: str
    event: str
    node: str
    rate_hz: float
    impulses: tuple[Impulse, ...]


class _About(msgspec.Struct, frozen=True):
    start_ns: int
    rate_hz: float
    onsets_s: tuple[float, ...]


def labelled(connection: sa.Connection, order: str | None = None) -> list[LabelledClip]:
    """The clips whose sound is kept, or one of them, in the order in which they came."""
    which = [clips.c.state == FOUND, *([clips.c.order == order] if order is not None else [])]
    wanted = clips.c.order, clips.c.event, clips.c.node, clips.c.about
    rows = connection.execute(sa.select(*wanted).where(*which).order_by(clips.c.came_ms, clips.c.order)).all()
    given = sa.select(labels).where(labels.c.order == order) if order is not None else sa.select(labels)
    said: dict[tuple[str, int], dict[str, Said]] = {}
    for row in connection.execute(given.order_by(labels.c.line)):
        holds = said.setdefault((row.order, row.impulse), {})
        holds.pop(row.by, None)
        if row.label != TAKEN_BACK:
            holds[row.by] = Said(by=row.by, label=row.label, given_ms=row.given_ms)
    return [_clip(row.order, row.event, row.node, row.about, said) for row in rows]


def give(connection: sa.Connection, order: str, number: int, by: str, label: str, now_ms: int) -> LabelledClip:
    """Keep what `by` says that an impulse was, or with TAKEN_BACK that they say so no more; said again, it stays one.

    Raises AbsentError where there is no such impulse, ConflictError where there is nothing to take back.
    """
    clip = one_of(connection, order)
    if not 0 <= number < len(clip.impulses):
        raise AbsentError(f"the clip of order {order[:80]!r} has no impulse {number}")
    before = clip.impulses[number].by(by)
    if label == TAKEN_BACK and before is None:
        raise ConflictError("there is no answer of yours to take back")
    if before is None or before.label != label:
        line = add_entry(
            connection, KIND, clip.event, {"label": label, "order": order, "impulse": number, "by": by}, now_ms
        )
        row = {"line": line.id, "order": order, "impulse": number, "label": label, "by": by, "given_ms": now_ms}
        connection.execute(sa.insert(labels).values(row))
    return one_of(connection, order)


def one_of(connection: sa.Connection, order: str) -> LabelledClip:
    """The clip of an order. Raises AbsentError where there is no sound."""
    for clip in labelled(connection, order):
        return clip
    raise AbsentError(f"there is no sound of order {order[:80]!r}")


def take_away(connection: sa.Connection, by: str, because: str, now_ms: int) -> list[LabelledClip]:
    """The clips that have labels, once it is noted that `by` takes them and their sound out of the centre, and why.

    Raises AbsentError where no clip has one, InputError for a reason that is none.
    """
    check_reason(because)
    found = [clip for clip in labelled(connection) if any(impulse.said for impulse in clip.impulses)]
    if not found:
        raise AbsentError("no clip has a label yet")
    noted = {"taken": [clip.order for clip in found], "by": by, "because": because}
    add_entry(connection, KIND, "", noted, now_ms)
    return found


def erase(connection: sa.Connection, lines: Sequence[int]) -> int:
    """Erase the labels that these lines of the journal gave; how many."""
    return connection.execute(sa.delete(labels).where(labels.c.line.in_(lines))).rowcount


def _clip(
    order: str, event: str, node: str, told: str, said: Mapping[tuple[str, int], Mapping[str, Said]]
) -> LabelledClip:
    about = msgspec.json.decode(told, type=_About)
    impulses = tuple(
        Impulse(
            number=number,
            onset_s=onset_s,
            time_ns=about.start_ns + round(1e9 * onset_s),
            said=tuple(said.get((order, number), {}).values()),
        )
        for number, onset_s in enumerate(about.onsets_s)
    )
    return LabelledClip(order=order, event=event, node=node, rate_hz=about.rate_hz, impulses=impulses)

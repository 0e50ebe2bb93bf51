"""Takes names and words out of the journal's lines; what was done, and how an event ended, stays readable.

An erased line keeps its number and the digest of its content, so that the chain holds; its salt is gone, so that nobody
can guess what was there; a signed record (`dispatch.keeping.record`) names the digest of what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError
from dispatch.incoming import INCOMING, MISSED
from dispatch.keeping import record
from dispatch.keeping.record import Deletion, add_deletion
from dispatch.store import clips, labels, rollouts
from dispatch.store.journal import lines_numbered
from dispatch.store.reports import VARIABLES
from dispatch.store.tables import journal
from recordings import decisions
from recordings.chain import Line, left_digest

ERASED = "erased"
KINDS = (decisions.KIND, INCOMING, MISSED, clips.KIND, labels.KIND, rollouts.KIND)  # of lines with what people told
PERSONAL = {"by", "name", "text", "place", "instead_of", "reference", "made_for", "because"}
PLACES = {INCOMING: {"x", "y", "radius_m"}}  # a caller's place tells who called
EVENT_PLACES = PLACES | {decisions.KIND: {"found"}}
AT_ONCE = 500


def erase_words(
    connection: sa.Connection, numbers: Sequence[int], by: str, because: str, key: Ed25519PrivateKey, now_ms: int
) -> int:
    """Erase names and words of these lines, the clips whose coming they tell, and the labels that they gave, on
    somebody's demand; how many lines.

    Raises InputError for a number that is no line, and for a record of an erasure, which stays; without a reason.
    """
    decisions.check_name(by)
    if not because.strip():
        raise InputError("because is empty; expected a reason")
    return _erase(connection, numbers, by, because, key, now_ms)


def erase_again(
    connection: sa.Connection, numbers: Sequence[int], because: str, key: Ed25519PrivateKey, now_ms: int
) -> int:
    """The same for what somebody had erased before, and a backup still has: nobody asks for it anew."""
    return _erase(connection, numbers, "", because, key, now_ms)


def _erase(
    connection: sa.Connection, numbers: Sequence[int], by: str, because: str, key: Ed25519PrivateKey, now_ms: int
) -> int:
    lines = {
        line.id: line
        for k in range(0, len(numbers), VARIABLES)
        for line in lines_numbered(connection, numbers[k : k + VARIABLES])
    }
    for number in numbers:
        if number not in lines or not lines[number].told:
            raise InputError(f"line {number} of the journal is not there, or is erased as a whole")
        if lines[number].kind == record.KIND:
            raise InputError(f"line {number} is the record of an erasure, which stays for good")
    sound = clips.erase_sound(connection, (line.data for line in lines.values() if line.kind == clips.KIND))
    said = labels.erase(connection, [line.id for line in lines.values() if line.kind == labels.KIND])
    left = _strip(connection, lines.values(), PLACES)
    if left:
        gone = {"clips": sound["clips"], "labels": sound["labels"] + said}
        rows = {table: number for table, number in gone.items() if number}
        add_deletion(connection, Deletion(because=because, by=by, left=left, rows=rows), key, now_ms)
    return len(left)


def end_words(connection: sa.Connection, until_ms: int, because: str, key: Ed25519PrivateKey, now_ms: int) -> bool:
    """Erase names, words and places of what people told before a time; whether there may be more."""
    old = journal.c.kind.in_(KINDS), journal.c.recorded_ms < until_ms, journal.c.salt != ""
    chosen = list(connection.scalars(sa.select(journal.c.id).where(*old).order_by(journal.c.id).limit(AT_ONCE)))
    if chosen:
        left = _strip(connection, lines_numbered(connection, chosen), EVENT_PLACES)
        add_deletion(connection, Deletion(because=because, left=left), key, now_ms)
    return len(chosen) == AT_ONCE


def end_lines(connection: sa.Connection, until_ms: int, because: str, key: Ed25519PrivateKey, now_ms: int) -> bool:
    """Erase whole lines that were recorded before a time, but records of erasures; whether there may be more."""
    old = journal.c.kind.not_in(("", record.KIND)), journal.c.recorded_ms < until_ms
    chosen = list(connection.scalars(sa.select(journal.c.id).where(*old).order_by(journal.c.id).limit(AT_ONCE)))
    if chosen:
        nothing = {"recorded_ms": 0, "kind": "", "subject": "", "data": "", "salt": ""}
        connection.execute(sa.update(journal).where(journal.c.id.in_(chosen)).values(**nothing))
        add_deletion(connection, Deletion(because=because, blank=tuple(_runs(chosen))), key, now_ms)
    return len(chosen) == AT_ONCE


def stripped(data: str, places: Iterable[str] = ()) -> str:
    """A line's JSON without names, words, and the places that are named."""
    return msgspec.json.encode(_without(msgspec.json.decode(data), frozenset(places))).decode()


def _strip(connection: sa.Connection, lines: Iterable[Line], places: dict[str, set[str]]) -> dict[int, str]:
    """Strip lines; of each that had something to lose, the digest of what is left."""
    left = {}
    for line in lines:
        bare = msgspec.structs.replace(line, data=stripped(line.data, places.get(line.kind, ())), salt="")
        if not line.erased or bare.data != line.data:
            change = sa.update(journal).where(journal.c.id == line.id)
            connection.execute(change.values(data=bare.data, salt=""))
            left[line.id] = left_digest(bare)
    return left


def _without(value: object, places: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {
            key: ERASED if key in PERSONAL and isinstance(inside, str) and inside else _without(inside, places)
            for key, inside in value.items()
            if key not in places
        }
    return value


def _runs(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Ascending numbers as the runs that they make."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        inside = [number for _, number in run]
        yield inside[0], inside[-1]

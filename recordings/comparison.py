"""Two runs over the same sound compared, shot by shot: which are new, which are gone, which moved and by how much."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from acoustic.errors import InputError
from arrays.reading import content_of, plain
from recordings.matching import pairs_in_time

Became = Literal["new", "gone", "moved", "other class", "same"]
MOVED_M, LATER_S, SURER = 0.01, 1e-5, 0.005  # less is the same


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A located shot as `tocsin replay --format jsonl` prints it: m east and north, seconds since the epoch (UTC)."""

    session: str
    x: float
    y: float
    time: float
    ambiguous: bool = False
    label: str = ""
    gunshot: float | None = None
    used: tuple[str, ...] = ()
    method: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A shot then and now: `new`, `gone`, `moved`, `other class` or `same`; how far it moved, how much later it is."""

    session: str
    change: Became
    time: float
    moved_m: float | None = None
    later_s: float | None = None
    before: Told | None = None
    now: Told | None = None


def read_told(path: Path) -> list[Told]:
    """The lines of a file that `tocsin replay --format jsonl` wrote. Raises InputError naming the line."""
    told = []
    for number, line in enumerate(content_of(path).splitlines(), start=1):
        try:
            one = msgspec.json.decode(line, type=Told) if line.strip() else None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}, line {number}: {plain(error)}; expected what `tocsin replay --format jsonl` prints"
            ) from error
        told += [one] if one else []
    return told


def compare(before: Iterable[Told], now: Iterable[Told]) -> list[Change]:
    """What became of each shot of each session, by session as it first appears and time."""
    sessions: dict[str, tuple[list[Told], list[Told]]] = defaultdict(lambda: ([], []))
    for side, shots in enumerate((before, now)):
        for shot in shots:
            sessions[shot.session][side].append(shot)
    return [change for then, since in sessions.values() for change in _in_session(then, since)]


def _in_session(then: list[Told], since: list[Told]) -> list[Change]:
    pairs = pairs_in_time([s.time for s in then], [s.time for s in since])
    kept, stayed = {i for i, _ in pairs}, {j for _, j in pairs}
    changes = [_change(then[i], since[j]) for i, j in pairs]
    changes += [
        Change(session=s.session, change="gone", time=s.time, before=s) for i, s in enumerate(then) if i not in kept
    ]
    changes += [
        Change(session=s.session, change="new", time=s.time, now=s) for j, s in enumerate(since) if j not in stayed
    ]
    return sorted(changes, key=lambda c: (c.time, c.change))


def _change(then: Told, now: Told) -> Change:
    moved_m = round(math.hypot(now.x - then.x, now.y - then.y), 3)
    later_s = round(now.time - then.time, 6)
    surer = abs((now.gunshot or 0.0) - (then.gunshot or 0.0))
    change: Became = "same"
    if moved_m >= MOVED_M or abs(later_s) >= LATER_S:
        change = "moved"
    elif now.label != then.label or surer >= SURER:
        change = "other class"
    both = {"before": then, "now": now}
    return Change(session=now.session, change=change, time=now.time, moved_m=moved_m, later_s=later_s, **both)

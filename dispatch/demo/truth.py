"""The demo's arithmetic: located shots beside the true ones. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GUNSHOT = "gunshot"
SAME_SHOT_S = 1.0  # a place 300 m wrong moves the discharge by less


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What was really fired or slammed: UTC milliseconds, metres east and north."""

    label: str
    time_ms: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The newest version of a shot on the page; `seen_ms` is when its first version came."""

    key: str
    label: str
    probability: float
    time_ms: float
    x: float
    y: float
    seen_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A located shot and the nearest sound that it can be; `fired` is None where there was none."""

    located: Located
    fired: Fired | None

    @property
    def error_m(self) -> float:
        """Metres between the two."""
        if self.fired is None:
            return math.inf
        return math.hypot(self.located.x - self.fired.x, self.located.y - self.fired.y)

    @property
    def latency_s(self) -> float:
        """From the discharge to the page."""
        return (self.located.seen_ms - self.located.time_ms) * 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a scene went."""

    pairs: tuple[Pair, ...]
    missed: tuple[Fired, ...]
    false: tuple[Pair, ...]

    @property
    def good(self) -> bool:
        """Every true shot located in bounds, and nothing else taken for one."""
        return not self.missed and not self.false


def pairs(fired: Sequence[Fired], located: Sequence[Located]) -> list[Pair]:
    """Each located shot with its sound: one to one, the nearest in place first; in the order of their times."""
    candidates = [
        (math.hypot(there.x - here.x, there.y - here.y), i, j)
        for i, here in enumerate(fired)
        for j, there in enumerate(located)
        if abs(there.time_ms - here.time_ms) <= SAME_SHOT_S * 1e3
    ]
    taken: dict[int, int] = {}
    for _, i, j in sorted(candidates):
        if j not in taken and i not in taken.values():
            taken[j] = i
    found = [Pair(located=one, fired=fired[taken[j]] if j in taken else None) for j, one in enumerate(located)]
    return sorted(found, key=lambda pair: pair.located.time_ms)


def outcome(fired: Sequence[Fired], located: Mapping[str, Located], bound_m: float) -> Outcome:
    """Judge a scene: true gunshots within `bound_m` of a shot so labelled, and no other shot so labelled."""
    shots = [one for one in located.values() if one.label == GUNSHOT]
    paired = pairs([f for f in fired if f.label == GUNSHOT], shots)
    right = tuple(pair for pair in paired if pair.error_m <= bound_m)
    hit = {id(pair.fired) for pair in right}
    return Outcome(
        pairs=right,
        missed=tuple(f for f in fired if f.label == GUNSHOT and id(f) not in hit),
        false=tuple(pair for pair in paired if pair.error_m > bound_m),
    )

"""Shots to events: what a dispatcher sees is one shot or one burst, at one place. Pure.

A shot joins an event when it was fired within a few seconds of one of the event's shots, their places agree within
their ellipses and the event does not get longer than a minute by it. Events keep their identity while shots get better
versions. An exercise and what was truly heard are never one event.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localisation.arrivals import Shot, Verdict
from localisation.verdict import WITHDRAWN, together

JOIN_WITHIN_S = 5.0  # pauses inside a burst are below 2 s; a magazine change takes 3 to 4 s
LONGEST_S = 60.0  # what goes on for longer is told anew: its first minute may be dealt with and closed by then
SAME_PLACE_M = 30.0  # a gunman on foot between two shots, and the floor of the network's accuracy
ELLIPSE_REACH_M = 100.0  # an ellipse larger than this says little about where the shot belongs


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One shot or burst: `shots` are the latest versions, in the order in which they were fired."""

    id: str
    shots: tuple[Shot, ...]

    @property
    def standing(self) -> tuple[Shot, ...]:
        """The shots that were not withdrawn."""
        return tuple(shot for shot in self.shots if shot.verdict.label != WITHDRAWN)

    @property
    def verdict(self) -> Verdict:
        """What the network makes of all its shots together."""
        return together(self.shots)

    @property
    def label(self) -> str:
        """The class of the event; `withdrawn` where no shot stands."""
        return self.verdict.label

    @property
    def best(self) -> Shot:
        """The shot that stands for the event on a map: of the event's class, the one with the smallest ellipse."""
        label = self.label
        candidates = [shot for shot in self.shots if shot.verdict.label == label] or list(self.shots)
        return min(candidates, key=lambda shot: (_area(shot), shot.key))

    @property
    def exercise(self) -> bool:
        """Whether it was made up or replayed for training."""
        return any(shot.exercise for shot in self.shots)

    @property
    def first(self) -> Shot:
        """The shot fired first."""
        return (self.standing or self.shots)[0]


def event(identity: str, shots: Iterable[Shot]) -> Event:
    """The event of these shots (at least one), put in the order in which they were fired."""
    return Event(id=identity, shots=tuple(sorted(shots, key=lambda shot: (shot.origin.time_ns, shot.key))))


def assign(shot: Shot, events: Sequence[Event]) -> str:
    """The id of the event that `shot` belongs to: the one it is in, the nearest that fits, or a new one.

    `events` are those near it in time. A shot stays in its event as long as it fits the event's other shots (or there
    are none and no other event fits), so that a better version does not move what a dispatcher has already seen.
    """
    own = next((e for e in events if any(s.key == shot.key for s in e.shots)), None)
    if shot.verdict.label == WITHDRAWN and own is not None:
        return own.id
    open_to_it = [e for e in events if e is own or _lasts_ns(shot, e) <= LONGEST_S * 1e9]
    distances = {e.id: _nearest(shot, [s for s in e.standing if s.key != shot.key]) for e in open_to_it}
    fits = {identity: metres for identity, metres in distances.items() if metres is not None}
    if own is not None and own.id in fits:
        return own.id
    if fits:
        return min(fits, key=lambda identity: (fits[identity], identity))
    if own is not None and len(own.standing) <= 1:
        return own.id
    return new_id(shot, {e.id for e in events})


def new_id(shot: Shot, taken: Iterable[str] = ()) -> str:
    """An event's id, from the key of the shot that opened it; a shot that left the event it opened opens another."""
    identity = _digest(shot.key)
    return _digest(f"{shot.key} {shot.version}") if identity in set(taken) else identity


def group(shots: Iterable[Shot]) -> list[Event]:
    """All shots to events at once, in the order in which they were fired."""
    members: dict[str, list[Shot]] = {}
    for shot in sorted(shots, key=lambda shot: (shot.origin.time_ns, shot.key)):
        known = [event(identity, list(group)) for identity, group in members.items()]
        members.setdefault(assign(shot, known), []).append(shot)
    return [event(identity, group) for identity, group in members.items()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _area(shot: Shot) -> float:
    return shot.origin.ellipse.semi_major_m * shot.origin.ellipse.semi_minor_m


def _reach(shot: Shot) -> float:
    return min(shot.origin.ellipse.semi_major_m, ELLIPSE_REACH_M)


def _distance(a: Shot, b: Shot) -> float:
    return math.hypot(a.origin.x - b.origin.x, a.origin.y - b.origin.y)


def _lasts_ns(shot: Shot, joined: Event) -> int:
    """From the first to the last of an event's shots and this one."""
    times_ns = [shot.origin.time_ns, *(other.origin.time_ns for other in joined.standing)]
    return max(times_ns) - min(times_ns)


def _nearest(shot: Shot, others: Iterable[Shot]) -> float | None:
    """Metres to the nearest of the shots that could be of one burst with `shot`; None where none could."""
    distances = [
        _distance(shot, other)
        for other in others
        if other.exercise == shot.exercise
        and abs(other.origin.time_ns - shot.origin.time_ns) <= JOIN_WITHIN_S * 1e9
        and _distance(shot, other) <= SAME_PLACE_M + _reach(shot) + _reach(other)
    ]
    return min(distances, default=None)

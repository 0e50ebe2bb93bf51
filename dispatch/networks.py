"""The running networks of some ground, fed from the store's arrivals and built anew from it.

What they know can always be had from the store again: after a restart, and for arrivals that come too late for the
networks that are running. Exercises have a network of their own, so that what was made up never has a part in what was
truly heard. Nothing here waits or is shared: whoever owns it calls it from one thread at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acoustic.air import Air
from dispatch.store import Store
from dispatch.store.events import latest_shots
from dispatch.store.reports import arrivals_between
from localisation.arrivals import MOVED_M, Arrival, Shot, Station
from localisation.network import Network

REACH_NS = 60 * 10**9  # arrivals of one shot lie within this, with room
KEEP_NS = 120 * 10**9  # how long a running network remembers, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What networks stand on: the store, the healthy stations of the moment, the clock (UTC ns), whom they hear."""

    store: Store
    air: Air
    stations: Callable[[], list[Station]]
    clock_ns: Callable[[], int]
    hears: Callable[[Arrival], bool] = lambda _: True


@dataclass
class _Running:
    """A network that runs, of exercises or of what is heard; it knows nothing from before `floor_ns`."""

    exercise: bool
    network: Network
    floor_ns: int = 0
    newest_ns: int = 0


class Networks:
    """What is heard, and exercises."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._running = [_Running(exercise, Network(ground.air)) for exercise in (False, True)]

    def resume(self, missed: Sequence[Arrival], newest_ns: int) -> list[Shot]:
        """Take up where the last run ended: what was kept but not located, with all that was heard around it.

        `newest_ns`: the time of the newest arrival that is kept.
        """
        newest_ns = min(newest_ns, self._ground.clock_ns())
        shots: list[Shot] = []
        for one in self._running:
            one.newest_ns, one.floor_ns = newest_ns, newest_ns - REACH_NS
            one.network, found = self._build(one.floor_ns, newest_ns, one.exercise)
            shots += found + self._too_late(one, missed)
        return shots

    def locate(self, batch: Sequence[Arrival]) -> list[Shot]:
        """The shots that are new or changed by these arrivals; those that came before are harmless."""
        return [shot for one in self._running for shot in self._feed(one, batch) + self._too_late(one, batch)]

    def flush(self) -> list[Shot]:
        """It has been quiet: look at the whole once more."""
        return [shot for one in self._running for shot in one.network.flush()]

    def _feed(self, one: _Running, batch: Sequence[Arrival]) -> list[Shot]:
        fresh = [a for a in batch if a.exercise == one.exercise and a.time_ns >= one.floor_ns]
        now_ns = self._ground.clock_ns()
        one.newest_ns = max([one.newest_ns, *(min(a.time_ns, now_ns) for a in fresh)])
        shots: list[Shot] = []
        if one.network.stands_elsewhere([*fresh, *self._stations(one.exercise)]):
            one.network, shots = self._build(one.floor_ns, one.newest_ns, one.exercise)
        shots += one.network.feed(fresh, self._stations(one.exercise))
        if one.newest_ns - one.floor_ns > 2 * KEEP_NS:
            one.floor_ns = one.newest_ns - KEEP_NS
            one.network.forget_before(one.floor_ns)
        return shots

    def _too_late(self, one: _Running, batch: Sequence[Arrival]) -> list[Shot]:
        """The shots of arrivals that are too late for the running network: they get one of their own."""
        late = [a.time_ns for a in batch if a.exercise == one.exercise and a.time_ns < one.floor_ns]
        return [shot for span in _spans(late) for shot in self._build(*span, one.exercise)[1]]

    def _build(self, first_ns: int, last_ns: int, exercise: bool) -> tuple[Network, list[Shot]]:
        """A network that knows what is kept of a span of time, and what it finds anew in it.

        A node that was enrolled anew elsewhere stands at one place only, its latest: what was heard at another one, and
        the shots that rest on it, are final.
        """
        read, hears, stations = self._ground.store.read_now, self._ground.hears, self._stations(exercise)
        shots = read(lambda c: latest_shots(c, first_ns - 2 * REACH_NS, last_ns + 2 * REACH_NS))
        heard = read(lambda c: arrivals_between(c, first_ns - REACH_NS, last_ns + REACH_NS))
        shots = [s for s in shots if s.exercise == exercise and all(map(hears, s.arrivals))]
        heard = [a for a in heard if a.exercise == exercise and hears(a)]
        told: list[Arrival | Station] = [*(a for s in shots for a in s.arrivals), *heard, *stations]
        place = {one.node: (one.x, one.y, one.z) for one in told}

        def here(a: Arrival) -> bool:
            return math.dist(place[a.node], (a.x, a.y, a.z)) <= MOVED_M

        final = {a.id for s in shots if not all(map(here, s.arrivals)) for a in s.arrivals}
        network = Network(self._ground.air)
        network.resume(s for s in shots if all(map(here, s.arrivals)))
        found = network.feed((a for a in heard if here(a) and a.id not in final), stations)
        return network, found

    def _stations(self, exercise: bool) -> list[Station]:
        """The nodes whose silence says something; in an exercise only those take part that report."""
        return [] if exercise else self._ground.stations()


def _spans(times_ns: Sequence[int]) -> list[tuple[int, int]]:
    """Times to the spans that hold them, cut where nothing was heard for long."""
    spans: list[tuple[int, int]] = []
    for time_ns in sorted(times_ns):
        if spans and time_ns - spans[-1][1] <= REACH_NS:
            spans[-1] = (spans[-1][0], time_ns)
        else:
            spans.append((time_ns, time_ns))
    return spans

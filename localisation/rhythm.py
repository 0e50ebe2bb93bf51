"""Bursts: intervals at which arrivals repeat, the same at every station that hears the shots.

Within one station each round of a burst returns the same waveform, so a station's own sequence of look-alikes gives
the offsets of the rounds, in their order. A burst is a sequence that other stations show too. Aligned at those
offsets, direct sound and echoes of all rounds stand once each, and strangers vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival

Array = NDArray[np.float64]
Index = NDArray[np.intp]

COHERENT = 0.5  # correlation from which two arrivals are taken for rounds of one burst
SHORTEST_S = 0.045  # 20 rounds a second, with room
SAME_S = 0.003  # intervals closer than this are the same
LEAST = 0.25  # mean squared coherence that a station must show to count
APART_S = 0.008  # aligned arrivals closer than this are one
LONGEST_S = 4.0  # between rounds that are paired by their times alone
SHARED_S = 0.002  # intervals of two stations closer than this agree
SHARE = 0.25  # of the stations that must show an interval for it to be certain


@dataclass(frozen=True, slots=True)
class Family:
    """Arrivals of one station that follow the burst's offsets: time of the first round, coherence 0 to 1, members or
    −1.
    """

    station: int
    time: float
    coherence: float
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """Offsets of the rounds in seconds (the first is 0), and every family that follows them."""

    offsets: tuple[float, ...]
    families: tuple[Family, ...]


class Pairs:
    """Look-alikes within each station: `to[i]` are (later arrival, interval, coherence).

    Where no node compared waveforms, arrivals are paired by their times alone: an interval counts for as much as other
    stations show it too.
    """

    def __init__(self, arrivals: Sequence[Arrival], station: Index, time: Array) -> None:
        self.station, self.time = station, time
        self.to: list[list[tuple[int, float, float]]] = [[] for _ in arrivals]
        self.known: dict[tuple[int, int], tuple[float, float]] = {}
        at = {a.id: i for i, a in enumerate(arrivals)}
        for j, arrival in enumerate(arrivals):
            for r in arrival.repeats:
                i = at.get(r.arrival)
                if i is not None and r.interval_s >= SHORTEST_S:
                    self._add(i, j, r.interval_s, r.coherence)
        if not any(a.repeats for a in arrivals):
            self._pair_by_time()

    def _add(self, i: int, j: int, interval_s: float, coherence: float) -> None:
        self.to[i].append((j, interval_s, coherence))
        self.known[i, j] = (interval_s, coherence)

    def _pair_by_time(self) -> None:
        gap = self.time[None] - self.time[:, None]
        near = (self.station[None] == self.station[:, None]) & (gap >= SHORTEST_S) & (gap <= LONGEST_S)
        first, second = np.nonzero(near)
        interval = gap[first, second]
        order = np.argsort(interval, kind="stable")
        first, second, interval = first[order], second[order], interval[order]
        where = self.station[first]
        low = np.searchsorted(interval, interval - SHARED_S)
        high = np.searchsorted(interval, interval + SHARED_S)
        certain = max(2.0, SHARE * len(np.unique(self.station)))
        for n in range(len(first)):
            others = len(set(where[low[n] : high[n]].tolist())) - 1
            coherence = min((others - 1) / certain, 1.0)
            if coherence > 0:
                self._add(int(first[n]), int(second[n]), float(interval[n]), coherence)

    def sequences(self, free: NDArray[np.bool_]) -> list[tuple[float, ...]]:
        """Offsets that one station suggests: an arrival, and every later one that looks like it and like each other."""
        found = set()
        for i, later in enumerate(self.to):
            members = [i]
            for j, _, coherence in sorted(later, key=lambda r: -r[2]):
                if free[i] and free[j] and coherence >= COHERENT and self._alike(members, j):
                    members.append(j)
            if len(members) > 1:
                members.sort(key=lambda m: self.time[m])
                offsets = [0.0, *(self.known[i, m][0] for m in members if m != i)]
                found.add(tuple(round(o, 4) for o in sorted(offsets)))
        return sorted(found)

    def _alike(self, members: list[int], j: int) -> bool:
        pairs = [self.known.get((min(m, j), max(m, j)), (0.0, 0.0)) for m in members]
        return sum(c >= COHERENT for _, c in pairs) >= 0.6 * len(pairs)

    def family(self, first: int, position: int, offsets: tuple[float, ...], free: NDArray[np.bool_]) -> Family | None:
        """The family in which an arrival is the round at `position`; None where nothing else follows."""
        station = self.station[first]
        base = self.time[first] - offsets[position]
        own = np.flatnonzero((self.station == station) & free)
        members = []
        for number, offset in enumerate(offsets):
            near = own[np.argmin(np.abs(self.time[own] - base - offset))]
            close = abs(self.time[near] - base - offset) < 2 * SAME_S
            members.append(first if number == position else int(near) if close else -1)
        coherence = 0.0
        for a, i in enumerate(members):
            for b in range(a + 1, len(members)):
                interval, value = self.known.get((i, members[b]), (0.0, 0.0))
                if value and abs(interval - (offsets[b] - offsets[a])) < SAME_S:
                    coherence += value**2
        if coherence == 0.0:
            return None
        starts = [self.time[m] - o for m, o in zip(members, offsets, strict=True) if m >= 0]
        pairs = len(offsets) * (len(offsets) - 1) / 2
        return Family(int(station), float(np.median(starts)), coherence / pairs, tuple(members))

    def families(self, offsets: tuple[float, ...], free: NDArray[np.bool_]) -> list[Family]:
        """Every family that follows the offsets, by station and time, each arrival in the best of its families."""
        found: dict[tuple[int, ...], Family] = {}
        involved = sorted({i for pair in self.known for i in pair if free[i]})
        for i in involved:
            for position in range(len(offsets)):
                family = self.family(i, position, offsets, free)
                if family is not None:
                    found[family.members] = family
        kept: list[Family] = []
        taken: set[int] = set()
        for family in sorted(found.values(), key=lambda f: (-f.coherence, f.station, f.time)):
            members = {m for m in family.members if m >= 0}
            apart = all(f.station != family.station or abs(f.time - family.time) > APART_S for f in kept)
            if apart and not members & taken:
                kept.append(family)
                taken |= members
        return sorted(kept, key=lambda f: (f.station, f.time))


def find_burst(pairs: Pairs, free: NDArray[np.bool_]) -> Burst | None:
    """The burst that the stations agree on best, or None where no two of them share a rhythm."""
    best: Burst | None = None
    most = 0.0
    for offsets in pairs.sequences(free):
        families = pairs.families(offsets, free)
        by_station: dict[int, float] = {}
        for f in families:
            by_station[f.station] = max(by_station.get(f.station, 0.0), f.coherence)
        agreeing = [c for c in by_station.values() if c >= LEAST]
        support = sum(agreeing) * (len(offsets) - 1)
        if len(agreeing) >= 2 and support > most:
            most, best = support, Burst(offsets, tuple(families))
    return best

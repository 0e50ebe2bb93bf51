"""Bursts: intervals at which arrivals repeat, the same at every station that hears the shots.

Within one station each round of a burst returns the same waveform, so a station's own sequence of look-alikes gives
the offsets of the rounds, in their order. A burst is a sequence that other stations show too. Aligned at those
offsets, direct sound and echoes of all rounds stand once each, and strangers vanish.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

COHERENT = 0.5  # correlation from which two arrivals are taken for rounds of one burst
SHORTEST_S = 0.045  # 20 rounds a second, with room
SAME_S = 0.003  # intervals closer than this are the same
AS_LOUD_DB = 8.0  # what fills a missing round differs from the others by less
LOUDER_DB = 12.0  # what is so much louder than `MANY` others is another gun
MANY = 8  # rounds: an echo of theirs shows more than once, and what shows once is none
LEAST = 0.25  # mean squared coherence that a station must show to count
APART_S = 0.008  # aligned arrivals closer than this are one
LONGEST_S = 4.0  # between rounds that are paired by their times alone
SHARED_S = 0.002  # intervals of two stations closer than this agree
SHARE = 0.25  # of the stations that must show an interval for it to be certain
BROAD = 0.5  # of the support of a sequence's best interval that its others must have
HELD = 1e-3  # weight of the picks beside the intervals of their waveforms
ALIAS = 0.5  # of the coherence of an arrival's best family that another one of it has
TRIED = 8  # sequences whose families are worked out; the others have less support


@dataclass(frozen=True, slots=True)
class Family:
    """Arrivals of one station that follow the burst's offsets: first round's time, coherence 0 to 1, members or −1."""

    station: int
    time: float
    coherence: float
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """Offsets of the rounds in seconds (the first is 0), and every family that follows them."""

    offsets: tuple[float, ...]
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Look-alikes within each station, (P,) each, by interval: arrivals, interval s, correlation."""

    first: Index
    second: Index
    interval: Array
    coherence: Array

    def among(self, free: Mask) -> Pairs:
        """The pairs of which both arrivals are free."""
        keep = free[self.first] & free[self.second]
        return Pairs(self.first[keep], self.second[keep], self.interval[keep], self.coherence[keep])

    def near(self, interval_s: float) -> slice:
        """The pairs with about this interval."""
        low, high = np.searchsorted(self.interval, (interval_s - SAME_S, interval_s + SAME_S))
        return slice(int(low), int(high))


def pairs_of(arrivals: Sequence[Arrival], station: Index, time: Array) -> Pairs:
    """What the nodes paired by waveform; where no node compared waveforms, what times alone suggest."""
    at = {a.id: i for i, a in enumerate(arrivals)}
    found = [
        (at[r.arrival], j, r.interval_s, r.coherence)
        for j, arrival in enumerate(arrivals)
        for r in arrival.repeats
        if r.arrival in at and r.interval_s >= SHORTEST_S
    ]
    if not any(a.repeats for a in arrivals):
        return _by_time(station, time)
    first, second, interval, coherence = (np.array(c) for c in zip(*found, strict=True)) if found else [np.zeros(0)] * 4
    order = np.lexsort((second, first, interval))
    return Pairs(first[order].astype(np.intp), second[order].astype(np.intp), interval[order], coherence[order])


def _by_time(station: Index, time: Array) -> Pairs:
    """Pairs by time: an interval counts for as much as other stations show it too."""
    order = np.lexsort((time, station))
    pairs = [(order[:0], order[:0], time[:0])]
    for later in range(1, len(order)):
        gap = time[order[later:]] - time[order[:-later]]
        close = (station[order[later:]] == station[order[:-later]]) & (gap <= LONGEST_S)
        if not close.any():
            break
        apart = np.flatnonzero(close & (gap >= SHORTEST_S))
        pairs.append((order[apart], order[apart + later], gap[apart]))
    first, second, interval = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.lexsort((second, first, interval))
    first, second, interval = first[order], second[order], interval[order]
    where = station[first]
    low, high = np.searchsorted(interval, interval - SHARED_S), np.searchsorted(interval, interval + SHARED_S)
    others = np.array([len(set(where[a:b].tolist())) - 1 for a, b in zip(low, high, strict=True)], dtype=float)
    coherence = np.clip((others - 1) / max(2.0, SHARE * len(np.unique(station))), 0.0, 1.0)
    keep = coherence > 0
    return Pairs(first[keep], second[keep], interval[keep], coherence[keep])


def shifts(family: Family, pairs: Pairs, time: Array) -> dict[int, float]:
    """Seconds by which a family's picks move so that the intervals are those of the waveforms; their mean stays.

    An onset spreads by half a millisecond, the correlation of two rounds' waveforms by a tenth (`acoustic.bursts`).
    """
    members = [m for m in family.members if m >= 0]
    row = {m: i for i, m in enumerate(members)}
    among = np.flatnonzero(np.isin(pairs.first, members) & np.isin(pairs.second, members))
    if not len(among):
        return {}
    design = np.vstack([np.zeros((len(among), len(members))), HELD * np.eye(len(members))])
    told = np.zeros(len(among) + len(members))
    for n, p in enumerate(among.tolist()):
        i, j, weight = int(pairs.first[p]), int(pairs.second[p]), float(pairs.coherence[p])
        design[n, row[i]], design[n, row[j]] = -weight, weight
        told[n] = weight * (pairs.interval[p] - (time[j] - time[i]))
    moved = np.linalg.lstsq(design, told, rcond=None)[0]
    return dict(zip(members, moved.tolist(), strict=True))


def find_burst(pairs: Pairs, station: Index, time: Array, snr_db: Array, free: Mask) -> Burst | None:
    """The burst that the stations agree on best among the free arrivals, or None where no two share a rhythm."""
    usable = pairs.among(free)
    best: Burst | None = None
    most = 0.0
    for offsets in _sequences(usable, station):
        families = _families(offsets, usable, station, time, snr_db)
        by_station: dict[int, float] = {}
        for f in families:
            by_station[f.station] = max(by_station.get(f.station, 0.0), f.coherence)
        agreeing = [c for c in by_station.values() if c >= LEAST]
        support = sum(agreeing) * (len(offsets) - 1)
        if len(agreeing) >= 2 and support > most:
            most, best = support, Burst(offsets, tuple(families))
    return best


def _sequences(pairs: Pairs, station: Index) -> list[tuple[float, ...]]:
    """Offsets that one station suggests (an arrival, and the later ones that look like it and each other), the ones
    that other stations support best.
    """
    later: dict[int, list[tuple[float, int, float]]] = {}
    known: set[tuple[int, int]] = set()
    for i, j, interval, coherence in zip(
        pairs.first.tolist(), pairs.second.tolist(), pairs.interval.tolist(), pairs.coherence.tolist(), strict=True
    ):
        if coherence >= COHERENT:
            later.setdefault(i, []).append((-coherence, j, interval))
            known.add((i, j))
    found: set[tuple[float, ...]] = set()
    for candidates in later.values():
        members: list[int] = []
        offsets = [0.0]
        for _, j, interval in sorted(candidates):
            alike = sum((min(m, j), max(m, j)) in known for m in members)
            if alike >= 0.6 * (len(members) + 1) - 1:
                members.append(j)
                offsets.append(round(interval, 4))
        found.add(tuple(sorted(offsets)))
    supported: dict[tuple[float, ...], float] = {}
    for sequence in found:
        shown = {o: _support(o, pairs, station) for o in sequence[1:]}
        enough = BROAD * max(shown.values())
        kept = tuple(o for o in sequence if o == 0.0 or shown[o] >= enough)
        supported[kept] = sum(shown[o] for o in kept[1:])
    return sorted(supported, key=lambda o: (-supported[o], o))[:TRIED]


def _support(offset: float, pairs: Pairs, station: Index) -> float:
    """Squared coherence that the stations show at an offset, one pair each: echoes and strangers have one station's."""
    near = pairs.near(offset)
    shown = np.zeros(int(station.max()) + 1)
    np.maximum.at(shown, station[pairs.first[near]], pairs.coherence[near] ** 2)
    return float(shown.sum())


def _families(offsets: tuple[float, ...], pairs: Pairs, station: Index, time: Array, snr_db: Array) -> list[Family]:
    """Every family that follows the offsets, by station and time, each arrival in the best of its families, and in
    those nearly as good: even fire looks alike a round later.
    """
    rounds = len(offsets)
    rows: list[tuple[int, float, int, int, int, int, float]] = []
    for a in range(rounds):
        for b in range(a + 1, rounds):
            near = pairs.near(offsets[b] - offsets[a])
            for i, j, c in zip(
                pairs.first[near].tolist(), pairs.second[near].tolist(), pairs.coherence[near].tolist(), strict=True
            ):
                rows.append((int(station[i]), float(time[i] - offsets[a]), i, j, a, b, c))
    rows.sort()
    found: list[Family] = []
    start = 0
    for n in range(1, len(rows) + 1):
        if n == len(rows) or rows[n][0] != rows[start][0] or rows[n][1] - rows[n - 1][1] > APART_S / 2:
            found.append(_family(rows[start:n], offsets, time))
            start = n
    kept: list[Family] = []
    best: dict[int, float] = {}  # arrival: coherence of the best family that it is in
    for family in sorted(found, key=lambda f: (-f.coherence, f.station, f.time)):
        members = [m for m in family.members if m >= 0]
        if family.coherence >= ALIAS * max(best.get(m, 0.0) for m in members):
            kept.append(family)
            best = dict.fromkeys(members, family.coherence) | best
    return [_filled(f, offsets, station, time, snr_db) for f in sorted(kept, key=lambda f: (f.station, f.time))]


def _family(
    rows: list[tuple[int, float, int, int, int, int, float]], offsets: tuple[float, ...], time: Array
) -> Family:
    """The pairs of one station that agree on when the first round came."""
    rounds = len(offsets)
    votes: dict[tuple[int, int], float] = {}
    best: dict[tuple[int, int], float] = {}
    for _, _, i, j, a, b, c in rows:
        for position, arrival in ((a, i), (b, j)):
            votes[position, arrival] = votes.get((position, arrival), 0.0) + c**2
        best[a, b] = max(best.get((a, b), 0.0), c**2)
    members = [-1] * rounds
    for (position, arrival), _ in sorted(votes.items(), key=lambda v: (v[1], -v[0][1])):
        members[position] = arrival
    starts = [float(time[m]) - o for m, o in zip(members, offsets, strict=True) if m >= 0]
    coherence = sum(best.values()) / (rounds * (rounds - 1) / 2)
    return Family(rows[0][0], median(starts), coherence, tuple(members))


def _filled(family: Family, offsets: tuple[float, ...], station: Index, time: Array, snr_db: Array) -> Family:
    """The family with what else its station heard at the offsets, as loud: a round that is clipped, or under another
    sound.
    """
    members = [m for m in family.members if m >= 0]
    usual_db = median(snr_db[members].tolist())
    most_db = usual_db + LOUDER_DB if len(members) >= MANY else math.inf
    members = [m if m >= 0 and snr_db[m] < most_db else -1 for m in family.members]
    alike = (station == family.station) & (np.abs(snr_db - usual_db) < AS_LOUD_DB)
    for position, offset in enumerate(offsets):
        if members[position] < 0:
            off = np.abs(time - family.time - offset)
            near = np.flatnonzero(alike & (off < 2 * SAME_S))
            members[position] = int(near[np.argmin(off[near])]) if len(near) else -1
    return replace(family, members=tuple(members))

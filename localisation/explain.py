"""A set of arrivals to shots: bursts first, then single shots, each arrival used once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival
from localisation.associate import APART_M, Associator, Hypothesis, Signals, weights
from localisation.field import Field
from localisation.rhythm import LEAST, MANY, SHORTEST_S, Burst, Family, Pairs, find_burst, pairs_of, shifts
from localisation.search import Search

Array = NDArray[np.float64]
UNKNOWN_SNR_DB = 15.0
TAIL_S = 1.0  # after the direct sound, in which a burst's echoes come
ECHO = 0.3  # of the direct sound's coherence that its echoes show at least
UNEXPLAINED = 1.4  # of its worth, that an earlier signal which repeats costs
OWN, OWN_SHARE = 2, 0.4  # arrivals of its own that a round of a burst must have, and of those that the burst has
REPEATED = 0.5  # power of a family's coherence that counts towards its weight


@dataclass(frozen=True, slots=True)
class Explained:
    """One shot: the arrivals that are its direct sound (indices), and about where and when it was fired (s).

    `rivals`: other places that explain some of them nearly as well. `borrowed`: where a station lacks this round of a
    burst, its arrival of another round and the seconds between them. `shifts`: seconds by which waveforms move the
    picks of a burst's rounds; `burst`: which one, −1 for a single shot.
    """

    arrivals: tuple[int, ...]
    place: Array
    time: float
    score: float
    borrowed: tuple[tuple[int, float], ...] = ()
    rivals: tuple[Array, ...] = ()
    shifts: tuple[float, ...] = ()
    burst: int = -1


def explain(
    arrivals: Sequence[Arrival],
    station: NDArray[np.intp],
    time: Array,
    field: Field,
    search: Search,
    begin: NDArray[np.bool_],
) -> list[Explained]:
    """The shots that explain the arrivals, by time. `station`: (N,) rows of the field's places; `time`: (N,) s.

    Only shots that use one of the arrivals marked in `begin` (N,) are told, of single shots.
    """
    single = signals_of(arrivals, station, time, search)
    free = np.ones(len(arrivals), dtype=bool)
    shots: list[Explained] = []
    pairs = pairs_of(arrivals, station, time)
    # what repeats is no stranger: to leave an earlier one of these unexplained costs more than it is worth
    repeated = replace(search, early=UNEXPLAINED * search.certain)
    tried = free.copy()
    echoing = np.zeros(len(arrivals), dtype=bool)
    while (burst := find_burst(pairs, station, time, single.snr_db, tried)) is not None:
        composite = aligned(burst, single)
        found = next(Associator(field, composite, repeated, overlap=False).shots(), None)
        tried[_members(f for f in burst.families if f.coherence >= LEAST)] = False
        if found is not None:
            shots += rounds(burst, found, pairs, time, len(shots))
            own = _members(_heard(burst, found))
            tried[own] = free[own] = False
            echoing[own] = len(burst.offsets) < MANY
    for found in Associator(field, single, search, ~free, echoing).shots():
        if begin[found.signals].any() and not any(_twice(found, shot) for shot in shots):
            members = tuple(sorted(found.signals.tolist()))
            shots.append(Explained(members, found.place, found.time, found.score, rivals=found.rivals))
    return sorted(shots, key=lambda s: s.time)


def _twice(found: Hypothesis, shot: Explained) -> bool:
    """Whether a shot is told already: no weapon fires again so soon, so what is left of it was heard twice."""
    return abs(found.time - shot.time) < SHORTEST_S and math.dist(found.place, shot.place) < APART_M


def signals_of(arrivals: Sequence[Arrival], station: NDArray[np.intp], time: Array, search: Search) -> Signals:
    """Each arrival as a signal of its own."""
    snr_db = np.array([UNKNOWN_SNR_DB if a.snr_db is None else a.snr_db for a in arrivals])
    bearings = np.radians([a.bearing_deg for a in arrivals]).reshape(-1, 2)
    every = np.arange(len(time))
    return Signals(station, time, snr_db, weights(snr_db, search), bearings[:, 0], bearings[:, 1], every)


def aligned(burst: Burst, single: Signals) -> Signals:
    """The families of a burst as signals: what repeats well, and is strong, is direct sound."""
    members = [[m for m in f.members if m >= 0] for f in burst.families]
    coherence = np.array([f.coherence for f in burst.families])
    return Signals(
        np.array([f.station for f in burst.families], dtype=np.intp),
        np.array([f.time for f in burst.families]),
        np.array([single.snr_db[m].mean() for m in members]),
        np.array([single.weight[m].mean() for m in members]) * np.clip(coherence, 0, 1) ** REPEATED,
        np.array([single.azimuth[m[0]] for m in members]),
        np.array([single.azimuth_sigma[m[0]] for m in members]),
        _sounds(members),
    )


def _sounds(members: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Which families are the same sound, told from one round or another: those that share arrivals."""
    sound: dict[int, int] = {}  # of an arrival
    for number, own in enumerate(members):
        one = min((sound[m] for m in own if m in sound), default=number)
        sound |= dict.fromkeys(own, one)
    return np.array([sound[own[0]] for own in members], dtype=np.intp)


def rounds(burst: Burst, found: Hypothesis, pairs: Pairs, time: Array, number_of_burst: int) -> list[Explained]:
    """Each round of a located burst with its own arrivals, and other rounds' where a station lacks one."""
    families = [burst.families[i] for i in found.signals]
    moved: dict[int, float] = {}
    for f in families:
        moved |= shifts(f, pairs, time)
    shots = []
    for number, offset in enumerate(burst.offsets):
        own = tuple(f.members[number] for f in families if f.members[number] >= 0)
        borrowed = tuple(_borrow(f, number, burst.offsets) for f in families if f.members[number] < 0)
        if len(own) >= max(OWN, OWN_SHARE * len(families)):
            shots.append(
                Explained(
                    own,
                    found.place,
                    found.time + offset,
                    found.score,
                    borrowed=borrowed,
                    rivals=found.rivals,
                    shifts=tuple(moved.get(i, 0.0) for i in own),
                    burst=number_of_burst,
                )
            )
    return shots


def _heard(burst: Burst, found: Hypothesis) -> Iterator[Family]:
    """The families that are the burst's: its direct sound, and what repeats with it soon after at the same station."""
    for match in (burst.families[i] for i in found.signals):
        yield match
        for f in burst.families:
            late = f.time - match.time
            apart = f.station == match.station and not set(_members([f])) & set(_members([match]))
            if apart and 0 < late < TAIL_S and f.coherence >= ECHO * match.coherence:
                yield f


def _members(families: Iterable[Family]) -> list[int]:
    return [m for f in families for m in f.members if m >= 0]


def _borrow(family: Family, number: int, offsets: tuple[float, ...]) -> tuple[int, float]:
    """The member of the family that was fired nearest in time (a shooter may walk), and the seconds to the round."""
    heard = [i for i, m in enumerate(family.members) if m >= 0]
    other = min(heard, key=lambda i: abs(offsets[i] - offsets[number]))
    return family.members[other], offsets[number] - offsets[other]

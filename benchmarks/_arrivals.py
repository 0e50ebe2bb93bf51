"""Simulated towns with known truth: air, height and paths that vary as the model of localisation has it, stations that
hear or do not, echoes and strangers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival, Shot, Station
from localisation.likelihood import Priors
from localisation.network import Network
from tests.localisation.simulated import AIR, EPOCH_NS

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

PRIORS = Priors()
PICK_S = 1e-3
PER_KM2 = 8.0  # nodes, as towns have them
QUIETEST_DB = 2.0  # a node reports no less
SLICE_S = 0.25
LEAST_HEARD = 3
OWN = 0.6  # of a shot's arrivals that are direct sound of one event, so that it is this event


@dataclass(frozen=True, slots=True)
class Event:
    """What was fired: place (3,) m, time s, and the ids of its direct sound."""

    place: Floats
    time: float
    direct: frozenset[str]


@dataclass(frozen=True, slots=True)
class City:
    """A network and what it heard, by time: stations (K, 3) m, shots, arrivals."""

    places: Floats
    events: tuple[Event, ...]
    heard: tuple[Arrival, ...]
    seconds: float

    @property
    def stations(self) -> list[Station]:
        """Every node: those that heard nothing were listening too."""
        return [Station(node=f"n{k}", x=x, y=y, z=z) for k, (x, y, z) in enumerate(self.places.tolist())]

    def until(self, seconds: float) -> City:
        """Its beginning."""
        heard = tuple(a for a in self.heard if a.time_ns <= EPOCH_NS + round(seconds * 1e9))
        ids = {a.id for a in heard}
        return City(self.places, tuple(e for e in self.events if e.direct <= ids), heard, seconds)


def city(nodes: int, per_minute: float, minutes: float, seed: int) -> City:
    """Shots anywhere and at any time; echoes on a third of the paths; as many strangers as direct sounds.

    A station hears by the association's own curve. Levels are as live fire has them (Pittsburgh: 24 dB less 12 dB/km,
    ± 6 dB; what is not direct sound is 2 dB and more, 5.5 dB in the mean above that); echoes are 4 ± 4 dB weaker.
    """
    rng = np.random.default_rng(seed)
    places, length_s = _roofs(nodes, rng), 60.0 * minutes
    below = float(np.median(places[:, 2])) - PRIORS.below_m
    events, heard = [], []
    for n, at_s in enumerate(np.sort(rng.uniform(0.0, length_s, round(per_minute * minutes))).tolist()):
        height = max(below + float(rng.normal(0.0, PRIORS.height_m)), 0.0)
        source = np.array([*rng.uniform(places[:, :2].min(0), places[:, :2].max(0)), height])
        metres = np.sqrt(((places - source) ** 2).sum(1))
        hears = np.flatnonzero(rng.random(nodes) < PRIORS.heard * np.exp(-0.5 * (metres / PRIORS.hearing_m) ** 2))
        levels = np.maximum(24.0 - 0.012 * metres[hears] + rng.normal(0.0, 6.0, len(hears)), QUIETEST_DB)
        direct = heard_of(f"s{n}", places, hears, source, at_s, levels, rng)
        events.append(Event(source, at_s, frozenset(a.id for a in direct)))
        heard += direct
        echoing = [a for a in direct if rng.random() < 1 / 3]
        heard += [_later(a, float(rng.uniform(0.02, 0.3)), float(rng.normal(4.0, 4.0))) for a in echoing]
    count = sum(len(e.direct) for e in events)
    who, when = rng.integers(0, nodes, count), rng.uniform(0.0, length_s, count)
    loud = QUIETEST_DB + rng.exponential(5.5, count)
    heard += [_pick(f"x{n}", int(who[n]), places, float(when[n]), float(loud[n])) for n in range(count)]
    return City(places, tuple(events), tuple(sorted(heard, key=lambda a: (a.time_ns, a.id))), length_s)


def _roofs(nodes: int, rng: np.random.Generator) -> Floats:
    """(nodes, 3) m: one roof in each of so many blocks of a square town."""
    columns = math.ceil(math.sqrt(nodes))
    side = 1e3 * math.sqrt(nodes / PER_KM2)
    cell = np.array([side / columns, side / math.ceil(nodes / columns)])
    corner = np.array([(i % columns, i // columns) for i in range(nodes)], dtype=float)
    return np.column_stack([(corner + rng.uniform(0.1, 0.9, (nodes, 2))) * cell, rng.uniform(8.0, 20.0, nodes)])


def heard_of(
    name: str, places: Floats, hears: Index, source: Floats, at_s: float, snr_db: Floats, rng: np.random.Generator
) -> list[Arrival]:
    """Direct sound of a shot at (3,) m at the stations that hear it, (H,) rows of `places`, with levels (H,)."""
    way = places[hears] - source
    metres = np.sqrt((way**2).sum(1))
    along = way[:, :2] @ rng.normal(0.0, PRIORS.wind_ms, 2) / metres
    speed = AIR.speed_ms + float(rng.normal(0.0, PRIORS.speed_ms)) + along
    times = at_s + metres / speed + rng.normal(0.0, math.hypot(PRIORS.path_s, PICK_S), len(hears))
    heard = zip(hears.tolist(), times.tolist(), snr_db.tolist(), strict=True)
    return [_pick(f"{name}:n{k}", k, places, t, level) for k, t, level in heard]


def _pick(name: str, k: int, places: Floats, time_s: float, snr_db: float) -> Arrival:
    x, y, z = places[k].tolist()
    at_ns = EPOCH_NS + round(time_s * 1e9)
    return Arrival(id=name, node=f"n{k}", x=x, y=y, z=z, time_ns=at_ns, sigma_s=PICK_S, snr_db=round(snr_db, 1))


def _later(a: Arrival, late_s: float, weaker_db: float) -> Arrival:
    level = max((a.snr_db or 0.0) - weaker_db, QUIETEST_DB)
    return replace(a, id=f"{a.id}:echo", time_ns=a.time_ns + round(late_s * 1e9), snr_db=round(level, 1))


@dataclass(frozen=True, slots=True)
class Score:
    """Of shots, those that are an event's; of events, those found; of arrivals, those rightly used and those found."""

    precision: float
    recall: float
    picks_right: float
    picks_found: float


def score(found: Sequence[frozenset[str]], events: Sequence[Event], least: int = LEAST_HEARD) -> Score:
    """How well sets of arrivals match events, of which those count as to be found that so many stations heard.

    A set is an event where most of its arrivals are; a second set of the same event is a false one.
    """
    of = {a: n for n, e in enumerate(events) for a in e.direct}
    taken: set[int] = set()
    right = picks = 0
    for ids in found:
        owners = [of[a] for a in ids if a in of]
        most = max(set(owners), key=owners.count) if owners else -1
        own = owners.count(most)
        if most not in taken and own >= OWN * len(ids):
            taken.add(most)
            right += 1
            picks += own
    hearable = [n for n, e in enumerate(events) if len(e.direct) >= least]
    return Score(
        precision=right / max(len(found), 1),
        recall=sum(n in taken for n in hearable) / max(len(hearable), 1),
        picks_right=picks / max(sum(len(ids) for ids in found), 1),
        picks_found=picks / max(sum(len(events[n].direct) for n in hearable), 1),
    )


def used(shots: Sequence[Shot]) -> list[frozenset[str]]:
    """The arrivals of each shot."""
    return [frozenset(a.id for a in s.arrivals) for s in shots]


def streamed(town: City) -> tuple[float, list[frozenset[str]]]:
    """CPU seconds of a network fed every quarter second, and the arrivals of each shot that it ends with."""
    network, start, first = Network(AIR), time.process_time(), 0
    network.feed([], town.stations)
    for n in range(1, math.ceil(town.seconds / SLICE_S) + 20):
        end = first
        while end < len(town.heard) and town.heard[end].time_ns < EPOCH_NS + round(n * SLICE_S * 1e9):
            end += 1
        network.feed(town.heard[first:end])
        first = end
    network.flush()
    return time.process_time() - start, used(network.shots())

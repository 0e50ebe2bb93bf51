"""Places at which a shot may have been: what few signals give in closed form, for very many of them at once.

The first signal of a shot is at a station near it, and the stations around that one heard it soon after. So each good
signal is taken for the first, with every two later ones of its neighbours that sound could have reached in time; a
bearing needs but one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from localisation.field import Field
from localisation.intersect import of_bearings, of_triples

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Index = NDArray[np.intp]

LATER = 9  # signals of neighbours that are tried with a first one: the worthiest
ROOM_S = 0.03  # that paths may add to differences of times
SAME_M, SAME_S = 12.0, 0.03  # places and times closer than this are tried once
CELLS = 1 << 20  # more than lie beside each other: one number tells three
YEAR_S = 1e8  # longer than any signals are apart: one number tells station and time


@dataclass(frozen=True, slots=True)
class Heard:
    """N signals by station and time, (N,) each: station, time s, azimuth rad or NaN, worth."""

    station: Index
    time: Array
    azimuth: Array
    worth: Array


def candidates(field: Field, heard: Heard, firsts: Index) -> tuple[Single, Array, Index]:
    """Places (P, 2) m relative to the field's centre, discharge times (P,) s, and the first signal (P,) of each.

    `firsts`: the signals that are tried as first ones.
    """
    one, other = _later(field, heard, firsts)
    groups = [_triples(field, heard, one, other), _bearings(field, heard, one, other)]
    places, metres, first = (np.concatenate(part) for part in zip(*groups, strict=True))
    at = field.places[heard.station[first], :2]
    close = (np.hypot(*(places - at).T) < field.hearing_m) & (metres < field.far_m)
    places, times, first = places[close], (heard.time[first] - metres / field.air[0])[close], first[close]
    east, north, then = (np.floor(v).astype(np.int64) for v in (*(places / SAME_M).T, times / SAME_S))
    once = np.unique((then * CELLS + north) * CELLS + east, return_index=True)[1]
    return places[once].astype(np.float32), times[once], first[once]


def _later(field: Field, heard: Heard, firsts: Index) -> tuple[Index, Index]:
    """First signals and what their stations' neighbours heard next, (Q,) each: of each first one the worthiest."""
    start = heard.time.min(initial=0.0)
    key = heard.station * YEAR_S + (heard.time - start)
    partner = field.partners[heard.station[firsts]]
    reach_s = field.partners_m[heard.station[firsts]].astype(np.float64) / field.air[0] + ROOM_S
    after = partner * YEAR_S + (heard.time[firsts] - start)[:, None]
    low, high = np.searchsorted(key, after - ROOM_S), np.searchsorted(key, after + reach_s)
    count = (high - low).ravel()
    pair = np.repeat(np.arange(count.size), count)
    other = low.ravel()[pair] + np.arange(count.sum()) - (np.cumsum(count) - count)[pair]
    one = firsts[pair // max(partner.shape[1], 1)]
    order = np.lexsort((-heard.worth[other], one))
    one, other = one[order], other[order]
    best = np.arange(len(one)) - np.searchsorted(one, one) < LATER
    return one[best], other[best]


def _triples(field: Field, heard: Heard, one: Index, other: Index) -> tuple[Array, Array, Index]:
    first, begin, count = np.unique(one, return_index=True, return_counts=True)
    chosen = []
    for a, b in combinations(range(int(count.max(initial=0))), 2):
        has = np.flatnonzero(count > b)
        chosen.append(np.column_stack([first[has], other[begin[has] + a], other[begin[has] + b]]))
    rows = np.concatenate(chosen) if chosen else np.zeros((0, 3), dtype=np.intp)
    rows = rows[heard.station[rows[:, 1]] != heard.station[rows[:, 2]]]
    stations = field.places[heard.station[rows]].astype(np.float64)
    apart = np.hypot(*(stations[:, 1, :2] - stations[:, 2, :2]).T) / field.air[0] + ROOM_S
    may = np.abs(heard.time[rows[:, 1]] - heard.time[rows[:, 2]]) <= apart
    rows, stations = rows[may], stations[may]
    places, metres = of_triples(stations, heard.time[rows], np.array(field.air), 0.0)
    return places.reshape(-1, 2), metres.ravel(), np.tile(rows[:, 0], 2)


def _bearings(field: Field, heard: Heard, one: Index, other: Index) -> tuple[Array, Array, Index]:
    """Where either of two signals knows its direction."""
    rows = np.concatenate([np.column_stack([one, other]), np.column_stack([other, one])])
    rows = rows[np.isfinite(heard.azimuth[rows[:, 0]])]
    stations = field.places[heard.station[rows], :2].astype(np.float64)
    places, metres = of_bearings(stations, heard.time[rows], heard.azimuth[rows[:, 0]], field.air[0])
    return places, metres, rows[:, 0]

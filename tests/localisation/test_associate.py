"""Association: which arrivals are the direct sound of one shot; nothing outruns it, nothing is used twice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localisation.arrivals import Arrival, Shot, Station
from localisation.associate import Associator
from localisation.explain import explain, signals_of
from localisation.field import Field
from localisation.likelihood import Priors
from localisation.network import locate
from localisation.search import Search
from tests.localisation.simulated import AIR, EPOCH_NS, Array, arrivals, stations

PLACES = stations(9, seed=4)
ONE, OTHER = (210.0, 380.0), (420.0, 150.0)
SEARCH = Search()


def associator(heard: list[Arrival], places: Array = PLACES) -> Associator:
    station = np.array([int(a.node[1:]) for a in heard], dtype=np.intp)
    time = np.array([(a.time_ns - EPOCH_NS) * 1e-9 for a in heard])
    field = Field(places, AIR, Priors(), SEARCH.hearing_m)
    return Associator(field, signals_of(heard, station, time, SEARCH), SEARCH)


def noisy(source: tuple[float, float], at_s: float, seed: int = 0, tag: str = "") -> list[Arrival]:
    return arrivals(PLACES, source, at_s, np.random.default_rng(seed).normal(0, 3e-3, len(PLACES)), tag)


def echoes(heard: list[Arrival], late_s: Array, weaker_db: float) -> list[Arrival]:
    return [
        replace(a, id=f"{a.id}:echo", time_ns=a.time_ns + round(t * 1e9), snr_db=(a.snr_db or 0) - weaker_db)
        for a, t in zip(heard, late_s.tolist(), strict=True)
    ]


def near(shots: list[Shot], place: tuple[float, float]) -> list[Shot]:
    return [s for s in shots if math.dist((s.origin.x, s.origin.y), place) < 15.0]


def aimed(heard: list[Arrival], source: tuple[float, float], off_deg: float = 0.0) -> list[Arrival]:
    at = [math.degrees(math.atan2(source[0] - a.x, source[1] - a.y)) + off_deg for a in heard]
    return [replace(a, azimuth_deg=b % 360, azimuth_sigma_deg=2.0) for a, b in zip(heard, at, strict=True)]


def test_the_arrivals_of_a_shot_are_its_own_and_are_used_once() -> None:
    heard = noisy(ONE, 2.0)
    found = associator(heard)
    (best,) = found.shots()
    assert math.dist(best.place, ONE) < 12.0
    assert best.time == pytest.approx(2.0, abs=0.02)
    assert sorted(best.signals.tolist()) == list(range(9))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.15, 0.3))  # echoes that come all at once are another shot to anyone
def test_echoes_are_neither_taken_for_direct_sound_nor_for_another_shot(seed: int, longest_s: float) -> None:
    direct = noisy(ONE, 2.0, seed)
    late = np.random.default_rng(seed).uniform(0.02, longest_s, len(direct))
    shots = locate([*direct, *echoes(direct, late, 4.0)], AIR)
    assert len(shots) == 1
    assert near(shots, ONE)
    assert {a.id for a in shots[0].arrivals} <= {a.id for a in direct}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(18)))
def test_overlapping_shots_are_separated_in_any_order_of_arrivals(seed: int, order: list[int]) -> None:
    heard = [*noisy(ONE, 2.0, seed), *noisy(OTHER, 2.06, seed + 1)]
    shots = locate([heard[i] for i in order], AIR)
    assert len(shots) == 2
    assert near(shots, ONE)
    assert near(shots, OTHER)


def test_two_arrays_whose_bearings_agree_make_a_shot_that_says_how_weak_it_is() -> None:
    places = np.array([[0.0, 0.0, 10.0], [400.0, 0.0, 10.0]])
    heard = aimed(arrivals(places, (180.0, 300.0), 1.0), (180.0, 300.0))
    (shot,) = locate(heard, AIR)
    assert math.dist((shot.origin.x, shot.origin.y), (180.0, 300.0)) < 10.0
    assert "no_redundancy" in [r.code for r in shot.verdict.reasons]
    assert shot.origin.ellipse.semi_major_m > 10.0


def test_two_arrays_without_bearings_or_with_bearings_that_disagree_make_none() -> None:
    places = np.array([[0.0, 0.0, 10.0], [400.0, 0.0, 10.0]])
    heard = arrivals(places, (180.0, 300.0), 1.0)
    assert locate(heard, AIR) == []
    assert locate([*aimed(heard[:1], (180.0, 300.0)), *aimed(heard[1:], (180.0, 300.0), 60.0)], AIR) == []


def test_two_arrays_are_not_believed_where_many_others_were_silent() -> None:
    heard = aimed(arrivals(PLACES, ONE, 1.0), ONE)[:2]
    silent = [Station(node=f"n{k}", x=x, y=y, z=z) for k, (x, y, z) in enumerate(PLACES.tolist())]
    assert locate(heard, AIR, silent) == []


def test_stations_in_a_line_tell_both_sides() -> None:
    line = np.column_stack([np.linspace(0, 600, 5), np.zeros(5), np.full(5, 10.0)])
    (shot,) = locate(arrivals(line, (250.0, 180.0), 1.0), AIR)
    assert shot.origin.ambiguous
    both = [(shot.origin.x, shot.origin.y), *((p.x, p.y) for p in shot.origin.also)]
    for side in (180.0, -180.0):
        assert min(math.dist(p, (250.0, side)) for p in both) < 20.0


def test_a_place_that_leaves_a_good_earlier_arrival_unexplained_scores_less() -> None:
    heard = noisy(ONE, 2.0)
    earlier = replace(heard[4], id="n4:earlier", time_ns=heard[4].time_ns - 100_000_000)
    (plain,), (doubted,) = associator(heard).shots(), associator([*heard, earlier]).shots()
    assert doubted.score < plain.score


def test_only_shots_with_marked_arrivals_are_told() -> None:
    heard = [*noisy(ONE, 2.0), *noisy(OTHER, 6.0, 1, "b")]
    station = np.array([int(a.node[1:]) for a in heard], dtype=np.intp)
    time = np.array([(a.time_ns - EPOCH_NS) * 1e-9 for a in heard])
    begin = np.array([False] * 9 + [True] * 9)
    (shot,) = explain(heard, station, time, Field(PLACES, AIR, Priors(), SEARCH.hearing_m), SEARCH, begin)
    assert math.dist(shot.place, OTHER) < 12.0


def test_a_fifth_station_is_worth_more_in_a_quiet_town() -> None:
    heard = noisy(ONE, 2.0)
    late = np.random.default_rng(1).uniform(4.0, 14.0, (9, 20))
    strangers = [
        replace(a, id=f"{a.id}:{n}", time_ns=a.time_ns + round(t * 1e9), snr_db=10.0)
        for a, row in zip(heard, late.tolist(), strict=True)
        for n, t in enumerate(row)
    ]
    (quiet,) = associator(heard).shots()
    busy = next(associator([*heard, *strangers]).shots())
    assert quiet.score > busy.score


def test_what_many_stations_heard_twice_is_one_shot() -> None:
    heard = noisy(ONE, 2.0)
    again = [replace(a, id=f"{a.id}:again", time_ns=a.time_ns + 15_000_000) for a in heard]
    (shot,) = locate([*heard, *again], AIR)
    assert near([shot], ONE)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_no_shot_lives_on_arrivals_of_another_however_far_a_network_hears(seed: int) -> None:
    """Between two far places the same arrival fits discharge times that are seconds apart."""
    rng = np.random.default_rng(seed)
    wide = replace(SEARCH, hearing_m=2500.0, least=3.0)
    places = np.column_stack([rng.uniform(0, 3000, (12, 2)), np.full(12, 10.0)])
    heard = [
        a for n in range(6) for a in arrivals(places, tuple(rng.uniform(0, 3000, 2).tolist()), 2.0 + n, tag=str(n))
    ]
    station = np.array([int(a.node[1:]) for a in heard], dtype=np.intp)
    time = np.array([(a.time_ns - EPOCH_NS) * 1e-9 for a in heard])
    field = Field(places, AIR, Priors(hearing_m=1500.0), wide.hearing_m)
    shots = list(Associator(field, signals_of(heard, station, time, wide), wide).shots())
    assert min(len(shot.signals) for shot in shots) >= 3
    taken = [i for shot in shots for i in shot.signals]
    assert len(taken) == len(set(taken))


def test_two_shots_whose_first_sounds_fit_one_place_between_them_are_told_apart() -> None:
    """Fired 60 ms and 80 m apart: at each station the earlier of the two sounds comes first."""
    told = 0
    for seed in range(40):
        rng = np.random.default_rng([4, seed])
        places = stations(12, seed=seed)
        turn, middle = float(rng.uniform(0, 2 * math.pi)), rng.uniform(150, 450, 2)
        apart = 40.0 * np.array([math.sin(turn), math.cos(turn)])
        heard = [
            a
            for tag, at_s, place in (("a", 1.0, middle - apart), ("b", 1.06, middle + apart))
            for a in arrivals(places, tuple(place.tolist()), at_s, rng.normal(0, 7.6e-3, 12), tag)
        ]
        shots = locate(heard, AIR)
        told += len(shots) == 2 and all(near(shots, tuple((middle + s * apart).tolist())) for s in (-1, 1))
    assert told >= 38

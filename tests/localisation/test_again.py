"""Looking again: who is asked, in which window, and what its answer may change."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.air import Air
from localisation.again import WIDEST_S, asks, sure
from localisation.arrivals import Arrival, Ask, Shot, Station
from localisation.network import Network
from tests.localisation.simulated import AIR, EPOCH_NS, arrivals, stations

PLACES = stations(9, seed=4)
ONE, OTHER = (210.0, 380.0), (420.0, 150.0)
GUNSHOT = {"gunshot": 0.8, "shock_wave": 0.05, "firework": 0.1, "other": 0.05}
HEALTHY = [Station(node=f"n{k}", x=x, y=y, z=z) for k, (x, y, z) in enumerate(PLACES.tolist())]


def told(
    source: tuple[float, float], at_s: float, silent: set[str], seed: int = 0, path_s: float = 3e-3
) -> list[Arrival]:
    """What all but the silent stations hear, each with an opinion."""
    late = np.random.default_rng(seed).normal(0, path_s, len(PLACES))
    every = arrivals(PLACES, source, at_s, late)
    return [replace(a, probabilities=GUNSHOT) for a in every if a.node not in silent]


def answer(shot: Shot, to: Ask, late_s: float = 0.0, snr_db: float = 8.0) -> Arrival:
    """What a station finds so much after the instant that it was asked about."""
    k = int(to.node[1:])
    x, y, z = PLACES[k].tolist()
    return Arrival(
        id=f"{to.node}:again",
        node=to.node,
        x=x,
        y=y,
        z=z,
        time_ns=to.time_ns + round(late_s * 1e9),
        snr_db=snr_db,
        probabilities=GUNSHOT,
        again=shot.key,
    )


def located(silent: set[str]) -> tuple[Network, Shot]:
    network = Network(AIR)
    network.feed(told(ONE, 2.0, silent), HEALTHY)
    network.flush()
    (shot,) = network.shots()
    return network, shot


def test_only_silent_stations_within_hearing_are_asked() -> None:
    _, shot = located({"n3", "n7"})
    deaf = Station(node="far", x=5_000.0, y=0.0, z=10.0)
    assert [a.node for a in asks(shot, [*HEALTHY, deaf], AIR)] == ["n3", "n7"]


def test_a_shot_that_is_not_sure_asks_nobody() -> None:
    three = {f"n{k}" for k in range(3, 9)}
    network = Network(AIR)
    network.feed(told(ONE, 2.0, three), HEALTHY)
    for shot in network.shots():
        assert not sure(shot.origin)
        assert asks(shot, HEALTHY, AIR) == []
    _, shot = located({"n3"})
    unsure = replace(shot, origin=replace(shot.origin, ambiguous=True))
    assert asks(unsure, HEALTHY, AIR) == []


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(150, 450), st.floats(150, 450)),
    st.integers(0, 10_000),
    st.integers(0, 8),
)
def test_the_window_holds_the_true_instant(source: tuple[float, float], seed: int, silent: int) -> None:
    """Straight paths delayed by the prior's 7.5 ms or less than three times that, in the air that was stated."""
    network = Network(AIR)
    network.feed(told(source, 2.0, {f"n{silent}"}, seed, 5e-3), HEALTHY)
    network.flush()
    true = arrivals(PLACES, source, 2.0)[silent]
    for shot in network.shots():
        for ask in asks(shot, HEALTHY, AIR):
            assert abs(ask.time_ns - true.time_ns) * 1e-9 < ask.half_s <= WIDEST_S


def test_air_that_nobody_measured_makes_windows_wider() -> None:
    _, shot = located({"n3"})
    (known,) = asks(shot, HEALTHY, AIR)
    (unknown,) = asks(shot, HEALTHY, Air())
    assert unknown.half_s > known.half_s


def test_what_is_found_is_the_shots_next_version() -> None:
    network, shot = located({"n3", "n5"})
    found = [answer(shot, to, 2e-3) for to in asks(shot, HEALTHY, AIR)]
    (better,) = network.feed(found)
    assert (better.key, better.version) == (shot.key, shot.version + 1)
    assert {r.node for r in better.origin.used} == {f"n{k}" for k in range(9)}
    assert better.origin.ellipse.semi_major_m < shot.origin.ellipse.semi_major_m
    assert network.feed(found) == []  # told again: nothing new
    assert network.flush() == []
    assert network.shots() == [better]


def test_weak_finds_do_not_count_as_nodes_that_heard_it() -> None:
    network, shot = located({"n3", "n5"})
    to = asks(shot, HEALTHY, AIR)
    (better,) = network.feed([answer(shot, to[0], snr_db=8.0), answer(shot, to[1], snr_db=20.0)])
    assert better.verdict.reasons[0].values["of"] == 8  # seven by themselves, and the one that stands out
    assert better.verdict.reasons[1].values["nodes"] == 8


@pytest.mark.parametrize("late_s", [0.4, -0.3])
def test_what_the_solver_refuses_is_dropped(late_s: float) -> None:
    network, shot = located({"n3"})
    (to,) = asks(shot, HEALTHY, AIR)
    assert network.feed([answer(shot, to, late_s)]) == []
    assert network.shots() == [shot]


def test_an_impulse_of_another_shot_is_not_taken() -> None:
    """Two shots whose sounds reach n3 at one moment: what it heard is the second's, and stays so."""
    ways_s = [arrivals(PLACES, place, 0.0)[3].time_ns * 1e-9 for place in (ONE, OTHER)]
    first, second = told(ONE, 2.0, {"n3"}), told(OTHER, 2.0 + ways_s[0] - ways_s[1], set(), seed=2)
    network = Network(AIR)
    network.feed([*first, *second], HEALTHY)
    network.flush()
    before = network.shots()
    (shot,) = [s for s in before if "n3" not in {a.node for a in s.arrivals}]
    (taken,) = [a for a in second if a.node == "n3"]
    assert abs(asks(shot, HEALTHY, AIR)[0].time_ns - taken.time_ns) < 2e7
    network.feed([replace(taken, id="n3:again", again=shot.key, probabilities=None)])
    assert network.shots() == before


def test_a_restart_keeps_what_was_found() -> None:
    network, shot = located({"n3"})
    (to,) = asks(shot, HEALTHY, AIR)
    (better,) = network.feed([answer(shot, to)])
    heard = [*told(ONE, 2.0, {"n3"}), answer(shot, to)]
    again = Network(AIR)
    again.resume([better])
    assert again.feed(heard, HEALTHY) == []
    assert again.shots() == [better]


def test_the_prediction_is_straight_sound_from_the_place_found() -> None:
    _, shot = located({"n3"})
    (to,) = asks(shot, HEALTHY, AIR)
    away_m = math.dist(PLACES[3], (shot.origin.x, shot.origin.y, shot.origin.z))
    assert to.time_ns == pytest.approx(shot.origin.time_ns + away_m / AIR.speed_ms * 1e9, abs=1e3)
    assert to.time_ns > EPOCH_NS

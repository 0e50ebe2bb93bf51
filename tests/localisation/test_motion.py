"""A shooter who walks, one who stands, and two: told apart only where the measurement can."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from localisation.arrivals import Arrival, Repetition, Shot
from localisation.motion import motion
from localisation.network import locate
from tests.localisation.simulated import AIR, Array, arrivals, stations

PLACES = stations(9, seed=4)
START = (230.0, 300.0)
CADENCE_S = 0.5


def burst(rounds: int, velocity: tuple[float, float], seed: int) -> list[Arrival]:
    """What nine nodes hear of a burst: paths delay by 7 ms, picks spread by 0.5 ms, waveform intervals by 0.1 ms."""
    rng = np.random.default_rng(seed)
    path = rng.normal(0, 7e-3, len(PLACES))
    true = []
    for n in range(rounds):
        at = n * CADENCE_S
        source = (START[0] + velocity[0] * at, START[1] + velocity[1] * at)
        true.append(arrivals(PLACES, source, 2.0 + at, path))
    heard = []
    for k in range(len(PLACES)):
        for n in range(rounds):
            now = true[n][k]
            repeats = tuple(
                Repetition(
                    arrival=true[m][k].id,
                    interval_s=(now.time_ns - true[m][k].time_ns) * 1e-9 + float(rng.normal(0, 1e-4)),
                    coherence=0.9,
                )
                for m in range(n)
            )
            picked_ns = now.time_ns + round(float(rng.normal(0, 5e-4)) * 1e9)
            heard.append(replace(now, time_ns=picked_ns, repeats=repeats))
    return heard


def codes(shots: list[Shot]) -> set[str]:
    return {r.code for s in shots for r in s.verdict.reasons}


def test_a_shooter_who_walks_is_followed_to_a_foot_and_said_to_move() -> None:
    velocity = (1.2, 0.9)
    shots = locate(burst(6, velocity, seed=1), AIR)
    assert len(shots) == 6
    first = shots[0].origin
    for n, shot in enumerate(shots):
        moved = (shot.origin.x - first.x, shot.origin.y - first.y)
        assert math.dist(moved, (velocity[0] * n * CADENCE_S, velocity[1] * n * CADENCE_S)) < 0.3
    (reason,) = {r.text for s in shots for r in s.verdict.reasons if r.code == "moving"}
    assert reason == "the shooter moved north-east at about 1.5 m/s"


def test_a_shooter_who_stands_is_not_said_to_move() -> None:
    said = [codes(locate(burst(4, (0.0, 0.0), seed=s), AIR)) for s in range(40)]
    assert sum("moving" in c for c in said) <= 1
    assert not any("two_shooters" in c for c in said)


@pytest.mark.parametrize(("rounds", "heard"), [(1, 9), (4, 2)])
def test_too_little_tells_nothing(rounds: int, heard: int) -> None:
    times = np.arange(rounds)[:, None] * CADENCE_S + np.zeros((rounds, heard))
    assert motion(PLACES[:heard], np.array(START), times, AIR.speed_ms) is None


def test_a_velocity_s_deviation_is_what_it_says() -> None:
    rng, off = np.random.default_rng(3), []
    distance = np.hypot(*(PLACES[:, :2] - np.array(START)).T)
    for _ in range(300):
        times = distance / AIR.speed_ms + np.arange(5)[:, None] * CADENCE_S + rng.normal(0, 3e-4, (5, 9))
        found = motion(PLACES, np.array(START), times, AIR.speed_ms)
        assert found is not None
        off.append(float(found.velocity @ np.linalg.solve(found.covariance, found.velocity)))
    assert np.mean(off) == pytest.approx(2.0, rel=0.25)  # χ² of two degrees of freedom


def late(seed: int) -> Array:
    return np.random.default_rng(seed).normal(0, 5e-3, len(PLACES))


def test_two_shots_that_nobody_could_have_run_between_are_two_shooters() -> None:
    shots = locate(
        [*arrivals(PLACES, (150.0, 150.0), 2.0, late(1)), *arrivals(PLACES, (420.0, 430.0), 2.9, late(2))], AIR
    )
    assert len(shots) == 2
    assert "two_shooters" not in codes(shots[:1])
    assert "two_shooters" in codes(shots[1:])


def test_two_shots_from_one_place_are_not() -> None:
    shots = locate([*arrivals(PLACES, START, 2.0, late(1)), *arrivals(PLACES, START, 2.9, late(2))], AIR)
    assert "two_shooters" not in codes(shots)

"""Shooters in the synthetic city, from sound alone: one who walks, two at once, automatic fire beside a stranger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acoustic import blast
from acoustic.classify import Model
from arrays.session import read_session
from localisation.arrivals import Shot
from recordings import models
from recordings.city import Bang
from recordings.replaying import replay
from recordings.scene import scene, write_scene

Place = tuple[float, float]
FIRST_S = 2.0
ROUND_S = 0.02  # a located shot is the round that was fired so near in time
# By hand three rounds a second, unevenly; walking at 1.5 m/s.
STEPS_S = np.concatenate([[0.0], np.random.default_rng(101).uniform(0.22, 0.38, 9).cumsum()])
WALK_S = (FIRST_S + STEPS_S).tolist()
WAY: list[Place] = [(-40.0 + 1.2 * s, 30.0 + 0.9 * s) for s in STEPS_S.tolist()]
FIRE_S = [FIRST_S + n / 15 for n in range(20)]
BURST, STRANGER = (-50.0, -30.0), (120.0, 90.0)


def rounds(incident: int, times_s: Sequence[float], places: Sequence[Place]) -> list[Bang]:
    """Rounds of one pistol, each at its time and place, aimed north-east."""
    gun = blast.PISTOL
    return [
        Bang(
            kind="gunshot",
            incident=incident,
            time_s=at,
            position=(*place, 1.5),
            peak_pa=gun.peak_pa,
            positive_s=gun.positive_s,
            weapon=gun,
            fire=(math.sqrt(0.5), math.sqrt(0.5), 0.0),
            flight_m=200.0,
        )
        for at, place in zip(times_s, places, strict=True)
    ]


def located(bangs: Sequence[Bang], seed: int, seconds: float, folder: Path) -> list[tuple[float, Shot]]:
    """What replay finds of bangs in the city, each with its seconds after the scene's start."""
    empty = scene(seed, seconds, 0, strings=0, slams=0)
    write_scene(replace(empty, bangs=tuple(sorted(bangs, key=lambda b: b.time_s))), folder)
    found = replay(read_session(folder), Model.from_bytes(models.default()))
    return [(s.origin.time_ns * 1e-9 - empty.start.timestamp(), s) for s in found]


def off_m(shot: Shot, place: Place) -> float:
    return math.dist((shot.origin.x, shot.origin.y), place)


def answers(found: Sequence[tuple[float, Shot]], times_s: Sequence[float], place: Place) -> list[list[Shot]]:
    """For each round fired from about a place, the shots that were located there and then."""
    return [[s for t, s in found if abs(t - at) < ROUND_S and off_m(s, place) < 10.0] for at in times_s]


@pytest.fixture(scope="module")
def walking(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, Shot]]:
    return located(rounds(0, WALK_S, WAY), 1, 6.0, tmp_path_factory.mktemp("walking"))


@pytest.fixture(scope="module")
def automatic(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, Shot]]:
    """Twenty rounds at 15 a second; another gun amid them, and again a third of a second after the last."""
    fire = rounds(0, FIRE_S, [BURST] * len(FIRE_S))
    others = rounds(1, [FIRST_S + 0.63, FIRST_S + 1.6], [STRANGER] * 2)
    return located([*fire, *others], 2, 6.0, tmp_path_factory.mktemp("automatic"))


def strides_off_m(walking: list[tuple[float, Shot]]) -> list[float]:
    """How far each round is from where the walk had led since the first located shot."""
    followed = [own[0].origin for own in answers(walking, WALK_S, WAY[0])]
    first = followed[0]
    at = [(o.x - first.x + WAY[0][0], o.y - first.y + WAY[0][1]) for o in followed]
    return [math.dist(a, place) for a, place in zip(at, WAY, strict=True)]


def test_a_walking_shooter_is_followed_round_by_round_and_said_to_move(walking: list[tuple[float, Shot]]) -> None:
    assert [len(own) for own in answers(walking, WALK_S, WAY[0])] == [1] * len(WALK_S)
    assert np.median(strides_off_m(walking)) < 0.3
    said = {r.text for _, s in walking for r in s.verdict.reasons if r.code == "moving"}
    assert said
    assert said <= {f"the shooter moved north-east at about 1.{n} m/s" for n in (4, 5, 6)}


def test_a_walking_shooter_is_never_lost_by_more_than_30_cm(walking: list[tuple[float, Shot]]) -> None:
    assert max(strides_off_m(walking)) < 0.3


def test_nothing_is_located_but_the_rounds_that_were_fired(walking: list[tuple[float, Shot]]) -> None:
    assert len(walking) == len(WALK_S)


def test_two_shots_60_ms_and_80_m_apart_are_two(tmp_path: Path) -> None:
    one, other = (-60.0, 20.0), (4.0, 68.0)
    times = [FIRST_S, FIRST_S + 0.06]
    found = located([*rounds(0, times[:1], [one]), *rounds(1, times[1:], [other])], 5, 4.0, tmp_path)
    assert [t for t, _ in found] == pytest.approx(times, abs=ROUND_S)
    for (_, shot), place in zip(found, (one, other), strict=True):
        assert off_m(shot, place) < 5.0


def test_automatic_fire_is_counted_round_by_round(automatic: list[tuple[float, Shot]]) -> None:
    assert [len(own) for own in answers(automatic, FIRE_S, BURST)] == [1] * len(FIRE_S)


def test_automatic_fire_is_counted_though_its_intervals_differ_as_a_gun_s_do(tmp_path: Path) -> None:
    gaps = np.random.default_rng(8).normal(1 / 15, 0.002, 19)
    times = (FIRST_S + np.concatenate([[0.0], gaps.cumsum()])).tolist()
    found = located(rounds(0, times, [BURST] * len(times)), 1, 5.0, tmp_path)
    assert sum(len(own) > 0 for own in answers(found, times, BURST)) == len(times)


def test_another_gun_soon_after_automatic_fire_is_found(automatic: list[tuple[float, Shot]]) -> None:
    ((shot,),) = answers(automatic, [FIRST_S + 1.6], STRANGER)
    assert off_m(shot, STRANGER) < 5.0


def test_another_gun_amid_automatic_fire_is_found(tmp_path: Path) -> None:
    times = [FIRST_S + 0.63]
    fire = rounds(0, FIRE_S, [BURST] * len(FIRE_S))
    found = located([*fire, *rounds(1, times, [STRANGER])], 3, 6.0, tmp_path)
    assert [len(own) for own in answers(found, FIRE_S, BURST)] == [1] * len(FIRE_S)
    ((shot,),) = answers(found, times, STRANGER)
    assert off_m(shot, STRANGER) < 5.0


@pytest.mark.xfail(reason="at most nodes it falls within 12 ms of a round or its echo: one of two is heard")
def test_another_gun_amid_automatic_fire_is_found_though_most_nodes_hear_it_with_a_round(
    automatic: list[tuple[float, Shot]],
) -> None:
    ((shot,),) = answers(automatic, [FIRST_S + 0.63], STRANGER)
    assert off_m(shot, STRANGER) < 5.0

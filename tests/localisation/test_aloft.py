"""Whether a sound burst high over the roofs, told from times and from steep angles."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from localisation.aloft import aloft
from localisation.arrivals import Arrival
from localisation.solve import origin_of
from tests.localisation.simulated import AIR, EPOCH_NS, Array, stations

PATH_S = 0.0075  # path delays as measured on live fire


def heard(places: Array, source: tuple[float, float, float], seed: int, *, angles: bool = False) -> list[Arrival]:
    rng = np.random.default_rng(seed)
    told = []
    for k, (x, y, z) in enumerate(places.tolist()):
        way = np.array(source) - (x, y, z)
        at_s = float(np.linalg.norm(way)) / AIR.speed_ms + rng.normal(0.0, PATH_S)
        a = Arrival(id=f"n{k}:1", node=f"n{k}", x=x, y=y, z=z, time_ns=EPOCH_NS + round(at_s * 1e9), snr_db=25.0)
        if angles:
            steep = math.degrees(math.atan2(way[2], math.hypot(way[0], way[1]))) + rng.normal(0.0, 4.0)
            a = replace(a, elevation_deg=steep, elevation_sigma_deg=2.0)
        told.append(a)
    return told


def odds(places: Array, height_m: float, *, angles: bool = False, seeds: int = 30) -> Array:
    rng = np.random.default_rng(5)
    told = []
    for seed in range(seeds):
        sounds = heard(places, (*rng.uniform(150, 450, 2).tolist(), height_m), seed, angles=angles)
        told.append(aloft([sounds], [origin_of(sounds, AIR)], [AIR])[0])
    return np.array(told)


def test_times_alone_tell_a_display_s_shell_from_the_ground() -> None:
    places = stations(9)
    assert np.mean(odds(places, 120.0) > 0) >= 0.9
    assert np.mean(odds(places, 1.5) < 0) >= 0.95


def test_angles_tell_a_shell_with_few_nodes() -> None:
    places = stations(4)
    assert np.mean(odds(places, 90.0, angles=True) > 1) >= 0.95
    assert np.mean(odds(places, 1.5, angles=True) < -1) >= 0.95


def test_wrong_angles_at_one_node_do_not_lift_a_shot() -> None:
    sounds = heard(stations(6), (300.0, 300.0, 1.5), 1, angles=True)
    steep = [replace(sounds[0], elevation_deg=70.0), *sounds[1:]]
    assert aloft([steep], [origin_of(steep, AIR)], [AIR])[0] < 0


@pytest.mark.parametrize("count", [3, 4])
def test_few_times_without_angles_tell_nothing(count: int) -> None:
    sounds = heard(stations(count), (200.0, 300.0, 1.5), 2)
    assert math.isnan(aloft([sounds], [origin_of(sounds, AIR)], [AIR])[0])


def test_several_at_once_are_told_as_each_alone() -> None:
    places = stations(8)
    each = [heard(places[: 8 - n], (250.0, 250.0, h), n, angles=n == 1) for n, h in enumerate((1.5, 100.0, 60.0))]
    origins = [origin_of(sounds, AIR) for sounds in each]
    alone = [aloft([sounds], [origin], [AIR])[0] for sounds, origin in zip(each, origins, strict=True)]
    assert aloft(each, origins, [AIR] * 3) == pytest.approx(alone, abs=0.01)


def test_nothing_at_all_is_nothing() -> None:
    assert aloft([], [], []) == []

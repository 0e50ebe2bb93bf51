"""Leads of shock waves against bullets flown numerically: the earliest of all sounds from every point of the path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.trajectory import lead_s, shooter

Floats = NDArray[np.float64]
SPEED_MS = 340.0
LATE_S = 5e-4  # σ of a lead


@dataclass(frozen=True)
class Flown:
    """What is heard: the lead in s, the ways to where the shock wave comes from and to the muzzle, m."""

    lead_s: float
    shock: Floats
    blast: Floats


def flown(place: Floats, muzzle: Floats, fire: Floats, mach: float, slow_m: float = math.inf) -> Flown:
    """Fly a bullet 4 km, let every point of its path sound when it is passed, and take what arrives first at `place`.

    In steps of a metre, then of a millimetre around the best.
    """
    after = np.linspace(0.0, 4000.0, 4001)
    for reach_m in (1.0, 0.0):
        passed = after / (mach * SPEED_MS)
        if math.isfinite(slow_m):
            passed = slow_m / (mach * SPEED_MS) * np.expm1(after / slow_m)
        points = muzzle + after[:, None] * fire
        heard = passed + np.linalg.norm(place - points, axis=1) / SPEED_MS
        first = int(heard.argmin())
        if reach_m:
            after = np.linspace(max(after[first] - reach_m, 0.0), after[first] + reach_m, 2001)
    return Flown(float(np.linalg.norm(place - muzzle)) / SPEED_MS - heard[first], points[first] - place, muzzle - place)


def unit(azimuth_deg: float, elevation_deg: float = 0.0) -> Floats:
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    return np.array([math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), math.sin(e)])


def direction(way: Floats, sigma_deg: float = 1.0) -> list[float]:
    """Azimuth, σ, elevation, σ of a vector, degrees."""
    azimuth = math.degrees(math.atan2(way[0], way[1]))
    return [azimuth, sigma_deg, math.degrees(math.asin(way[2] / np.linalg.norm(way))), sigma_deg]


@given(
    st.floats(20.0, 800.0), st.floats(0.0, 360.0), st.floats(-20.0, 20.0), st.floats(0.5, 89.0), st.floats(1.05, 3.0)
)
@settings(max_examples=60, deadline=None)
def test_the_lead_is_that_of_the_first_sound_from_the_path(
    range_m: float, azimuth_deg: float, rise_deg: float, off_deg: float, mach: float
) -> None:
    muzzle, fire = np.array([30.0, -20.0, 1.5]), unit(azimuth_deg, rise_deg)
    place = muzzle + range_m * unit(azimuth_deg + off_deg, rise_deg)
    simulated = flown(place, muzzle, fire, mach)
    lead = float(lead_s(place, muzzle, fire, mach, SPEED_MS))
    if math.isnan(lead):
        assert simulated.lead_s < 1e-9
    else:
        assert lead == pytest.approx(simulated.lead_s, abs=2e-8 + 1e-6 * range_m / SPEED_MS)


def test_no_shock_wave_comes_from_slow_bullets_nor_to_places_beside_or_behind_the_muzzle() -> None:
    muzzle, fire = np.zeros(3), unit(0.0)
    mach_angle_deg = math.degrees(math.asin(1 / 2.5))
    edge_deg = 90.0 - mach_angle_deg
    places = 100.0 * np.array([unit(edge_deg - 0.1), unit(edge_deg + 0.1), unit(90.0), unit(180.0)])
    leads = lead_s(places, muzzle, fire, 2.5, SPEED_MS)
    assert np.isfinite(leads).tolist() == [True, False, False, False]
    assert np.isnan(lead_s(100.0 * unit(5.0), muzzle, fire, 0.95, SPEED_MS))


@given(st.floats(0.0, 360.0), st.floats(-500.0, 500.0))
@settings(max_examples=30, deadline=None)
def test_turning_and_moving_all_of_it_leaves_the_lead(turn_deg: float, away_m: float) -> None:
    place, muzzle, fire = np.array([120.0, 60.0, 15.0]), np.array([5.0, 5.0, 1.5]), unit(70.0, 1.0)
    a = math.radians(turn_deg)
    turn = np.array([[math.cos(a), -math.sin(a), 0.0], [math.sin(a), math.cos(a), 0.0], [0.0, 0.0, 1.0]])
    before = lead_s(place, muzzle, fire, 2.2, SPEED_MS)
    after = lead_s(turn @ place + away_m, turn @ muzzle + away_m, turn @ fire, 2.2, SPEED_MS)
    assert float(after) == pytest.approx(float(before), abs=1e-9)


@pytest.mark.parametrize(("off_deg", "mach"), [(10.0, 2.6), (25.0, 2.1), (40.0, 2.6)])
@pytest.mark.parametrize("range_m", [60.0, 150.0, 300.0])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_both_directions_and_the_lead_give_range_and_side(
    range_m: float, off_deg: float, mach: float, side: float
) -> None:
    muzzle = np.array([10.0, 40.0, 1.5])
    place = muzzle + range_m * unit(200.0) + (0.0, 0.0, 12.0)
    heard = flown(place, muzzle, unit(200.0 + side * off_deg), mach, slow_m=1200.0)
    found = shooter(heard.lead_s, LATE_S, SPEED_MS, direction(heard.blast), direction(heard.shock))
    true_m = float(np.linalg.norm(heard.blast))
    assert found.low_m < true_m < found.high_m
    assert float(found.range_m) == pytest.approx(true_m, rel=0.15)
    assert found.high_m < 2.5 * found.low_m
    # the line of fire turned counter-clockwise passes on the left of the array, seen from the muzzle
    assert (float(found.left) > 0.99) == (side < 0.0)
    assert (float(found.left) < 0.01) == (side > 0.0)


def test_nine_of_ten_intervals_hold_the_shooter() -> None:
    draw = np.random.default_rng(3)
    leads: list[float] = []
    ranges: list[float] = []
    blasts: list[list[float]] = []
    shocks: list[list[float]] = []
    while len(leads) < 300:
        range_m, off_deg = min(500.0 * math.sqrt(-2.0 * math.log(draw.uniform())), 1400.0), draw.uniform(-70.0, 70.0)
        muzzle, fire = np.array([0.0, 0.0, 1.5]), unit(40.0, draw.uniform(-0.5, 0.5))
        place = muzzle + range_m * unit(40.0 + off_deg) + (0.0, 0.0, 10.0)
        heard = flown(place, muzzle, fire, draw.uniform(1.1, 3.0), draw.uniform(700.0, 2500.0))
        if heard.lead_s < 2e-3:
            continue
        leads.append(heard.lead_s + draw.normal(0.0, LATE_S))
        for told, way in ((blasts, heard.blast), (shocks, heard.shock)):
            azimuth, sigma, elevation, _ = direction(way, 1.2)
            told.append([azimuth + draw.normal(0.0, 1.2), sigma, elevation + draw.normal(0.0, 1.2), sigma])
        ranges.append(float(np.linalg.norm(heard.blast)))
    true, told_all = np.array(ranges), shooter(leads, LATE_S, SPEED_MS, blasts, shocks)
    known = np.isfinite(told_all.range_m)
    assert known.mean() > 0.95
    assert not told_all.contrary.any()
    assert np.mean((told_all.low_m < true) & (true < told_all.high_m), where=known) == pytest.approx(0.9, abs=0.05)
    assert np.median(np.abs(told_all.range_m / true - 1.0)[known]) < 0.15
    alone = shooter(leads, LATE_S, SPEED_MS)
    known = np.isfinite(alone.range_m)
    assert 0.2 < known.mean() < 0.6
    assert np.mean((alone.low_m < true) & (true < alone.high_m), where=known) == pytest.approx(0.9, abs=0.06)


def test_a_short_lead_alone_says_nothing_of_the_range_and_a_long_one_something() -> None:
    found = shooter([0.02, 0.5], LATE_S, SPEED_MS)
    assert np.isnan(found.range_m).tolist() == [True, False]
    assert np.isnan(found.left).all()
    assert found.low_m[1] > 0.5 * SPEED_MS  # no bullet overtakes the sound it waits for


def test_directions_that_no_shot_has_are_contrary() -> None:
    ahead = [40.0, 1.0, -3.0, 1.0]
    same_place = shooter(0.3, LATE_S, SPEED_MS, ahead, ahead)
    from_behind = shooter(0.05, LATE_S, SPEED_MS, ahead, [200.0, 1.0, -3.0, 1.0])
    assert same_place.contrary
    assert from_behind.contrary
    assert np.isnan(same_place.range_m)
    assert not shooter(0.3, LATE_S, SPEED_MS, ahead, [85.0, 1.0, -3.0, 1.0]).contrary
    assert not shooter(0.3, LATE_S, SPEED_MS).contrary


def test_mirrored_directions_change_the_side_and_nothing_else() -> None:
    one = shooter(0.06, LATE_S, SPEED_MS, [10.0, 1.0, -4.0, 1.5], [38.0, 1.5, -6.0, 1.5])
    other = shooter(0.06, LATE_S, SPEED_MS, [-10.0, 1.0, -4.0, 1.5], [-38.0, 1.5, -6.0, 1.5])
    assert float(one.low_m) == pytest.approx(float(other.low_m), rel=1e-9)
    assert float(one.high_m) == pytest.approx(float(other.high_m), rel=1e-9)
    assert float(one.left) == pytest.approx(1.0 - float(other.left), abs=1e-9)


def test_many_at_once_are_each_alone() -> None:
    blast, shock = np.array([[0.0, 1.0, 0.0, 1.0]] * 3), np.array([[20.0, 1.0, 0.0, 1.0]] * 3)
    shock[2] = np.nan
    leads = [0.01, 0.1, 0.4]
    together = shooter(leads, LATE_S, SPEED_MS, blast, shock)
    alone = [shooter(leads[k], LATE_S, SPEED_MS, blast[k], shock[k]) for k in range(3)]
    assert together.range_m == pytest.approx([float(x.range_m) for x in alone], nan_ok=True)
    assert together.left == pytest.approx([float(x.left) for x in alone], nan_ok=True)


@pytest.mark.parametrize(
    ("lead", "sigma_s", "speed_ms", "says"),
    [
        (-0.1, LATE_S, SPEED_MS, "lead is -0.1"),
        (0.1, 0.0, SPEED_MS, "sigma_s is 0.0"),
        (0.1, LATE_S, 0.0, "speed_ms is"),
    ],
)
def test_what_cannot_be_a_lead_is_named(lead: float, sigma_s: float, speed_ms: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        shooter(lead, sigma_s, speed_ms)

"""The solver: truth is found, ellipses hold it, symmetries of physics hold, and bad geometry is told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.air import Air
from acoustic.errors import InputError
from localisation.arrivals import Arrival, Origin
from localisation.likelihood import Priors
from localisation.solve import origin_of, origins_of
from tests.localisation.simulated import AIR, EPOCH_NS, Array, arrivals, stations

SOURCE = (250.0, 330.0)


def covers(origin: Origin, at: tuple[float, float]) -> bool:
    e = origin.ellipse
    azimuth = math.radians(e.azimuth_deg)
    dx, dy = at[0] - origin.x, at[1] - origin.y
    along, across = dx * math.sin(azimuth) + dy * math.cos(azimuth), dx * math.cos(azimuth) - dy * math.sin(azimuth)
    return (along / e.semi_major_m) ** 2 + (across / e.semi_minor_m) ** 2 <= 1


def moved(heard: list[Arrival], turn: float, east: float, north: float) -> list[Arrival]:
    c, s = math.cos(turn), math.sin(turn)
    return [replace(a, x=c * a.x - s * a.y + east, y=s * a.x + c * a.y + north) for a in heard]


def test_clean_arrivals_give_the_place_and_the_discharge_time() -> None:
    origin = origin_of(arrivals(stations(8), SOURCE, 3.0), AIR)
    assert math.dist((origin.x, origin.y), SOURCE) < 0.5
    assert (origin.time_ns - EPOCH_NS) * 1e-9 == pytest.approx(3.0, abs=2e-3)
    assert not origin.ambiguous
    assert len(origin.used) == 8


def test_the_ellipse_holds_the_truth_nine_times_in_ten_where_air_height_and_paths_are_as_the_model_says() -> None:
    rng, priors = np.random.default_rng(5), Priors()
    inside = []
    for n in range(600):
        places = stations(4 + n % 6, seed=n)
        height = float(np.median(places[:, 2])) - priors.below_m + rng.normal(0, priors.height_m)
        way = places - np.array([*(source := rng.uniform(150, 450, 2).tolist()), height])
        distance = np.sqrt((way**2).sum(1))
        wind = rng.normal(0, priors.wind_ms, 2)
        speed = AIR.speed_ms + rng.normal(0, priors.speed_ms) + way[:, :2] @ wind / distance
        times = 1.0 + distance / speed + rng.normal(0, math.hypot(priors.path_s, 1e-3), len(places))
        heard = arrivals(places, (source[0], source[1]), 1.0)
        drawn = [replace(a, time_ns=EPOCH_NS + round(t * 1e9)) for a, t in zip(heard, times.tolist(), strict=True)]
        inside.append(covers(origin_of(drawn, AIR), (source[0], source[1])))
    assert 0.88 <= np.mean(inside) <= 0.935


@settings(max_examples=25, deadline=None)
@given(st.floats(-math.pi, math.pi), st.floats(-2000, 2000), st.floats(-2000, 2000), st.integers(0, 1000))
def test_moving_and_turning_the_network_moves_and_turns_the_place(
    turn: float, east: float, north: float, seed: int
) -> None:
    late = np.random.default_rng(seed).normal(0, 5e-3, 7)
    heard = arrivals(stations(7, seed), SOURCE, 1.0, late)
    here, there = origin_of(heard, AIR), origin_of(moved(heard, turn, east, north), AIR)
    c, s = math.cos(turn), math.sin(turn)
    assert there.x == pytest.approx(c * here.x - s * here.y + east, abs=0.05)
    assert there.y == pytest.approx(s * here.x + c * here.y + north, abs=0.05)
    assert there.ellipse.semi_major_m == pytest.approx(here.ellipse.semi_major_m, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(-(10**15), 10**15), st.permutations(range(7)))
def test_shifting_time_shifts_the_discharge_and_order_does_not_matter(shift_ns: int, order: list[int]) -> None:
    heard = arrivals(stations(7), SOURCE, 1.0, np.random.default_rng(1).normal(0, 5e-3, 7))
    later = [replace(heard[i], time_ns=heard[i].time_ns + shift_ns) for i in order]
    here, there = origin_of(heard, AIR), origin_of(later, AIR)
    assert math.dist((here.x, here.y), (there.x, there.y)) < 1e-3
    assert abs(there.time_ns - here.time_ns - shift_ns) < 1000


def test_a_clock_that_says_it_is_bad_widens_the_ellipse_and_does_not_move_the_shot() -> None:
    places = stations(7)
    late = np.zeros(7)
    late[2] = 0.050
    heard = arrivals(places, SOURCE, 1.0, late)
    honest = [replace(a, sigma_s=0.050) if a.node == "n2" else a for a in heard]
    told, right = origin_of(honest, AIR), origin_of(arrivals(places, SOURCE, 1.0), AIR)
    assert math.dist((told.x, told.y), SOURCE) < 1.5
    assert told.ellipse.semi_major_m > right.ellipse.semi_major_m


def test_a_grossly_wrong_arrival_is_refused_and_says_by_how_much() -> None:
    late = np.zeros(8)
    late[4] = 0.3
    origin = origin_of(arrivals(stations(8), SOURCE, 1.0, late), AIR, Priors(outlier=1e-3))
    assert math.dist((origin.x, origin.y), SOURCE) < 1.0
    (refused,) = [r for r in origin.residuals if r.refused]
    assert refused.node == "n4"
    assert refused.refused == "+300 ms off"


def test_a_shot_is_found_though_two_of_eight_arrivals_are_echoes() -> None:
    far = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        late = rng.normal(0, 5e-3, 8)
        late[rng.choice(8, 2, replace=False)] += rng.uniform(0.05, 0.3, 2)
        origin = origin_of(arrivals(stations(8, seed), SOURCE, 1.0, late), AIR)
        far.append(math.dist((origin.x, origin.y), SOURCE))
    assert np.median(far) < 5.0
    assert np.max(far) < 25.0


def test_many_shots_at_once_are_what_each_is_alone() -> None:
    shots = [arrivals(stations(k, seed=k), SOURCE, 1.0, np.random.default_rng(k).normal(0, 5e-3, k)) for k in (3, 5, 9)]
    airs = [AIR, Air(temperature_c=0.0), Air()]
    for one, heard, air in zip(origins_of(shots, airs), shots, airs, strict=True):
        alone = origin_of(heard, air)
        assert (one.x, one.y, one.ellipse.semi_major_m) == pytest.approx(
            (alone.x, alone.y, alone.ellipse.semi_major_m), abs=1e-6
        )
        assert one.ambiguous == alone.ambiguous


@settings(max_examples=25, deadline=None)
@given(st.floats(0.8, 1.3), st.integers(0, 1000))
def test_a_wider_network_in_faster_air_hears_the_same_shot_further_off(by: float, seed: int) -> None:
    late = np.random.default_rng(seed).normal(0, 4e-3, 7)
    heard = arrivals(stations(7, seed), SOURCE, 1.0, late)
    wide = [replace(a, x=by * a.x, y=by * a.y, z=by * a.z) for a in heard]
    here = Priors(hearing_m=1e6)
    there = replace(here, hearing_m=by * 1e6, below_m=by * 8.0, height_m=by * 15.0, speed_ms=by, wind_ms=by)
    calm = {"wind_east_ms": 0.0, "wind_north_ms": 0.0}
    one = origin_of(heard, Air(speed_of_sound_ms=AIR.speed_ms, **calm), here)
    other = origin_of(wide, Air(speed_of_sound_ms=AIR.speed_ms * by, **calm), there)
    assert (other.x, other.y) == pytest.approx((by * one.x, by * one.y), abs=0.2)
    assert other.ellipse.semi_major_m == pytest.approx(by * one.ellipse.semi_major_m, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 8))
def test_a_station_less_moves_the_shot_within_its_ellipse_and_makes_it_no_surer(seed: int, gone: int) -> None:
    heard = arrivals(stations(9, seed), SOURCE, 1.0)
    every, fewer = origin_of(heard, AIR), origin_of([a for i, a in enumerate(heard) if i != gone], AIR)
    assert covers(fewer, (every.x, every.y))
    assert fewer.ellipse.semi_major_m > 0.98 * every.ellipse.semi_major_m


def test_a_healthy_station_that_heard_nothing_speaks_against_the_place_beside_it() -> None:
    places = np.column_stack([np.linspace(0, 600, 5), np.zeros(5), np.full(5, 10.0)])  # one line: two sides
    heard = arrivals(places, (250.0, 180.0), 1.0)
    for silent_side in (180.0, -180.0):
        beside = np.array([[250.0, silent_side, 10.0], [300.0, silent_side, 10.0]])
        (origin,) = origins_of([heard], [AIR], silent=[beside])
        assert math.copysign(1, origin.y) == -math.copysign(1, silent_side)


def test_leads_of_shock_waves_tell_how_far_off_a_shot_is_that_times_leave_open() -> None:
    places = np.array([[0.0, 0.0, 10.0], [150.0, 0.0, 10.0], [60.0, 130.0, 10.0]])
    source = (420.0, 320.0)
    heard = arrivals(places, source, 1.0)
    travel = [math.dist((a.x, a.y), source) / AIR.speed_ms for a in heard]
    led = [replace(a, shock_lead_s=0.3 * t) for a, t in zip(heard, travel, strict=True)]
    told, guessed = origin_of(led, AIR), origin_of(heard, AIR)
    assert math.dist((told.x, told.y), source) < 0.5 * math.dist((guessed.x, guessed.y), source)


def test_two_arrays_with_bearings_and_times_suffice_and_say_how_weak_it_is() -> None:
    places = np.array([[0.0, 0.0, 10.0], [400.0, 0.0, 10.0]])
    source = (180.0, 300.0)
    heard = arrivals(places, source, 1.0)
    bearings = [math.degrees(math.atan2(source[0] - a.x, source[1] - a.y)) % 360 for a in heard]
    seen = [replace(a, azimuth_deg=b, azimuth_sigma_deg=2.0) for a, b in zip(heard, bearings, strict=True)]
    origin = origin_of(seen, AIR)
    assert math.dist((origin.x, origin.y), source) < 3.0
    assert origin.ellipse.semi_major_m > 10.0


def test_stations_in_a_line_give_both_sides() -> None:
    places = np.column_stack([np.linspace(0, 600, 5), np.zeros(5), np.full(5, 10.0)])
    origin = origin_of(arrivals(places, (250.0, 180.0), 1.0), AIR)
    assert origin.ambiguous
    both = [(origin.x, origin.y), *((p.x, p.y) for p in origin.also)]
    for side in (180.0, -180.0):
        assert min(math.dist(p, (250.0, side)) for p in both) < 5.0


def bad(change: dict[str, Any], index: int = 0) -> list[Arrival]:
    heard = arrivals(stations(5), SOURCE, 1.0)
    heard[index] = replace(heard[index], **change)
    return heard


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (arrivals(stations(2), SOURCE, 1.0), "arrivals are at 2 places, 0 with bearings; expected 3"),
        (arrivals(np.tile([[5.0, 5.0, 5.0]], (4, 1)), SOURCE, 1.0), "arrivals are at 1 places"),
        (bad({"sigma_s": -1e-3}), "sigma_s of node n0 is -0.001; expected a positive"),
        (bad({"sigma_s": math.inf}), "sigma_s of node n0 is inf"),
        (bad({"x": math.nan}), r"position of node n0 is \(nan,"),
        (
            bad({"time_ns": EPOCH_NS // 1000}),
            "time spreads over .* expected arrivals of one shot, in seconds since 1970",
        ),
        (
            [*arrivals(stations(5), SOURCE, 1.0), *bad({"y": 5e3})[:1]],
            "node n0 is at two places .* m apart; expected one",
        ),
    ],
)
def test_what_cannot_give_a_place_is_one_clear_sentence(heard: list[Arrival], said: str) -> None:
    with pytest.raises(InputError, match=said):
        origin_of(heard, AIR)


def test_a_better_geometry_has_a_smaller_ellipse() -> None:
    def size(places: Array) -> float:
        return origin_of(arrivals(places, SOURCE, 1.0), AIR).ellipse.semi_major_m

    assert size(stations(12)) < size(stations(12)[:5])

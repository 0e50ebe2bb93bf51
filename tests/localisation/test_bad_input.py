"""What nobody can locate from is refused in a sentence or has no unique place; never a number that looks right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.errors import InputError
from localisation.arrivals import Arrival, Origin
from localisation.network import locate
from localisation.solve import origin_of
from tests.localisation.simulated import AIR, EPOCH_NS, Array, arrivals, stations

SOURCE = (310.0, 220.0)
PLACES = stations(8, seed=3)
FAR_M = 25.0
DRAWS = 300
sources = st.tuples(st.floats(100.0, 500.0), st.floats(100.0, 500.0))


def off_m(origin: Origin, source: tuple[float, float]) -> float:
    return math.dist((origin.x, origin.y), source)


def refused_or_right(heard: Sequence[Arrival], source: tuple[float, float]) -> bool:
    """Whether arrivals are refused, or their answer is right, or says that it is not to be relied on."""
    try:
        origin = origin_of(heard, AIR)
    except InputError as error:
        return "expected" in str(error)
    return origin.ambiguous or off_m(origin, source) <= max(FAR_M, origin.ellipse.semi_major_m)


@given(sources, st.integers(0, 2))
def test_two_nodes_without_two_bearings_have_no_place(source: tuple[float, float], count: int) -> None:
    heard = arrivals(PLACES, source, 1.0)[:count]
    seen = [replace(heard[0], azimuth_deg=40.0, azimuth_sigma_deg=2.0), *heard[1:]] if heard else []
    for few in (heard, seen):
        assert locate(few, AIR) == []
        if few:
            with pytest.raises(InputError, match=r"expected 3, or 2 with bearings"):
                origin_of(few, AIR)


def tells_both_sides(source: tuple[float, float], turn_deg: float, count: int) -> bool:
    """Whether nodes in a line that runs so far clockwise from north say that they cannot tell a shot from its mirror
    image, or an ellipse that holds it.
    """
    along, turn = np.linspace(-300.0, 300.0, count), math.radians(turn_deg)
    line = np.column_stack([300 + along * math.sin(turn), 300 + along * math.cos(turn), np.full(count, 10.0)])
    origin = origin_of(arrivals(line, source, 1.0), AIR)
    return origin.ambiguous or off_m(origin, source) < max(FAR_M, origin.ellipse.semi_major_m)


def test_nodes_in_a_line_hardly_ever_name_one_side_only() -> None:
    rng, told = np.random.default_rng(1), 0
    for _ in range(DRAWS):
        source = (float(rng.uniform(100, 500)), float(rng.uniform(100, 500)))
        told += tells_both_sides(source, float(rng.uniform(0, 180)), int(rng.integers(3, 9)))
    assert told > 0.98 * DRAWS


def test_nodes_in_a_line_never_name_one_side_only() -> None:
    assert tells_both_sides((100.0, 396.0), 2.0, 3)


@settings(max_examples=25, deadline=None)
@given(sources, st.floats(0.1, 3.0), st.integers(3, 6))
def test_nodes_at_one_place_are_refused_or_tell_that_they_do_not_know(
    source: tuple[float, float], apart_m: float, count: int
) -> None:
    rng = np.random.default_rng(count)
    places = np.array([300.0, 300.0, 10.0]) + rng.uniform(-apart_m / 2, apart_m / 2, (count, 3))
    assert refused_or_right(arrivals(places, source, 1.0, rng.normal(0, 1e-3, count)), source)


@pytest.mark.parametrize("sigma_s", [0.0, -1e-3, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("index", [0, 7])
def test_an_uncertainty_that_is_none_is_refused_however_it_comes_in(sigma_s: float, index: int) -> None:
    heard = arrivals(PLACES, SOURCE, 1.0)
    heard[index] = replace(heard[index], sigma_s=sigma_s)
    for way in (origin_of, locate):
        with pytest.raises(InputError, match=rf"sigma_s of node n{index} is {sigma_s}; expected a positive number"):
            way(heard, AIR)


@settings(max_examples=25, deadline=None)
@given(sources, st.sampled_from([1e-9, 1e-6, 1e-3, 1e3, 1e6]), st.booleans())
def test_times_in_another_unit_give_no_place(source: tuple[float, float], unit: float, since_1970: bool) -> None:
    """Milliseconds taken for seconds, and so on: differences in time are a thousand times too large, or too small."""
    start_ns = EPOCH_NS if since_1970 else 0
    heard = [replace(a, time_ns=round((start_ns + a.time_ns - EPOCH_NS) * unit)) for a in arrivals(PLACES, source, 1.0)]
    assert refused_or_right(heard, source)
    for shot in locate(heard, AIR):
        if 2 * len(shot.arrivals) <= len(heard):
            continue  # of eight strangers, four may agree on a place by chance
        assert shot.origin.ambiguous or off_m(shot.origin, source) < max(FAR_M, shot.origin.ellipse.semi_major_m)


@settings(max_examples=25, deadline=None)
@given(sources, st.integers(0, 7), st.floats(100.0, 800.0))
def test_a_node_that_is_both_north_and_south_is_refused(
    source: tuple[float, float], index: int, apart_m: float
) -> None:
    heard = arrivals(PLACES, source, 1.0)
    again = replace(heard[index], id="again", y=heard[index].y - apart_m)
    for way in (origin_of, locate):
        with pytest.raises(InputError, match=rf"node n{index} is at two places {apart_m:.0f} m apart; expected one"):
            way([*heard, again], AIR)


def late(seed: int) -> Array:
    return np.random.default_rng(seed).normal(0, 5e-3, len(PLACES))


def held_over(heard: list[Arrival], index: int, wrong_s: float) -> list[Arrival]:
    """The same arrivals, one of a node whose clock is wrong and which knows that it may be."""
    doubted = replace(heard[index], sigma_s=0.5, time_ns=heard[index].time_ns + round(wrong_s * 1e9))
    return [*heard[:index], doubted, *heard[index + 1 :]]


@settings(max_examples=40, deadline=None)
@given(sources, st.integers(0, 7), st.floats(-0.5, 0.5), st.integers(0, 1000))
def test_a_clock_known_to_be_wrong_does_not_move_the_answer(
    source: tuple[float, float], index: int, wrong_s: float, seed: int
) -> None:
    heard = arrivals(PLACES, source, 1.0, late(seed))
    without = origin_of([*heard[:index], *heard[index + 1 :]], AIR)
    doubted = origin_of(held_over(heard, index, wrong_s), AIR)
    assert off_m(doubted, (without.x, without.y)) < 0.1 * without.ellipse.semi_major_m


@settings(max_examples=40, deadline=None)
@given(sources, st.integers(0, 7))
def test_a_clock_known_to_be_wrong_widens_the_answer(source: tuple[float, float], index: int) -> None:
    heard = arrivals(PLACES, source, 1.0)  # straight paths: residuals say nothing of the ellipse's size
    sure, doubted = origin_of(heard, AIR).ellipse, origin_of(held_over(heard, index, 0.0), AIR).ellipse
    assert doubted.semi_major_m * doubted.semi_minor_m > 1.001 * sure.semi_major_m * sure.semi_minor_m


def test_a_clock_that_is_wrong_unknown_to_anyone_is_named_and_hardly_ever_moves_the_answer() -> None:
    """By 40 to 500 ms. What is left are shots in the corner of the wrong node, which only this node can tell apart."""
    rng, named, moved = np.random.default_rng(1), 0, 0
    for n in range(DRAWS):
        source = (float(rng.uniform(100, 500)), float(rng.uniform(100, 500)))
        index, wrong_s = int(rng.integers(8)), float(rng.uniform(0.04, 0.5) * rng.choice([-1.0, 1.0]))
        heard = arrivals(PLACES, source, 1.0, late(n))
        heard[index] = replace(heard[index], time_ns=heard[index].time_ns + round(wrong_s * 1e9))
        origin, without = (origin_of(h, AIR) for h in (heard, [*heard[:index], *heard[index + 1 :]]))
        named += [r.node for r in origin.residuals if r.refused] == [f"n{index}"]
        moved += off_m(origin, (without.x, without.y)) > 0.5 * without.ellipse.semi_major_m
    assert named > 0.95 * DRAWS
    assert moved < 0.05 * DRAWS

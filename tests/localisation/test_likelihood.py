"""The likelihood: its slopes are those of its cost, outliers lose their pull, priors hold what nobody measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.air import Air
from localisation.likelihood import (
    UNKNOWNS,
    Array,
    C,
    Priors,
    Rows,
    T,
    X,
    Y,
    Z,
    descend,
    evaluate,
    media,
    medium,
    travel_times,
)
from tests.localisation.simulated import AIR, stations

PLACES = stations(7, seed=2)
SOURCE = np.array([260.0, 310.0, 6.0])


def rows(
    late: Array | float = 0.0,
    sigma_s: float = 1e-3,
    bearings: bool = False,
    without: int | None = None,
    leads: Array | float = math.nan,
    silent: Array | None = None,
) -> Rows:
    times = 1.0 + travel_times(PLACES, SOURCE[None], np.array([AIR.speed_ms, 0.0, 0.0]))[0] + late
    way = SOURCE - PLACES
    azimuths = np.arctan2(way[:, 0], way[:, 1]) if bearings else np.full(7, math.nan)
    return Rows(
        PLACES[None],
        times[None],
        np.full((1, 7), sigma_s),
        azimuths[None],
        np.where(bearings, 0.05, np.full((1, 7), math.nan)),
        np.broadcast_to(leads, (1, 7)),
        np.arange(7)[None] != without,
        np.zeros((1, 0, 3)) if silent is None else silent[None],
    )


def truth() -> Array:
    unknowns = np.zeros((1, UNKNOWNS))
    unknowns[0, [X, Y, Z]], unknowns[0, T], unknowns[0, C] = SOURCE, 1.0, AIR.speed_ms
    return unknowns


def test_travel_times_are_distance_over_speed_and_wind_carries() -> None:
    station = np.array([[300.0, 400.0, 0.0]])
    still = travel_times(station, np.zeros((1, 3)), np.array([340.0, 0.0, 0.0]))
    carried = travel_times(station, np.zeros((1, 3)), np.array([340.0, 6.0, 8.0]))
    assert still[0, 0] == pytest.approx(500.0 / 340.0)
    assert carried[0, 0] == pytest.approx(500.0 / 350.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_the_gradient_is_the_slope_of_the_cost(seed: int, bearings: bool, led: bool, silent: bool) -> None:
    rng = np.random.default_rng(seed)
    here = truth() + rng.normal(0, [30, 30, 0.02, 1, 1, 1, 5], (1, UNKNOWNS))
    leads = rng.uniform(0.01, 0.3, 7) if led else math.nan
    data = rows(
        rng.normal(0, 5e-3, 7), bearings=bearings, leads=leads, silent=stations(4, seed=seed) if silent else None
    )
    priors = Priors(outlier=1e-9)
    around = medium(AIR, PLACES, priors)
    _, gradient = evaluate(here, data, around, priors)
    for i, step in enumerate([1e-2, 1e-2, 1e-6, 1e-3, 1e-3, 1e-3, 1e-2]):
        by = np.zeros(UNKNOWNS)
        by[i] = step
        above, below = (evaluate(here + s * by, data, around, priors)[0].cost[0] for s in (1, -1))
        slope = -(above - below) / (2 * step)  # the gradient points to where the cost falls
        assert gradient[0, i] == pytest.approx(slope, rel=1e-4, abs=1e-4 * abs(gradient).max() + 1e-6)


def test_rows_that_are_masked_out_say_nothing() -> None:
    late = np.zeros(7)
    late[3] = 0.2
    priors = Priors()
    beside = truth() + 15.0 * np.eye(1, UNKNOWNS)
    data = rows(late, without=3)
    fit = descend(beside, data, media(data, [AIR], priors), priors)
    assert math.dist(fit.unknowns[0, :2], SOURCE[:2]) < 0.5


def test_a_gross_outlier_loses_its_pull() -> None:
    late, priors = np.zeros(7), Priors(outlier=1e-3)
    late[1] = 0.25
    fit = descend(truth(), rows(late), media(rows(late), [AIR], priors), priors)
    assert fit.inlier[0, 1] < 1e-3
    assert math.dist(fit.unknowns[0, :2], SOURCE[:2]) < 1.0


def test_a_batch_of_starts_gives_what_each_gives_alone() -> None:
    starts = np.repeat(truth(), 3, axis=0) + np.random.default_rng(3).normal(0, 20, (3, 1)) * np.eye(1, UNKNOWNS)
    priors, one = Priors(), np.zeros(1, dtype=np.intp)
    data = rows(np.random.default_rng(4).normal(0, 5e-3, 7))
    around = media(data, [AIR], priors)
    together = descend(starts, data.of(np.repeat(one, 3)), around.of(np.repeat(one, 3)), priors)
    for i in range(3):
        alone = descend(starts[i : i + 1], data, around, priors)
        assert together.unknowns[i] == pytest.approx(alone.unknowns[0], abs=1e-9)  # none waits for the others


def test_air_that_nobody_measured_is_believed_less() -> None:
    priors = Priors()
    known, unknown = medium(AIR, PLACES, priors), medium(Air(), PLACES, priors)
    assert (unknown.sigma[:3] > known.sigma[:3]).all()
    assert known.mean[3] == pytest.approx(np.median(PLACES[:, 2]) - priors.below_m)

"""Intervals against scipy.stats, published tables, and their own promise: to hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from dispatch.figures.intervals import quantile, rate, share

CASES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None)
@given(CASES)
def test_a_share_has_the_wilson_interval_of_scipy(case: tuple[int, int]) -> None:
    count, of = case
    ours, theirs = share(count, of), binomtest(count, of).proportion_ci(0.95, method="wilson")
    assert ours.value == count / of
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_published_example_of_wilson() -> None:
    """Newcombe 1998, table I: 81 of 263 and 0 of 20."""
    first, second = share(81, 263), share(0, 20)
    assert (first.low, first.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (second.low, second.high) == pytest.approx((0.0, 0.1611), abs=5e-5)


@settings(deadline=None)
@given(st.integers(0, 500), st.floats(0.1, 1e3), st.floats(0.1, 1e4))
def test_a_rate_has_the_exact_poisson_interval_of_chi_squared(count: int, km2: float, days: float) -> None:
    ours = rate(count, km2, days)
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    expected = (count / km2 / days, low / km2 / days, high / km2 / days)
    assert (ours.value, ours.low, ours.high) == pytest.approx(expected, rel=1e-9)


def test_the_published_table_of_garwood() -> None:
    """Pearson & Hartley, Biometrika Tables, table 40: no event, and ten."""
    assert rate(0, 1.0, 1.0).high == pytest.approx(3.69, abs=5e-3)
    ten = rate(10, 1.0, 1.0)
    assert (ten.low, ten.high) == pytest.approx((4.80, 18.39), abs=5e-3)


def test_nothing_counted_is_no_share_and_no_exposure_no_rate() -> None:
    assert share(0, 0).value is None
    assert rate(3, None, 10.0).value is None
    assert rate(3, 2.0, 0.0).high is None
    for wrong in ((1, 0), (-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="expected 0 to"):
            share(*wrong)
    with pytest.raises(ValueError, match="0 or more"):
        rate(-1, 1.0, 1.0)


@pytest.mark.parametrize(("n", "q", "ranks"), [(6, 0.5, (1, 6)), (10, 0.5, (2, 9)), (25, 0.5, (8, 18))])
def test_the_published_ranks_around_a_median(n: int, q: float, ranks: tuple[int, int]) -> None:
    """Conover, Practical Nonparametric Statistics, and the sign test's tables: 95 % for the median."""
    found = quantile(list(range(1, n + 1)), q)
    assert (found.low, found.high) == ranks


def test_too_few_values_have_no_bound() -> None:
    few = quantile([1.0, 2.0, 3.0], 0.95)
    assert (few.value, few.high) == (3.0, None)
    assert quantile([], 0.5).value is None


@pytest.mark.parametrize(("n", "q"), [(20, 0.5), (60, 0.5), (120, 0.95)])
def test_an_interval_of_a_quantile_holds_the_true_one_as_often_as_it_says(n: int, q: float) -> None:
    """Of 800 samples of an exponential distribution; the interval is conservative, 3σ of counting allowed."""
    random = np.random.default_rng(1)
    true = -np.log(1 - q)
    held = 0
    for sample in random.exponential(size=(800, n)):
        found = quantile([float(v) for v in sample], q)
        held += (found.low is None or found.low <= true) and (found.high is None or true <= found.high)
    assert held >= 800 * 0.95 - 3 * (800 * 0.95 * 0.05) ** 0.5

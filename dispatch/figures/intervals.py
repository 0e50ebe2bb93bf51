"""Intervals for what was counted: shares, rates, quantiles. Pure; all at one level.

Wilson 1927 for shares (recommended for small counts by Brown, Cai & DasGupta 2001), Garwood 1936 for counts of a
Poisson process (exact), order statistics for quantiles (David & Nagaraja 2003, 7.1: no distribution assumed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` of `of`; value and interval are None where there is nothing to count."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`count` events in so many square kilometres and days; per km² and day, None where there was no exposure."""

    count: int
    km2: float | None
    days: float
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of what was measured; a bound is None where too few were."""

    q: float
    of: int
    value: float | None
    low: float | None
    high: float | None


def share(count: int, of: int) -> Share:
    """The share with its Wilson interval. Raises ValueError unless 0 ≤ count ≤ of."""
    if not 0 <= count <= of:
        raise ValueError(f"count is {count} of {of}; expected 0 to {of}")
    if of == 0:
        return Share(count=0, of=0, value=None, low=None, high=None)
    from scipy.special import ndtri  # here and below: most commands reckon nothing, and need none of it

    z2 = float(ndtri((1 + LEVEL) / 2)) ** 2
    p = count / of
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = math.sqrt(z2 * (p * (1 - p) / of + z2 / (4 * of**2))) / (1 + z2 / of)
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == of else min(1.0, middle + half)
    return Share(count=count, of=of, value=p, low=low, high=high)


def rate(count: int, km2: float | None, days: float) -> Rate:
    """The rate per km² and day with its exact Poisson interval. Raises ValueError for a negative count."""
    if count < 0:
        raise ValueError(f"count is {count}; expected 0 or more")
    if km2 is None or km2 * days <= 0:
        return Rate(count=count, km2=km2, days=days, value=None, low=None, high=None)
    from scipy.special import gammaincinv

    tail = (1 - LEVEL) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    per = km2 * days
    return Rate(count=count, km2=km2, days=days, value=count / per, low=low / per, high=high / per)


def quantile(values: Sequence[float], q: float) -> Quantile:
    """The q-quantile (inverse of the empirical distribution) between two of the values themselves."""
    ordered = sorted(values)
    n = len(ordered)
    if n == 0:
        return Quantile(q=q, of=0, value=None, low=None, high=None)
    from scipy.special import bdtr

    below = bdtr(np.arange(n), n, q)  # P(at most k of n lie below the true quantile), k = 0 … n − 1
    tail = (1 - LEVEL) / 2
    lower, upper = int(np.sum(below <= tail)), int(np.sum(below < 1 - tail)) + 1  # ranks, from 1
    return Quantile(
        q=q,
        of=n,
        value=float(np.quantile(ordered, q, method="inverted_cdf")),
        low=ordered[lower - 1] if lower >= 1 else None,
        high=ordered[upper - 1] if upper <= n else None,
    )

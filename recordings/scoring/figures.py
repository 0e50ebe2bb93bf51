"""Statistics that several scorecards share: shares, recall at a false-positive rate, intervals over groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS, SEED = 500, 0
LOW_PCT, HIGH_PCT = 5.0, 95.0
T = TypeVar("T")


def share_pct(errors: Sequence[float], limit: float) -> float | None:
    """Per cent of errors within a limit; None where there is none."""
    return 100 * float(np.mean([e <= limit for e in errors])) if errors else None


def auc(positive: Array, negative: Array) -> float:
    """Area under the ROC curve, ties counted half."""
    every = np.sort(negative)
    below, upto = np.searchsorted(every, positive, "left"), np.searchsorted(every, positive, "right")
    return float(np.mean((below + upto) / 2) / len(negative))


def recall_at(positive: Array, negative: Array, rate: float) -> float:
    """Share of the positive above the threshold that lets through at most `rate` of the negative."""
    allowed = int(np.floor(rate * len(negative)))
    threshold = np.sort(negative)[::-1][allowed]
    return float(np.mean(positive > threshold))


def calibration_error(p: Array, truth: NDArray[np.bool_], groups: int = 10) -> float:
    """Expected calibration error of probabilities over groups of equal count."""
    order = np.array_split(np.argsort(p), groups)
    return float(sum(len(i) * abs(p[i].mean() - truth[i].mean()) for i in order if len(i)) / len(p))


def grouped(items: Sequence[T], group: Callable[[T], Hashable]) -> list[list[T]]:
    """Items by their group, in the order in which groups first appear."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        found[group(item)].append(item)
    return list(found.values())


def interval(figure: Callable[[Sequence[T]], float | None], groups: Sequence[Sequence[T]]) -> list[float] | None:
    """5th to 95th percentile of a figure over resamples of groups, drawn with replacement; None of fewer than two."""
    if len(groups) < 2:
        return None
    rng = np.random.default_rng(SEED)
    drawn = [
        figure([item for g in rng.integers(len(groups), size=len(groups)) for item in groups[g]]) for _ in range(DRAWS)
    ]
    known = [v for v in drawn if v is not None]
    return [float(v) for v in np.percentile(known, [LOW_PCT, HIGH_PCT])] if known else None

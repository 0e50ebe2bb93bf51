"""Which located shot answers which other one: one to one, by time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MATCH_S = 0.15  # apart at most, at discharge


def pairs_in_time(ours: Sequence[float], theirs: Sequence[float], within_s: float = MATCH_S) -> list[tuple[int, int]]:
    """Index pairs of times in seconds, each used once, that make the sum of the differences least."""
    from scipy.optimize import linear_sum_assignment

    if not ours or not theirs:
        return []
    apart = np.abs(np.subtract.outer(np.asarray(ours, float), np.asarray(theirs, float)))
    chosen = zip(*linear_sum_assignment(np.minimum(apart, 2 * within_s)), strict=True)
    return [(int(i), int(j)) for i, j in chosen if apart[i, j] <= within_s]

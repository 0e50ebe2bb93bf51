"""How long to wait before the next try."""

from __future__ import annotations

import random

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0


class Backoff:
    """Waits that double from try to try, each shortened at random by up to a half: nodes must not march in step."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 — spreads load, guards nothing
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait after one more failure."""
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait_s * self._random.uniform(0.5, 1.0)

    def worked(self) -> None:
        """Begin again from the shortest wait."""
        self._failures = 0

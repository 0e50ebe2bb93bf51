"""How the benchmarks measure: medians over several rounds, CPU time, ours and the peer's rounds interleaved."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(*works: Callable[[], object], rounds: int = 7) -> list[float]:
    """Median CPU seconds of each work over interleaved rounds, after one warm-up each."""
    for work in works:
        work()
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, spent, strict=True):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
    return [statistics.median(times) for times in spent]

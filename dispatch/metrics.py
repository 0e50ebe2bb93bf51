"""What the centre counts of itself, in Prometheus's text format (version 0.0.4): numbers only, no node, no person."""

from __future__ import annotations

import shutil
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counts since the centre's start."""

    def __init__(self) -> None:
        self.reports = 0
        self.refused: Counter[int] = Counter()  # by the status that the node was answered
        self._latency = [0] * (len(BOUNDS_S) + 1)
        self._latency_s = 0.0
        self._waiting_since_s: float | None = None

    def arrivals_came(self) -> None:
        """Arrivals were handed to the locator."""
        if self._waiting_since_s is None:
            self._waiting_since_s = time.monotonic()

    def locating(self) -> float:
        """The locator takes all that waits; since when (monotonic s) the first of it has."""
        since_s, self._waiting_since_s = self._waiting_since_s, None
        return time.monotonic() if since_s is None else since_s

    def located(self, since_s: float) -> None:
        """What came then is kept as an event, and on the stream."""
        took_s = time.monotonic() - since_s
        self._latency[bisect_left(BOUNDS_S, took_s)] += 1
        self._latency_s += took_s

    def text(self, nodes: Iterable[str], alerts: dict[str, int], backlog: int, folder: Path) -> str:
        """All of it as Prometheus reads it: `nodes` the state of each, `alerts` how many are in each state, `backlog`
        the arrivals that wait for the locator, `folder` on the disk that the store is on.
        """
        states = Counter(nodes)
        free = shutil.disk_usage(folder).free
        families = [
            _family("tocsin_reports_total", "counter", "Reports taken.", {"": self.reports}),
            _family(
                "tocsin_reports_refused_total", "counter", "Reports refused, by status.", _by("status", self.refused)
            ),
            _family("tocsin_nodes", "gauge", "Nodes, by state.", _by("state", states)),
            _family("tocsin_alerts", "gauge", "Alerts kept, by state; queued ones wait.", _by("state", alerts)),
            _family("tocsin_arrivals_waiting", "gauge", "Arrivals that wait to be located.", {"": backlog}),
            _family("tocsin_disk_free_bytes", "gauge", "Free bytes on the store's disk.", {"": free}),
            self._histogram("tocsin_event_seconds"),
        ]
        return "".join(f"{line}\n" for family in families for line in family)

    def _histogram(self, name: str) -> Iterator[str]:
        yield f"# HELP {name} From the first arrival of a batch to its events in the store and on the stream."
        yield f"# TYPE {name} histogram"
        below = 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self._latency, strict=True):
            below += count
            yield f'{name}_bucket{{le="{bound}"}} {below}'
        yield f"{name}_sum {self._latency_s}"
        yield f"{name}_count {below}"


def _by(label: str, counts: dict[str, int] | Counter[int] | Counter[str]) -> dict[str, int]:
    return {f'{{{label}="{key}"}}': count for key, count in counts.items()}


def _family(name: str, kind: str, told: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"

"""When the network first tells of a shot, were its recording live: sound on its way, and the algorithm's own waiting.

What a computer and a radio add is not in it. An arrival is told LOOKAHEAD_S after its onset, for the detector waits so
long; the network takes what came every TICK_S.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from acoustic.classify import Model
from acoustic.impulses import Detector
from localisation.network import Network
from localisation.verdict import WITHDRAWN
from recordings.matching import pairs_in_time
from recordings.method import Settings
from recordings.replaying import arrivals_of, stations_of
from recordings.scoring.truth import Incident

NS = 1_000_000_000
TICK_S = 0.25


def latencies(model: Model, settings: Settings, incident: Incident) -> list[float | None]:
    """Seconds from each shot's discharge until it was first told; None where it was only told in the end, or never."""
    session = incident.session
    heard = chain.from_iterable(arrivals_of(session, node, model, settings) for node in session.nodes)
    ticks: dict[int, list[Any]] = defaultdict(list)
    for a in heard:
        ticks[int((a.time_ns / NS + Detector.LOOKAHEAD_S) // TICK_S) + 1].append(a)
    network, stations = Network(session.air, settings.network), stations_of(session)
    first: dict[str, tuple[float, float]] = {}
    for tick in sorted(ticks):
        for shot in network.feed(ticks[tick], stations):
            if shot.verdict.label != WITHDRAWN:
                first.setdefault(shot.key, (shot.origin.time_ns / NS, tick * TICK_S))
    told = sorted(first.values(), key=lambda t: t[1])
    pairs = {j: i for i, j in pairs_in_time([t for t, _ in told], [s.time for s in incident.shots])}
    return [told[pairs[j]][1] - shot.time if j in pairs else None for j, shot in enumerate(incident.shots)]


def latency(told: Sequence[float | None]) -> dict[str, Any]:
    """The scorecard."""
    known = [t for t in told if t is not None]
    return {
        "shots": len(told),
        "told_live_pct": 100 * len(known) / len(told) if told else None,
        "median_s": float(np.median(known)) if known else None,
        "p95_s": float(np.percentile(known, 95)) if known else None,
    }

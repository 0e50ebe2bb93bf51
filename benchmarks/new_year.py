"""New Year's Eve: 1,000 nodes and 1,000 shots a minute, half the picks strangers, echoes besides; × real time."""

from __future__ import annotations

import time

from benchmarks._arrivals import city, score, streamed, used
from localisation.network import locate
from tests.localisation.simulated import AIR

NODES, PER_MINUTE, MINUTES = 1000, 1000.0, 0.25


def run() -> dict[str, object]:
    """Times real time on one core, in one batch; in `quality` the same for a stream of quarter seconds."""
    town = city(NODES, PER_MINUTE, MINUTES, seed=1)
    start = time.process_time()
    shots = locate(town.heard, AIR, town.stations)
    spent = time.process_time() - start
    right = score(used(shots), town.events)
    live_s, live = streamed(town)
    return {
        "ours": round(town.seconds / spent, 2),
        "unit": "x real time",
        "peer": "real time",
        "peer_value": 1,
        "ratio": round(town.seconds / spent, 2),
        "floor": None,
        "quality": {
            "precision": round(right.precision, 3),
            "recall": round(right.recall, 3),
            "picks_per_s": round(len(town.heard) / spent),
            "streaming_x_real_time": round(town.seconds / live_s, 2),
            "streaming_precision": round(score(live, town.events).precision, 3),
            "streaming_recall": round(score(live, town.events).recall, 3),
        },
    }

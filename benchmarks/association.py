"""How fast shots are found among arrivals, half of them strangers: a block of 12 stations, × real time on one core."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from benchmarks.timing import seconds
from localisation.arrivals import Arrival
from localisation.network import locate
from tests.localisation.simulated import AIR, arrivals, stations

SECONDS = 60.0
SHOTS = 12
NEAR_M = 25.0


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json."""
    rng = np.random.default_rng(2)
    places = stations(12)
    truth = [(float(rng.uniform(100, 500)), float(rng.uniform(100, 500))) for _ in range(SHOTS)]
    times = np.sort(rng.uniform(0, SECONDS, SHOTS))
    heard: list[Arrival] = []
    for source, at_s in zip(truth, times, strict=True):
        heard += arrivals(places, source, float(at_s), rng.normal(0, 5e-3, len(places)))
    for n in range(len(heard)):
        a = heard[rng.integers(len(heard))]
        moved_ns = a.time_ns + round(float(rng.uniform(-20, 20)) * 1e9)
        heard.append(replace(a, id=f"stranger {n}", time_ns=moved_ns, snr_db=float(rng.uniform(4, 14))))
    (spent,) = seconds(lambda: locate(heard, AIR), rounds=3)
    found = [(s.origin.x, s.origin.y) for s in locate(heard, AIR)]
    right = sum(any(math.dist(f, t) < NEAR_M for t in truth) for f in found)
    recall = sum(any(math.dist(f, t) < NEAR_M for f in found) for t in truth) / SHOTS
    return {
        "ours": round(len(heard) / spent),
        "unit": "picks/s",
        "peer": "real time",
        "peer_value": round(len(heard) / SECONDS),
        "ratio": round(SECONDS / spent, 1),
        "floor": None,
        "quality": {"precision": round(right / max(len(found), 1), 3), "recall": round(recall, 3)},
    }

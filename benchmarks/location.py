"""How fast one shot is located, all nuisances marginalised: 8 sensors, against scipy's robust least squares."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import least_squares

from acoustic.air import Air
from benchmarks.timing import seconds
from localisation.likelihood import Priors
from localisation.solve import modes, rows_of
from tests.localisation.simulated import EPOCH_NS, arrivals, stations

SETS = 40
JITTER_S = 1e-3
LATE_SHARE = 0.2


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json; ours and peer are solves a second, `quality` the median errors in m."""
    rng = np.random.default_rng(1)
    air = Air(temperature_c=15.0, wind_east_ms=0.0, wind_north_ms=0.0)
    cases = []
    for n in range(SETS):
        places, source = stations(8, seed=n), (float(rng.uniform(100, 500)), float(rng.uniform(100, 500)))
        late = rng.normal(0, JITTER_S, 8) + (rng.random(8) < LATE_SHARE) * rng.uniform(0.02, 0.3, 8)
        cases.append((rows_of(arrivals(places, source, 1.0, late), EPOCH_NS), source))
    priors = Priors(path_s=JITTER_S, outlier=0.1)

    def ours() -> list[float]:
        return [math.dist(modes(rows, air, priors)[0].unknowns[:2], at) for rows, at in cases]

    def peer() -> list[float]:
        return [math.dist(_peer(rows.places, rows.times, air.speed_ms), at) for rows, at in cases]

    ours_s, peer_s = seconds(ours, peer, rounds=3)
    return {
        "ours": round(SETS / ours_s, 1),
        "unit": "solves/s",
        "peer": "scipy least_squares, soft_l1, times only",
        "peer_value": round(SETS / peer_s, 1),
        "ratio": round(peer_s / ours_s, 2),
        "floor": None,
        "quality": {
            "median_m": round(float(np.median(ours())), 2),
            "peer_median_m": round(float(np.median(peer())), 2),
        },
    }


def _peer(places: np.ndarray, times: np.ndarray, speed_ms: float) -> tuple[float, float]:
    height = float(np.median(places[:, 2])) - 8.0

    def off(v: np.ndarray) -> np.ndarray:
        away = np.sqrt(((places - np.array([v[0], v[1], height])) ** 2).sum(1))
        return np.asarray(away + v[2] - speed_ms * times)

    found = least_squares(off, [*places[np.argmin(times), :2], 0.0], loss="soft_l1", f_scale=1.0, x_scale=100.0)
    return float(found.x[0]), float(found.x[1])

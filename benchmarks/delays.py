"""Delays of the six pairs of a four-microphone array, 21 ms windows, batched; the peer is pyroomacoustics' GCC-PHAT."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyroomacoustics.experimental import tdoa
from scipy import fft

from benchmarks._shots import PAIRS, RATE_HZ, shots
from benchmarks.timing import seconds
from localisation.delays import arrival_times

EVENTS, PEER_EVENTS, REACH_S, INTERPOLATION = 2000, 30, 1.1e-3, 16


def run() -> dict[str, object]:
    """Events a second: ours (sub-sample, maximum likelihood), the peer's, and the transforms alone as floor."""
    heard = shots(EVENTS)
    few = heard.windows[:PEER_EVENTS].astype(np.float64)

    def theirs() -> NDArray[np.float64]:
        return np.array([[tdoa(w[j], w[i], INTERPOLATION, RATE_HZ) for i, j in PAIRS] for w in few])

    def ours() -> NDArray[np.float64]:
        times = arrival_times(heard.windows, RATE_HZ, REACH_S).seconds
        return np.asarray(times[:, PAIRS[:, 1]] - times[:, PAIRS[:, 0]], dtype=np.float64)

    our_s, peer_s, floor_s = seconds(ours, theirs, lambda: fft.rfft(heard.windows))
    true = heard.times_s[:, PAIRS[:, 1]] - heard.times_s[:, PAIRS[:, 0]]
    ours_rms, peer_rms = (math.sqrt(float(np.mean((d - true[: len(d)]) ** 2))) for d in (ours(), theirs()))
    rate, peer_rate = EVENTS / our_s, PEER_EVENTS / peer_s
    return {
        "ours": round(rate),
        "unit": "events/s",
        "peer": f"pyroomacoustics tdoa, PHAT, interpolation {INTERPOLATION}",
        "peer_value": round(peer_rate),
        "ratio": round(rate / peer_rate, 1),
        "floor": round(EVENTS / floor_s),
        "quality": {
            "error_per_bound": round(ours_rms / heard.delay_bound_s, 2),
            "peer_error_per_bound": round(peer_rms / heard.delay_bound_s, 2),
        },
    }

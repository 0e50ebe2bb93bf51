"""How fast impulses are found: 48 kHz mono against the seismologists' recursive STA/LTA behind a band-pass."""

from __future__ import annotations

import numpy as np

from acoustic.impulses import detect
from benchmarks.timing import seconds
from recordings.simulation import impulse

RATE_HZ = 48_000.0
SECONDS = 60


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json; ours, peer and floor are × real time on one core."""
    from obspy.signal.trigger import recursive_sta_lta
    from scipy.signal import butter, sosfilt

    sound = np.concatenate([impulse("gunshot", seed) for seed in range(50)])[: round(SECONDS * RATE_HZ)]
    sound = (sound / np.abs(sound).max() * 0.9).astype(np.float32)
    sections = butter(2, [120, 3000], "band", fs=RATE_HZ, output="sos")

    def peer() -> object:
        return recursive_sta_lta(sosfilt(sections, sound), 240, 7200)

    ours_s, peer_s, floor_s = seconds(lambda: detect(sound, RATE_HZ), peer, lambda: sound.max())
    length_s = len(sound) / RATE_HZ
    return {
        "ours": round(length_s / ours_s),
        "unit": "x real time",
        "peer": "scipy band-pass + obspy recursive STA/LTA",
        "peer_value": round(length_s / peer_s),
        "ratio": round(peer_s / ours_s, 2),
        "floor": round(length_s / floor_s),
    }

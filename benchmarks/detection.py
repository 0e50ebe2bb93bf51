"""How fast impulses are found: 48 kHz mono against the seismologists' recursive STA/LTA behind a band-pass.

The sound is a minute of noise with simulated shots and their echoes, some 40 impulses, as many as at Pittsburgh.
`floor` is one read of that minute in memory. `quality` holds what else counts: the same without any impulse, with five
times as many, one call with a block of 10 ms, and four channels of one array.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acoustic.impulses import Detector, DetectorSettings, Impulse, detect
from benchmarks.timing import seconds
from recordings.simulation import impulse

RATE_HZ = 48_000.0
SECONDS, BLOCK = 60, 480
SHOTS, MANY = 8, 40  # of about five impulses each


def street(shots: int) -> NDArray[np.float32]:
    """A minute of white noise with simulated shots spread over it: (n,), peaks at 0.9 of full scale at most."""
    sound = np.random.default_rng(1).standard_normal(round(SECONDS * RATE_HZ))
    for number in range(shots):
        wave = impulse("gunshot", number)
        first = round((number + 0.5) / shots * (len(sound) - len(wave)))
        sound[first : first + len(wave)] += wave
    return np.asarray(sound / max(np.abs(sound).max(), 300.0) * 0.9, np.float32)


def blocks(sound: NDArray[np.float32]) -> list[Impulse]:
    """A live stream, 10 ms a call."""
    detector = Detector(RATE_HZ, 1)
    rows = sound[None]
    return [i for first in range(0, len(sound), BLOCK) for i in detector.push(rows[:, first : first + BLOCK])]


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json; ours, peer and floor are × real time on one core."""
    from obspy.signal.trigger import recursive_sta_lta
    from scipy.signal import butter, sosfilt

    sound, quiet, dense = street(SHOTS), street(0), street(MANY)
    four = np.stack([np.roll(sound, 7 * k) for k in range(4)])
    sections = butter(2, [120, 3000], "band", fs=RATE_HZ, output="sos")

    def peer() -> object:
        return recursive_sta_lta(sosfilt(sections, sound), 240, 7200)

    ours_s, peer_s, floor_s, quiet_s, dense_s, blocks_s, four_s = seconds(
        lambda: detect(sound, RATE_HZ),
        peer,
        lambda: sound.max(),
        lambda: detect(quiet, RATE_HZ),
        lambda: detect(dense, RATE_HZ),
        lambda: blocks(sound),
        lambda: detect(four, RATE_HZ, DetectorSettings(joint=True)),
    )
    return {
        "ours": round(SECONDS / ours_s),
        "unit": "x real time",
        "peer": "scipy band-pass + obspy recursive STA/LTA",
        "peer_value": round(SECONDS / peer_s),
        "ratio": round(peer_s / ours_s, 2),
        "floor": round(SECONDS / floor_s),
        "quality": {
            "times_the_floor": round(ours_s / floor_s, 1),
            "impulses": len(detect(sound, RATE_HZ)),
            "without_impulses_x_real_time": round(SECONDS / quiet_s),
            "dense_impulses": len(detect(dense, RATE_HZ)),
            "dense_x_real_time": round(SECONDS / dense_s),
            "us_per_call_of_10_ms": round(1e6 * blocks_s / (SECONDS * RATE_HZ / BLOCK), 1),
            "four_channels_x_real_time": round(SECONDS / four_s),
        },
    }

"""Azimuth and elevation from four microphones, one event at a time; the peer is pyroomacoustics' NormMUSIC."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyroomacoustics
from numpy.typing import NDArray
from scipy import fft

from benchmarks._shots import AIR, MICROPHONES, RATE_HZ, shots
from benchmarks.timing import seconds
from localisation.bearing import bearing

EVENTS, PEER_EVENTS, NFFT, GRID = 300, 20, 256, 1000
BAND_HZ = [300.0, 6000.0]


def run() -> dict[str, object]:
    """Events a second, one by one: ours, the peer's over 1,000 directions, the transforms alone as floor."""
    heard = shots(EVENTS)
    music = pyroomacoustics.doa.NormMUSIC(MICROPHONES.T, RATE_HZ, NFFT, c=AIR.speed_ms, dim=3, n_grid=GRID)

    def peer(window: NDArray[np.float32]) -> float:
        stft = np.array([pyroomacoustics.transform.stft.analysis(x, NFFT, NFFT // 2).T for x in window])
        music.locate_sources(stft, freq_range=BAND_HZ)
        return math.pi / 2.0 - float(music.azimuth_recon[0])

    def own(window: NDArray[np.float32]) -> float:
        found = bearing(window, MICROPHONES, RATE_HZ, AIR.speed_ms)
        return math.nan if found is None else math.radians(found.azimuth_deg)

    def each(work: Callable[[NDArray[np.float32]], object], events: int) -> Callable[[], list[object]]:
        return lambda: [work(window) for window in heard.windows[:events]]

    our_s, peer_s, floor_s = seconds(each(own, EVENTS), each(peer, PEER_EVENTS), each(fft.rfft, EVENTS), rounds=5)

    def rms_deg(azimuths: list[float]) -> float:
        off = (np.array(azimuths) - heard.azimuth[: len(azimuths)] + math.pi) % (2.0 * math.pi) - math.pi
        return math.degrees(math.sqrt(float(np.mean(off**2))))

    ours_deg, peer_deg = (rms_deg([f(w) for w in heard.windows[:n]]) for f, n in ((own, EVENTS), (peer, 100)))
    bound_deg = math.degrees(heard.azimuth_bound)
    rate, peer_rate = EVENTS / our_s, PEER_EVENTS / peer_s
    return {
        "ours": round(rate),
        "unit": "events/s",
        "peer": f"pyroomacoustics NormMUSIC, sphere of {GRID} directions",
        "peer_value": round(peer_rate),
        "ratio": round(rate / peer_rate, 1),
        "floor": round(EVENTS / floor_s),
        "quality": {
            "azimuth_rms_deg": round(ours_deg, 3),
            "error_per_bound": round(ours_deg / bound_deg, 2),
            "peer_azimuth_rms_deg": round(peer_deg, 3),
        },
    }

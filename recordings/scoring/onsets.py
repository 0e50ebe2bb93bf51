"""Impulses found in each recording against when shots are known to have reached it; counts as Pittsburgh's score.py."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recordings.scoring.truth import Incident

ONSET_S = 0.015  # an onset answers an arrival within this time


def detection(incidents: Sequence[Incident], onsets: Mapping[tuple[str, str], Sequence[float]]) -> dict[str, Any]:
    """The scorecard. `onsets`: seconds from the start of the recording, by session and node."""
    offsets: list[float] = []
    shots = loud = loud_hits = count = 0
    minutes = 0.0
    for one in incidents:
        for node in one.session.nodes:
            got = np.sort(np.asarray(onsets[one.session.id, node.id], float))
            start, length = node.start_ns * 1e-9, node.samples / node.rate_hz
            minutes, count = minutes + length / 60.0, count + len(got)
            known = [t - start for t in one.onsets.get(node.id, ()) if 0 <= t - start <= length]
            off = [_nearest(got, t) for t in known]
            shots += len(known)
            offsets += [d for d in off if abs(d) <= ONSET_S]
            reported = [t - start for t in one.reported.get(node.id, ()) if 0 <= t - start <= length]
            loud += len(reported)
            loud_hits += sum(abs(_nearest(got, t)) <= ONSET_S for t in reported)
    middle = float(np.median(offsets)) if offsets else None
    spread = 1.4826 * float(np.median(np.abs(np.array(offsets) - middle))) if middle is not None else None
    return {
        "files": sum(len(one.session.nodes) for one in incidents),
        "shot_arrivals": shots,
        "shot_arrivals_found_pct": 100 * len(offsets) / shots if shots else None,
        "offset_median_ms": None if middle is None else 1e3 * middle,
        "offset_mad_sd_ms": None if spread is None else 1e3 * spread,
        "reported_pulses_above_6_db": loud,
        "reported_pulses_found_pct": 100 * loud_hits / loud if loud else None,
        "onsets_per_minute": count / minutes,
    }


def _nearest(got: NDArray[np.float64], at: float) -> float:
    return float(got[np.argmin(np.abs(got - at))] - at) if len(got) else math.inf

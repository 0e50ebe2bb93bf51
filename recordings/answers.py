"""The JSON form of a located shot, as `tocsin locate` and `tocsin replay` print it."""

from __future__ import annotations

from typing import Any

from localisation.arrivals import Ellipse, Shot


def ellipse_answer(ellipse: Ellipse) -> dict[str, float]:
    """Semi-axes in metres, azimuth of the major axis in degrees clockwise from north, level."""
    return {
        "semi_major_m": round(ellipse.semi_major_m, 3),
        "semi_minor_m": round(ellipse.semi_minor_m, 3),
        "azimuth_deg": round(ellipse.azimuth_deg, 2),
        "level": ellipse.level,
    }


def shot_answer(shot: Shot) -> dict[str, Any]:
    """Place in metres east and north, discharge time in seconds since the Unix epoch (UTC), ellipse, nodes used.

    The class stands beside the place only where a node gave an opinion of it.
    """
    origin, verdict = shot.origin, shot.verdict
    answer: dict[str, Any] = {
        "x": round(origin.x, 3),
        "y": round(origin.y, 3),
        "time": round(origin.time_ns * 1e-9, 6),
        "ambiguous": origin.ambiguous,
        "also": [{"x": round(p.x, 3), "y": round(p.y, 3)} for p in origin.also],
        "ellipse": ellipse_answer(origin.ellipse),
        "used": [r.node for r in origin.used],
    }
    if verdict.probabilities:
        answer["label"] = verdict.label
        answer["gunshot"] = round(verdict.probabilities["gunshot"], 6)
    return answer

"""Located shots against fired ones: found, false, how far off. Counts as the Pittsburgh recordings' own score.py."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from localisation.arrivals import Ellipse
from recordings.matching import pairs_in_time
from recordings.scoring.figures import grouped, interval, share_pct
from recordings.scoring.truth import Fired, Incident

WITHIN_M = (10, 15, 25)
LEVELS = (0.5, 0.8, 0.9, 0.95)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A located shot as `tocsin replay --format jsonl` prints it."""

    x: float
    y: float
    time: float
    ellipse: Ellipse
    ambiguous: bool = False
    gunshot: float | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a fired shot: how far off it was located and by what level of ellipse the place is held, None
    where it was not found.
    """

    session: str
    group: str
    time: float
    error_m: float | None = None
    level: float | None = None


def match(incidents: Sequence[Incident], answers: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """The scorecard: shots are paired one to one in time; what is over on either side is false or missed.

    `answers` by session. A round that was fired but of which nothing more is known may be found without reproach.
    """
    errors: list[float] = []
    relative: list[float] = []
    false = found_in = 0
    per: dict[str, Counter[str]] = defaultdict(Counter)
    for one in incidents:
        located = answers.get(one.session.id, [])
        hit = pairs_in_time([a.time for a in located], [s.time for s in one.shots])
        off = [(located[i].x - one.shots[j].x, located[i].y - one.shots[j].y) for i, j in hit]
        e = [math.hypot(*xy) for xy in off]
        errors += e + [math.inf] * (len(one.shots) - len(hit))
        wrong = max(0, len(located) - len(hit) - max(0, one.rounds - len(one.shots)))
        false, found_in = false + wrong, found_in + bool(hit)
        count = per[one.group]
        count.update(shots=len(one.shots), found=len(hit), false=wrong, within_15=sum(x <= 15 for x in e))
        if len(hit) >= 3:
            relative += np.linalg.norm(np.array(off) - np.median(off, axis=0), axis=1).tolist()
    found = [e for e in errors if math.isfinite(e)]
    return {
        "shots": len(errors),
        "found": len(found),
        "false": false,
        **{f"within_{m}_pct": share_pct(errors, m) for m in WITHIN_M},
        "median_m": float(np.median(errors)) if errors else None,
        "p95_of_found_m": float(np.percentile(found, 95)) if found else None,
        "incidents_found_pct": 100 * found_in / len(incidents),
        "within_burst_median_m": float(np.median(relative)) if relative else None,
        "within_burst_p95_m": float(np.percentile(relative, 95)) if relative else None,
        "per_position": {group: dict(count) for group, count in sorted(per.items())},
    }


def outcomes(incidents: Sequence[Incident], answers: Mapping[str, Sequence[Answer]]) -> list[Outcome]:
    """What became of each fired shot."""
    told = []
    for one in incidents:
        located = answers.get(one.session.id, [])
        pairs = {j: i for i, j in pairs_in_time([a.time for a in located], [s.time for s in one.shots])}
        for j, shot in enumerate(one.shots):
            known = {"session": one.session.id, "group": one.group, "time": round(shot.time, 6)}
            if j in pairs:
                answer = located[pairs[j]]
                known["error_m"] = round(math.hypot(answer.x - shot.x, answer.y - shot.y), 3)
                known["level"] = round(level_at(answer, shot, one.sigma_m), 4)
            told.append(msgspec.convert(known, Outcome))
    return told


def level_at(answer: Answer, at: Fired, sigma_m: float) -> float:
    """The level of the ellipse about an answer that just holds a place, itself known to `sigma_m` on each axis."""
    e = answer.ellipse
    chi2 = -2.0 * math.log(1.0 - e.level)
    turn = math.radians(e.azimuth_deg)
    east, north = at.x - answer.x, at.y - answer.y
    along, across = east * math.sin(turn) + north * math.cos(turn), east * math.cos(turn) - north * math.sin(turn)
    a2, b2 = (axis**2 / chi2 + sigma_m**2 for axis in (e.semi_major_m, e.semi_minor_m))
    return 1.0 - math.exp(-0.5 * (along**2 / max(a2, 1e-12) + across**2 / max(b2, 1e-12)))


def coverage(told: Sequence[Outcome]) -> dict[str, Any]:
    """Of the shots found, the share whose place lies within the ellipse of each level, in per cent."""
    levels = [o.level for o in told if o.level is not None]
    return {f"{100 * level:g}": share_pct(levels, level) for level in LEVELS} | {"n": len(levels)}


def intervals(told: Sequence[Outcome]) -> dict[str, list[float] | None]:
    """90 % intervals over groups of what `match` tells in per cent."""
    groups = grouped(told, lambda o: o.group)

    def within(metres: float) -> list[float] | None:
        return interval(
            lambda some: share_pct([math.inf if o.error_m is None else o.error_m for o in some], metres), groups
        )

    return {f"within_{m}_pct": within(m) for m in WITHIN_M}

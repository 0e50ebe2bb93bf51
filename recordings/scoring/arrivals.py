"""Location from the arrivals that a labelled session comes with, not from its sound.

Of one shot each, from all nodes and from some drawn at random; and from every pulse of an incident, echoes and
strangers included. Counts as Pittsburgh's score.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival, Shot
from localisation.network import locate, locate_associated
from recordings.answers import shot_answer
from recordings.cores import spread
from recordings.method import Settings
from recordings.scoring.figures import share_pct
from recordings.scoring.location import Answer, level_at, match
from recordings.scoring.truth import Fired, Incident, plain_speed_ms

NODES = (4, 5, 6, 8, 0)  # drawn; 0: all
DRAWS, SEED = 5, 1
LEVEL = 0.9
REFERENCE_NODES = 6  # at least, of a shot that tells where a position is acoustically
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Arrivals to locate, of one shot or of all that an incident holds."""

    incident: Incident
    arrivals: tuple[Arrival, ...]
    one_shot: bool


def from_arrivals(incidents: Sequence[Incident], settings: Settings, draws: int = DRAWS) -> dict[str, Any]:
    """The scorecard: `one_shot` by number of nodes, and `every_pulse`; empty where no session comes with arrivals."""
    known = [one for one in incidents if one.pulses]
    if not known:
        return {}
    references = {group: _reference(some) for group, some in _grouped(known).items()}
    card: dict[str, Any] = {"one_shot": {}}
    for nodes in NODES:
        asked = list(_drawn(known, nodes, draws))
        told = spread(partial(_answers, settings), asked)
        card["one_shot"][str(nodes) if nodes else "all"] = _figures(asked, list(told), references)
    whole = [_Asked(one, one.pulses, one_shot=False) for one in known]
    found = spread(partial(_answers, settings), whole)
    card["every_pulse"] = match(known, {a.incident.session.id: shots for a, shots in zip(whole, found, strict=True)})
    return card


def _drawn(incidents: Sequence[Incident], nodes: int, draws: int) -> Iterator[_Asked]:
    rng = np.random.default_rng([SEED, nodes])
    for one in incidents:
        for heard in one.arrivals:
            for _ in range(draws if nodes else 1):
                few = rng.choice(len(heard), min(nodes, len(heard)), replace=False) if nodes else range(len(heard))
                yield _Asked(one, tuple(heard[i] for i in sorted(few)), one_shot=True)


def _answers(settings: Settings, asked: _Asked) -> list[Answer]:
    air = asked.incident.session.air
    arrivals = [replace(a, id=f"{a.node}:{n}") for n, a in enumerate(asked.arrivals)]
    shots: list[Shot] = (
        [locate_associated(arrivals, air)] if asked.one_shot else locate(arrivals, air, (), settings.network)
    )
    return msgspec.convert([shot_answer(shot) for shot in shots], list[Answer])


def _figures(
    asked: Sequence[_Asked], told: Sequence[Sequence[Answer]], references: Mapping[str, Array]
) -> dict[str, Any]:
    survey: list[float] = []
    reference: list[float] = []
    sure: list[float] = []
    held = held_survey = 0
    axes: list[float] = []
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one, (answer,) in zip(asked, told, strict=True):
        at, here = one.incident.shots[0], references[one.incident.group]
        survey.append(math.hypot(answer.x - at.x, answer.y - at.y))
        reference.append(math.hypot(answer.x - here[0], answer.y - here[1]))
        if not answer.ambiguous:
            sure.append(survey[-1])
        heart = Fired(label=at.label, time=at.time, x=float(here[0]), y=float(here[1]))
        held += level_at(answer, heart, 0.0) <= LEVEL
        held_survey += level_at(answer, at, one.incident.sigma_m) <= LEVEL
        axes.append(answer.ellipse.semi_major_m)
        places[one.incident.group].append((answer.x, answer.y))
    scatter = [float(np.trace(np.cov(np.array(p).T))) for p in places.values() if len(p) > 2]
    count = len(asked)
    return {
        "n": count,
        "within_10_pct": share_pct(survey, 10),
        "within_15_pct": share_pct(survey, 15),
        "median_m": float(np.median(survey)),
        "p95_m": float(np.percentile(survey, 95)),
        "max_m": max(survey),
        "to_reference_median_m": float(np.median(reference)),
        "to_reference_p95_m": float(np.percentile(reference, 95)),
        "scatter_rms_m": math.sqrt(float(np.mean(scatter))) if scatter else None,
        "unflagged_within_15_pct": share_pct(sure, 15),
        "flagged_ambiguous_pct": 100 * (count - len(sure)) / count,
        "ellipse90_covers_reference_pct": 100 * held / count,
        "ellipse90_covers_survey_pct": 100 * held_survey / count,
        "ellipse90_semi_major_median_m": float(np.median(axes)),
    }


def _grouped(incidents: Sequence[Incident]) -> dict[str, list[Incident]]:
    found: dict[str, list[Incident]] = defaultdict(list)
    for one in incidents:
        found[one.group].append(one)
    return found


def _reference(incidents: Sequence[Incident]) -> Array:
    """Where a firing position is acoustically (2,) m: the median of its shots' plain solutions, no survey in it."""
    heard = [
        (s, plain_speed_ms(one.session.air.temperature_c or 0.0))
        for one in incidents
        for s in one.arrivals
        if len(s) >= REFERENCE_NODES
    ]
    return np.asarray(np.median([_plain_place(some, speed_ms) for some, speed_ms in heard], axis=0))


def _plain_place(arrivals: Sequence[Arrival], speed_ms: float) -> Array:
    """Robust least squares in the plane (2,) m, the source at the nodes' mean height: nothing of our own solver."""
    from scipy.optimize import least_squares

    at = np.array([(a.x, a.y, a.z) for a in arrivals])
    late = np.array([(a.time_ns - min(b.time_ns for b in arrivals)) * 1e-9 for a in arrivals])
    below = at[:, 2] - at[:, 2].mean()

    def off(v: Array) -> Array:
        way = np.sqrt(((at[:, :2] - v[:2]) ** 2).sum(1) + below**2)
        return np.asarray(way + v[2] - speed_ms * late)

    start = [*at[late.argmin(), :2], 0.0]
    return np.asarray(least_squares(off, start, loss="soft_l1", f_scale=2.0, x_scale=100.0).x[:2])

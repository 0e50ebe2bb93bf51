"""Where one shot was, its arrivals known: error against the Cramér–Rao bound, ellipses against the truth, speed against
scipy's robust least squares.

Everything is drawn from what the model describes: paths that delay, air that is not quite as reported, a height that
nobody knows. The bound is the Bayesian one of the same scenario: the air and the height unknown but for their priors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks._arrivals import PICK_S, PRIORS, Floats
from benchmarks.timing import seconds
from localisation.arrivals import Arrival, Origin
from localisation.likelihood import Priors
from localisation.solve import origins_of
from tests.localisation.simulated import AIR, EPOCH_NS, stations

DRAWS, TIMED, BATCH = 2000, 200, 200
LATE_SHARE, LATE_S = 0.2, (0.02, 0.3)
FAR_M = 25.0
PATH_S = PRIORS.path_s
# For the solution from times alone: what the peer takes for granted, air, height and straight paths, is known.
KNOWN = Priors(path_s=1e-4, speed_ms=1e-3, wind_ms=1e-3, height_m=1e-2)


@dataclass(frozen=True, slots=True)
class Case:
    """One shot: what was heard of it, its place (3,) m, and which arrivals (K,) are as they should be."""

    heard: tuple[Arrival, ...]
    source: Floats
    sound: NDArray[np.bool_]


def case(sensors: int, seed: int, known: bool = False) -> Case:
    """A shot in the middle of so many sensors over 600 m; with `known`, nothing but the picking of times varies."""
    rng = np.random.default_rng([sensors, seed])
    places = stations(sensors, seed=seed)
    draws = rng.normal(0.0, 1.0, 4) * (0.0 if known else 1.0)
    height = float(np.median(places[:, 2])) - PRIORS.below_m + PRIORS.height_m * draws[0]
    source = np.array([*rng.uniform(100.0, 500.0, 2), height])
    way = places - source
    metres = np.sqrt((way**2).sum(1))
    speed = AIR.speed_ms + PRIORS.speed_ms * draws[1] + PRIORS.wind_ms * (way[:, :2] @ draws[2:]) / metres
    times = 1.0 + metres / speed + rng.normal(0.0, _sigma_s(known), sensors)
    heard = tuple(
        Arrival(id=f"n{k}", node=f"n{k}", x=x, y=y, z=z, time_ns=EPOCH_NS + round(t * 1e9), sigma_s=PICK_S)
        for k, ((x, y, z), t) in enumerate(zip(places.tolist(), times.tolist(), strict=True))
    )
    return Case(heard, source, np.ones(sensors, dtype=bool))


def _sigma_s(known: bool) -> float:
    return PICK_S if known else math.hypot(PATH_S, PICK_S)


def with_late(one: Case, seed: int) -> Case:
    """A fifth of the arrivals are echoes, 20 to 300 ms late."""
    rng = np.random.default_rng([1, seed])
    late = rng.random(len(one.heard)) < LATE_SHARE
    by = rng.uniform(*LATE_S, len(one.heard))
    heard = [_at(a, t) if k else a for a, t, k in zip(one.heard, by.tolist(), late.tolist(), strict=True)]
    return Case(tuple(heard), one.source, ~late)


def with_wrong_clock(one: Case, seed: int) -> Case:
    """One node's clock is 50 ms wrong, and it does not know."""
    rng = np.random.default_rng([2, seed])
    return _with(one, int(rng.integers(len(one.heard))), lambda a: _at(a, 0.05 * float(rng.choice([-1.0, 1.0]))))


def with_wrong_place(one: Case, seed: int) -> Case:
    """One node stands 30 m from where it says."""
    rng = np.random.default_rng([3, seed])
    turn = float(rng.uniform(0.0, 2.0 * math.pi))
    moved = (30.0 * math.sin(turn), 30.0 * math.cos(turn))
    return _with(one, int(rng.integers(len(one.heard))), lambda a: replace(a, x=a.x + moved[0], y=a.y + moved[1]))


def _at(a: Arrival, later_s: float) -> Arrival:
    return replace(a, time_ns=a.time_ns + round(later_s * 1e9))


def _with(one: Case, k: int, change: Callable[[Arrival], Arrival]) -> Case:
    heard = tuple(change(a) if i == k else a for i, a in enumerate(one.heard))
    return Case(heard, one.source, np.arange(len(heard)) != k)


def bound_m2(one: Case, known: bool = False) -> float:
    """Cramér–Rao bound of the squared error, m², of a solver that knows which arrivals are sound."""
    places = np.array([(a.x, a.y, a.z) for a in one.heard])[one.sound]
    way = places - one.source
    metres = np.sqrt((way**2).sum(1))
    unit, slow = way / metres[:, None], -metres / AIR.speed_ms**2
    place = [-unit[:, 0] / AIR.speed_ms, -unit[:, 1] / AIR.speed_ms]
    air = [slow, slow * unit[:, 0], slow * unit[:, 1], -unit[:, 2] / AIR.speed_ms]
    slope = np.column_stack([*place, np.ones(len(places)), *([] if known else air)])
    information = slope.T @ slope / _sigma_s(known) ** 2
    if not known:
        priors = np.array([PRIORS.speed_ms, PRIORS.wind_ms, PRIORS.wind_ms, PRIORS.height_m])
        information += np.diag([0.0, 0.0, 0.0, *priors**-2])
    return float(np.linalg.inv(information)[:2, :2].trace())


def covers(origin: Origin, source: Floats) -> bool:
    """Whether the ellipse holds the true place."""
    e, turn = origin.ellipse, math.radians(origin.ellipse.azimuth_deg)
    east, north = float(source[0]) - origin.x, float(source[1]) - origin.y
    along, across = east * math.sin(turn) + north * math.cos(turn), east * math.cos(turn) - north * math.sin(turn)
    return (along / e.semi_major_m) ** 2 + (across / e.semi_minor_m) ** 2 <= 1.0


def solved(cases: Sequence[Case], priors: Priors = PRIORS) -> list[Origin]:
    """The origins, a batch at a time."""
    parts = [cases[i : i + BATCH] for i in range(0, len(cases), BATCH)]
    return [o for part in parts for o in origins_of([c.heard for c in part], [AIR] * len(part), priors)]


def errors_m(origins: Sequence[Origin], cases: Sequence[Case]) -> Floats:
    """Distance of each origin from its shot, (B,) m."""
    return np.array([math.dist((o.x, o.y), c.source[:2]) for o, c in zip(origins, cases, strict=True)])


def coverage(origins: Sequence[Origin], cases: Sequence[Case]) -> float:
    """Share of ellipses that hold the true place."""
    return float(np.mean([covers(o, c.source) for o, c in zip(origins, cases, strict=True)]))


def clean(sensors: int) -> tuple[dict[str, float], Floats]:
    """What is found where nothing is grossly wrong, and the errors."""
    cases = [case(sensors, n) for n in range(DRAWS)]
    origins = solved(cases)
    off = errors_m(origins, cases)
    bound = math.sqrt(np.mean([bound_m2(c) for c in cases]))
    rms = math.sqrt(float(np.mean(off**2)))
    return {"rms_per_bound": round(rms / bound, 3), "ellipse90": round(coverage(origins, cases), 3)}, off


def late(without: Floats) -> dict[str, float]:
    """What echoes do to the same shots; `without` (B,) m: the errors without them."""
    cases = [with_late(case(8, n), n) for n in range(DRAWS)]
    origins = solved(cases)
    off = errors_m(origins, cases)
    told = np.array([o.ambiguous for o in origins])
    return {
        "median_per_clean": round(float(np.median(off) / np.median(without)), 3),
        "beyond_25_m_pct": round(100.0 * float(np.mean(off > FAR_M)), 2),
        "beyond_25_m_unflagged_pct": round(100.0 * float(np.mean((off > FAR_M) & ~told)), 2),
        "ellipse90": round(coverage(origins, cases), 3),
    }


def one_wrong(wrong: Callable[[Case, int], Case]) -> dict[str, float]:
    """What one node that is wrong does: whether the ellipse still holds the shot, and the node is named as refused."""
    cases = [wrong(case(8, n), n) for n in range(DRAWS)]
    origins = solved(cases)
    named = [
        any(r.refused and not sound for r, sound in zip(o.residuals, c.sound, strict=True))
        for o, c in zip(origins, cases, strict=True)
    ]
    return {"ellipse90": round(coverage(origins, cases), 3), "named": round(float(np.mean(named)), 3)}


def run() -> dict[str, object]:
    """Solves a second with all nuisances; ours, the peer's from times alone, one Gauss–Newton step as the floor."""
    fewer = [with_late(case(8, n), n) for n in range(TIMED)]
    known = [with_late(case(8, n, known=True), n) for n in range(TIMED)]
    full_s, times_s, peer_s, floor_s = seconds(
        lambda: solved(fewer),
        lambda: solved(known, KNOWN),
        lambda: [_peer(c) for c in known],
        lambda: _step(known),
        rounds=3,
    )
    by_sensors = {k: clean(k) for k in (6, 8, 12)}
    full, times = errors_m(solved(fewer), fewer), errors_m(solved(known, KNOWN), known)
    theirs = np.array([math.dist(_peer(c), c.source[:2]) for c in known])
    return {
        "ours": round(TIMED / full_s),
        "unit": "solves/s",
        "peer": "scipy least_squares, soft_l1, analytic slopes, times only: air, height and paths known",
        "peer_value": round(TIMED / peer_s),
        "ratio": round(peer_s / full_s, 1),
        "floor": round(TIMED / floor_s),
        "quality": {
            "median_m": round(float(np.median(full)), 2),
            "times_only": {
                "ours": round(TIMED / times_s),
                "ratio": round(peer_s / times_s, 1),
                "median_m": round(float(np.median(times)), 2),
                "beyond_25_m_pct": round(100.0 * float(np.mean(times > FAR_M)), 1),
                "peer_median_m": round(float(np.median(theirs)), 2),
                "peer_beyond_25_m_pct": round(100.0 * float(np.mean(theirs > FAR_M)), 1),
                "bound_rms_m": round(math.sqrt(np.median([bound_m2(c, known=True) for c in known])), 2),
            },
            "clean": {f"{k} sensors": score for k, (score, _) in by_sensors.items()},
            "late": late(by_sensors[8][1]),
            "wrong_clock": one_wrong(with_wrong_clock),
            "wrong_place": one_wrong(with_wrong_place),
        },
    }


def _peer(one: Case) -> Floats:
    """Place (2,) m by scipy, from the first station that heard it, as a user would."""
    places = np.array([(a.x, a.y, a.z) for a in one.heard])
    metres = AIR.speed_ms * 1e-9 * np.array([a.time_ns - EPOCH_NS for a in one.heard])
    below = places[:, 2] - one.source[2]

    def away(v: Floats) -> Floats:
        return np.asarray(np.sqrt((v[0] - places[:, 0]) ** 2 + (v[1] - places[:, 1]) ** 2 + below**2))

    def off(v: Floats) -> Floats:
        return np.asarray(away(v) + v[2] - metres)

    def slope(v: Floats) -> Floats:
        return np.column_stack([(v[:2] - places[:, :2]) / away(v)[:, None], np.ones(len(places))])

    begin = [*places[np.argmin(metres), :2], float(metres.min())]
    found = least_squares(off, begin, slope, loss="soft_l1", f_scale=1.0, x_scale=100.0)
    return np.array(found.x[:2], dtype=float)


def _step(cases: Sequence[Case]) -> Floats:
    """One step of all cases towards their places from the truth, (B, 3): what no iterative solver does without."""
    places = np.array([[(a.x, a.y, a.z) for a in c.heard] for c in cases])
    times = 1e-9 * np.array([[a.time_ns - EPOCH_NS for a in c.heard] for c in cases])
    way = places - np.array([c.source for c in cases])[:, None]
    metres = np.sqrt((way**2).sum(-1))
    ones = np.ones_like(metres)[..., None]
    slope = np.concatenate([-way[..., :2] / metres[..., None] / AIR.speed_ms, ones], axis=-1)
    off = (times - 1.0 - metres / AIR.speed_ms)[..., None]
    turned = slope.transpose(0, 2, 1)
    return np.asarray(np.linalg.solve(turned @ slope, turned @ off)[..., 0])

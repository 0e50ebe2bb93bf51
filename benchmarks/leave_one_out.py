"""Live fire out of sample: each firing position scored by settings that were chosen without it.

Settings are drawn at random, every real-valued one of association and likelihood by a factor of its own. Of the fifth
of them that does best on four positions (shots within 15 m, a false one costing two) each setting's median is taken and
scored on the position that none of them saw: one draw is best by luck, many agree on what matters. The shipped ones,
about which they are drawn, were chosen so with all five positions in sight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import Model
from benchmarks._shared import PITTSBURGH, POSITIONS, skipped
from localisation.likelihood import Priors
from localisation.network import NetworkSettings, locate
from localisation.search import Search
from recordings import models
from recordings.formats.pittsburgh import read_test
from recordings.sounds import table
from tests.recordings.live_fire import fired, heard, listening, tally

DRAWS, SEED = 600, 1  # a draw takes about 0.7 s on one core
BEST = 5  # one in so many draws is among the best
SPREAD = math.log(1.5)  # of a setting's factor, log-uniform about the shipped value
FALSE_COSTS = 2.0
S = TypeVar("S", Search, Priors)


def drawn(shipped: S, rng: np.random.Generator) -> S:
    """The settings with every float in them times a factor; what is below one, as a share is, stays so."""
    changed: dict[str, Any] = {}
    for f in fields(shipped):
        value = getattr(shipped, f.name)
        if isinstance(value, float):
            most = 0.99 if value < 1.0 else math.inf
            changed[f.name] = min(value * math.exp(rng.uniform(-SPREAD, SPREAD)), most)
    return replace(shipped, **changed)


def middle(shipped: S, chosen: Sequence[S]) -> S:
    """The settings with the median of the chosen ones for every float in them."""
    names = [f.name for f in fields(shipped) if isinstance(getattr(shipped, f.name), float)]
    changed: dict[str, Any] = {name: float(np.median([getattr(c, name) for c in chosen])) for name in names}
    return replace(shipped, **changed)


def best_without(within: NDArray[np.float64], false: NDArray[np.float64], position: int) -> NDArray[np.intp]:
    """The draws, best first, by how they do at the other positions; `within`, `false`: (draws, positions)."""
    score = np.delete(within - FALSE_COSTS * false, position, axis=1).sum(axis=1)
    return np.argsort(-score, kind="stable")


def run() -> dict[str, object]:
    """Shots within 15 m from the recordings alone, out of sample; the peer is the shipped settings, in sample."""
    if not POSITIONS:
        return skipped()
    model, rng = Model.from_bytes(models.default()), np.random.default_rng(SEED)
    tests = fired(PITTSBURGH)
    sessions = [read_test(test.folder) for test in tests]
    arrivals = [heard(session, model) for session in sessions]
    column = [POSITIONS.index(test.position) for test in tests]
    shots = np.bincount(column, [len(test.discharge) for test in tests])

    def counts(settings: NetworkSettings, positions: Sequence[int] = range(len(POSITIONS))) -> NDArray[np.float64]:
        """Shots within and false at each of these positions, (2, positions)."""
        total = np.zeros((2, len(POSITIONS)))
        for test, session, own, k in zip(tests, sessions, arrivals, column, strict=True):
            if k in positions:
                told = tally(test, locate(own, session.air, listening(session), settings))
                total[:, k] += told.within, told.false
        return total

    shipped = NetworkSettings()
    draws = [
        replace(shipped, search=drawn(shipped.search, rng), priors=drawn(shipped.priors, rng)) for _ in range(DRAWS)
    ]
    every = np.stack([counts(draw) for draw in draws])
    order = [best_without(every[:, 0], every[:, 1], k) for k in range(len(POSITIONS))]
    held_out, luckiest = np.zeros((2, len(POSITIONS))), np.zeros((2, len(POSITIONS)))
    for k, best in enumerate(order):
        agreed = [draws[i] for i in best[: DRAWS // BEST]]
        search = middle(shipped.search, [d.search for d in agreed])
        priors = middle(shipped.priors, [d.priors for d in agreed])
        held_out += counts(replace(shipped, search=search, priors=priors), [k])
        luckiest[:, k] = every[best[0], :, k]
    within, false = held_out
    in_sample = counts(shipped)
    rows = [
        (name, *(f"{v:.2f}" for v in (shots[k], within[k], false[k], *in_sample[:, k])))
        for k, name in enumerate(POSITIONS)
    ]
    print("\n".join(table(rows, ("position", "shots", "held out: within 15 m", "false", "shipped: within", "false"))))
    ours, theirs = (100 * float(w.sum() / shots.sum()) for w in (within, in_sample[0]))
    return {
        "ours": round(ours, 2),
        "unit": "% of shots within 15 m",
        "peer": "the shipped settings, in sample",
        "peer_value": round(theirs, 2),
        "ratio": round(ours / theirs, 3),
        "floor": None,
        "quality": {
            "false_pct": round(100 * float(false.sum() / shots.sum()), 2),
            "shipped_false_pct": round(100 * float(in_sample[1].sum() / shots.sum()), 2),
            "within_15_pct": dict(zip(POSITIONS, np.round(100 * within / shots, 2).tolist(), strict=True)),
            "best_draw_within_15_pct": round(100 * float(luckiest[0].sum() / shots.sum()), 2),
            "best_draw_false_pct": round(100 * float(luckiest[1].sum() / shots.sum()), 2),
            "median_draw_within_15_pct": round(100 * float(np.median(every[:, 0].sum(axis=1)) / shots.sum()), 2),
            "draws": DRAWS,
            "seed": SEED,
        },
    }

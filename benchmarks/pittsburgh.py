"""Real live fire: the Pittsburgh scorecard, its figures with what another five firing positions might have given.

Each figure is that of all positions together, with the 5th and 95th percentile over resamples of the positions: shots
of one position share their paths, so it is positions that count, and five of them tell little. Everything comes from
what the recordings' own `score.py` prints, position by position.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks._shared import PITTSBURGH, POSITIONS, REPOSITORY, skipped
from recordings.sounds import table

RESAMPLES, SEED = 1000, 1
PUBLISHED_PCT = 96.9  # of shots within 25 m, in real time, all nine positions (Calhoun et al. 2021)
Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of each position, what it weighs there, and whether squares are averaged."""

    values: tuple[float, ...]
    weights: tuple[float, ...]
    squares: bool = False

    def resampled(self) -> tuple[float, float, float]:
        """Over all positions; the 5th and 95th percentile over resamples of them."""
        values, weights = np.array(self.values), np.array(self.weights)
        values = values**2 if self.squares else values
        draws = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
        total = weights[draws].sum(axis=1)
        means = (values * weights)[draws].sum(axis=1)[total > 0] / total[total > 0]
        low, high = np.percentile(means, (5, 95))
        every = (values * weights).sum() / weights.sum()
        return tuple(round(math.sqrt(v) if self.squares else v, 3) for v in (every, low, high))  # type: ignore[return-value]


def of_sets(cards: Sequence[Card]) -> dict[str, Figure]:
    """Arrivals of one shot each; cards of one number of sensors."""
    weights = tuple(c["n"] for c in cards)
    sure = tuple(c["n"] * (1 - c["flagged_ambiguous_pct"] / 100) for c in cards)
    covers = ("ellipse90_covers_reference_pct", "ellipse90_covers_survey_pct")
    names = ("within_10_pct", "within_15_pct", "flagged_ambiguous_pct", *covers)
    found = {name: Figure(tuple(c[name] for c in cards), weights) for name in names}
    within = tuple(c["unflagged_within_15_pct"] or 0.0 for c in cards)  # null where every answer is flagged
    semi_major = tuple(c["ellipse90_semi_major_median_m"] for c in cards)
    return found | {
        "unflagged_beyond_15_pct": Figure(tuple(100 - w for w in within), sure),
        "ellipse90_semi_major_m": Figure(semi_major, weights),
        "scatter_rms_m": Figure(tuple(c["scatter_rms_m"] for c in cards), (1.0,) * len(cards), squares=True),
    }


def of_shots(cards: Sequence[Card]) -> dict[str, Figure]:
    """Incidents, from their pulses or their recordings; bursts are those of three rounds and more."""
    shots, even = tuple(c["shots"] for c in cards), (1.0,) * len(cards)
    return {
        "found_pct": Figure(tuple(100 * c["found"] / c["shots"] for c in cards), shots),
        "false_pct": Figure(tuple(100 * c["false"] / c["shots"] for c in cards), shots),
        **{f"within_{m}_pct": Figure(tuple(c[f"within_{m}_pct"] for c in cards), shots) for m in (10, 15, 25)},
        **{n: Figure(tuple(c[n] for c in cards), even) for n in ("within_burst_median_m", "within_burst_p95_m")},
    }


def run() -> dict[str, object]:
    """Shots within 25 m from the recordings alone, beside the deployed system's; everything else in `quality`."""
    if not POSITIONS:
        return skipped()
    quality: dict[str, dict[str, tuple[float, float, float]]] = {}
    sets = [_scored("sets", position) for position in POSITIONS]
    for sensors in sets[0]:
        figures = of_sets([card[sensors] for card in sets])
        quality[f"sets, {sensors} sensors"] = {name: f.resampled() for name, f in figures.items()}
    for task in ("pulses", "audio"):
        figures = of_shots([_scored(task, position) for position in POSITIONS])
        quality[task] = {name: f.resampled() for name, f in figures.items()}
    print("\n".join(_tables(quality)))
    ours = quality["audio"]["within_25_pct"][0]
    return {
        "ours": ours,
        "unit": "% of shots within 25 m",
        "peer": "the deployed system in real time, all nine positions, more sensors (Calhoun et al. 2021)",
        "peer_value": PUBLISHED_PCT,
        "ratio": round(ours / PUBLISHED_PCT, 3),
        "floor": None,
        "quality": quality | {"resamples": RESAMPLES, "seed": SEED},
    }


def _scored(task: str, position: str) -> Card:
    """What `score.py` prints of a task at one position."""
    program = f"{sys.executable} -m tocsin"
    command = [sys.executable, str(PITTSBURGH / "score.py"), task, "--program", program, "--positions", position]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    if done.returncode:
        raise RuntimeError(f"score.py {task} at {position}: {done.stderr.strip()}")
    card: Card = json.loads(done.stdout)
    return card


def _tables(quality: dict[str, dict[str, tuple[float, float, float]]]) -> list[str]:
    """One table for each kind of scorecard: a row a figure, a column a task."""
    lines: list[str] = []
    for kind in (of_sets, of_shots):
        chosen = {name: q for name, q in quality.items() if name.startswith("sets") is (kind is of_sets)}
        names = next(iter(chosen.values()))
        rows = [(name, *("{:.4g} ({:.4g}–{:.4g})".format(*q[name]) for q in chosen.values())) for name in names]
        lines += [*table(rows, ("", *chosen)), ""]
    return [
        *lines,
        f"In brackets: 5th to 95th percentile of {RESAMPLES} resamples of {len(POSITIONS)} positions, seed {SEED}.",
    ]

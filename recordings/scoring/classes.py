"""Clips classified against their labels: recall at fixed false-positive rates; counts as impulses/score.py.

A clip's score is its best impulse's probability of a gunshot; one in which no impulse is found scores 0.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from acoustic.classify import Model
from acoustic.errors import InputError
from recordings.scoring.figures import HIGH_PCT, LOW_PCT, auc, calibration_error, recall_at
from recordings.sounds import for_each_file

NOT_SCORED = {"gunshot_sfx", "ricochet", "explosion", "artillery", "gun_mechanism", "ir_indoor", "ir_outdoor", "array"}
GUNSHOT = "gunshot"
LEAST_OTHERS = 1000  # of which 0.1 % is one
DRAWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A labelled clip; clips of one `group` are of one recording."""

    path: str
    kind: str
    source: str
    group: str

    @property
    def shot(self) -> bool:
        """Whether it is a gunshot's."""
        return self.kind == GUNSHOT


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the classifier made of a clip: its best impulse's probability of a shot, and whether it called any one."""

    path: str
    group: str
    shot: bool
    gunshot: float
    called: bool
    impulses: int


def clips_in(manifest: Path, part: str = "") -> list[Clip]:
    """The clips that count, of those whose path begins with `part`. Raises InputError."""
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        clips = [Clip(path=r["path"], kind=r["class"], source=r["source"], group=r["group"]) for r in rows]
    except OSError as error:
        raise InputError(f"{manifest} cannot be read: {error.strerror}") from error
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{manifest}: {error}; expected a CSV with path, class, source and group") from error
    found = [c for c in clips if c.kind not in NOT_SCORED and c.path.startswith(part)]
    if not any(c.shot for c in found) or all(c.shot for c in found):
        raise InputError(f"{manifest} has no shots, or nothing else, of part {part!r}; expected both")
    return found


def verdicts(root: Path, clips: Sequence[Clip], model: Model) -> list[Verdict]:
    """What the classifier makes of each clip, on all cores. Raises InputError."""
    from recordings.commands.classify import impulses_of

    found = for_each_file(partial(impulses_of, model=model, why=False), [str(root / c.path) for c in clips])
    return [
        Verdict(
            path=clip.path,
            group=clip.group,
            shot=clip.shot,
            gunshot=max((line["gunshot"] for line in lines), default=0.0),
            called=any(line["label"] == GUNSHOT for line in lines),
            impulses=len(lines),
        )
        for clip, lines in zip(clips, found, strict=True)
    ]


def classification(clips: Sequence[Clip], told: Sequence[Verdict]) -> dict[str, Any]:
    """The scorecard."""
    p, called = np.array([v.gunshot for v in told]), np.array([v.called for v in told])
    shot = np.array([c.shot for c in clips])
    by_source: dict[str, list[int]] = defaultdict(list)
    by_class: dict[str, list[int]] = defaultdict(list)
    for i, clip in enumerate(clips):
        (by_source[clip.source] if clip.shot else by_class[clip.kind]).append(i)
    others = p[~shot]
    few = f"fewer than {LEAST_OTHERS:,} other sounds: the 0.1 % figures rest on none or one of them"
    return {
        "clips": len(clips),
        "shots": int(shot.sum()),
        "impulses_found": sum(v.impulses for v in told),
        "auc": auc(p[shot], others),
        "calibration_error": calibration_error(p, shot),
        "unsure": few if len(others) < LEAST_OTHERS else None,
        "shots_called_pct": 100 * float(called[shot].mean()),
        "others_called_pct": 100 * float(called[~shot].mean()),
        "shots_by_source": {
            source: {
                "n": len(i),
                "recall_at_1pct": recall_at(p[i], others, 0.01),
                "recall_at_1pct_90": _interval([told[k] for k in i], [v for v in told if not v.shot], 0.01),
                "recall_at_5pct": recall_at(p[i], others, 0.05),
                "recall_at_0.1pct": recall_at(p[i], others, 0.001),
                "called_pct": 100 * float(called[i].mean()),
                "no_impulse_pct": 100 * float((p[i] == 0).mean()),
            }
            for source, i in sorted(by_source.items())
        },
        "others_by_class": {
            kind: {"n": len(i), "called_pct": 100 * float(called[i].mean()), "worst": float(p[i].max())}
            for kind, i in sorted(by_class.items())
        },
    }


def _interval(shots: Sequence[Verdict], others: Sequence[Verdict], rate: float) -> list[float]:
    """5th to 95th percentile of the recall over recordings drawn with replacement, on both sides."""
    rng = np.random.default_rng(0)
    sides = []
    for side in (shots, others):
        groups = defaultdict(list)
        for v in side:
            groups[v.group].append(v.gunshot)
        sides.append([np.array(values) for values in groups.values()])

    def draw(groups: list[np.ndarray[Any, np.dtype[np.float64]]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])

    drawn = [recall_at(draw(sides[0]), draw(sides[1]), rate) for _ in range(DRAWS)]
    return [float(v) for v in np.percentile(drawn, [LOW_PCT, HIGH_PCT])]

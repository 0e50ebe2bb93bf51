"""How the classifier does on sources it was not trained on: what it is chosen by.

For each source or group of shots that is left out, and for each half of the other sounds' groups, a model is trained
without both; then the shots are told from that half, clip by clip: a clip's score is its best impulse's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import Model, Rows
from acoustic.errors import InputError
from acoustic.features import SAMPLES, described, window
from acoustic.impulses import detect
from recordings.sounds import read_sound
from recordings.training import EDITED, Example, Recipe, examples, fitted, manifest

Array = NDArray[np.float64]
KINDS = ("dense", "convolutional", "both")
TEMPERATURES = np.geomspace(0.6, 5.0, 30).round(2).tolist()
NO_RIVAL = {EDITED, "gun_mechanism"}  # clips that are neither a shot nor a fair rival of one


@dataclass(frozen=True, slots=True)
class Score:
    """One kind of network on shots of one source, unseen as the other sounds: recall at 1 % and 5 % false positives,
    area under the curve, calibration error; and the temperature under which these clips are most likely, shots and
    others counting alike.
    """

    left_out: str
    kind: str
    seed: int
    shots: int
    others: int
    recall_1: float
    recall_5: float
    auc: float
    calibration: float
    temperature: float


@dataclass(frozen=True, slots=True)
class _Clip:
    """What a labelled clip sounds like at each impulse: features, pictures, ratios to the noise."""

    source: str
    group: str
    shot: bool
    rows: Rows
    seen: Rows
    snr_db: Array


def compared(data: Path, left_out: tuple[str, ...], recipe: Recipe, seeds: tuple[int, ...]) -> Iterator[Score]:
    """Scores of each source or group left out, each seed, each of `KINDS`. Raises InputError for one without shots."""
    labelled = [r for r in manifest(data) if r["class"] not in NO_RIVAL]
    for name in left_out:
        if not any(name in (r["source"], r["group"]) and r["class"] == "gunshot" for r in labelled):
            raise InputError(f"{name} names no source or group of shots in {data}/manifest.csv")
    pool = examples(data, recipe)
    wanted = [r for r in labelled if r["class"] != "gunshot" or {r["source"], r["group"]} & set(left_out)]
    work = [(str(data / r["path"]), r["source"], r["group"], r["class"] == "gunshot") for r in wanted]
    with ProcessPoolExecutor() as workers:
        clips = list(workers.map(_heard, work, chunksize=16))
    for name in left_out:
        for seed in seeds:
            yield from _scores(name, pool, clips, replace(recipe, seed=seed))


def _heard(work: tuple[str, str, str, bool]) -> _Clip:
    path, source, group, shot = work
    sound = read_sound(path)
    found = detect(sound.samples[:1], sound.rate_hz)
    windows = [window(sound.samples[0], sound.rate_hz, i.onset_sample) for i in found]
    rows, seen = described(np.stack(windows) if windows else np.zeros((0, SAMPLES)))
    return _Clip(source, group, shot, rows, seen, np.array([i.snr_db for i in found]))


def _scores(name: str, pool: list[Example], clips: list[_Clip], recipe: Recipe) -> Iterator[Score]:
    shots = [c for c in clips if c.shot and name in (c.source, c.group)]
    halves = []
    for half in (0, 1):
        others = [c for c in clips if not c.shot and (_half(c.group) == half)]
        unseen = {c.group for c in others}
        known = [e for e in pool if name not in (e.source, e.group) and e.group not in unseen]
        halves.append((fitted(known, recipe), others))
    for kind in KINDS:
        said = [
            (_part(model, kind), [(_scored(model, kind, c), c.snr_db) for c in (*shots, *others)])
            for model, others in halves
        ]
        p, n = _told(said, len(shots), recipe.temperature)
        truth = np.concatenate([np.ones(len(p)), np.zeros(len(n))])
        error = calibration_error(np.concatenate([p, n]), truth)
        found = recall_at(p, n, 0.01), recall_at(p, n, 0.05), auc(p, n), error
        likeliest = min(TEMPERATURES, key=lambda t: _cost(*_told(said, len(shots), t)))
        yield Score(name, kind, recipe.seed, len(p), len(n), *found, likeliest)


def _part(model: Model, kind: str) -> Model:
    """The networks of one kind, or of both."""
    return {"dense": replace(model, networks=()), "convolutional": replace(model, dense=()), "both": model}[kind]


def _scored(model: Model, kind: str, clip: _Clip) -> Array:
    return _part(model, kind).scores(clip.rows, clip.seen)


def _told(said: list[tuple[Model, list[tuple[Array, Array]]]], shots: int, temperature: float) -> tuple[Array, Array]:
    """Under a temperature, each shot's probability, the mean over the halves, and each other sound's."""
    by_half = [
        np.array([replace(model, temperature=temperature).decided(*of)[:, 0].max(initial=0.0) for of in scored])
        for model, scored in said
    ]
    return np.mean([p[:shots] for p in by_half], axis=0), np.concatenate([p[shots:] for p in by_half])


def _cost(positive: Array, negative: Array) -> float:
    """Cross-entropy of probabilities of shots (n,) and of others (m,), both counting alike."""
    least = 1e-4
    return float(-np.log(np.maximum(positive, least)).mean() - np.log(np.maximum(1.0 - negative, least)).mean())


def _half(group: str) -> int:
    return hashlib.sha256(f"half {group}".encode()).digest()[0] % 2


def recall_at(positive: Array, negative: Array, rate: float) -> float:
    """Share of `positive` (n,) above the threshold that lets through at most `rate` of `negative` (m,)."""
    threshold = np.sort(negative)[::-1][int(rate * len(negative))]
    return float((positive > threshold).mean())


def auc(positive: Array, negative: Array) -> float:
    """Area under the receiver operating characteristic, ties counted half."""
    every = np.sort(negative)
    below, upto = np.searchsorted(every, positive, "left"), np.searchsorted(every, positive, "right")
    return float((below + upto).mean() / 2 / len(every))


def calibration_error(p: Array, truth: Array, bins: int = 10) -> float:
    """Expected calibration error of probabilities (n,) over bins of equal count (Naeini et al. 2015)."""
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(len(i) * abs(p[i].mean() - truth[i].mean()) for i in parts if len(i)) / len(p))

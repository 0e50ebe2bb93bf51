"""Train the classifier on labelled sounds and simulated ones, by one command, the same model for the same seed.

What generalises here is what removes the sources' fingerprints: windows of one form (`acoustic.features`), one chain of
augmentation for every class (`recordings.augmentation`), sources drawn evenly, physics on both sides (simulated blasts
and simulated rivals, near and far), every onset of what is no shot, and edited game shots beside edited game rivals, so
that being edited says nothing.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import LABELS, VERSION, Model, Rows
from acoustic.errors import InputError
from acoustic.features import AFTER_S, BEFORE_S, RATE_HZ, SAMPLES, described, resampled
from acoustic.impulses import detect
from recordings.augmentation import MARGIN_S, augmented
from recordings.networks import convolutional, dense, scaled, together
from recordings.simulation import FIRST_S, KINDS, LABEL_OF, impulse
from recordings.simulation import RATE_HZ as SIMULATED_HZ
from recordings.sounds import read_sound

Array = NDArray[np.float64]

# Edited or unclear: neither a real shot nor a fair rival.
LEFT_OUT = {"ricochet", "explosion", "artillery", "ir_indoor", "ir_outdoor", "array"}
EDITED = "gunshot_sfx"  # no real shot, but it sounds like those of its pack's doors and metal that are none
BEHIND = {"rain", "sea_waves", "background", "helicopter", "crowd", "engine_idling"}  # what may lie behind an impulse
MOST_PER_CLIP, MOST_EDITED, MOST_BEHIND, MOST_SIMULATED = 30, 6, 3, 4
NEAR_S = 3e-3  # of when a bang was made to come, its onset
CLASS_SHARE = {"gunshot": 0.33, "shock_wave": 0.05, "firework": 0.28, "other": 0.34}


@dataclass(frozen=True, slots=True)
class Example:
    """A cut of sound at 12 kHz with its onset in the middle, its label (index), source, stratum of drawing and group of
    origin; whether it may lie behind others.
    """

    sound: Rows
    label: int
    source: str
    stratum: str
    group: str
    behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train: examples drawn, simulated sounds a kind, networks a kind, seed, groups or sources left out; the
    temperature, chosen on sources that were left out (`recordings.left_out`).
    """

    draws: int = 30_000
    simulated: int = 240
    dense: int = 3
    convolutional: int = 2
    seed: int = 1
    leave_out: tuple[str, ...] = ()
    temperature: float = 1.0

    def seeds(self, count: int) -> range:
        """A seed for each of so many networks."""
        return range(self.seed, self.seed + count)


def examples(data: Path, recipe: Recipe) -> list[Example]:
    """Every example of a folder with `manifest.csv` (only its `train/`) and of the simulation. Raises InputError."""
    rows = [r for r in manifest(data) if r["group"] not in recipe.leave_out and r["source"] not in recipe.leave_out]
    work = [(str(data / r["path"]), r["class"], r["source"], r["group"]) for r in rows]
    kinds = [(kind, recipe.seed * 100_000 + n) for kind in KINDS for n in range(recipe.simulated)]
    with ProcessPoolExecutor() as pool:
        real = pool.map(_cuts, work, chunksize=16)
        made = pool.map(_simulated, kinds, chunksize=32)
        return [e for found in (*real, *made) for e in found]


def manifest(data: Path) -> Iterator[dict[str, str]]:
    """The rows of `manifest.csv` under `train/` that training may use. Raises InputError."""
    where = data / "manifest.csv"
    if not where.is_file():
        raise InputError(f"{where} is missing; expected a list of labelled clips")
    with where.open(newline="") as file:
        reader = csv.DictReader(file)
        for column in ("path", "class", "source", "group"):
            if column not in (reader.fieldnames or ()):
                raise InputError(f"{where} has no column {column}; expected path, class, source and group")
        for row in reader:
            if None in row.values():
                raise InputError(f"{where}, line {reader.line_num} has fewer columns than its head")
            if row["path"].startswith("train/") and row["class"] not in LEFT_OUT:
                yield row


def _cuts(work: tuple[str, str, str, str]) -> list[Example]:
    path, kind, source, group = work
    sound = read_sound(path)
    name = "gunshot" if kind == EDITED else kind if kind in ("gunshot", "firework") else "other"
    found = sorted(detect(sound.samples[:1], sound.rate_hz), key=lambda i: -i.level_db)
    if name == "gunshot":
        found = [i for i in found if i.level_db > found[0].level_db - 12 and not i.echo]
    most = len(found) if kind == "gunshot" else MOST_EDITED if kind == EDITED else MOST_PER_CLIP
    stratum = f"{source} {kind}" if name != kind else source
    return [
        Example(
            _cut(sound.samples[0], sound.rate_hz, i.onset_sample),
            LABELS.index(name),
            source,
            stratum,
            group,
            kind in BEHIND and n < MOST_BEHIND,
        )
        for n, i in enumerate(found[:most])
    ]


def _simulated(work: tuple[str, int]) -> list[Example]:
    kind, seed = work
    sound = impulse(kind, seed)
    found = sorted(detect(sound, SIMULATED_HZ), key=lambda i: -i.level_db)[:MOST_SIMULATED]
    if kind == "shock_wave":  # a blast may follow it
        found = [i for i in found if abs(i.onset_sample / SIMULATED_HZ - FIRST_S) < NEAR_S]
    label, name = LABELS.index(LABEL_OF[kind]), f"simulated {kind}"
    return [Example(_cut(sound, SIMULATED_HZ, i.onset_sample), label, name, name, f"{kind} {seed}") for i in found]


def _cut(sound: NDArray[np.floating], rate_hz: float, onset_sample: float) -> Rows:
    """The window with a margin on both sides, at 12 kHz."""
    before, after = BEFORE_S + MARGIN_S, AFTER_S + MARGIN_S
    first, count = round(onset_sample - before * rate_hz), round((before + after) * rate_hz)
    cut = np.zeros(count)
    low, high = max(first, 0), min(first + count, len(sound))
    cut[low - first : high - first] = sound[low:high]
    return resampled(cut, round((before + after) * RATE_HZ)).astype(np.float32)


def drawn(pool: list[Example], recipe: Recipe) -> tuple[Rows, Rows, NDArray[np.intp]]:
    """Features, pictures and labels of augmented examples: classes by their share, strata evenly within a class."""
    by: dict[int, dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for e in pool:
        by[e.label][e.stratum].append(e)
    rng = np.random.default_rng(recipe.seed)
    chosen: list[tuple[Example, int]] = []
    for label, strata in sorted(by.items()):
        names = sorted(strata)
        # a stratum of few clips is not drawn as often as one of many, but nearly
        odds = np.array([len(strata[n]) ** 0.3 for n in names])
        for _ in range(round(recipe.draws * CLASS_SHARE[LABELS[label]])):
            clips = strata[names[rng.choice(len(names), p=odds / odds.sum())]]
            chosen.append((clips[rng.integers(len(clips))], int(rng.integers(1 << 40))))
    behind = [e.sound for e in pool if e.behind]
    with ProcessPoolExecutor() as workers:
        parts = [chosen[i : i + 256] for i in range(0, len(chosen), 256)]
        rows, seen = zip(*workers.map(partial(_seen, behind), parts), strict=True)
    return np.concatenate(rows), np.concatenate(seen), np.array([e.label for e, _ in chosen])


def _seen(behind: list[Rows], part: list[tuple[Example, int]]) -> tuple[Rows, Rows]:
    windows = np.empty((len(part), SAMPLES))
    for n, (example, seed) in enumerate(part):
        windows[n] = augmented(example.sound, np.random.default_rng(seed), behind)
    return described(windows)


def train(data: Path, recipe: Recipe) -> bytes:
    """A model as bytes (`acoustic.classify.Model.from_bytes`). Raises InputError for unusable data."""
    return to_bytes(fitted(examples(data, recipe), recipe))


def fitted(pool: list[Example], recipe: Recipe) -> Model:
    """A model trained on these examples. Raises InputError where there are none of some class."""
    missing = sorted(set(LABELS) - {LABELS[e.label] for e in pool})
    if missing:
        raise InputError(f"the sounds hold none of class {missing[0]}; expected some of each of {', '.join(LABELS)}")
    rows, seen, labels = drawn(pool, recipe)
    mean, scale = rows.mean(0), rows.std(0) + np.float32(1e-3)
    with ProcessPoolExecutor() as workers:
        by_sight = workers.map(partial(convolutional, seen, labels), recipe.seeds(recipe.convolutional))
        by_number = workers.map(partial(dense, (rows - mean) / scale, labels), recipe.seeds(recipe.dense))
        numbers = [scaled(layers, mean, scale) for layers in by_number]
        return Model(mean, scale, together(numbers), together(list(by_sight)), recipe.temperature, "")


def to_bytes(model: Model) -> bytes:
    """A model as bytes, the same bytes for the same arrays."""
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "mean": model.mean.astype(np.float32),
        "scale": model.scale.astype(np.float32),
        "temperature": np.array(model.temperature),
    }
    for kind, layers in (("d", model.dense), ("n", model.networks)):
        for d, (weights, bias) in enumerate(layers):
            arrays[f"{kind}_{d}_w"], arrays[f"{kind}_{d}_b"] = weights, bias
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()

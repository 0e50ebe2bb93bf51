"""Train the classifier on labelled sounds and simulated ones, by one command, the same model for the same seed.

What generalises here is what removes the sources' fingerprints: windows of one form (`acoustic.features`), one chain of
augmentation for every class, sources drawn evenly, and physics on both sides (simulated blasts and simulated rivals).
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import LABELS, VERSION, Model
from acoustic.errors import InputError
from acoustic.features import AFTER_S, BEFORE_S, RATE_HZ, SAMPLES, features, resampled, window
from acoustic.impulses import detect
from recordings.simulation import KINDS, LABEL_OF, impulse
from recordings.simulation import RATE_HZ as SIMULATED_HZ
from recordings.sounds import read_sound

Array = NDArray[np.float64]
Rows = NDArray[np.float32]

# Edited or unclear: neither a real shot nor a fair rival.
LEFT_OUT = {"gunshot_sfx", "ricochet", "explosion", "artillery", "ir_indoor", "ir_outdoor", "array"}
MARGIN_S = 0.3  # of sound kept around a window, for augmentation
MOST_PER_CLIP = 6
CLASS_SHARE = {"gunshot": 0.36, "shock_wave": 0.06, "firework": 0.2, "other": 0.38}
HIDDEN = (96, 48)


@dataclass(frozen=True, slots=True)
class Example:
    """A cut of sound at 12 kHz with its onset in the middle, its label (index), source and group of origin."""

    sound: Array
    label: int
    source: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train: examples drawn, simulated sounds a kind, networks averaged, seed, groups or sources left out."""

    draws: int = 36_000
    simulated: int = 350
    networks: int = 4
    seed: int = 1
    leave_out: tuple[str, ...] = ()


def examples(data: Path, recipe: Recipe) -> list[Example]:
    """Every example of a folder with `manifest.csv` (only its `train/`) and of the simulation. Raises InputError."""
    rows = [r for r in _manifest(data) if r["group"] not in recipe.leave_out and r["source"] not in recipe.leave_out]
    work = [(str(data / r["path"]), r["class"], r["source"], r["group"]) for r in rows]
    kinds = [(kind, recipe.seed * 100_000 + n) for kind in KINDS for n in range(recipe.simulated)]
    with ProcessPoolExecutor() as pool:
        real = pool.map(_cuts, work, chunksize=16)
        made = pool.map(_simulated, kinds, chunksize=32)
        return [e for found in (*real, *made) for e in found]


def _manifest(data: Path) -> Iterator[dict[str, str]]:
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
    name = kind if kind in ("gunshot", "firework") else "other"
    found = sorted(detect(sound.samples[:1], sound.rate_hz), key=lambda i: -i.level_db)
    if name == "gunshot":
        found = [i for i in found if i.level_db > found[0].level_db - 12 and not i.echo]
    return [
        Example(_cut(sound.samples[0], sound.rate_hz, i.onset_sample), LABELS.index(name), source, group)
        for i in found[:MOST_PER_CLIP]
    ]


def _simulated(work: tuple[str, int]) -> list[Example]:
    kind, seed = work
    sound = impulse(kind, seed)
    found = sorted(detect(sound, SIMULATED_HZ), key=lambda i: -i.level_db)[:2]
    label = LABELS.index(LABEL_OF[kind])
    cuts = (_cut(sound, SIMULATED_HZ, i.onset_sample) for i in found)
    return [Example(cut, label, f"simulated {kind}", f"{kind} {seed}") for cut in cuts]


def _cut(sound: NDArray[np.floating], rate_hz: float, onset_sample: float) -> Array:
    """The window with a margin on both sides, at 12 kHz."""
    before, after = BEFORE_S + MARGIN_S, AFTER_S + MARGIN_S
    first, count = round(onset_sample - before * rate_hz), round((before + after) * rate_hz)
    cut = np.zeros(count)
    low, high = max(first, 0), min(first + count, len(sound))
    cut[low - first : high - first] = sound[low:high]
    return resampled(cut, round((before + after) * RATE_HZ))


def augmented(sound: Array, draw: np.random.Generator) -> Array:
    """One chain for every class, each link at about half probability: echoes, band, tilt, clipping, noise, jitter."""
    out = sound / (np.abs(sound).max() + 1e-12)
    bins = np.fft.rfft(out)
    hz = np.fft.rfftfreq(len(out), 1 / RATE_HZ)
    if draw.random() < 0.4:
        delays, gains = draw.uniform(0.004, 0.25, 6), draw.uniform(-0.5, 0.5, 6)
        echoes = (gains[:, None] * np.exp(-2j * math.pi * delays[:, None] * hz)).sum(0)
        bins = bins * (1 + echoes * draw.uniform(0.2, 1))
    if draw.random() < 0.5:
        bins = bins / np.sqrt(1 + (hz / draw.uniform(700, 5000)) ** draw.choice([2, 4]))
    if draw.random() < 0.4:
        bins = bins * (np.maximum(hz, 50) / 1000) ** draw.uniform(-0.6, 0.6)
    if draw.random() < 0.3:
        bins = bins / np.sqrt(1 + (draw.uniform(80, 350) / np.maximum(hz, 1)) ** 4)
    out = np.fft.irfft(bins, len(out))
    out /= np.abs(out).max() + 1e-12
    if draw.random() < 0.35:
        out = np.sign(out) * np.abs(out) ** draw.uniform(0.4, 1.0)
    if draw.random() < 0.35:
        limit = draw.uniform(0.2, 0.9)
        out = np.clip(out, -limit, limit) / limit
    if draw.random() < 0.6:
        shape = 1 / np.maximum(hz, 60) ** draw.uniform(0, 1)
        noise = np.fft.irfft(shape * np.exp(2j * math.pi * draw.random(len(hz))), len(out))
        out = out + noise / np.abs(noise).max() * 10 ** (-draw.uniform(14, 50) / 20)
    if draw.random() < 0.3:
        steps = np.round(np.log1p(255 * np.minimum(np.abs(out), 1)) / np.log(256) * 127)  # mu-law of 8 bits
        out = np.sign(out) * (256 ** (steps / 127) - 1) / 255
    onset = (BEFORE_S + MARGIN_S) * RATE_HZ + draw.normal(0, 0.001) * RATE_HZ
    if draw.random() < 0.2:
        out[: round(onset - draw.uniform(0.002, 0.05) * RATE_HZ)] = 0
    if draw.random() < 0.2:
        out[round(onset + draw.uniform(0.08, AFTER_S) * RATE_HZ) :] = 0
    return window(out, RATE_HZ, onset)


def drawn(pool: list[Example], recipe: Recipe) -> tuple[Rows, NDArray[np.intp]]:
    """Features and labels of augmented examples: classes by their share, sources evenly within a class."""
    by: dict[int, dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for e in pool:
        by[e.label][e.source].append(e)
    rng = np.random.default_rng(recipe.seed)
    chosen: list[tuple[Example, int]] = []
    for label, sources in sorted(by.items()):
        names = sorted(sources)
        # a source with few clips is not drawn as often as one with many, but nearly
        odds = np.array([len(sources[n]) ** 0.3 for n in names])
        for _ in range(round(recipe.draws * CLASS_SHARE[LABELS[label]])):
            clips = sources[names[rng.choice(len(names), p=odds / odds.sum())]]
            chosen.append((clips[rng.integers(len(clips))], int(rng.integers(1 << 40))))
    with ProcessPoolExecutor() as workers:
        parts = [chosen[i : i + 256] for i in range(0, len(chosen), 256)]
        rows = np.concatenate(list(workers.map(_rows, parts)))
    return rows, np.array([e.label for e, _ in chosen])


def _rows(part: list[tuple[Example, int]]) -> Rows:
    windows = np.empty((len(part), SAMPLES))
    for n, (example, seed) in enumerate(part):
        windows[n] = augmented(example.sound, np.random.default_rng(seed))
    return features(windows)


def plain(pool: Iterable[Example]) -> Rows:
    """Features of examples as they are."""
    onset = (BEFORE_S + MARGIN_S) * RATE_HZ
    return features(np.stack([window(e.sound, RATE_HZ, onset) for e in pool]))


def train(data: Path, recipe: Recipe) -> bytes:
    """A model as bytes (`acoustic.classify.Model.from_bytes`). Raises InputError where the data is not what it must be.

    Its temperature is set on groups that the networks did not see.
    """
    pool = examples(data, recipe)
    held = [e for e in pool if _held(e.group)]
    if not held:
        raise InputError(f"{data} holds too few groups to set some aside; expected about ten or more")
    rows, labels = drawn([e for e in pool if not _held(e.group)], recipe)
    mean, scale = rows.mean(0), rows.std(0) + 1e-3
    networks = [_network((rows - mean) / scale, labels, recipe.seed + n) for n in range(recipe.networks)]
    layers = tuple(networks)
    seen, truth = drawn(held, Recipe(draws=recipe.draws // 6, seed=recipe.seed + 1000))
    temperature = _temperature(mean, scale, layers, seen, truth)
    return to_bytes(mean, scale, layers, temperature)


def _held(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] % 6 == 0


Network = tuple[tuple[Rows, Rows], ...]


def _network(rows: Rows, labels: NDArray[np.intp], seed: int) -> Network:
    from sklearn.neural_network import MLPClassifier  # only the training extra has it

    fit = MLPClassifier(HIDDEN, alpha=3e-3, learning_rate_init=2e-3, batch_size=256, max_iter=14, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fixed number of rounds, not convergence, is what regularises here
        fit.fit(np.clip(rows, -6, 6), labels)
    weights, bias = fit.coefs_, fit.intercepts_
    return tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in zip(weights, bias, strict=True))


def _temperature(mean: Rows, scale: Rows, layers: tuple[Network, ...], rows: Rows, labels: NDArray[np.intp]) -> float:
    """The temperature under which the held-out groups are most likely."""
    scores = Model(mean, scale, layers, 1.0, "").scores(rows)

    def cost(temperature: float) -> float:
        x = scores / temperature
        top = x.max(1)
        return float((np.log(np.exp(x - top[:, None]).sum(1)) + top - x[np.arange(len(x)), labels]).mean())

    return float(min(np.geomspace(0.5, 6, 60), key=cost))


def to_bytes(mean: Rows, scale: Rows, layers: tuple[Network, ...], temperature: float) -> bytes:
    """A model as bytes, the same bytes for the same arrays."""
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "networks": np.array(len(layers)),
        "depth": np.array(len(layers[0])),
        "mean": mean.astype(np.float32),
        "scale": scale.astype(np.float32),
        "temperature": np.array(temperature),
    }
    for n, network in enumerate(layers):
        for d, (weights, bias) in enumerate(network):
            arrays[f"w{n}_{d}"], arrays[f"b{n}_{d}"] = weights, bias
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()

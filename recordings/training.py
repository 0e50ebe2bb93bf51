"""Train the classifier on labelled sounds and simulated ones, by one command, the same model for the same seed.

What generalises here is what removes the sources' fingerprints: windows of one form (`acoustic.features`), one chain of
augmentation for every class (`recordings.augmentation`), sources drawn evenly, physics on both sides (simulated blasts
and simulated rivals), and edited game shots beside edited game rivals, so that being edited says nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import KERNELS, LABELS, STRIDE, VERSION, Layers, Model, Rows
from acoustic.errors import InputError
from acoustic.features import AFTER_S, BEFORE_S, PICTURE_BANDS, RATE_HZ, SAMPLES, features, pictures, resampled
from acoustic.impulses import detect
from recordings.augmentation import MARGIN_S, augmented
from recordings.simulation import KINDS, LABEL_OF, impulse
from recordings.simulation import RATE_HZ as SIMULATED_HZ
from recordings.sounds import read_sound

Array = NDArray[np.float64]

# Edited or unclear: neither a real shot nor a fair rival.
LEFT_OUT = {"ricochet", "explosion", "artillery", "ir_indoor", "ir_outdoor", "array"}
EDITED = "gunshot_sfx"  # no real shot, but it sounds like those of its pack's doors and metal that are none
BEHIND = {"rain", "sea_waves", "background", "helicopter", "crowd", "engine_idling"}  # what may lie behind an impulse
MOST_PER_CLIP, MOST_EDITED, MOST_BEHIND = 8, 6, 3
CLASS_SHARE = {"gunshot": 0.36, "shock_wave": 0.06, "firework": 0.2, "other": 0.38}
CHANNELS, PICTURED = (16, 32, 48), 64
EPOCHS, BATCH = 12, 256


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
    """How to train: examples drawn, simulated sounds a kind, networks, seed, groups or sources left out."""

    draws: int = 36_000
    simulated: int = 400
    networks: int = 3
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
    found = sorted(detect(sound, SIMULATED_HZ), key=lambda i: -i.level_db)[:2]
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
    return features(windows), pictures(windows)


def train(data: Path, recipe: Recipe) -> bytes:
    """A model as bytes (`acoustic.classify.Model.from_bytes`). Raises InputError where the data is not what it must be.

    Its temperature is set on groups that the networks did not see.
    """
    pool = examples(data, recipe)
    held = [e for e in pool if _held(e.group)]
    if not held:
        raise InputError(f"{data} holds too few groups to set some aside; expected about ten or more")
    rows, seen, labels = drawn([e for e in pool if not _held(e.group)], recipe)
    mean, scale = rows.mean(0), rows.std(0) + np.float32(1e-3)
    seeds = range(recipe.seed, recipe.seed + recipe.networks)
    with ProcessPoolExecutor() as workers:
        networks = tuple(workers.map(partial(_network, seen, labels), seeds))
    model = Model(mean, scale, networks, 1.0, "")
    _, unseen, truth = drawn(held, replace(recipe, draws=recipe.draws // 6, seed=recipe.seed + 1000))
    return to_bytes(replace(model, temperature=_temperature(model.scores(unseen), truth)))


def _held(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] % 6 == 0


def _network(seen: Rows, labels: NDArray[np.intp], seed: int) -> Layers:
    import torch  # only the training extra has it

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # sums in one order: the same bytes for the same seed
    net = in_torch()
    x, y = torch.from_numpy(seen)[:, None], torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-2)
    batch = min(BATCH, len(x))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=EPOCHS * (len(x) // batch))
    net.train()
    for _ in range(EPOCHS):
        for part in torch.split(torch.randperm(len(x))[: len(x) // batch * batch], batch):
            some = x[part]
            if torch.rand(1).item() < 0.5:  # a band that is missing
                low, wide = int(torch.randint(0, 26, (1,))), int(torch.randint(1, 7, (1,)))
                some[:, :, low : low + wide] = -1
            loss = torch.nn.functional.cross_entropy(net(some), y[part], label_smoothing=0.05)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    return exported(net.eval())


def in_torch() -> Any:
    """The network of `acoustic.classify.convolved`, untrained, for pictures (n, 1, PICTURE_BANDS, frames)."""
    import torch
    from torch import nn

    class Pooled(nn.Module):
        """Mean and maximum over time."""

        def forward(self, x: Any) -> Any:
            return torch.cat([x.mean(3), x.amax(3)], 1).flatten(1)

    stack: list[nn.Module] = []
    bands, channels = PICTURE_BANDS, 1
    for size, wide in zip(KERNELS, CHANNELS, strict=True):
        stack += [nn.Conv2d(channels, wide, size, STRIDE, size // 2), nn.BatchNorm2d(wide), nn.ReLU()]
        bands, channels = (bands + STRIDE - 1) // STRIDE, wide
    stack += [Pooled(), nn.Dropout(0.2), nn.Linear(2 * bands * channels, PICTURED), nn.ReLU()]
    return nn.Sequential(*stack, nn.Dropout(0.2), nn.Linear(PICTURED, len(LABELS)))


def exported(net: Any) -> Layers:
    """What `in_torch` built, as matrices: the norms folded into the convolutions, channels last."""
    modules = [m for m in net if hasattr(m, "weight")]
    layers: list[tuple[Array, Array]] = []
    for convolution, norm in zip(modules[0 : 2 * len(KERNELS) : 2], modules[1 : 2 * len(KERNELS) : 2], strict=True):
        gain = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        weights = _array(convolution.weight).transpose(2, 3, 1, 0)
        bias = (_array(convolution.bias) - _array(norm.running_mean)) * gain + _array(norm.bias)
        layers.append((weights.reshape(-1, len(gain)) * gain, bias))
    first, last = modules[2 * len(KERNELS) :]
    by_channel = _array(first.weight).reshape(PICTURED, 2 * CHANNELS[-1], -1)
    layers.append((by_channel.transpose(2, 1, 0).reshape(-1, PICTURED), _array(first.bias)))
    layers.append((_array(last.weight).T, _array(last.bias)))
    return tuple((np.ascontiguousarray(w, dtype=np.float32), b.astype(np.float32)) for w, b in layers)


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().numpy(), dtype=np.float64)


def _temperature(scores: Array, labels: NDArray[np.intp]) -> float:
    """The temperature under which the held-out groups are most likely."""

    def cost(temperature: float) -> float:
        x = scores / temperature
        top = x.max(1)
        return float((np.log(np.exp(x - top[:, None]).sum(1)) + top - x[np.arange(len(x)), labels]).mean())

    return float(min(np.geomspace(0.5, 6, 60), key=cost))


def to_bytes(model: Model) -> bytes:
    """A model as bytes, the same bytes for the same arrays."""
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "networks": np.array(len(model.networks)),
        "mean": model.mean.astype(np.float32),
        "scale": model.scale.astype(np.float32),
        "temperature": np.array(model.temperature),
    }
    for n, layers in enumerate(model.networks):
        for d, (weights, bias) in enumerate(layers):
            arrays[f"n{n}_{d}_w"], arrays[f"n{n}_{d}_b"] = weights, bias
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()

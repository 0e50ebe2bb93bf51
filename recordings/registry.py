"""Trained classifiers: kept by the digest of their bytes, measured beside the one in use, then put in its place.

A folder holds `DIGEST.npz`, the model, and `DIGEST.json`, what is known of it: the sources and groups it was trained
on, each evaluation, each activation. None is put in use that was not measured beside the one it replaces.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.reading import content_of
from arrays.whole import keep
from recordings import models, sets
from recordings.scoring.card import Card, differences
from recordings.scoring.classes import Verdict, classification, clips_in, verdicts
from recordings.scoring.figures import recall_at


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where sounds of training are from."""

    name: str
    licence: str
    clips: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How a model does on a set: see `tocsin score`."""

    auc: float
    recall_at_1pct: float
    recall_at_5pct: float
    calibration_error: float
    shots_called_pct: float
    others_called_pct: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A model and another one, by digest, on the same clips. `gained`: by figure, how many percentage points it is
    better, and the 90 % interval.
    """

    at_ms: int
    manifest: str
    part: str
    clips: int
    shots: int
    against: str
    figures: Figures
    theirs: Figures
    gained: dict[str, list[float]]


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """It was put in the place of another one, by whom."""

    at_ms: int
    by: str
    file: str
    instead_of: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model; `manifest`: the SHA-256 of the list that it was trained on."""

    digest: str
    name: str
    by: str
    registered_ms: int
    manifest: str
    sources: list[Source]
    groups: list[str]
    evaluations: list[Evaluation] = []
    activations: list[Activation] = []


def register(folder: Path, file: Path, data: Path, name: str, by: str) -> Entry:
    """Take a model in, with what it was trained on. Raises InputError where it is no model, or is there already."""
    content = content_of(file)
    digest = _model(file, content).digest
    if (folder / f"{digest}.json").exists():
        raise InputError(f"model {digest[:12]} is registered already, as {find(folder, digest).name!r}")
    rows = [row for row in sets.rows_of(data) if row["path"].startswith(f"{sets.TRAIN}/")]
    counts = Counter((row["source"], row["licence"]) for row in rows)
    entry = Entry(
        digest=digest,
        name=name,
        by=by,
        registered_ms=_now_ms(),
        manifest=_sha256(content_of(data / "manifest.csv")),
        sources=[Source(name=source, licence=licence, clips=n) for (source, licence), n in sorted(counts.items())],
        groups=sorted({row["group"] for row in rows}),
    )
    folder.mkdir(parents=True, exist_ok=True)
    keep(folder / f"{digest}.npz", content)
    _keep(folder, entry)
    return entry


def entries(folder: Path) -> list[Entry]:
    """All models of a registry, oldest first. Raises InputError."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; expected one that `tocsin model register` made")
    found = [_entry(path) for path in folder.glob("*.json")]
    return sorted(found, key=lambda e: (e.registered_ms, e.digest))


def find(folder: Path, digest: str) -> Entry:
    """The model whose digest begins so. Raises InputError where there is none, or several."""
    found = [e for e in entries(folder) if e.digest.startswith(digest.lower())]
    if len(found) != 1:
        known = ", ".join(e.digest[:12] for e in entries(folder)) or "none"
        raise InputError(f"{len(found)} models have digests that begin with {digest!r}; there are {known}")
    return found[0]


def evaluate(folder: Path, digest: str, manifest: Path, part: str, against: Path | None) -> Evaluation:
    """Measure a model and the one in use (a file; the shipped one where None) on the same clips, and keep the result.

    Raises InputError where clips are of a group that it was trained on.
    """
    entry, clips = find(folder, digest), clips_in(manifest, part)
    known = sorted({c.group for c in clips} & set(entry.groups))
    if known:
        raise InputError(
            f"{manifest} has clips of {len(known)} groups that {digest[:12]} was trained on, {known[0]!r} among them; "
            "expected other ones (--part evaluate)"
        )
    other = in_use(against)
    here = _model(folder / f"{entry.digest}.npz", content_of(folder / f"{entry.digest}.npz"))
    ours, theirs = (verdicts(manifest.parent, clips, model) for model in (here, other))
    before, now = (Card(sets=[], method="", verdicts=told) for told in (theirs, ours))
    made = Evaluation(
        at_ms=_now_ms(),
        manifest=_sha256(content_of(manifest)),
        part=part,
        clips=len(clips),
        shots=sum(clip.shot for clip in clips),
        against=other.digest,
        figures=_figures(ours, classification(clips, ours)),
        theirs=_figures(theirs, classification(clips, theirs)),
        gained=differences(before, now),
    )
    _keep(folder, msgspec.structs.replace(entry, evaluations=[*entry.evaluations, made]))
    return made


def activate(folder: Path, digest: str, file: Path, by: str) -> Activation:
    """Put a model in the file that a node's settings name. Raises InputError where it was not measured beside what is
    in use there, ResourceError where the file cannot be written.
    """
    entry, used = find(folder, digest), in_use(file if file.exists() else None)
    if entry.digest == used.digest:
        raise InputError(f"model {entry.digest[:12]} is in {file} already")
    if not any(e.against == used.digest for e in entry.evaluations):
        raise InputError(
            f"model {entry.digest[:12]} was not measured beside the one in use, {used.digest[:12]}; expected "
            "`tocsin model evaluate` first"
        )
    made = Activation(at_ms=_now_ms(), by=by, file=str(file), instead_of=used.digest)
    keep(file, content_of(folder / f"{entry.digest}.npz"))
    file.chmod(0o644)  # a node may run as another user
    _keep(folder, msgspec.structs.replace(entry, activations=[*entry.activations, made]))
    return made


def in_use(file: Path | None) -> Model:
    """The model in a file; the shipped one where there is none. Raises InputError."""
    return Model.from_bytes(models.default()) if file is None else _model(file, content_of(file))


def _figures(told: Sequence[Verdict], card: dict[str, float]) -> Figures:
    shots, others = (np.array([v.gunshot for v in told if v.shot is side]) for side in (True, False))
    names = ("auc", "calibration_error", "shots_called_pct", "others_called_pct")
    return Figures(
        **{name: round(card[name], 4) for name in names},
        recall_at_1pct=round(recall_at(shots, others, 0.01), 4),
        recall_at_5pct=round(recall_at(shots, others, 0.05), 4),
    )


def _entry(path: Path) -> Entry:
    try:
        return msgspec.json.decode(content_of(path), type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not what `tocsin model register` writes: {error}") from error


def _keep(folder: Path, entry: Entry) -> None:
    keep(folder / f"{entry.digest}.json", msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n")


def _model(path: Path, content: bytes) -> Model:
    try:
        return Model.from_bytes(content)
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

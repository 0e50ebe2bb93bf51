"""Sets of labelled clips: a folder with `manifest.csv`, every clip with its source, its licence and its group.

A group is what clips have in common beyond their class (a recording, a day, a gun): the classifier learns that too, so
a group is in one part only, `train/` or `evaluate/`, drawn by its name. What is under `evaluate/` no training reads.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from acoustic.errors import InputError, ResourceError
from arrays.whole import keep, write_whole
from recordings.formats.labels import Label
from recordings.sounds import read_sound

COLUMNS = ("path", "class", "source", "licence", "group", "seconds", "by", "sha256")
NEEDED = ("path", "class", "source", "licence", "group")
TRAIN, EVALUATE = PARTS = ("train", "evaluate")
EVALUATE_SHARE = 0.25
BEFORE_S, AFTER_S, APART_S = 1.0, 2.0, 0.1  # of sound around a label; to another label's begin
UNLABELLED = ("", "unknown")
NAME = re.compile(r"[a-z][a-z0-9_]*")
OUTSIDE = re.compile(r"[/\\\x00-\x1f]")  # what a file's name cannot hold


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a clip's row says besides its class: where the sound is from, under what licence, who labelled it, its
    group; where one is empty the label's own column of that name says it. Without any a file is its own group; `part`
    empty: it is drawn.
    """

    source: str = ""
    licence: str = ""
    by: str = ""
    group: str = ""
    part: str = ""


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The rows of a set. Raises InputError naming file and column."""
    path = folder / "manifest.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
                raise InputError(f"{path} has no column {missing[0]}; expected {', '.join(NEEDED)}")
            rows = list(reader)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV: {error}") from error
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(f"{path}, line {number} has not as many columns as its head")
    return rows


def add(folder: Path, labels: Sequence[Label], about: About) -> list[str]:
    """Cut a clip of each label that names a class, and write it into the set; its paths in the set, in order.

    Raises InputError where a label, or what is told about it, cannot be used, ResourceError where a file cannot be
    written; then the set's list is as it was.
    """
    rows = rows_of(folder) if (folder / "manifest.csv").exists() else []
    parts = {row["group"]: row["path"].partition("/")[0] for row in rows}
    new = [_clip(folder, one, labels, about, parts) for one in labels if one.text not in UNLABELLED]
    if not new:
        raise InputError("no label names a class; expected gunshot, firework, other or another sound's name")
    names = list(dict.fromkeys([*(rows[0] if rows else COLUMNS), *COLUMNS]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, *new])
    keep(folder / "manifest.csv", text.getvalue().encode())
    return [row["path"] for row in new]


def part_of(group: str) -> str:
    """The part that a group is drawn into: the same on every machine, whatever else is in the set."""
    draw = int.from_bytes(hashlib.sha256(f"part {group}".encode()).digest()[:4], "big") / 2**32
    return EVALUATE if draw < EVALUATE_SHARE else TRAIN


def _about(one: Label, about: About) -> About:
    """What the row of one label says."""
    told = {name: getattr(about, name) or one.extra.get(name, "") for name in ("source", "licence", "by", "group")}
    for name in ("source", "licence", "by"):
        if not told[name].strip():
            raise InputError(f"{name} is empty; expected it told for all labels, or as a column of theirs")
    return replace(about, **told)


def _clip(folder: Path, one: Label, every: Sequence[Label], about: About, parts: dict[str, str]) -> dict[str, str]:
    """The row of a label whose sound is written; it ends before another label begins."""
    about = _about(one, about)
    if NAME.fullmatch(one.text) is None:
        raise InputError(f"label {one.text[:40]!r} is no class; expected small letters, digits and _")
    sound, stem = read_sound(one.file), Path(one.file).stem
    if one.begin_s * sound.rate_hz >= sound.samples.shape[1]:
        raise InputError(f"{one.file} has no second {one.begin_s:g}; expected a label within it")
    group = about.group or f"{about.source} {stem}"
    part = parts.setdefault(group, about.part or part_of(group))
    if about.part and part != about.part:
        raise InputError(f"group {group!r} is in {part}/ already; expected one part for all of a group")
    near = [o for o in every if (o.file, o.channel) == (one.file, one.channel) and o is not one]
    begin_s = max([one.begin_s - BEFORE_S, 0.0, *(o.end_s + APART_S for o in near if o.end_s < one.begin_s)])
    begin_s = min(begin_s, one.begin_s)
    end_s = min([one.end_s + AFTER_S, *(o.begin_s - APART_S for o in near if o.begin_s > one.end_s)])
    first, last = round(begin_s * sound.rate_hz), round(max(end_s, one.end_s + APART_S) * sound.rate_hz)
    samples = sound.samples[one.channel or 0, first:last]
    channel = "" if one.channel is None else f"-{one.channel}"
    source = OUTSIDE.sub("_", about.source)
    path = f"{part}/{one.text}/{source}__{stem}{channel}-{round(1e3 * one.begin_s)}.flac"
    if (folder / path).exists():
        raise InputError(f"{path} is in the set already; expected labels that are new to it")
    content = io.BytesIO()
    soundfile.write(content, samples, round(sound.rate_hz), format="FLAC", subtype="PCM_24")
    try:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, content.getvalue())
    except OSError as error:
        raise ResourceError(f"{folder / path} cannot be written: {error.strerror}") from error
    told = (path, one.text, about.source, about.licence, group, f"{len(samples) / sound.rate_hz:.3f}", about.by)
    return dict(zip(COLUMNS, (*told, hashlib.sha256(content.getvalue()).hexdigest()), strict=True))


def summary(rows: Sequence[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    """By part, source, licence and class: how many clips, of how many groups."""
    counts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows:
        counts[row["path"].partition("/")[0], row["source"], row["licence"], row["class"]].append(row["group"])
    for key, groups in sorted(counts.items()):
        yield *key, str(len(groups)), str(len(set(groups)))


def problems(folder: Path, rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """What is wrong with a set, a sentence each."""
    parts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        parts[row["group"]].add(row["path"].partition("/")[0])
        yield from (f"{row['path']} has no {name}" for name in ("source", "licence", "group") if not row[name].strip())
        if not (folder / row["path"]).is_file():
            yield f"{row['path']} is not there"
    yield from (f"group {group!r} is in {' and '.join(sorted(p))}" for group, p in parts.items() if len(p) > 1)
    yield from (f"{path} is listed {n} times" for path, n in Counter(row["path"] for row in rows).items() if n > 1)
    yield from (
        f"{row['path']} is in neither {TRAIN}/ nor {EVALUATE}/"
        for row in rows
        if row["path"].partition("/")[0] not in PARTS
    )

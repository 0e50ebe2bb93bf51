"""`tocsin classify`: the impulses in sound files, and what each one is."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from acoustic.classify import LABELS, Model, Rows, label, through
from acoustic.errors import InputError
from acoustic.features import NAMES, described, window
from acoustic.impulses import detect
from recordings.models import default
from recordings.sounds import for_each_file, paths_given, read_sound, table


def impulses_of(path: str, model: Model, why: bool) -> list[dict[str, Any]]:
    """The classified impulses of one file, in order of time. Raises InputError."""
    sound = read_sound(path)
    found = detect(sound.samples, sound.rate_hz)
    if not found:
        return []
    windows = np.stack([window(sound.samples[i.channel], sound.rate_hz, i.onset_sample) for i in found])
    lines = []
    rows, seen = described(windows)
    # a file has one listener; in a network a faint arrival of a distant shot is expected, so a node does not do this
    said = model.decided(model.scores(rows, seen), np.array([i.snr_db for i in found]))
    for impulse, row, odds in zip(found, rows, said, strict=True):
        line: dict[str, Any] = {
            "file": path,
            "channel": impulse.channel,
            "onset_s": round(impulse.onset_sample / sound.rate_hz, 6),
            "snr_db": round(impulse.snr_db, 1),
            "gunshot": round(float(odds[0]), 6),
            "label": label(odds),
            "probabilities": {name: round(float(p), 6) for name, p in zip(LABELS, odds, strict=True)},
        }
        if why:
            line["why"] = reasons(row, model)
        lines.append(line)
    return lines


def reasons(row: Rows, model: Model, most: int = 4) -> dict[str, dict[str, float]]:
    """Which features lie furthest from the training sounds, in their standard deviations; and what speaks for a gunshot
    and against it: by how much each feature, or the mel bands of a time slot, changes the dense networks' log-odds of
    one, were it as in the mean of the training sounds.
    """
    off = (row - model.mean) / model.scale
    parts: dict[str, list[int]] = {}
    for index, name in enumerate(NAMES):
        parts.setdefault(name.rsplit("_", 1)[0] if name.startswith("mel_") else name, []).append(index)
    altered = np.repeat(row[None], len(parts) + 1, axis=0)
    for n, indices in enumerate(parts.values()):
        altered[n, indices] = model.mean[indices]
    shot = through(altered, model.dense).mean(0)
    odds = shot[:, 0] - shot[:, 1:].max(1)
    told = {name: round(float(odds[-1] - odds[n]), 2) for n, name in enumerate(parts)}
    ordered = sorted(told, key=lambda name: -told[name])
    return {
        "unusual": {NAMES[i]: round(float(off[i]), 1) for i in np.argsort(-np.abs(off))[:most]},
        "for": {name: told[name] for name in ordered[:most] if told[name] > 0},
        "against": {name: told[name] for name in ordered[: -most - 1 : -1] if told[name] < 0},
    }


def model_of(path: Path) -> Model:
    """The model in a file. Raises InputError, with the file's name, where there is none."""
    if not path.is_file():
        raise InputError(f"{path}: no such model file")
    try:
        return Model.from_bytes(path.read_bytes())
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error


def main(argv: list[str]) -> int:
    """Print one line an impulse; see --help."""
    parser = argparse.ArgumentParser(prog="tocsin classify", description="Find impulses and say what each one is.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV or FLAC; '-' reads paths from standard input")
    parser.add_argument("--format", choices=["jsonl", "table"], default="table", help="default: table")
    parser.add_argument("--model", type=Path, help="a model file in place of the shipped one")
    parser.add_argument(
        "--why",
        action="store_true",
        help="add what is unusual about each impulse, what speaks for a gunshot and what against",
    )
    options = parser.parse_args(argv)
    model = model_of(options.model) if options.model else Model.from_bytes(default())
    found = for_each_file(partial(impulses_of, model=model, why=options.why), paths_given(options.files))
    if options.format == "jsonl":
        for lines in found:
            for line in lines:
                print(json.dumps(line))
        return 0
    head = ("file", "channel", "onset (s)", "snr (dB)", "label", "gunshot")
    for text in table(
        [_row(x, options.why) for lines in found for x in lines],
        (*head, "for and against a gunshot") if options.why else head,
    ):
        print(text)
    return 0


def _row(line: dict[str, Any], why: bool) -> tuple[str, ...]:
    onset, snr, gunshot = f"{line['onset_s']:.6f}", f"{line['snr_db']:.1f}", f"{line['gunshot']:.2f}"
    row = line["file"], str(line["channel"]), onset, snr, line["label"], gunshot
    if not why:
        return row
    told = {**line["why"]["for"], **line["why"]["against"]}
    return (*row, ", ".join(f"{name} {odds:+.1f}" for name, odds in told.items()))

"""`tocsin classify`: the impulses in sound files, and what each one is."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from acoustic.classify import LABELS, Model, label
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
            line["why"] = unusual(row, model)
        lines.append(line)
    return lines


def unusual(row: np.ndarray[Any, np.dtype[np.float32]], model: Model, most: int = 6) -> dict[str, float]:
    """The features that lie furthest from the training sounds, in their standard deviations."""
    off = (row - model.mean) / model.scale
    return {NAMES[i]: round(float(off[i]), 1) for i in np.argsort(-np.abs(off))[:most]}


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
    parser.add_argument("--why", action="store_true", help="add what is unusual about each impulse")
    options = parser.parse_args(argv)
    model = model_of(options.model) if options.model else Model.from_bytes(default())
    found = for_each_file(partial(impulses_of, model=model, why=options.why), paths_given(options.files))
    if options.format == "jsonl":
        for lines in found:
            for line in lines:
                print(json.dumps(line))
        return 0
    rows = [
        (x["file"], str(x["channel"]), f"{x['onset_s']:.6f}", f"{x['snr_db']:.1f}", x["label"], f"{x['gunshot']:.2f}")
        for lines in found
        for x in lines
    ]
    for text in table(rows, ("file", "channel", "onset (s)", "snr (dB)", "label", "gunshot")):
        print(text)
    return 0

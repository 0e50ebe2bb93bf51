"""`tocsin model`: train the classifier from labelled sounds, or see how it does on sources it was not trained on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recordings.left_out import Score, compared
from recordings.sounds import table
from recordings.training import Recipe, train

HEAD = ("left out", "networks", "seed", "shots", "others", "recall at 1 %", "at 5 %", "AUC", "calibration error")


def main(argv: list[str]) -> int:
    """Train and write a model, or compare; see --help."""
    parser = argparse.ArgumentParser(prog="tocsin model", description="Train the classifier.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("train", help="train a model on labelled sounds and simulated ones")
    verb.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and train/")
    verb.add_argument("--out", type=Path, required=True, help="model file to write (.npz)")
    verb.add_argument(
        "--leave-out", action="append", default=[], metavar="GROUP", help="group or source to train without"
    )
    verb.add_argument("--seed", type=int, default=1)
    verb = verbs.add_parser("compare", help="score models trained without a source on that source's shots")
    verb.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and train/")
    verb.add_argument(
        "--leave-out", action="append", required=True, metavar="GROUP", help="group or source of shots, once for each"
    )
    verb.add_argument("--seed", action="append", type=int, help="once for each; default: 1")
    verb.add_argument("--draws", type=int, default=Recipe().draws, help="examples to train on (default: %(default)s)")
    options = parser.parse_args(argv)
    if options.verb == "compare":
        return _compare(options)
    data = train(options.data, Recipe(seed=options.seed, leave_out=tuple(options.leave_out)))
    options.out.write_bytes(data)
    print(f"{options.out}: {len(data)} bytes", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    seeds = tuple(options.seed or [1])
    found = list(compared(options.data, tuple(options.leave_out), Recipe(draws=options.draws, seed=seeds[0]), seeds))
    for text in table([_row(score) for score in found], HEAD):
        print(text)
    return 0


def _row(score: Score) -> tuple[str, ...]:
    counts = (score.left_out, score.kind, str(score.seed), str(score.shots), str(score.others))
    shares = (score.recall_1, score.recall_5, score.auc, score.calibration)
    return *counts, *(f"{share:.3f}" for share in shares)

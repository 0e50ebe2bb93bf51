"""`tocsin model`: label sounds, train the classifier on them, and put it in use once it was measured."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recordings.commands import model_registry, model_sets

if TYPE_CHECKING:
    from recordings.left_out import Score

HEAD = (
    "left out",
    "networks",
    "seed",
    "shots",
    "others",
    "recall at 1 %",
    "at 5 %",
    "AUC",
    "calibration error",
    "temperature",
)


def main(argv: list[str]) -> int:
    """Do what the verb says; see --help."""
    parser = argparse.ArgumentParser(
        prog="tocsin model",
        description="Label sounds, train the classifier on them, and put it in use once it was measured.",
        epilog="In order: label, add, sets, train, register, evaluate, activate. Each has its own --help.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    model_sets.add_verbs(verbs)
    verb = verbs.add_parser("train", help="train a model on labelled sounds and simulated ones")
    verb.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and train/")
    verb.add_argument("--out", type=Path, required=True, help="model file to write (.npz)")
    verb.add_argument(
        "--leave-out", action="append", default=[], metavar="GROUP", help="group or source to train without"
    )
    verb.add_argument("--seed", type=int, default=1)
    verb.set_defaults(run=_train)
    verb = verbs.add_parser("compare", help="score models trained without a source on that source's shots")
    verb.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and train/")
    verb.add_argument(
        "--leave-out", action="append", required=True, metavar="GROUP", help="group or source of shots, once for each"
    )
    verb.add_argument("--seed", action="append", type=int, help="once for each; default: 1")
    verb.add_argument("--draws", type=int, help="examples to train on (default: as `train`)")
    verb.set_defaults(run=_compare)
    model_registry.add_verbs(verbs)
    options = parser.parse_args(argv)
    return int(options.run(options))


def _train(options: argparse.Namespace) -> int:
    from recordings.training import Recipe, train

    data = train(options.data, Recipe(seed=options.seed, leave_out=tuple(options.leave_out)))
    options.out.write_bytes(data)
    print(f"{options.out}: {len(data)} bytes", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from recordings.left_out import compared
    from recordings.sounds import table
    from recordings.training import Recipe

    seeds = tuple(options.seed or [1])
    recipe = Recipe(draws=options.draws or Recipe().draws, seed=seeds[0])
    found = list(compared(options.data, tuple(options.leave_out), recipe, seeds))
    for text in table([_row(score) for score in found], HEAD):
        print(text)
    return 0


def _row(score: Score) -> tuple[str, ...]:
    counts = (score.left_out, score.kind, str(score.seed), str(score.shots), str(score.others))
    shares = (score.recall_1, score.recall_5, score.auc, score.calibration)
    return *counts, *(f"{share:.3f}" for share in shares), f"{score.temperature:.2f}"

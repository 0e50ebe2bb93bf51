"""`tocsin model train`: train the classifier from labelled sounds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recordings.training import Recipe, train


def main(argv: list[str]) -> int:
    """Train and write a model; see --help."""
    parser = argparse.ArgumentParser(prog="tocsin model", description="Train the classifier.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("train", help="train a model on labelled sounds and simulated ones")
    verb.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and train/")
    verb.add_argument("--out", type=Path, required=True, help="model file to write (.npz)")
    verb.add_argument(
        "--leave-out", action="append", default=[], metavar="GROUP", help="group or source to train without"
    )
    verb.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    data = train(options.data, Recipe(seed=options.seed, leave_out=tuple(options.leave_out)))
    options.out.write_bytes(data)
    print(f"{options.out}: {len(data)} bytes", file=sys.stderr)
    return 0

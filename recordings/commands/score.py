"""`tocsin score`: how well labelled recordings are located, detected and classified."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from acoustic.errors import InputError


def main(argv: list[str]) -> int:
    """Print a scorecard; see --help."""
    asked = _parse(argv)
    import msgspec

    from acoustic.classify import Model
    from recordings import models
    from recordings.commands.classify import model_of
    from recordings.method import changed
    from recordings.scoring.card import differences, read_card, score
    from recordings.scoring.picture import card_svg
    from recordings.scoring.words import markdown

    for path in asked.paths:
        if path.suffix != ".csv" and not path.is_dir():
            raise InputError(f"{path} is neither a folder of labelled sessions nor a manifest (.csv) of clips")
    earlier = read_card(asked.against) if asked.against else None
    model = model_of(asked.model) if asked.model else Model.from_bytes(models.default())
    card = score(asked.paths, model, changed(asked.set), asked.part, asked.answers, arrivals=asked.arrivals)
    if asked.picture:
        asked.picture.write_text(card_svg(card, earlier))
    gained = differences(earlier, card) if earlier else None
    if asked.format == "json":
        told = msgspec.to_builtins(card) | ({"against": gained} if gained is not None else {})
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
        return 0
    for line in markdown(card, gained, asked.picture.name if asked.picture else ""):
        sys.stdout.write(f"{line}\n")
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin score",
        description="Score location, detection, latency, calibration and class on labelled recordings.",
        epilog="Labelled are: a session with truth.json, as `tocsin scene` writes it; the Pittsburgh tests, with their "
        "survey and arrival sets; a manifest of clips with the columns path, class, source and group.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a labelled session, a tree of them, or a manifest (.csv) of clips",
    )
    parser.add_argument("--format", choices=["markdown", "json"], default="markdown", help="default: markdown")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw the curves as well")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with an earlier card (its --format json)")
    parser.add_argument("--part", default="", help="of a manifest only clips whose path begins so, such as evaluate")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="score these located shots (tocsin replay --format jsonl) in place of a replay: location only",
    )
    parser.add_argument(
        "--arrivals",
        action="store_true",
        help="locate also the arrivals that the Pittsburgh tests come with: of one shot each, from all sensors and "
        "from some drawn at random; and every pulse of an incident",
    )
    parser.add_argument("--model", type=Path, help="a classifier's file (default: the shipped one)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting, as for tocsin replay"
    )
    return parser.parse_args(argv)

"""`tocsin model register | list | evaluate | activate`: which classifier is in use, and why it may be."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recordings.registry import Entry, Evaluation

HEAD = ("digest", "name", "registered", "by", "sources", "evaluated", "in use since")
FIGURES = (
    ("area under the ROC curve", "auc"),
    ("recall at 1 % false", "recall_at_1pct"),
    ("recall at 5 % false", "recall_at_5pct"),
    ("calibration error", "calibration_error"),
    ("shots called shots, %", "shots_called_pct"),
    ("others called shots, %", "others_called_pct"),
)


def register(asked: argparse.Namespace) -> int:
    """Take a model in."""
    from recordings.registry import register

    entry = register(asked.models, asked.file, asked.data, asked.name, asked.by)
    print(f"{entry.digest[:12]}  {entry.name}: trained on {len(entry.groups)} groups of {len(entry.sources)} sources")
    return 0


def show(asked: argparse.Namespace) -> int:
    """Print all models."""
    from recordings.registry import entries
    from recordings.sounds import table

    for line in table([_row(entry) for entry in entries(asked.models)], HEAD):
        print(line)
    return 0


def evaluate(asked: argparse.Namespace) -> int:
    """Measure a model beside the one in use."""
    from recordings.registry import evaluate

    for line in _told(evaluate(asked.models, asked.digest, asked.set, asked.part, asked.against)):
        print(line)
    return 0


def activate(asked: argparse.Namespace) -> int:
    """Put a model in the place of the one in use."""
    from recordings.registry import activate

    made = activate(asked.models, asked.digest, asked.file, asked.by)
    print(f"{asked.file} holds it now, in place of {made.instead_of[:12]}; a node takes it up when it starts again")
    return 0


def _row(entry: Entry) -> tuple[str, ...]:
    last = entry.activations[-1].at_ms if entry.activations else None
    sources = f"{len(entry.sources)}, {sum(source.clips for source in entry.sources)} clips"
    return (
        entry.digest[:12],
        entry.name,
        _date(entry.registered_ms),
        entry.by,
        sources,
        str(len(entry.evaluations)),
        "–" if last is None else _date(last),
    )


def _told(made: Evaluation) -> list[str]:
    from recordings.sounds import table

    rows = [(name, f"{getattr(made.figures, f):.3f}", f"{getattr(made.theirs, f):.3f}") for name, f in FIGURES]
    told = [f"{made.clips} clips, {made.shots} of them shots; in use is {made.against[:12]}"]
    told += table(rows, ("", "this one", "in use"))
    gained = (f"{name}: {v:+.1f} points ({low:+.1f} to {high:+.1f})" for name, (v, low, high) in made.gained.items())
    return [*told, *gained]


def _date(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d")


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verbs' options."""
    verb = verbs.add_parser("register", help="keep a trained model, with the sources and licences of its sounds")
    verb.add_argument("file", type=Path, metavar="MODEL", help="what `tocsin model train` wrote")
    verb.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the set it was trained on")
    verb.add_argument("--name", required=True, metavar="TEXT", help="what to call it")
    verb.add_argument("--by", required=True, metavar="NAME", help="who registers it")
    verb.set_defaults(run=register)
    _of(verb)
    verb = verbs.add_parser("list", help="the registered models")
    verb.set_defaults(run=show)
    _of(verb)
    verb = verbs.add_parser("evaluate", help="measure a registered model beside the one in use, on the same clips")
    verb.add_argument("digest", metavar="DIGEST", help="or how it begins")
    verb.add_argument("--set", type=Path, required=True, metavar="manifest.csv", help="labelled clips it never saw")
    verb.add_argument("--part", default="evaluate/", help="only clips whose path begins so (default: evaluate/)")
    verb.add_argument("--against", type=Path, metavar="MODEL", help="the file in use (default: the shipped model)")
    verb.set_defaults(run=evaluate)
    _of(verb)
    verb = verbs.add_parser("activate", help="write a model into the file that a node's settings name as `model`")
    verb.add_argument("digest", metavar="DIGEST", help="or how it begins")
    verb.add_argument("file", type=Path, metavar="FILE", help="where it is absent, the shipped model is what is in use")
    verb.add_argument("--by", required=True, metavar="NAME", help="who decides it")
    verb.set_defaults(run=activate)
    _of(verb)


def _of(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--models", type=Path, default=Path("tocsin-models"), metavar="FOLDER", help="default: %(default)s"
    )

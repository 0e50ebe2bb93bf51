"""`tocsin model label | add | sets`: sounds labelled by hand, and the sets that they are kept in."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from acoustic.errors import InputError
from arrays.reading import text_of
from arrays.whole import keep
from recordings.formats import labels
from recordings.formats.labels import Label

HEAD = ("part", "source", "licence", "class", "clips", "groups")


def label(asked: argparse.Namespace) -> int:
    """Play each impulse and keep what the person at the keys says it was."""
    from recordings.labelling import by_hand, help_line, player

    done = _read(asked.out, None) if asked.out.exists() else []
    told = {(one.file, one.channel, round(one.begin_s, 3)) for one in done}
    every = _read(asked.labels, asked.files) if asked.labels else list(_found(asked.files))
    left = [one for one in every if (one.file, one.channel, round(one.begin_s, 3)) not in told]
    if not left:
        print(f"nothing is left to label: {asked.out} has {len(done)} labels")
        return 0
    play = player()
    print(help_line())
    for given in by_hand(left, play, print, _keys()):
        extra = [replace(one, extra={**one.extra, "by": asked.by}) for one in given]
        _write(asked.out, [*done, *extra])
    return 0


def add(asked: argparse.Namespace) -> int:
    """Cut labelled clips into a set."""
    from recordings.sets import About, add

    marked = _read(asked.labels, asked.files)
    about = About(source=asked.source, licence=asked.licence, by=asked.by, group=asked.group, part=asked.part)
    asked.data.mkdir(parents=True, exist_ok=True)
    for path in add(asked.data, marked, about):
        print(path)
    return 0


def sets(asked: argparse.Namespace) -> int:
    """Print what is in a set; 1 where something is wrong with it."""
    from recordings.sets import problems, rows_of, summary
    from recordings.sounds import table

    rows = rows_of(asked.data)
    for line in table(summary(rows), HEAD):
        print(line)
    wrong = list(problems(asked.data, rows))
    for sentence in wrong:
        print(f"tocsin model: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def _found(files: Sequence[str]) -> Iterator[Label]:
    """The impulses of sound files, not labelled yet."""
    from recordings.commands.detect import impulses_of
    from recordings.sounds import for_each_file

    if not files:
        raise InputError("no sound file is given; expected one or more")
    for found in for_each_file(impulses_of, list(files)):
        for line in found.lines:
            at_s = line["onset_s"]
            yield Label(begin_s=at_s, end_s=at_s, file=line["file"], channel=line["channel"])


def _read(path: Path, files: Sequence[str] | None) -> list[Label]:
    """The labels of a file; those that name no sound file are of the one given. Raises InputError."""
    text = text_of(path)
    if (kind := labels.kind_of(text)) is None:
        raise InputError(f"{path} holds no labels; expected {', '.join(labels.READERS)}")
    try:
        found = labels.READERS[kind](text)
        return [_placed(one, files, path.parent) for one in found] if files is not None else found
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _placed(one: Label, files: Sequence[str], folder: Path) -> Label:
    """A label with the path of its file: Raven tells only the name, Audacity nothing; one that is not found from here
    may lie beside the labels.
    """
    if not one.file and len(files) != 1:
        raise InputError(f"it names no sound file, and {len(files)} are given; expected one FILE")
    if not one.file:
        return replace(one, file=files[0])
    beside = folder / one.file
    own = str(beside) if beside.exists() and not Path(one.file).exists() else one.file
    return replace(one, file=next((f for f in files if Path(f).name == Path(one.file).name), own))


def _write(path: Path, given: Sequence[Label]) -> None:
    form = {".jsonl": "jsonl", ".csv": "csv"}.get(path.suffix.lower(), "raven")
    keep(path, labels.WRITERS[form](given).encode())


def _keys() -> Iterator[str]:
    """The keys that are pressed, or the lines of standard input where it is no terminal."""
    if not sys.stdin.isatty():
        yield from (line.strip() for line in sys.stdin)
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        while True:
            tty.setcbreak(descriptor)
            key = os.read(descriptor, 1).decode(errors="replace")
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
            if not key:
                return
            yield key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verbs' options."""
    verb = verbs.add_parser("label", help="play each impulse of sound files, and keep what you say it was")
    verb.add_argument("files", nargs="*", metavar="FILE", help="WAV or FLAC")
    verb.add_argument("--labels", type=Path, metavar="FILE", help="ask about these marks in place of every impulse")
    verb.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help=".csv, .jsonl or .txt (Raven); what is in it is not asked",
    )
    verb.add_argument("--by", required=True, metavar="NAME", help="who labels")
    verb.set_defaults(run=label)
    verb = verbs.add_parser("add", help="cut labelled clips into a set, with their source and licence")
    verb.add_argument(
        "files", nargs="*", metavar="FILE", help="the sound files that the labels are of, where they name none"
    )
    verb.add_argument("--labels", type=Path, required=True, metavar="FILE", help="Raven, Audacity, CSV or JSON lines")
    verb.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the set: made where it is absent")
    told = "(default: as a column of the labels says)"
    verb.add_argument(
        "--source", default="", metavar="NAME", help=f"where the sound is from, such as a campaign {told}"
    )
    verb.add_argument("--licence", default="", metavar="TEXT", help=f"under which it may be used {told}")
    verb.add_argument("--by", default="", metavar="NAME", help=f"who labelled {told}")
    verb.add_argument(
        "--group", default="", metavar="NAME", help=f"what the files have in common {told[:-1]}, else each its own)"
    )
    verb.add_argument(
        "--part",
        choices=["train", "evaluate"],
        default="",
        help="default: drawn by the group's name, a quarter evaluate",
    )
    verb.set_defaults(run=add)
    verb = verbs.add_parser("sets", help="what is in a set, and what is wrong with it")
    verb.add_argument("data", type=Path, metavar="FOLDER", help="with manifest.csv")
    verb.set_defaults(run=sets)

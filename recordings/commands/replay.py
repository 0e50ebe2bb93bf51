"""`tocsin replay`: locate the shots in recorded sessions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from acoustic.errors import InputError

if TYPE_CHECKING:
    from tqdm import tqdm

    from acoustic.classify import Model
    from recordings.method import Settings
    from recordings.printing import Found
    from recordings.replaying import Part, Replayed

INTERRUPTED = 130


def main(argv: list[str]) -> int:
    """Print the located shots; see --help."""
    asked = _parse(argv)
    from recordings.method import changed
    from recordings.replaying import replay_all, sessions_in

    settings = changed(asked.set)
    if files := [path for path in asked.folders if path.is_file()]:
        return _files(asked, files, settings)
    folders = sessions_in(asked.folders)
    model = _model(asked.model)
    keep = asked.evidence is not None
    run = Run(replay_all(folders, model, asked.workers, settings, keep=keep), len(folders), asked.all, keep=keep)
    try:
        for line in lines_of(run, asked, settings.digest(model)):
            sys.stdout.write(f"{line}\n")
    except KeyboardInterrupt:
        run.interrupted = True
    sys.stdout.flush()
    if keep and not run.interrupted:
        _write_evidence(asked.evidence, run.kept, settings, model.digest)
    if run.interrupted:
        print(f"tocsin replay: interrupted; printed is all of {run.progress}", file=sys.stderr)
    return INTERRUPTED if run.interrupted else 0


def _files(asked: argparse.Namespace, files: list[Path], settings: Settings) -> int:
    """Print what is heard in single files."""
    from recordings import one_file
    from recordings.replaying import replay_all
    from recordings.sounds import table

    if len(files) < len(asked.folders) or asked.evidence or asked.against or asked.format == "geojson":
        raise InputError(
            f"{files[0]} is a file, which has no place: it goes with --format table or jsonl, and files only"
        )
    model = _model(asked.model)
    parts = replay_all(files, model, asked.workers, settings, keep=True, read=one_file.session_of)
    told = (answer for part in parts for answer in one_file.answers(part, settings.digest(model)))
    lines = map(json.dumps, told) if asked.format == "jsonl" else table(one_file.rows(told), one_file.HEADS)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin replay",
        description="Locate the shots in recorded sessions, by the same path as live.",
        epilog="Printed is every located impulse but those that the network is sure (p ≥ 0.9) to be no gunshot "
        "(firework, other): a doubtful one is for a person to judge. --all prints those too.",
    )
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a session, a Pittsburgh test folder, or a tree of such folders; or sound files, each by itself: what is "
        "heard in them, since one recorder gives no place",
    )
    add_run_options(parser)
    parser.add_argument("--model", type=Path, help="a classifier's file (default: the shipped one)")
    parser.add_argument("--workers", type=_count, default=0, help="processes (default: as many as cores)")
    parser.add_argument(
        "--evidence",
        type=Path,
        metavar="DIRECTORY",
        help="write a file of evidence of each event there (tocsin verify)",
    )
    asked = parser.parse_args(argv)
    refuse_odd(parser, asked)
    return asked


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What every replay may be told, of sound or of reports."""
    parser.add_argument("--format", choices=["jsonl", "geojson", "table"], default="table", help="default: table")
    parser.add_argument("--all", action="store_true", help="print every located impulse, whatever its class")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a setting for this run, such as detector.step_db=8 or priors.path_s=0.005; may be repeated",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="print instead what became of each shot of an earlier run (its --format jsonl): new, gone, moved",
    )


def refuse_odd(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    """End with a usage error where options do not go together."""
    if asked.against and asked.format == "geojson":
        parser.error("--against prints a table or jsonl, not geojson")


class Run:
    """What replay finds, as it comes, until it ends or somebody interrupts it; with a bar where that is watched."""

    def __init__(self, replayed: Generator[Replayed], sessions: int, everything: bool, *, keep: bool = False) -> None:
        self._replayed, self._sessions, self._everything = replayed, sessions, everything
        self._last: Part | None = None
        self.finished: list[str] = []  # sessions of which nothing is left to come
        self.interrupted = False
        self.kept: list[Replayed] | None = [] if keep else None

    def __iter__(self) -> Iterator[Found]:
        from recordings.printing import Found, chosen

        bar = _bar(self._sessions) if sys.stderr.isatty() else None
        try:
            with closing(self._replayed):
                for one in self._replayed:
                    self._last = part = one.part
                    if part.number == part.of - 1:
                        self.finished.append(part.session.id)
                    shots = chosen(one.shots, self._everything)
                    if self.kept is not None:
                        self.kept.append(replace(one, shots=tuple(shots)))
                    yield Found(session=part.session.id, shots=shots, origin=part.session.origin)
                    if bar is not None:
                        bar.update(1 / part.of)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            if bar is not None:
                bar.close()

    @property
    def progress(self) -> str:
        """How far it came."""
        said, last = f"the first {len(self.finished)} of {self._sessions} sessions", self._last
        if last is None or last.number == last.of - 1:
            return said
        return f"{said}, and the first {last.number + 1} of {last.of} parts of {last.session.id!r}"


def _write_evidence(folder: Path, kept: list[Replayed] | None, settings: Settings, model: str) -> None:
    """A file of evidence for each event that was printed, session by session, and the keys of their sealed parts."""
    from recordings.evidence.of_replay import write_bundles

    folder.mkdir(parents=True, exist_ok=True)
    for _, parts in groupby(kept or [], key=lambda one: id(one.session)):
        for path, key in write_bundles(folder, list(parts), settings.network, model):
            print(f"tocsin replay: wrote {path}; the key of its sealed part is {key}", file=sys.stderr)


def _bar(sessions: int) -> tqdm[None]:
    """A bar with the time left, on standard error."""
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: worker processes are forked
    return tqdm(total=sessions, file=sys.stderr, bar_format="{l_bar}{bar}| {elapsed} gone, {remaining} left")


def lines_of(run: Run, asked: argparse.Namespace, method: str) -> Iterator[str]:
    """What is printed of a run. Raises InputError."""
    from recordings.comparison import compare, read_told
    from recordings.printing import change_lines, shot_lines, told

    if not asked.against:
        yield from shot_lines(run, asked.format, method)
        return
    before = read_told(asked.against)
    now = [shot for one in run for shot in told(one, method)]
    known = [shot for shot in before if shot.session in run.finished]
    since = [shot for shot in now if shot.session in run.finished]
    yield from change_lines(compare(known, since), asked.format)


def _model(path: Path | None) -> Model:
    """The classifier in a file, else the shipped one."""
    from acoustic.classify import Model
    from arrays.reading import content_of
    from recordings import models

    return Model.from_bytes(models.default() if path is None else content_of(path, "model"))


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of processes; expected 1 or more")
    return value

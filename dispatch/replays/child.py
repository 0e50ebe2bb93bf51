"""The process of one replay: `python -m dispatch.replays.child`. On standard input a `Job`, on standard output lines of
`Word`. It gives way to the centre, and ends with it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from acoustic.errors import TocsinError
from dispatch.replays.anew import Anew, Wanted, located_anew
from dispatch.settings import Settings
from dispatch.store import Store
from recordings.printing import change_lines, shot_lines

MOST_SHOTS = 5000
NICER = 10  # than the centre
TOLD_EVERY_S = 0.2


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Of which centre, and what is wanted."""

    settings: Settings
    wanted: Wanted


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, as `tocsin centre replay` prints it: with `--recorded --format jsonl`, `--format jsonl`, and
    `--format geojson` (None at a site that has no place on the globe).
    """

    changes: str
    shots: str
    geojson: str | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to: `events` has the event of each line of `files.changes`, '' of a new shot."""

    method: str
    counts: dict[str, int]
    events: tuple[str, ...]
    files: Files


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The share of arrivals gone through; at the end what came of it, or the problem in one sentence."""

    share: float = 0.0
    result: Result | None = None
    problem: str = ""


def main() -> int:
    """Do the job."""
    os.nice(NICER)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    threading.Thread(target=_end_with_the_centre, daemon=True).start()
    try:
        store = Store(Path(job.settings.data))
        try:
            anew = located_anew(store, job.settings, job.wanted, _Progress(), MOST_SHOTS)
        finally:
            store.close()
        _say(Word(share=1.0, result=_result(anew)))
    except TocsinError as error:
        _say(Word(problem=str(error)))
    return 0


class _Progress:
    """Tells the share, now and then."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def __call__(self, share: float) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + TOLD_EVERY_S
            _say(Word(share=share))


def _result(anew: Anew) -> Result:
    changes = anew.changes()
    return Result(
        method=anew.method,
        counts=dict(Counter(change.change for change, _ in changes)),
        events=tuple(event for _, event in changes),
        files=Files(
            changes=_text(change_lines([change for change, _ in changes], "jsonl")),
            shots=_text(shot_lines([anew.found], "jsonl", anew.method)),
            geojson=_text(shot_lines([anew.found], "geojson", anew.method)) if anew.found.origin else None,
        ),
    )


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _say(word: Word) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_the_centre() -> None:
    """Standard input ends when the centre does, however that comes about."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

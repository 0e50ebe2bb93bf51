"""`tocsin detect`: the impulses in sound files."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from acoustic.impulses import detect
from acoustic.levels import is_mu_law, padding_share
from recordings.sounds import for_each_file, paths_given, read_sound, table


class Line(TypedDict):
    """One impulse, as it is printed."""

    file: str
    channel: int
    onset_s: float
    snr_db: float


@dataclass(frozen=True, slots=True)
class Found:
    """The impulses of one file in order of time, and what its recorder did to it."""

    lines: list[Line]
    done_to_it: list[str]


def impulses_of(path: str) -> Found:
    """Read one file. Raises InputError."""
    sound = read_sound(path)
    impulses = detect(sound.samples, sound.rate_hz)
    lines = [
        Line(
            file=path,
            channel=impulse.channel,
            onset_s=round(impulse.onset_sample / sound.rate_hz, 6),
            snr_db=round(impulse.snr_db, 1),
        )
        for impulse in impulses
    ]
    seen = {
        "clipped impulses": any(i.clipped for i in impulses),
        "8-bit mu-law levels": is_mu_law(sound.samples),
        "padding (runs of exact zeros)": any(padding_share(row) > 0.0 for row in sound.samples),
    }
    return Found(lines, [what for what, is_so in seen.items() if is_so])


def remarks(found: Sequence[Found]) -> list[str]:
    """One line for each thing that recorders did, with the number of files."""
    counts = Counter(what for file in found for what in file.done_to_it)
    return [f"{what}: {number} of {len(found)} files" for what, number in sorted(counts.items())]


def main(argv: list[str]) -> int:
    """Print one line an impulse; see --help."""
    parser = argparse.ArgumentParser(prog="tocsin detect", description="Find the impulses in sound files.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV or FLAC; '-' reads paths from standard input")
    parser.add_argument("--format", choices=["jsonl", "table"], default="table", help="default: table")
    options = parser.parse_args(argv)
    found = []
    for file in for_each_file(impulses_of, paths_given(options.files)):
        found.append(file)
        if options.format == "jsonl":
            for line in file.lines:
                print(json.dumps(line))
    if options.format == "table":
        rows = [
            (x["file"], str(x["channel"]), f"{x['onset_s']:.6f}", f"{x['snr_db']:.1f}") for f in found for x in f.lines
        ]
        for text in table(rows, ("file", "channel", "onset (s)", "snr (dB)")):
            print(text)
    for remark in remarks(found):
        print(remark, file=sys.stderr)
    return 0

"""`tocsin detect`: the impulses in sound files."""

from __future__ import annotations

import argparse
import json
from typing import TypedDict

from acoustic.impulses import detect
from recordings.sounds import for_each_file, paths_given, read_sound, table


class Line(TypedDict):
    """One impulse, as it is printed."""

    file: str
    channel: int
    onset_s: float
    snr_db: float


def impulses_of(path: str) -> list[Line]:
    """The impulses of one file, in order of time. Raises InputError."""
    sound = read_sound(path)
    return [
        Line(
            file=path,
            channel=impulse.channel,
            onset_s=round(impulse.onset_sample / sound.rate_hz, 6),
            snr_db=round(impulse.snr_db, 1),
        )
        for impulse in detect(sound.samples, sound.rate_hz)
    ]


def main(argv: list[str]) -> int:
    """Print one line an impulse; see --help."""
    parser = argparse.ArgumentParser(prog="tocsin detect", description="Find the impulses in sound files.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV or FLAC; '-' reads paths from standard input")
    parser.add_argument("--format", choices=["jsonl", "table"], default="table", help="default: table")
    options = parser.parse_args(argv)
    found = for_each_file(impulses_of, paths_given(options.files))
    if options.format == "jsonl":
        for lines in found:
            for line in lines:
                print(json.dumps(line))
        return 0
    rows = [
        (x["file"], str(x["channel"]), f"{x['onset_s']:.6f}", f"{x['snr_db']:.1f}") for lines in found for x in lines
    ]
    for text in table(rows, ("file", "channel", "onset (s)", "snr (dB)")):
        print(text)
    return 0

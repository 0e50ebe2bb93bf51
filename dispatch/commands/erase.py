"""`tocsin centre erase`: take names and words out of lines of the journal."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from dispatch.keeping.words import erase_words
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.trust.authority import open_authority


def erase(argv: list[str]) -> int:
    """Erase names and words of lines of the journal, for good."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre erase",
        description="Take names and words out of lines of the journal, for good: what was done stays, and how an event "
        "ended. The chain still verifies, and a record of the erasure, signed by the centre, is written in it.",
        epilog="`tocsin centre journal --text NAME` finds the lines. Evidence that was made before keeps its copy.",
    )
    parser.add_argument("lines", nargs="+", type=int, metavar="LINE", help="the lines' numbers")
    parser.add_argument("--by", required=True, metavar="NAME", help="who decides it")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, without the words to be erased")
    parser.add_argument(
        "--data", type=Path, default=Path(Settings().data), metavar="DIR", help="the centre's data folder"
    )
    asked = parser.parse_args(argv)
    key, now_ms = open_authority(asked.data).order_key, time.time_ns() // 1_000_000
    store = Store(asked.data)
    try:
        count = store.write_now(lambda c: erase_words(c, asked.lines, asked.by, asked.because, key, now_ms))
        store.empty_log()
    finally:
        store.close()
    print(f"names and words erased from {count} lines" if count else "nothing was left to erase")
    return 0

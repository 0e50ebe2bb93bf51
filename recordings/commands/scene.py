"""`tocsin scene`: write a synthetic city block as a session, its truth beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from recordings.scene import scene, write_scene


def main(argv: list[str]) -> int:
    """Answer `tocsin scene OUT [--seed N] [--seconds S] [--shots N]`."""
    parser = argparse.ArgumentParser(prog="tocsin scene", description="Write a synthetic city block as a session.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for session.json, truth.json and the sound files")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another city (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=45.0, help="length (default %(default)s)")
    parser.add_argument("--shots", type=int, default=8, help="discharges (default %(default)s)")
    parser.add_argument("--strings", type=int, default=2, help="strings of firecrackers (default %(default)s)")
    parser.add_argument("--slams", type=int, default=2, help="slammed doors (default %(default)s)")
    asked = parser.parse_args(argv)
    made = scene(asked.seed, asked.seconds, asked.shots, strings=asked.strings, slams=asked.slams)
    write_scene(made, asked.out)
    shots = sum(bang.kind == "gunshot" for bang in made.bangs)
    print(f"{asked.out}: {len(made.nodes)} nodes, {made.seconds:g} s, {shots} shots")
    return 0

"""`tocsin import`: other people's recorders as a session."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from acoustic.air import Air
from acoustic.errors import InputError


def main(argv: list[str]) -> int:
    """Import; see --help."""
    asked = _parse(argv)
    from recordings.formats.positions import read_positions
    from recordings.formats.sessions import write_parts
    from recordings.gather import gather

    if not asked.folder.is_dir():
        raise InputError(f"{asked.folder} is not a folder; expected one of sound files")
    positions, origin = read_positions(asked.positions, asked.folder)
    air = Air(temperature_c=asked.temperature_c, wind_east_ms=asked.wind[0], wind_north_ms=asked.wind[1])
    found = gather(asked.out.resolve().name, positions, origin, air, sounds=not asked.believe_clocks)
    said = [*found.said, *write_parts(found.session, found.wholes, asked.out)]
    for sentence in said:
        print(f"tocsin import: {sentence}", file=sys.stderr)
    print(f"{asked.out}: {len(found.session.nodes)} nodes")
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin import",
        description="Make a session of a folder of time-stamped recordings and a CSV of where their recorders stood.",
        epilog="A clock that is unknown, or known to worse than 5 ms, is told by sounds that several recorders heard, "
        "and how surely stands as time_sigma_s in the session; where it cannot be told, nothing is written.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="sound files, in folders where you like")
    parser.add_argument(
        "positions",
        type=Path,
        metavar="POSITIONS.csv",
        help="columns: file (or what the names of a recorder's files begin with) and x, y, z in metres or lat, lon, "
        "height; optional: node, start, time_sigma_s, clock (known or unknown)",
    )
    parser.add_argument("--out", type=Path, metavar="SESSION", required=True, help="the session's folder, a new one")
    parser.add_argument("--temperature-c", type=float, metavar="T", help="of the air (default: unknown, about 15)")
    parser.add_argument(
        "--wind", type=float, nargs=2, default=(None, None), metavar=("EAST", "NORTH"), help="where it blows to, m/s"
    )
    parser.add_argument("--believe-clocks", action="store_true", help="take each recorder's own time as it is")
    return parser.parse_args(argv)

"""`tocsin addresses`: street addresses for the centre, from files, looked up on the centre only."""

from __future__ import annotations

import argparse
from pathlib import Path

from acoustic.errors import InputError
from dispatch.settings import Settings
from dispatch.town.addresses import Addresses, write_addresses
from dispatch.town.files import read_addresses


def main(argv: list[str]) -> int:
    """Run `tocsin addresses …`; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="tocsin addresses",
        description="Addresses for the centre: told beside a place as the nearest, never as the place.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    read = verbs.add_parser("import", help="read a file, in place of what was imported before")
    read.add_argument("file", type=Path, metavar="FILE", help="BAN (.csv), OpenStreetMap (.geojson, .geojsonl); or .gz")
    near = verbs.add_parser("nearest", help="print the address nearest to a place")
    near.add_argument("lat", type=float, help="latitude, degrees")
    near.add_argument("lon", type=float, help="longitude, degrees")
    for verb in (read, near):
        verb.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    arguments = parser.parse_args(argv)
    return _import(arguments) if arguments.verb == "import" else _nearest(arguments)


def _import(arguments: argparse.Namespace) -> int:
    attribution, addresses = read_addresses(arguments.file)
    count = write_addresses(Path(arguments.data), addresses, attribution)
    print(f"{count} addresses ({attribution})")
    return 0


def _nearest(arguments: argparse.Namespace) -> int:
    if not (abs(arguments.lat) <= 90.0 and abs(arguments.lon) <= 180.0):
        raise InputError(f"{arguments.lat}, {arguments.lon} is no place; expected latitude, then longitude, in degrees")
    near = Addresses(Path(arguments.data)).nearest(arguments.lat, arguments.lon)
    print("no address within 300 m" if near is None else near.sentence)
    return 0 if near else 1

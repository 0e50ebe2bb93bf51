"""`tocsin convert`: recordings, labels and located shots from one form to another."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from acoustic.errors import InputError
from arrays.reading import content_of
from arrays.session import Origin
from arrays.whole import keep
from recordings.formats import labels, shots

ENDINGS = {".jsonl": "jsonl", ".geojson": "geojson", ".csv": "csv", ".parquet": "parquet", ".txt": "raven"}
FORMS = ("session", "channels", "jsonl", "csv", "geojson", "parquet", "raven", "audacity")


def main(argv: list[str]) -> int:
    """Convert; see --help."""
    asked = _parse(argv)
    if asked.source.is_dir():
        return _convert_session(asked)
    form = asked.to or ENDINGS.get(asked.target.suffix.lower())
    if form is None or form in ("session", "channels"):
        raise InputError(
            f"{asked.target} ends in no form that is known; expected one of {', '.join(ENDINGS)}, or --to FORM"
        )
    if asked.target.exists():
        raise InputError(f"{asked.target} is there already; expected a name that is free")
    given = content_of(asked.source)
    try:
        content, said = converted(given, form, asked.origin)
    except InputError as error:
        raise InputError(f"{asked.source}: {error}") from error
    keep(asked.target, content)
    _tell(said)
    return 0


def converted(content: bytes, form: str, origin: Origin | None) -> tuple[bytes, list[str]]:
    """A file's content in another form, and sentences about what that form cannot keep. Raises InputError."""
    kind = _kind(content)
    if kind in ("shots-parquet", "shots-jsonl", "shots-geojson", "shots-csv"):
        rows = shots.read_parquet(content) if kind == "shots-parquet" else _text_shots(content, kind)
        return _shots_as(shots.on_the_globe(rows, origin), form), []
    if form not in labels.WRITERS:
        raise InputError(f"holds labels of a recording, which have no place; expected --to {', '.join(labels.WRITERS)}")
    read = labels.READERS[kind](_decoded(content))
    return labels.WRITERS[form](read).encode(), labels.lost(read, form)


def _text_shots(content: bytes, kind: str) -> list[shots.Row]:
    return shots.TEXT_READERS[kind.removeprefix("shots-")](_decoded(content))


def _shots_as(rows: Sequence[shots.Row], form: str) -> bytes:
    if form == "parquet":
        return shots.parquet(rows)
    if form not in shots.TEXT_WRITERS:
        raise InputError(f"holds located shots, which are no marks in a file; expected --to {', '.join(FORMS[2:6])}")
    return shots.TEXT_WRITERS[form](rows).encode()


def _kind(content: bytes) -> str:
    """What a file holds, by its beginning."""
    if content[:4] == b"PAR1":
        return "shots-parquet"
    text = _decoded(content).lstrip()
    first, _, _ = text.partition("\n")
    if text.startswith("{") and '"FeatureCollection"' in text:
        return "shots-geojson"
    if text.startswith("{") and '"ellipse"' in first:
        return "shots-jsonl"
    if "," in first and "ellipse_" in first:
        return "shots-csv"
    if (kind := labels.kind_of(text)) is not None:
        return kind
    raise InputError(
        "holds nothing that is known; expected shots (JSON lines, GeoJSON, CSV, Parquet) or labels "
        "(Raven, Audacity, CSV, JSON lines)"
    )


def _convert_session(asked: argparse.Namespace) -> int:
    from recordings.formats.sessions import write_channels, write_session
    from recordings.replaying import read_any

    form = asked.to or "session"
    if form not in ("session", "channels"):
        raise InputError(f"{asked.source} is a folder of recordings; expected --to session or --to channels")
    session = read_any(asked.source)
    _tell(write_channels(session, asked.target) if form == "channels" else write_session(session, asked.target))
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin convert",
        description="Convert recordings (a session, a Pittsburgh test folder), labels or located shots.",
        epilog="What a form cannot keep is said on standard error. Nothing that exists is overwritten.",
    )
    parser.add_argument("source", type=Path, metavar="FROM", help="a folder of recordings, or a file")
    parser.add_argument("target", type=Path, metavar="TO", help="a new folder, or a new file")
    parser.add_argument(
        "--to",
        choices=FORMS,
        help="the form to write; default: session for a folder, else by the ending of TO (.txt: raven). "
        "channels: one file a channel with positions.csv, which tocsin import reads",
    )
    parser.add_argument(
        "--origin",
        type=_origin,
        metavar="LAT,LON",
        help="where the shots' metres count from, in WGS-84 degrees: GeoJSON needs it",
    )
    return parser.parse_args(argv)


def _origin(text: str) -> Origin:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        lat = lon = math.nan
    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
        raise argparse.ArgumentTypeError(f"{text} is no place; expected LAT,LON in degrees")
    return Origin(lat=lat, lon=lon)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error.reason} at byte {error.start}") from error


def _tell(said: Sequence[str]) -> None:
    for sentence in said:
        print(f"tocsin convert: {sentence}", file=sys.stderr)

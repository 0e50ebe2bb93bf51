"""`tocsin verify`: check a file of evidence."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from acoustic.errors import InputError, ResourceError

if TYPE_CHECKING:
    from recordings.evidence.contents import Evidence
    from recordings.evidence.sealed import Globe
    from recordings.evidence.verify import Finding


def main(argv: list[str]) -> int:
    """Print what was found; 0 where all is good, 1 where something is not. See --help."""
    asked = _parse(argv)
    from recordings.evidence.verify import parse_key

    key = parse_key(asked.centre_key) if asked.centre_key else None
    evidence, findings, globe = checked(asked.bundle, asked.open, key)
    if asked.clips is not None:
        _write_clips(evidence, asked.clips)
    if asked.format == "json":
        print(json.dumps(_answer(evidence, findings, globe)))
    elif asked.format == "geojson":
        print(_map(evidence, globe))
    else:
        for line in [*findings_lines(evidence, findings), *_where(globe)]:
            print(line)
    return 0 if all(f.good for f in findings) else 1


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin verify",
        description="Check every signature and digest in a file of evidence, and locate anew from it alone.",
        epilog="The exit code is 0 where all is as it should be, 1 where something is not, 2 for a damaged file.",
    )
    parser.add_argument("bundle", type=Path, metavar="FILE", help="made by a centre, or by a replay")
    parser.add_argument(
        "--centre-key", metavar="KEY", help="the centre's key, known from elsewhere (it prints it: tocsin centre key)"
    )
    parser.add_argument(
        "--open", action="store_true", help="open the sealed part; its key is asked for, or read from standard input"
    )
    parser.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="write the sound of the shots there, as FLAC files"
    )
    parser.add_argument("--format", choices=["text", "json", "geojson"], default="text", help="default: text")
    asked = parser.parse_args(argv)
    if asked.format == "geojson" and not asked.open:
        parser.error("--format geojson needs --open: where the shots were on the globe is sealed")
    return asked


def checked(
    bundle: Path, sealed: bool, centre_key: bytes | None = None
) -> tuple[Evidence | None, list[Finding], Globe | None]:
    """The bundle, what was found, and its sealed part where that is to be opened; see `verify_bundle`."""
    from recordings.evidence.verify import opened, verify_bundle

    evidence, findings = verify_bundle(bundle, centre_key)
    if evidence is None or not sealed:
        return evidence, findings, None
    globe, more = opened(evidence, _asked_key())
    return evidence, findings + more, globe


def _asked_key() -> str:
    """The key of the sealed part, asked for at the terminal, else a line of standard input. Raises InputError."""
    key = getpass.getpass("key of the sealed part: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise InputError("no key was given; expected the key that was told when the file was made")
    return key


def findings_lines(evidence: Evidence | None, findings: Sequence[Finding]) -> list[str]:
    """What the bundle is about, and a line a finding."""
    return [*_heading(evidence), *(f"{'✓' if f.good else '✗'} {f.text}" for f in findings)]


def _heading(evidence: Evidence | None) -> list[str]:
    if evidence is None:
        return []
    subject = evidence.subject
    made = datetime.fromtimestamp(subject.made_ns * 1e-9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return [f"event {subject.number} ({subject.event}), made {made} UTC for {subject.made_for}"]


def _write_clips(evidence: Evidence | None, folder: Path) -> None:
    """Write each clip as NODE.flac. Raises InputError where there is none to be believed, ResourceError."""
    from arrays.clip import read_clip
    from arrays.whole import write_whole

    if evidence is None or not evidence.clips:
        raise InputError("the file holds no sound that may be believed; expected one made with --clips that verifies")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in evidence.clips:
            write_whole(folder / f"{one.node}.flac", read_clip(one.body).flac)
    except OSError as error:
        raise ResourceError(f"{error.filename or folder} cannot be written: {error.strerror}") from error


def _where(globe: Globe | None) -> list[str]:
    if globe is None:
        return []
    x, y, z = globe.first_node
    of = "the centre's plane" if globe.lat is None else f"{globe.lat:.7f}°, {globe.lon:.7f}°, {globe.height_m:.1f} m"
    return [f"the first node is {x:.2f} m east, {y:.2f} m north, {z:.2f} m up of {of}"]


def _map(evidence: Evidence | None, globe: Globe | None) -> str:
    """The shots on the globe. Raises InputError where nothing may be believed, or nobody told where that is."""
    from recordings.evidence.globe import map_of

    if evidence is None or globe is None:
        raise InputError("the file tells no places that may be believed; expected one that verifies")
    return map_of(globe, evidence)


def _answer(evidence: Evidence | None, findings: list[Finding], globe: Globe | None) -> dict[str, object]:
    from recordings.answers import shot_answer

    return {
        "good": all(f.good for f in findings),
        "findings": [{"good": f.good, "text": f.text} for f in findings],
        "shots": [] if evidence is None else [shot_answer(shot) for shot in evidence.relocated],
        "first_node": None
        if globe is None
        else {"lat": globe.lat, "lon": globe.lon, "height_m": globe.height_m, "offset_m": globe.first_node},
    }

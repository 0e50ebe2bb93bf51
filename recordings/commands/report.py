"""`tocsin report`: what a file of evidence says, for a court to read."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from acoustic.errors import InputError, ResourceError
from arrays.whole import write_whole
from recordings.commands.verify import checked, findings_lines

if TYPE_CHECKING:
    from recordings.evidence.contents import Evidence
    from recordings.report.sound import Cut

SUFFIXES = (".html", ".pdf")


def main(argv: list[str]) -> int:
    """Verify, print what was found, write the report; 0 where all is good, 1 where something is not. See --help."""
    asked = _parse(argv)
    if asked.out is not None and asked.out.suffix not in SUFFIXES:
        raise InputError(f"--out is {str(asked.out)!r}; expected a name that ends in .html or .pdf")
    if asked.bundle.exists() and not asked.bundle.is_file():  # a pipe is empty when its digest is taken
        raise InputError(f"{asked.bundle} is no file; expected one, whose SHA-256 the report tells")
    from recordings.report.document import Checked, report_html
    from recordings.report.printed import report_pdf

    evidence, findings, globe = checked(asked.bundle, asked.open)
    for line in findings_lines(evidence, findings):
        print(line)
    if evidence is None:
        return 1
    out = asked.out or Path(f"event-{evidence.subject.number}.report.{asked.language}.html")
    sha256 = hashlib.sha256(asked.bundle.read_bytes()).hexdigest()
    sounds = _sounds(evidence, asked.recordings) if asked.recordings else {}
    html = report_html(Checked(evidence, sha256, findings, globe, sounds), asked.language)
    _write(out, report_pdf(html) if out.suffix == ".pdf" else html.encode())
    print(f"report: {out}")
    return 0 if all(f.good for f in findings) else 1


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin report",
        description="Check a file of evidence and write what it says as a report: HTML or PDF, in English, French or "
        "Spanish.",
        epilog="The exit code is 0 where all is as it should be, 1 where something is not (the report then says so on "
        "its first page; there is none where a signature is wrong), 2 for a damaged file.",
    )
    parser.add_argument("bundle", type=Path, metavar="FILE", help="made by `tocsin centre evidence`")
    parser.add_argument("--language", choices=["en", "fr", "es"], default="en", help="default: en")
    parser.add_argument(
        "--open",
        action="store_true",
        help="with places on the globe, from the sealed part; its key is asked for, or read from standard input",
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="FOLDER",
        help="the session that was replayed: draw waveforms and spectrograms of its recordings, if they are the ones",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html|FILE.pdf", help="default: event-NUMBER.report.LANGUAGE.html"
    )
    return parser.parse_args(argv)


def _sounds(evidence: Evidence, folder: Path) -> dict[int, tuple[Cut, ...]]:
    from recordings.replaying import read_any
    from recordings.report.rounds import rounds_of
    from recordings.report.sound import check_recordings, cuts, recordings_of

    session = read_any(folder)
    check_recordings(evidence, session)
    return cuts(evidence, rounds_of(evidence), recordings_of(session))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner: it may say where the nodes are."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise ResourceError(f"report {path} cannot be written: {error.strerror}") from error

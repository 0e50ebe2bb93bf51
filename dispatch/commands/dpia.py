"""`tocsin dpia`: the data-protection file of a centre."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from acoustic.errors import InputError
from arrays.whole import write_whole
from dispatch.commands.performance import in_store, settings_arguments, settings_of
from dispatch.dpia.document import as_html, as_markdown, document, found
from recordings.report.language import PAPERS
from recordings.report.printed import report_pdf

SUFFIXES = (".md", ".html", ".pdf")


def main(argv: list[str]) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(
        prog="tocsin dpia",
        description="Write the data-protection file of a centre from its settings and its store: purposes, what is "
        "captured, how long it is kept, who sees what, and the points that are for you to fill in.",
        epilog="No configuration makes a deployment lawful by itself.",
    )
    settings_arguments(parser)
    parser.add_argument("--language", choices=PAPERS, default="en", help="default: en")
    parser.add_argument("--out", type=Path, metavar="FILE.md|.html|.pdf", help="default: Markdown on standard output")
    asked = parser.parse_args(argv)
    out: Path | None = asked.out
    if out is not None and out.suffix not in SUFFIXES:
        raise InputError(f"--out is {str(out)!r}; expected a name that ends in {', '.join(SUFFIXES)}")
    settings = settings_of(asked)
    now = datetime.fromtimestamp(time.time(), UTC)
    file = document(settings, in_store(settings, found), asked.language, now)
    if out is None:
        print(as_markdown(file), end="")
    elif out.suffix == ".md":
        write_whole(out, as_markdown(file).encode())
    else:
        html = as_html(file)
        write_whole(out, report_pdf(html) if out.suffix == ".pdf" else html.encode())
    return 0

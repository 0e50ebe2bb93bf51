"""`tocsin centre log`: the log of a local day (main courante)."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.whole import write_whole
from dispatch.commands.performance import in_store, settings_arguments, settings_of
from dispatch.daylog.printed import log_csv, log_html
from dispatch.daylog.rows import DayLog, day_log
from dispatch.figures.counting import day_of
from dispatch.town.places import Frame, kept_frame
from recordings.report.language import PAPERS
from recordings.report.printed import report_pdf

SUFFIXES = (".csv", ".html", ".pdf")


def log(argv: list[str]) -> int:
    """Write the log of a day."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre log",
        description="Write what happened on a local day: alerts, decisions with names, what came in, nodes' states.",
    )
    settings_arguments(parser)
    parser.add_argument("--day", default="", metavar="YYYY-MM-DD", help="default: today")
    parser.add_argument("--language", choices=PAPERS, default="en", help="default: en")
    parser.add_argument("--out", type=Path, metavar="FILE.csv|.html|.pdf", help="default: CSV on standard output")
    arguments = parser.parse_args(argv)
    out: Path | None = arguments.out
    if out is not None and out.suffix not in SUFFIXES:
        raise InputError(f"--out is {str(out)!r}; expected a name that ends in {', '.join(SUFFIXES)}")
    settings = settings_of(arguments)
    local, now = ZoneInfo(settings.timezone), datetime.fromtimestamp(time.time(), UTC)
    day = day_of("--day", arguments.day) if arguments.day else now.astimezone(local).date()

    def read(connection: sa.Connection) -> DayLog:
        frame = kept_frame(connection, settings.origin) or Frame()
        return day_log(connection, day, local, frame, arguments.language)

    found = in_store(settings, read)
    if out is None:
        print(log_csv(found, arguments.language), end="")
    elif out.suffix == ".csv":
        write_whole(out, log_csv(found, arguments.language).encode("utf-8-sig"))
    else:
        html = log_html(found, settings.name, now, arguments.language)
        write_whole(out, report_pdf(html) if out.suffix == ".pdf" else html.encode())
    return 0

"""`tocsin centre public`: write the public page as files for any web server."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from acoustic.errors import ResourceError
from arrays.whole import write_whole
from dispatch.commands.performance import in_store, settings_arguments, settings_of
from dispatch.figures.counting import span_of
from dispatch.public.figures import public_figures
from dispatch.public.page import files


def public(argv: list[str]) -> int:
    """Write the files."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre public",
        description="Write the page for residents: zones, months, outcomes, deletions, accesses; no places of nodes or "
        "shots. Nothing on it needs the centre.",
    )
    settings_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made where it is not there")
    arguments = parser.parse_args(argv)
    settings, now_ms = settings_of(arguments), time.time_ns() // 1_000_000
    local = ZoneInfo(settings.timezone)
    span = span_of("", "", local, now_ms)
    figures = in_store(settings, lambda connection: public_figures(connection, settings, span))
    folder: Path = arguments.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(figures, datetime.fromtimestamp(now_ms / 1e3, UTC).astimezone(local).date()).items():
            write_whole(folder / name, content)
            (folder / name).chmod(0o644)
            print(folder / name)
    except OSError as error:
        raise ResourceError(f"folder {folder} cannot be written: {error.strerror}") from error
    return 0

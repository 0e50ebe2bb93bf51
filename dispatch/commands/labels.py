"""`tocsin centre labels`: what people said that the impulses of clips were, with the clips, for a set."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import sqlalchemy as sa

from acoustic.errors import InputError, ResourceError
from arrays.whole import keep
from dispatch.labels import FORMS, Provenance, files
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.labels import take_away
from recordings.decisions import check_name


def labels(argv: list[str]) -> int:
    """Write labels and clips to a folder."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre labels",
        description="Write what people said at the page that the impulses of clips were, and the clips, to a folder "
        "that `tocsin model add --labels FOLDER/labels.csv` takes as it is. The journal says who did so, and why.",
        epilog="What people disagree about is `unknown` there, and no set takes it; `answers` says who said what.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="empty, or not there yet")
    parser.add_argument("--source", required=True, metavar="NAME", help="where the sound is from, for the set")
    parser.add_argument("--licence", required=True, metavar="TEXT", help="under which it may be used")
    parser.add_argument("--by", required=True, metavar="NAME", help="who takes them, for the journal")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, for the journal")
    parser.add_argument("--format", choices=FORMS, default="csv", help="of the labels (default: csv)")
    parser.add_argument(
        "--data", type=Path, default=Path(Settings().data), metavar="DIR", help="the centre's data folder"
    )
    asked = parser.parse_args(argv)
    check_name(asked.by)
    about, out = Provenance(source=asked.source, licence=asked.licence), asked.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already; expected a folder that is empty or not there")
    os.umask(0o077)  # sound of a street, if only of its shots
    store, now_ms = Store(asked.data), time.time_ns() // 1_000_000

    def write(connection: sa.Connection) -> None:
        for name, content in files(connection, taken, about, asked.format):
            keep(out / name, content)

    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = store.write_now(lambda c: take_away(c, asked.by, asked.because, now_ms))
        store.read_now(write)
    except OSError as error:
        raise ResourceError(f"{out} cannot be made: {error.strerror}") from error
    finally:
        store.close()
    print(out / FORMS[asked.format])
    return 0

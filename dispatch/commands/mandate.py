"""`tocsin centre mandate`: where, what for, from when to when the site's nodes may listen."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec

from arrays.mandate import Mandate, read_mandate
from arrays.timebase import parse_utc_ns
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.town.places import Frame, kept_frame
from dispatch.trust.authority import open_authority
from dispatch.trust.mandate import default_mandate, kept_mandate, set_mandate, zone_of


def mandate(argv: list[str]) -> int:
    """Print the mandate that holds; set another where anything of it is given."""
    asked = _parser().parse_args(argv)
    data = Path(asked.data)
    store = Store(data)
    try:
        now_ns, key = time.time_ns(), open_authority(data).order_key
        kept, frame = store.read_now(lambda c: (kept_mandate(c), kept_frame(c, None)))
        before = default_mandate(now_ns) if kept is None else read_mandate(kept)
        after = _changed(before, asked, frame or Frame())
        if kept is None or after != before:
            store.write_now(lambda c: set_mandate(c, after, key, now_ns))
    finally:
        store.close()
    print(after.said())
    for ring in after.zone:
        print("zone, m east and north: " + "  ".join(f"{x:.0f},{y:.0f}" for x, y in ring))
    return 0


def _changed(before: Mandate, asked: argparse.Namespace, frame: Frame) -> Mandate:
    changes = {
        "purpose": asked.purpose,
        "zone": None if asked.zone is None else zone_of(asked.zone, frame),
        "start_ns": asked.start,
        "end_ns": asked.end,
        "clips": asked.clips,
    }
    return msgspec.structs.replace(before, **{name: value for name, value in changes.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin centre mandate",
        description="Say where, what for, from when to when the nodes of this site may listen; what is not given stays "
        "as it is. Nodes get it with the answer to their next report, and stop listening outside of it.",
    )
    parser.add_argument("--purpose", metavar="TEXT", help="what for, as the decision that allows it has it")
    parser.add_argument("--zone", type=Path, metavar="FILE", help="GeoJSON polygons in which nodes may stand")
    parser.add_argument("--start", type=_utc, metavar="TIME", help="such as 2026-06-01T00:00:00Z")
    parser.add_argument("--end", type=_utc, metavar="TIME", help="from then on nodes do not listen")
    parser.add_argument(
        "--clips",
        action=argparse.BooleanOptionalAction,
        help="whether the seconds of a located shot may leave a node as sound",
    )
    parser.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    return parser


def _utc(text: str) -> int:
    try:
        return parse_utc_ns(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; expected one like 2026-06-01T00:00:00Z") from None

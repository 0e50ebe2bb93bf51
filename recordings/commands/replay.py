"""`tocsin replay`: locate the shots in recorded sessions."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acoustic.errors import InputError

if TYPE_CHECKING:
    from localisation.arrivals import Shot
    from recordings.replay import Replayed

RIVALS = ("firework", "other")
SURE = 0.9
HEADS = ("session", "time (UTC)", "east m", "north m", "±", "nodes", "class", "p")


def main(argv: list[str]) -> int:
    """Print the located shots; see --help."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one result whatever the machine, and faster on small products
    asked = _parse(argv)
    from acoustic.classify import Model
    from recordings import models
    from recordings.replay import replay_all, sessions_in

    folders = sessions_in(asked.folders)
    model = Model.from_bytes(_read(asked.model) if asked.model else models.default())
    replayed = _with_progress(replay_all(folders, model, asked.workers), len(folders))
    if asked.format == "geojson":
        print(json.dumps(_geojson(replayed, asked.all)))
        return 0
    lines = _jsonl(replayed, asked.all) if asked.format == "jsonl" else _table(replayed, asked.all)
    for line in lines:
        print(line)
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin replay",
        description="Locate the shots in recorded sessions, by the same path as live.",
        epilog=f"Printed is every located impulse but those that the network is sure (p ≥ {SURE:g}) to be no gunshot "
        f"({', '.join(RIVALS)}): a doubtful one is for a person to judge. --all prints those too.",
    )
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="a session, a Pittsburgh test folder, or a tree of such folders",
    )
    parser.add_argument("--format", choices=["jsonl", "geojson", "table"], default="table", help="default: table")
    parser.add_argument("--all", action="store_true", help="print every located impulse, whatever its class")
    parser.add_argument("--model", type=Path, help="a classifier's file (default: the shipped one)")
    parser.add_argument("--workers", type=_count, default=0, help="processes (default: as many as cores)")
    return parser.parse_args(argv)


def chosen(shots: Iterable[Shot], everything: bool) -> list[Shot]:
    """The shots to print: all, or all but confident rivals."""
    return [s for s in shots if everything or not (s.verdict.label in RIVALS and s.verdict.probability >= SURE)]


def _jsonl(replayed: Iterable[Replayed], everything: bool) -> Iterator[str]:
    from recordings.answers import shot_answer

    for one in replayed:
        for shot in chosen(one.shots, everything):
            yield json.dumps({"session": one.session.id, **shot_answer(shot)})


def _table(replayed: Iterable[Replayed], everything: bool) -> Iterator[str]:
    from recordings.sounds import table

    rows = [_row(one.session.id, shot) for one in replayed for shot in chosen(one.shots, everything)]
    yield from table(rows, HEADS)


def _row(session: str, shot: Shot) -> tuple[str, ...]:
    origin = shot.origin
    at = datetime.fromtimestamp(origin.time_ns * 1e-9, UTC)
    return (
        session,
        at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        f"{origin.x:.1f}",
        f"{origin.y:.1f}",
        f"{origin.ellipse.semi_major_m:.1f}",
        str(len({r.node for r in origin.used})),
        shot.verdict.label,
        f"{shot.verdict.probability:.2f}",
    )


def _geojson(replayed: Iterable[Replayed], everything: bool) -> dict[str, Any]:
    """A FeatureCollection (RFC 7946): each shot's point, its ellipse in the properties."""
    features = [_feature(one, shot) for one in replayed for shot in chosen(one.shots, everything)]
    return {"type": "FeatureCollection", "features": features}


def _feature(one: Replayed, shot: Shot) -> dict[str, Any]:
    from pymap3d import enu2geodetic

    from recordings.answers import shot_answer

    frame = one.session.origin
    if frame is None:
        raise InputError(f"session {one.session.id!r} has no origin; GeoJSON needs its latitude and longitude")
    at = shot.origin
    lat, lon, _ = enu2geodetic(at.x, at.y, at.z, frame.lat, frame.lon, frame.height_m)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(float(lon), 8), round(float(lat), 8)]},
        "properties": {"session": one.session.id, **shot_answer(shot)},
    }


def _with_progress(replayed: Iterator[Replayed], count: int) -> Iterator[Replayed]:
    """The same, with a bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        return replayed
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: worker processes are forked
    return iter(tqdm(replayed, total=count, unit="session", file=sys.stderr))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"model {path} cannot be read: {error.strerror}") from error


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of processes; expected 1 or more")
    return value

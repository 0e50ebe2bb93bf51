"""Sessions written: a folder of broadcast WAV files with session.json, or of one file a channel with positions.csv.

A folder appears whole or not at all, and only where nothing was.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acoustic.errors import InputError
from arrays.session import VERSION, Session, SessionNode
from arrays.timebase import format_utc_ns
from recordings.formats.copying import Piece, Whole, write_sound
from recordings.formats.dating import describe

POSITIONS = "positions.csv"
COLUMNS = ("file", "node", "x", "y", "z", "start", "time_sigma_s")
SAFE = re.compile(r"[^A-Za-z0-9._-]+")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `folder` when all went well. Raises InputError where something is there."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise InputError(f"{folder} is there already; expected a folder that is empty or does not exist")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield made
        made.chmod(0o755)
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made)
        raise


def file_names(ids: Sequence[str]) -> dict[str, str]:
    """A file name for each id, without what a file system or a path could mistake, no two alike."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for one in ids:
        plain = SAFE.sub("_", one).strip(".") or "node"
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        names[one] = name
    return names


def write_session(session: Session, folder: Path) -> list[str]:
    """Write a session; returned are sentences of what is to be known of its sound. Raises InputError, ResourceError."""
    wholes = {node.id: whole_of(node) for node in session.nodes}
    return write_parts(session, wholes, folder)


def write_parts(session: Session, wholes: dict[str, Whole], folder: Path) -> list[str]:
    """The same for a session whose nodes' sound is in pieces, by id."""
    names = file_names([node.id for node in session.nodes])
    with new_folder(folder) as made:
        said = [write_sound(made / f"{names[node.id]}.wav", wholes[node.id]) for node in session.nodes]
        told = session_text(session, lambda node: f"{names[node.id]}.wav")
        (made / "session.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return remarks(said)


def write_channels(session: Session, folder: Path) -> list[str]:
    """Write a session as one file a channel, and their places as `positions.csv`: what `tocsin import` reads. Raises
    InputError, ResourceError.
    """
    names = file_names([node.id for node in session.nodes])
    said, rows = [], []
    with new_folder(folder) as made:
        for node in session.nodes:
            for channel, offset in enumerate(node.microphones.tolist()):
                several = len(node.microphones) > 1
                file = f"{names[node.id]}{f'.{channel + 1}' if several else ''}.wav"
                said.append(write_sound(made / file, whole_of(node), channel))
                place = [round(p + o, 9) for p, o in zip(node.position, offset, strict=True)]
                rows.append([file, node.id, *place, format_utc_ns(node.start_ns), node.time_sigma_s])
        with (made / POSITIONS).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    return remarks(said)


def whole_of(node: SessionNode) -> Whole:
    """A node's one file, to be copied with all that is said in it."""
    piece = Piece(path=node.file, samples=node.samples, channels=len(node.microphones))
    return Whole(
        rate_hz=node.rate_hz,
        channels=len(node.microphones),
        samples=node.samples,
        start_ns=node.start_ns,
        pieces=(piece,),
        words=describe(node.file, dates=False).words,
    )


def session_text(session: Session, file: Callable[[SessionNode], str]) -> dict[str, Any]:
    """`session.json` of a session whose files are named by `file`."""
    told: dict[str, Any] = {"id": session.id, "version": VERSION}
    told["air"] = {name: value for name, value in asdict(session.air).items() if value is not None}
    if session.origin is not None:
        told["origin"] = asdict(session.origin)
    told["nodes"] = [_node_text(node, file(node)) for node in session.nodes]
    return told


def _node_text(node: SessionNode, file: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": node.id,
        "position": dict(zip("xyz", node.position, strict=True)),
        "file": file,
        "start": format_utc_ns(node.start_ns),
        "sample_rate_hz": node.rate_hz,
        "time_sigma_s": node.time_sigma_s,
    }
    if node.microphones.any():
        told["microphones"] = node.microphones.tolist()
    if node.gaps:
        told["gaps"] = [list(gap) for gap in node.gaps]
    return told


def remarks(said: Sequence[set[str]]) -> list[str]:
    """One line for each thing that recorders did to the sound, with the number of files."""
    counts = Counter(what for one in said for what in one)
    return [f"{what}: {number} of {len(said)} files" for what, number in sorted(counts.items())]

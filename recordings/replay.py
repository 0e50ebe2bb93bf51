"""Replay: a session through the very path that is live, with files as its microphones and their time as its clock.

When all is located, the nodes that told nothing of a surely located shot are asked again (`localisation.again`).

Each session is one task; tasks are spread over processes and answered in the order given, so the output does not depend
on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import Model
from acoustic.errors import InputError, ResourceError
from arrays.capture import Gap
from arrays.capture.files import SessionFile
from arrays.pipeline import Pipeline, PipelineSettings
from arrays.session import Session, SessionNode, read_session
from localisation.again import Ask, asks
from localisation.arrivals import Arrival, Shot, Station
from localisation.network import Network
from recordings.cores import cores
from recordings.formats import pittsburgh

RING_S = 4.0  # enough for the windows; a smaller ring stays in the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What replay found in a session: its located impulses in order of time, of any class."""

    session: Session
    shots: tuple[Shot, ...]


def replay(session: Session, model: Model | None) -> list[Shot]:
    """The latest version of each located impulse. Raises InputError where a recording cannot be used."""
    pipelines = {node.id: _pipeline(session, node, model) for node in session.nodes}
    network = Network(session.air)
    stations = [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in session.nodes]
    network.feed((a for node in session.nodes for a in _heard(node, pipelines[node.id])), stations)
    network.flush()
    asked = [ask for shot in network.shots() for ask in asks(shot, stations, session.air)]
    network.feed(a for node in session.nodes for a in _found_again(node, pipelines[node.id], asked))
    network.flush()
    return network.shots()


def arrivals_of(session: Session, node: SessionNode, model: Model | None) -> list[Arrival]:
    """What one node of a session hears."""
    return _heard(node, _pipeline(session, node, model))


def _pipeline(session: Session, node: SessionNode, model: Model | None) -> Pipeline:
    base, settings = SessionFile(node).timebase, PipelineSettings(ring_s=RING_S)
    return Pipeline(node.id, node.position, node.microphones, node.rate_hz, base, model, session.air, settings)


def _heard(node: SessionNode, pipeline: Pipeline) -> list[Arrival]:
    heard = [one for item in SessionFile(node).blocks() for one in pipeline.push(item)]
    return [one.arrival for one in heard + pipeline.flush()]


def _found_again(node: SessionNode, pipeline: Pipeline, asked: Iterable[Ask]) -> list[Arrival]:
    """What a node finds when it is asked again."""
    mine = sorted((a for a in asked if a.node == node.id), key=lambda a: (a.time_ns, a.shot))
    spans = [pipeline.span_of(ask) for ask in mine]
    found = [pipeline.look_again(*one) for one in zip(mine, [s[0] for s in spans], _sounds(node, spans), strict=True)]
    return [one.arrival for one in found if one is not None]


def _sounds(node: SessionNode, spans: Sequence[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """Spans (first sample, count) of a recording, zeros where there is none, as a node's ring has them."""
    sounds = [np.zeros((len(node.microphones), count), np.float32) for _, count in spans]
    for item in SessionFile(node).blocks() if spans else ():
        if isinstance(item, Gap):
            continue
        for (first, count), sound in zip(spans, sounds, strict=True):
            low, high = max(first, item.index), min(first + count, item.index + item.samples.shape[1])
            if low < high:
                sound[:, low - first : high - first] = item.samples[:, low - item.index : high - item.index]
    return sounds


def sessions_in(paths: Iterable[Path]) -> list[Path]:
    """The session and Pittsburgh test folders among `paths` and in the trees below them, each tree in order of name.

    Raises InputError where a path is no folder or holds no session.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path} is not a folder; expected a session, a Pittsburgh test, or folders of them")
        below = [path, *sorted(p for p in path.rglob("*") if p.is_dir())]
        here = [p for p in below if (p / "session.json").exists() or pittsburgh.is_test(p)]
        if not here:
            raise InputError(f"{path} holds no session.json and no Pittsburgh test")
        found += here
    return found


def read_any(folder: Path) -> Session:
    """A session folder, or one of the Pittsburgh tests. Raises InputError."""
    return read_session(folder) if (folder / "session.json").exists() else pittsburgh.read_test(folder)


def replay_all(folders: list[Path], model: Model | None, workers: int = 0) -> Iterator[Replayed]:
    """Replay each folder, in this order, on `workers` processes (0: as many as there are cores).

    Raises InputError where a session cannot be used, ResourceError where a process was ended from outside.
    """
    count = min(workers or cores(), len(folders))
    work = partial(_replay_folder, model)
    if count <= 1:
        yield from map(work, folders)
        return
    try:
        with ProcessPoolExecutor(count) as pool:
            yield from pool.map(work, folders)
    except BrokenProcessPool as error:
        raise ResourceError(
            "a replay process was ended from outside, perhaps for lack of memory; try --workers 1"
        ) from error


def _replay_folder(model: Model | None, folder: Path) -> Replayed:
    session = read_any(folder)
    return Replayed(session=session, shots=tuple(replay(session, model)))

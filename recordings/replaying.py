"""Replay: a session through the very path that is live, with files as its microphones and their time as its clock.

A long session is replayed in parts of PART_S, each on its own: memory does not grow with a recording's length, and the
parts, like sessions, are spread over processes and answered in order. How it is cut depends on the session alone, so
the answers do not depend on how many processes there are. Two parts hear the seconds around their border both, the
later one some more to warm up, and share the arrivals where the network heard nothing for longest.

When a part is located, the nodes that told nothing of a surely located shot are asked again (`localisation.again`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress, pairwise
from pathlib import Path

from acoustic.classify import Model
from acoustic.errors import InputError
from acoustic.filters import Grid
from arrays.capture.files import SessionFile
from arrays.pipeline import Heard, Pipeline, PipelineSettings
from arrays.session import Session, SessionNode, read_session
from localisation.again import asks
from localisation.arrivals import Arrival, Ask, Shot, Station
from localisation.network import Network
from recordings.cores import spread
from recordings.formats import pittsburgh
from recordings.method import Settings

NS = 1_000_000_000
RING_S = 14.0  # a file's block and what its impulses need before it
PART_S = 300.0
SHARED_NS = 8 * NS  # to each side of a border, in which the cut is sought: as a network's stretch of arrivals
WARM_S, AFTER_S = 8.0, 2.0  # of sound before what is wanted, for floors and repeated shots; after it, to be certain
MOST_IMPULSES = 100_000  # of a node in a part: numbers of parts do not meet


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a session, UTC ns; what it shares with its neighbours lies around `begin_ns` and `end_ns`, which are
    None at the session's own ends. `number` of `of`.
    """

    session: Session
    number: int
    of: int
    begin_ns: int | None = None
    end_ns: int | None = None

    @property
    def sensor_seconds(self) -> float:
        """Of sound that it holds, all nodes together."""
        low, high = self.begin_ns or 0, self.end_ns or 2**63
        spans = ((max(n.start_ns, low), min(_end_ns(n), high)) for n in self.session.nodes)
        return sum(max(end - start, 0) for start, end in spans) / NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What replay found in a part of a session: its located impulses in order of time, of any class; and, where that
    was to be kept, what its nodes `heard`.
    """

    part: Part
    shots: tuple[Shot, ...]
    heard: tuple[Heard, ...] = ()

    @property
    def session(self) -> Session:
        """The session that it is a part of."""
        return self.part.session


def replay(session: Session, model: Model | None, settings: Settings | None = None) -> list[Shot]:
    """The latest version of each located impulse. Raises InputError where a recording cannot be used."""
    return [shot for part in parts(session) for shot in replay_part(model, settings or Settings(), part).shots]


def parts(session: Session) -> list[Part]:
    """The parts of a session, in order of time."""
    first = min(n.start_ns for n in session.nodes)
    length_s = (max(map(_end_ns, session.nodes)) - first) / NS
    count = max(1, round(length_s / PART_S))
    borders = [None, *(first + round(k * length_s / count * NS) for k in range(1, count)), None]
    return [
        Part(session=session, number=n, of=count, begin_ns=begin, end_ns=end)
        for n, (begin, end) in enumerate(pairwise(borders))
    ]


def replay_part(model: Model | None, settings: Settings, part: Part, *, keep: bool = False) -> Replayed:
    """What is located in one part; with `keep`, what was heard too. Raises InputError for an unusable recording."""
    session, nodes = part.session, part.session.nodes
    pipelines = {node.id: _pipeline(session, node, model, settings, part.number) for node in nodes}
    heard = _share([one for node in nodes for one in _heard(node, pipelines[node.id], part)], part)
    network = Network(session.air, settings.network)
    stations = stations_of(session)
    network.feed((one.arrival for one in heard), stations)
    network.flush()
    priors = settings.network.priors
    asked = [ask for shot in network.shots() for ask in asks(shot, stations, session.air, priors)]
    again = [one for node in nodes for one in _found_again(node, pipelines[node.id], asked)]
    network.feed(one.arrival for one in again)
    network.flush()
    kept = (replace(one, arrival=_opinionated(one.arrival)) for one in (*heard, *again) if keep)
    return Replayed(part=part, shots=tuple(_formed(shot) for shot in network.shots()), heard=tuple(kept))


def arrivals_of(
    session: Session, node: SessionNode, model: Model | None, settings: Settings | None = None
) -> list[Arrival]:
    """What one node of a session hears, from its beginning to its end."""
    pipeline = _pipeline(session, node, model, settings or Settings())
    heard = _heard(node, pipeline, Part(session=session, number=0, of=1))
    return [_opinionated(one.arrival) for one in heard]


def stations_of(session: Session) -> list[Station]:
    """The nodes of a session as the network knows them."""
    return [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in session.nodes]


def _end_ns(node: SessionNode) -> int:
    return node.start_ns + round(node.samples / node.rate_hz * NS)


def _pipeline(session: Session, node: SessionNode, model: Model | None, settings: Settings, part: int = 0) -> Pipeline:
    file, number = SessionFile(node), part * MOST_IMPULSES + 1
    how = PipelineSettings(detector=settings.detector, ring_s=RING_S)
    heard = node.id, node.position, node.microphones, node.rate_hz, file.timebase
    return Pipeline(*heard, model, session.air, how, number, recorded=file.read)


def _heard(node: SessionNode, pipeline: Pipeline, part: Part) -> list[Heard]:
    """What a node hears in a part and a little around it."""
    first, last = 0, None
    if part.begin_ns is not None:
        frame = Grid.of(node.rate_hz).frame  # so that the detector's frames are those of the whole stream
        begin = (part.begin_ns - SHARED_NS - node.start_ns) / NS - WARM_S
        first = min(max(math.floor(begin * node.rate_hz) // frame * frame, 0), node.samples)
    if part.end_ns is not None:
        last = max(math.ceil(((part.end_ns + SHARED_NS - node.start_ns) / NS + AFTER_S) * node.rate_hz), first)
    heard = [one for item in SessionFile(node).blocks(first, last) for one in pipeline.push(item)]
    return heard + pipeline.flush()


def _share(heard: Sequence[Heard], part: Part) -> list[Heard]:
    """What belongs to a part."""
    times = [one.arrival.time_ns for one in heard]
    low, high = (_cut_ns(times, border) for border in (part.begin_ns, part.end_ns))
    inside = ((low is None or at >= low) and (high is None or at < high) for at in times)
    return list(compress(heard, inside))


def _cut_ns(heard: Iterable[int], border_ns: int | None) -> int | None:
    """Where two parts are cut: in the middle of the longest silence around their border."""
    if border_ns is None:
        return None
    around = border_ns - SHARED_NS, border_ns + SHARED_NS
    times = sorted([at for at in heard if around[0] <= at < around[1]])
    _, low, high = max((high - low, low, high) for low, high in pairwise([around[0], *times, around[1]]))
    return (low + high) // 2


def _found_again(node: SessionNode, pipeline: Pipeline, asked: Iterable[Ask]) -> list[Heard]:
    """What a node finds when it is asked again."""
    mine = sorted((a for a in asked if a.node == node.id), key=lambda a: (a.time_ns, a.shot))
    spans = ((ask, *pipeline.span_of(ask)) for ask in mine)
    read = SessionFile(node).read
    found = [pipeline.look_again(ask, first, read(first, count)) for ask, first, count in spans]
    return [one for one in found if one is not None]


def _formed(shot: Shot) -> Shot:
    """The shot with every opinion formed: it leaves this process."""
    return replace(shot, arrivals=tuple(map(_opinionated, shot.arrivals)))


def _opinionated(arrival: Arrival) -> Arrival:
    return arrival if arrival.probabilities is None else replace(arrival, probabilities=dict(arrival.probabilities))


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


def replay_all(
    folders: Sequence[Path],
    model: Model | None,
    workers: int = 0,
    settings: Settings | None = None,
    *,
    keep: bool = False,
    read: Callable[[Path], Session] = read_any,
) -> Generator[Replayed]:
    """Replay each folder, in this order, on `workers` processes (0: as many as there are cores), part by part; with
    `keep` what was heard is kept. `read`: what makes a session of each.

    Raises InputError where a session cannot be used, ResourceError where a process was ended from outside.
    """
    work: Callable[[Part], Replayed] = partial(replay_part, model, settings or Settings(), keep=keep)
    every = (part for folder in folders for part in parts(read(folder)))
    yield from spread(work, every, workers)

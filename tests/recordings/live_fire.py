"""The Pittsburgh live fire with its truth, for tests and benchmarks: what was fired, and whether it was found.

The truth (survey, discharge times) is read by the recordings' own `score.py`; nothing of it reaches what is tested.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from acoustic.classify import Model
from arrays.session import Session
from localisation.arrivals import Arrival, Shot, Station
from recordings.formats.pittsburgh import read_test
from recordings.printing import chosen
from recordings.replaying import arrivals_of
from recordings.sounds import read_sound

MATCH_S, RIGHT_M = 0.15, 15.0  # as the scorecard has it
ORDER_S = 0.05  # a round that is further off is another, or intervals are mirrored
BEFORE_S, AFTER_S = 0.25, 0.5  # of sound that padding leaves, before the direct sound and after the last shot's


@dataclass(frozen=True, slots=True)
class Fired:
    """One firing test: its folder, position, surveyed place (3,) m, rounds, times of discharge (s), speed of sound."""

    folder: Path
    position: str
    place: NDArray[np.float64]
    rounds: int
    discharge: tuple[float, ...]
    speed_ms: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Of an incident: shots fired, found within 15 m, and false."""

    fired: int
    within: int
    false: int


def fired(data: Path) -> list[Fired]:
    """Every firing test under a folder of the recordings, by name."""
    spec = importlib.util.spec_from_file_location("pittsburgh_score", data / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = score  # its dataclasses look themselves up
    spec.loader.exec_module(score)
    told = [score.Test(folder) for folder in sorted(data.glob("FP*/test_*"))]
    return [Fired(t.folder, t.position, t.survey, t.rounds, tuple(t.discharge), float(t.c)) for t in told]


def heard(session: Session, model: Model) -> list[Arrival]:
    """What all nodes of a session hear."""
    return [a for node in session.nodes for a in arrivals_of(session, node, model)]


def listening(session: Session) -> list[Station]:
    """The nodes of a session as stations."""
    return [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in session.nodes]


def padded(test: Fired, folder: Path) -> Session:
    """The test as a session whose recordings, written to `folder`, are silent but for the shots themselves."""
    session, nodes = read_test(test.folder), []
    for node in session.nodes:
        sound = read_sound(node.file)
        samples = sound.samples[0].copy()
        late_s = math.dist(node.position, test.place) / test.speed_ms - node.start_ns * 1e-9
        first, last = (
            round((at + late_s) * sound.rate_hz) for at in (test.discharge[0] - BEFORE_S, test.discharge[-1] + AFTER_S)
        )
        samples[: max(first, 0)] = samples[max(last, 0) :] = 0.0
        soundfile.write(folder / f"{node.id}.wav", samples, int(sound.rate_hz), subtype="FLOAT")
        nodes.append(replace(node, file=folder / f"{node.id}.wav"))
    return replace(session, nodes=tuple(nodes))


def heard_padded(test: Fired, model: Model) -> tuple[Session, list[Arrival]]:
    """The session of a padded test and what its nodes hear."""
    with tempfile.TemporaryDirectory() as folder:
        session = padded(test, Path(folder))
        return session, heard(session, model)


def tally(test: Fired, shots: Sequence[Shot], match_s: float = MATCH_S) -> Tally:
    """Shots paired with those fired, one to one in time; a round of which the truth is not known is not held false."""
    found = chosen(shots, False)
    off = np.abs(np.subtract.outer([s.origin.time_ns * 1e-9 for s in found], test.discharge))
    pairs = [(i, j) for i, j in zip(*linear_sum_assignment(np.minimum(off, 2 * match_s)), strict=True)]
    right = [found[i].origin for i, j in pairs if off[i, j] <= match_s]
    within = sum(math.hypot(o.x - test.place[0], o.y - test.place[1]) <= RIGHT_M for o in right)
    spare = max(0, test.rounds - len(test.discharge))
    return Tally(len(test.discharge), within, max(0, len(found) - len(right) - spare))


def in_order(test: Fired, shots: Sequence[Shot]) -> bool:
    """Whether a burst's every round is found when and where it was fired, and no more."""
    count = tally(test, shots, ORDER_S)
    return count.within == count.fired and not count.false

"""The Python interface to recordings: arrays and frozen types, nothing read before it is needed."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.capture.files import SessionFile
from arrays.session import Session
from localisation.arrivals import Arrival, Shot
from recordings import models, replaying
from recordings.method import Settings, changed


def open_session(folder: str | Path) -> Session:
    """A session folder, or a Pittsburgh test: its nodes, its air, its origin. Headers are read, sound is not.

    Raises InputError naming file and field.
    """
    return replaying.read_any(Path(folder))


def sound(session: Session, node: str, start_s: float = 0.0, seconds: float = math.inf) -> NDArray[np.float32]:
    """Sound of a node's recording, (channels, samples) float32, full scale ±1, read-only; zeros where a gap is.

    `start_s` and `seconds` count from the recording's first sample. Raises InputError for a node that is not in the
    session, a time outside the recording, or a file that cannot be read.
    """
    one = session.node(node)
    length_s = one.samples / one.rate_hz
    if not (0.0 <= start_s < length_s and seconds > 0.0):
        raise InputError(f"{seconds:g} s from {start_s:g} s; expected some of the {length_s:g} s of {node!r}")
    first = round(start_s * one.rate_hz)
    last = min(one.samples, round(min(start_s + seconds, length_s) * one.rate_hz))
    samples = SessionFile(one).read(first, last - first)
    samples.flags.writeable = False
    return samples


def arrivals(session: Session, node: str, how: Settings | None = None, model: Model | None = None) -> list[Arrival]:
    """What a node of a session hears, in order: time (UTC ns), σ, bearing, probabilities of the classes.

    `model`: a classifier in place of the shipped one. Raises InputError.
    """
    return replaying.arrivals_of(session, session.node(node), model or _shipped(), how)


def replay(session: Session, how: Settings | None = None, model: Model | None = None) -> list[Shot]:
    """The located impulses of a session, of any class, in order of time: what `tocsin replay --all` prints.

    `how`: settings, see `settings`; `model`: a classifier in place of the shipped one. Raises InputError.
    """
    return replaying.replay(session, model or _shipped(), how)


def settings(*assignments: str) -> Settings:
    """The settings as shipped, but for each "NAME=VALUE" (docs/analyse/replay.md lists them). Raises InputError."""
    return changed(assignments)


@cache
def _shipped() -> Model:
    return Model.from_bytes(models.default())

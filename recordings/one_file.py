"""One sound file replayed: what a node would have told of it. One recorder hears when and what, and gives no place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acoustic.air import Air
from acoustic.classify import LABELS, label
from arrays.geometry import offsets
from arrays.pipeline import Heard
from arrays.session import Session, SessionNode, make_session
from recordings.formats.dating import dated, describe
from recordings.printing import utc
from recordings.replaying import Replayed

HEADS = ("file", "onset s", "time (UTC)", "snr dB", "class", "p")


def session_of(path: Path) -> Session:
    """The file as a session of one node in no particular place; what does not say when it starts, starts in 1970.

    Raises InputError where it cannot be used, or says that it starts in the future.
    """
    one = describe(path)
    start_ns, sigma_s = (0, 0.0) if one.told is None else (dated(one).start_ns, one.told.sigma_s)
    node = SessionNode(
        id=path.stem,
        position=(0.0, 0.0, 0.0),
        file=path,
        start_ns=start_ns,
        microphones=offsets(None, one.header.channels),
        rate_hz=one.header.rate_hz,
        samples=one.header.samples,
        time_sigma_s=sigma_s,
    )
    return make_session(str(path), [node], Air())


def answers(one: Replayed, method: str) -> Iterator[dict[str, Any]]:
    """What was heard in a part, as JSON objects; `time` only where the file says when it starts."""
    (node,) = one.session.nodes
    for heard in sorted(one.heard, key=lambda h: (h.arrival.time_ns, h.number)):
        arrival = heard.arrival
        told: dict[str, Any] = {
            "file": one.session.id,
            "onset_s": round((arrival.time_ns - node.start_ns) * 1e-9, 6),
            "snr_db": round(heard.snr_db, 1),
        }
        if node.start_ns:
            told |= {"time": round(arrival.time_ns * 1e-9, 6), "sigma_s": round(arrival.sigma_s, 6)}
        yield told | _opinion(heard) | {"method": method}


def _opinion(heard: Heard) -> dict[str, Any]:
    said = heard.arrival.probabilities
    if not said:
        return {}
    odds = np.array([said[name] for name in LABELS])
    return {"label": label(odds), "gunshot": round(said["gunshot"], 6)}


def rows(told: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The same as rows of a table."""
    for one in told:
        at = utc(one["time"]) if "time" in one else "–"
        p = f"{one['gunshot']:.2f}" if "gunshot" in one else "–"
        yield one["file"], f"{one['onset_s']:.6f}", at, f"{one['snr_db']:.1f}", one.get("label", "–"), p

"""Small sessions on disk, for the tests of this room and of replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 48_000
START = "2026-06-01T21:00:00.000Z"


def noise(seconds: float, channels: int = 1, seed: int = 1, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """(channels, n) of quiet street."""
    draw = np.random.default_rng(seed)
    return (0.001 * draw.standard_normal((channels, round(seconds * rate_hz)))).astype(np.float32)


def bang(rate_hz: int = RATE_HZ, seconds: float = 0.05) -> NDArray[np.float32]:
    """(n,) of a Friedlander wave of 1 ms, full scale 0.5."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.5 * (1 - t / 1e-3) * np.exp(-t / 1e-3)).astype(np.float32)


def with_bangs(sound: NDArray[np.float32], at: list[int], level: float = 1.0) -> NDArray[np.float32]:
    """The sound with a bang at each sample of `at`, in every channel."""
    out = sound.copy()
    for index in at:
        wave = bang()[: out.shape[1] - index]
        out[:, index : index + len(wave)] += level * wave
    return out


def node(name: str = "roof-1", **changes: Any) -> dict[str, Any]:
    """A node as `session.json` has it."""
    return {
        "id": name,
        "position": {"x": 1.0, "y": 2.0, "z": 3.0},
        "file": f"{name}.wav",
        "start": START,
        **changes,
    }


def write(folder: Path, nodes: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
    """A session folder; a node whose file is absent gets one second of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [node()] if nodes is None else nodes
    for one in nodes:
        if "file" in one and not (folder / one["file"]).exists():
            channels = len(one.get("microphones") or [0])
            soundfile.write(folder / one["file"], noise(1.0, channels).T, RATE_HZ, subtype="PCM_16")
    raw = {"id": "test", "version": 1, "nodes": nodes, **changes}
    (folder / "session.json").write_text(json.dumps(raw))
    return folder

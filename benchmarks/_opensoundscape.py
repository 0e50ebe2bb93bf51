"""OpenSoundscape's localisation in its own environment: a program that is given a session and answers with places.

It is told when to listen (its own way: detections, a class and a stretch of time a file), estimates delays by GCC-PHAT
and locates by least squares, once a receiver. Run as a program it reads `{"files", "places", "starts", "seconds",
"speed_ms"}` and answers `{"seconds", "found"}`: wall seconds of the localisation, and x, y, residual m by start.

Its package imports all of its machine learning when any part of it is imported: that list is emptied, and only what
localisation needs is installed.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VERSION = "opensoundscape==0.13.2"
NEEDS = (
    "aru_metadata_parser",
    "ipython",
    "librosa",
    "matplotlib",
    "noisereduce",
    "numpy",
    "pandas",
    "pytz",
    "PyWavelets",
)
TORCH = "torch==2.13.0"  # delays are computed with it
NAME = "shot"
LEAST = 3  # receivers


def located(
    files: Sequence[Path], places: Sequence[Sequence[float]], starts: Sequence[float], seconds: float, speed_ms: float
) -> tuple[float, dict[float, list[list[float]]]]:
    """Wall seconds on all cores, and by start (s of the files) each estimate: x, y, residual m. Installs the peer
    beside our own environment where it is not yet.
    """
    home = Path(sys.prefix) / "peers" / "opensoundscape"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        for asked in ([*NEEDS, TORCH], ["--no-deps", VERSION]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *asked], check=True)
        (package,) = home.glob("lib/python*/site-packages/opensoundscape/__init__.py")
        package.write_text(f'__version__ = "{VERSION}"\n')
        (home / "ready").touch()
    request = {
        "files": list(map(str, files)),
        "places": [list(place) for place in places],
        "starts": list(starts),
        "seconds": seconds,
        "speed_ms": speed_ms,
    }
    done = subprocess.run([python, __file__], input=json.dumps(request), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    found: dict[float, list[list[float]]] = {start: [] for start in starts}
    for start, *estimate in answer["found"]:
        found[min(starts, key=lambda s: abs(s - start))].append(estimate)
    return float(answer["seconds"]), found


def nearest_m(estimates: Sequence[Sequence[float]], at: Sequence[float]) -> float:
    """How far off the estimate of the least residual is, m; infinite where there is none."""
    best = min(estimates, key=lambda e: e[2], default=None)
    return math.inf if best is None else math.hypot(best[0] - at[0], best[1] - at[1])


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

    localisation = importlib.import_module("opensoundscape.localization")
    files, starts, seconds = request["files"], request["starts"], request["seconds"]
    coordinates = pd.DataFrame([p[:2] for p in request["places"]], index=files, columns=["x", "y"])
    begin = pd.Timestamp("2026-01-01", tz="UTC")
    rows = [(file, at, at + seconds, begin + pd.Timedelta(seconds=at)) for at in starts for file in files]
    index = pd.MultiIndex.from_tuples(rows, names=["file", "start_time", "end_time", "start_timestamp"])
    array = localisation.SynchronizedRecorderArray(coordinates, speed_of_sound=request["speed_ms"])
    began_s = time.perf_counter()
    found = array.localize_detections(
        pd.DataFrame({NAME: 1}, index=index),
        max_receiver_dist=1e4,
        max_delay=seconds / 2.1,
        min_n_receivers=LEAST,
        num_workers=len(os.sched_getaffinity(0)),
    )
    spent_s = time.perf_counter() - began_s
    told = [
        [(e.start_timestamp - begin).total_seconds(), *map(float, e.location_estimate[:2]), float(e.residual_rms)]
        for e in found
    ]
    return {"seconds": spent_s, "found": told}


if __name__ == "__main__":
    print(json.dumps(_answer(json.load(sys.stdin))))

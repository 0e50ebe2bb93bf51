"""PyOcto in its own environment, since it wants another numpy than ours: a process that answers JSON lines.

Run as a program it reads `{"places", "picks", "settings"}` a line and answers `{"seconds", "found"}`: CPU seconds and
the picks (their rows) of each event. Units are PyOcto's: km and s.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

VERSION = "pyocto==0.2.2"
SPEED_KMS = 0.34
# As its guide says for an area of this size; a shot has no S wave.
SETTINGS: dict[str, Any] = {
    "time_before": 5.0,
    "min_node_size": 0.03,
    "min_node_size_location": 0.005,
    "min_interevent_time": 0.01,
    "n_s_picks": 0,
    "n_p_and_s_picks": 0,
    "time_slicing": 10.0,
    "n_threads": 1,
}


class Peer:
    """PyOcto for as long as the `with` lasts, installed beside our own environment where it is not yet."""

    def __enter__(self) -> Peer:
        home = Path(sys.prefix) / "peers" / "pyocto"
        python = home / "bin" / "python"
        if not (home / "ready").exists():
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", VERSION], check=True)
            (home / "ready").touch()
        self._process = subprocess.Popen([python, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def associate(
        self, places: Sequence[Sequence[float]], picks: Sequence[tuple[int, float]], settings: dict[str, Any]
    ) -> tuple[float, list[list[int]]]:
        """CPU seconds and the picks of each event. `places`: m; `picks`: station and time, s."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the peer has no pipes; expected both")
        self._process.stdin.write(json.dumps({"places": places, "picks": picks, "settings": settings}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["seconds"], answer["found"]


def _associated(request: dict[str, Any]) -> dict[str, Any]:
    from pyocto import OctoAssociator, VelocityModel0D
    from pyocto.associator import pd

    settings = SETTINGS | request["settings"]
    east, north = ([p[i] / 1e3 for p in request["places"]] for i in (0, 1))
    stations = pd.DataFrame({"id": [f"n{k}" for k in range(len(east))], "x": east, "y": north, "z": 0.0})
    heard = [(f"n{k}", t, "P") for k, t in request["picks"]]
    picks = pd.DataFrame(heard, columns=["station", "time", "phase"])
    reach = settings.pop("reach_km")
    model = VelocityModel0D(SPEED_KMS, SPEED_KMS / 1.75, settings.pop("tolerance"), reach)
    limits = [(min(side) - 0.1, max(side) + 0.1) for side in (east, north)]
    start = time.process_time()
    associator = OctoAssociator(xlim=limits[0], ylim=limits[1], zlim=(0.0, 0.001), velocity_model=model, **settings)
    _, assigned = associator.associate(picks, stations)
    spent = time.process_time() - start
    found: dict[int, list[int]] = {}
    for event, pick in zip(assigned["event_idx"].tolist(), assigned["pick_idx"].tolist(), strict=True):
        found.setdefault(event, []).append(pick)
    return {"seconds": spent, "found": list(found.values())}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_associated(json.loads(line))), flush=True)

"""Live fire padded with silence (as clips are): how many bursts keep their number of rounds, their order and place."""

from __future__ import annotations

from acoustic.classify import Model
from benchmarks._shared import PITTSBURGH, POSITIONS, skipped
from localisation.network import locate
from recordings import models
from recordings.formats.pittsburgh import read_test
from tests.recordings.live_fire import fired, heard, heard_padded, in_order, listening


def run() -> dict[str, object]:
    """Bursts right of all, padded; the peer is the same program on the same bursts as they were recorded."""
    if not POSITIONS:
        return skipped()
    model = Model.from_bytes(models.default())
    bursts = [test for test in fired(PITTSBURGH) if len(test.discharge) >= 2]
    wrong, whole = [], 0
    for test in bursts:
        session, arrivals = heard_padded(test, model)
        if not in_order(test, locate(arrivals, session.air, listening(session))):
            wrong.append(f"{test.position}/{test.folder.name}")
        session = read_test(test.folder)
        whole += in_order(test, locate(heard(session, model), session.air, listening(session)))
    right = len(bursts) - len(wrong)
    return {
        "ours": right,
        "unit": f"bursts of {len(bursts)}, padded",
        "peer": "the same, as recorded",
        "peer_value": whole,
        "ratio": round(right / whole, 3),
        "floor": None,
        "quality": {"wrong": wrong},
    }

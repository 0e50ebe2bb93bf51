"""Two cells that both claim a shot at their border tell of it once: who keeps it first has it, the other's is dropped.

Decided in the transaction that keeps shots, of which there is one at a time over all processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from dispatch.store.events import latest_shots
from localisation.arrivals import Shot
from localisation.verdict import WITHDRAWN, withdrawn

AROUND_NS = 5 * 10**9  # two solutions of one shot are nearer in time


def untold(connection: sa.Connection, shots: Sequence[Shot]) -> list[Shot]:
    """Those to keep, as they are to be kept: one that another cell's shot stands for is dropped, or taken back if told.

    Two cells may have told of one shot, each by what it had heard until then; the first to see it takes its own back.
    """
    if not shots:
        return []
    times_ns = [shot.origin.time_ns for shot in shots]
    kept = latest_shots(connection, min(times_ns) - AROUND_NS, max(times_ns) + AROUND_NS)
    told = {shot.key for shot in kept}
    standing = [shot for shot in kept if shot.verdict.label != WITHDRAWN]
    own, stands = {shot.key for shot in shots}, {shot.key for shot in standing}
    others = [shot for shot in standing if shot.key not in own]
    left = []
    for shot in shots:
        if shot.verdict.label == WITHDRAWN:
            left += [shot] if shot.key in told else []
        elif not any(same_shot(shot, other) for other in others):
            left.append(shot)
        elif shot.key in stands:
            left.append(replace(shot, verdict=withdrawn(shot.verdict)))
    return left


def same_shot(one: Shot, other: Shot) -> bool:
    """Whether two solutions are of one shot: they share more than half of the arrivals of one of them."""
    ids, others = ({arrival.id for arrival in shot.arrivals} for shot in (one, other))
    return one.exercise == other.exercise and 2 * len(ids & others) > min(len(ids), len(others))

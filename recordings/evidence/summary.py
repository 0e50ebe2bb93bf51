"""`event.json` of a bundle: in a few lines what happened, for a program that knows nothing else of Tocsin."""

from __future__ import annotations

import math
from contextlib import suppress

import msgspec

from acoustic.errors import InputError
from localisation.arrivals import Ellipse
from localisation.verdict import WITHDRAWN
from recordings.answers import shot_answer
from recordings.decisions import KIND, Status, decided, state_of
from recordings.events import event
from recordings.evidence.contents import Evidence

PLACE_M, TIME_S = 2e-3, 2e-6  # of rounding, beside what platforms may differ


class SummedShot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shot as `tocsin replay` prints it: metres east and north of the first node, seconds since 1970 (UTC)."""

    x: float
    y: float
    time: float
    ambiguous: bool
    ellipse: Ellipse
    used: list[str]
    label: str = ""
    gunshot: float | None = None
    reasons: list[str] = []


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The event: the machine's shots that stand, and what people made of it; `of_replay`: a session's id."""

    event: str
    number: int
    first_node: str
    shots: list[SummedShot]
    of_replay: str = ""
    exercise: bool = False
    status: Status = "open"
    outcome: str = ""


def summary(evidence: Evidence) -> Summary:
    """What a bundle of this says in short."""
    gone = {v.shot.key for v in evidence.versions if v.shot.verdict.label == WITHDRAWN}
    standing = event(evidence.subject.event, [s for s in evidence.relocated if s.key not in gone])
    lines = []
    for line in evidence.chain.lines:
        if line.told and line.kind == KIND:
            with suppress(InputError):  # a newer program's decision
                lines.append(decided(line))
    state = state_of(lines)
    return Summary(
        event=evidence.subject.event,
        number=evidence.subject.number,
        first_node=evidence.nodes[0].id,
        shots=[
            msgspec.convert(shot_answer(s) | {"reasons": [r.text for r in s.verdict.reasons]}, SummedShot)
            for s in standing.shots
        ],
        of_replay=evidence.subject.replay_of,
        exercise=standing.exercise,
        status=state.status,
        outcome=state.outcome.outcome if state.outcome is not None else "",
    )


def same(one: Summary, other: Summary) -> bool:
    """Whether two say the same, however a program words its reasons."""
    bare = [msgspec.structs.replace(s, shots=[]) for s in (one, other)]
    return bare[0] == bare[1] and len(one.shots) == len(other.shots) and all(map(_same_shot, one.shots, other.shots))


def _same_shot(one: SummedShot, other: SummedShot) -> bool:
    near = math.dist((one.x, one.y), (other.x, other.y)) < PLACE_M and abs(one.time - other.time) < TIME_S
    return near and (one.label, one.used) == (other.label, other.used)

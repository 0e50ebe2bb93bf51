"""What the report tells of each round, taken from a bundle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from acoustic.errors import InputError
from arrays.report import read_report
from localisation.arrivals import Arrival, Residual, Shot
from localisation.verdict import WITHDRAWN
from recordings.events import event
from recordings.evidence.contents import Evidence, Node, arrivals_in, stations_in

USED, REFUSED, SILENT, ABSENT = FATES = ("used", "refused", "silent", "absent")


@dataclass(frozen=True, slots=True)
class Heard:
    """One arrival against a round: metres from its node to the place, and how late it came. `borrowed`: the node told
    nothing of this round, and its arrival of another round of the burst was used, moved by the time between them.
    """

    arrival: Arrival
    residual: Residual
    distance_m: float
    borrowed: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A shot that stands, its number in the order of firing from 1, and what each node has to do with it: one of FATES.

    `heard`: nearest node first.
    """

    number: int
    shot: Shot
    heard: tuple[Heard, ...]
    fates: Mapping[str, str]

    def nodes(self, fate: str) -> list[str]:
        return [node for node, its in self.fates.items() if its == fate]


@dataclass(frozen=True, slots=True)
class Clocks:
    """The largest σ, s, that a node gave of its clock (None where none did), and how many nodes gave none."""

    sigma_s: float | None
    untold: int


def rounds_of(evidence: Evidence) -> list[Round]:
    """The rounds as all reports together place them; of what was published, those that were withdrawn left out."""
    latest = {version.shot.key: version.shot for version in evidence.versions}
    standing = [s for s in evidence.relocated if s.key in latest and latest[s.key].verdict.label != WITHDRAWN]
    listening = {station.node for station in stations_in(evidence.nodes, evidence.reports)}
    reported = {arrival.id: arrival for arrival in arrivals_in(evidence.nodes, evidence.reports)}
    return [
        _round(number, shot, evidence.nodes, listening, reported)
        for number, shot in enumerate(event(evidence.subject.event, standing).shots, start=1)
    ]


def _round(
    number: int, shot: Shot, nodes: Sequence[Node], listening: set[str], reported: Mapping[str, Arrival]
) -> Round:
    own = {arrival.id: arrival for arrival in shot.arrivals}
    o = shot.origin
    heard = []
    for residual in o.residuals:
        a = own.get(residual.arrival) or reported.get(residual.arrival)
        if a is None:
            raise InputError(f"shot {shot.key} has a residual of arrival {residual.arrival}, which no report holds")
        heard.append(Heard(a, residual, math.dist((a.x, a.y, a.z), (o.x, o.y, o.z)), a.id not in own))
    heard.sort(key=lambda one: (one.distance_m, one.arrival.id))
    used = {r.node for r in o.used}
    refused = {r.node for r in o.residuals} - used
    fates = {
        node.id: USED
        if node.id in used
        else REFUSED
        if node.id in refused
        else SILENT
        if node.id in listening
        else ABSENT
        for node in nodes
    }
    return Round(number, shot, tuple(heard), fates)


def fate_of(node: str, rounds: Sequence[Round]) -> str:
    """What a node has to do with the event: the best of what it has to do with its rounds."""
    return min((one.fates[node] for one in rounds), key=FATES.index, default=ABSENT)


def others(evidence: Evidence, rounds: Sequence[Round]) -> int:
    """Arrivals in the reports that belong to none of the rounds."""
    theirs = {one.arrival.id for r in rounds for one in r.heard}
    return sum(arrival.id not in theirs for arrival in arrivals_in(evidence.nodes, evidence.reports))


def clocks(evidence: Evidence) -> Clocks:
    """What the nodes said of their clocks."""
    said: dict[str, float] = {}
    for report in evidence.reports:
        health = read_report(report.body).health
        if health is not None and health.clock_sigma_s is not None:
            said[report.node] = max(said.get(report.node, 0.0), health.clock_sigma_s)
    return Clocks(max(said.values(), default=None), sum(node.id not in said for node in evidence.nodes))


def models(evidence: Evidence) -> list[str]:
    """The digests of the classifiers that the reports name, '' for none, in order."""
    return sorted({read_report(report.body).model for report in evidence.reports})


def published_in(data: str) -> tuple[str, list[tuple[str, int]]] | None:
    """Of a line about the event: the method's digest, and key and version of each shot; None where it tells no such."""
    try:
        told = msgspec.json.decode(data, type=_Published)
        return told.method, [(key, int(version)) for key, version in (name.split(" ") for name in told.shots)]
    except (msgspec.DecodeError, ValueError):
        return None


def made_for_in(data: str) -> str:
    """Of a line that says that evidence was made: for whom; empty where it does not tell."""
    try:
        return msgspec.json.decode(data, type=_Made).made_for
    except msgspec.DecodeError:
        return ""


class _Made(msgspec.Struct, frozen=True):
    made_for: str


class _Published(msgspec.Struct, frozen=True):
    method: str
    shots: dict[str, str]

"""Recordings played into a running centre as an exercise: in real time or faster, as if nodes of their own heard them.

Each recording gets a node of its own, enrolled for the exercise and revoked at its end, when it leaves the list of
nodes; it reports over HTTPS as nodes do, and marks each report as an exercise. Sound to sound, times are those of the
recording: they are moved so that the last sound falls when it is played, and at another speed than its own the first
ones lie in the past.
"""

from __future__ import annotations

import heapq
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.classify import Model
from acoustic.errors import InputError, ResourceError
from arrays.capture import Block, Gap
from arrays.capture.files import SessionFile
from arrays.enrolment import enrol, save_certificate
from arrays.identity import CERTIFICATE, KEY, open_identity
from arrays.node import wire_arrival
from arrays.parcel import pack
from arrays.pipeline import Heard, Pipeline
from arrays.report import MOST_ARRIVALS, Report, encode, program, sign
from arrays.session import Session, SessionNode
from arrays.sources import globe_position
from arrays.timebase import Timebase
from arrays.uplink.https import HttpsUplink
from dispatch.store import Store
from dispatch.store.journal import add_entry
from dispatch.store.nodes import EXERCISE
from dispatch.trust.authority import open_authority
from dispatch.trust.enrolment import NAME, issue
from dispatch.trust.revocation import revoke
from recordings.decisions import check_name

NS = 1_000_000_000
STEP_S = 0.5  # of sound that is heard at once
KIND = "exercise"  # of the journal's line
OVER = "the exercise is over"


@dataclass(frozen=True, slots=True)
class Played:
    """How many arrivals went out, of how many nodes, and how far behind its time it fell, s."""

    arrivals: int
    nodes: int
    behind_s: float


@dataclass(slots=True)
class _Player:
    """A recording that reports like a node."""

    name: str
    recording: SessionNode
    key: Ed25519PrivateKey
    uplink: HttpsUplink
    place: tuple[float, float, float]
    sequence: int
    first_number: int

    def ear(self, session: Session, model: Model, moved_ns: int) -> Pipeline:
        """What hears the recording, at times moved by so much."""
        one = self.recording
        timebase = Timebase(0, one.start_ns + moved_ns, one.rate_hz, one.time_sigma_s)
        heard = self.name, self.place, one.microphones, one.rate_hz, timebase
        return Pipeline(*heard, model, session.air, first_number=self.first_number)

    def report(self, heard: Sequence[Heard], model: str) -> None:
        """Send what was heard. Raises ResourceError where the centre does not take it."""
        for first in range(0, len(heard), MOST_ARRIVALS):
            report = Report(
                node=self.name,
                sequence=self.sequence,
                sent_ns=time.time_ns(),
                program=program(),
                model=model,
                arrivals=[wire_arrival(one) for one in heard[first : first + MOST_ARRIVALS]],
                exercise=True,
            )
            self.sequence += 1
            answers = self.uplink.send(pack([encode(sign(report, self.key))]))
            for outcome in answers.outcomes:
                if outcome.status != 200:
                    raise ResourceError(f"the centre answered {outcome.status} to {self.name}: {outcome.problem}")


def play(data: Path, centre: str, session: Session, model: Model, speed: float, by: str) -> Played:
    """Play a session into the centre whose data folder and address these are, as `by` asks, at `speed` times its pace.

    Raises InputError, ResourceError; the nodes of the exercise are revoked however it ends.
    """
    names, store = names_of(session), Store(data)
    check_name(by)
    try:
        fingerprint = open_authority(data).fingerprint
        told = {"by": by, "speed": speed, "nodes": len(names)}
        tokens = store.write_now(lambda c: [issue(c, fingerprint, _now_ms(), name) for name in names])
        store.write_now(lambda c: add_entry(c, KIND, session.id, told, _now_ms()))
        players: list[_Player] = []
        with tempfile.TemporaryDirectory(prefix="tocsin-exercise-") as folder:
            try:
                for name, token, one in zip(names, tokens, session.nodes, strict=True):
                    players.append(_enrolled(Path(folder) / name, centre, token, name, session, one))
                return _play(players, session, model, speed)
            finally:
                for player in players:
                    player.uplink.close()
                    store.write_now(lambda c, name=player.name: revoke(c, name, OVER, by, _now_ms()))  # type: ignore[misc]
    finally:
        store.close()


def names_of(session: Session) -> list[str]:
    """What the nodes of an exercise are called. Raises InputError where two recordings would be called alike."""
    names = [f"{EXERCISE}{re.sub(r'[^A-Za-z0-9._-]', '-', node.id)}"[:64] for node in session.nodes]
    for name in names:
        if names.count(name) > 1 or not re.fullmatch(NAME, name):
            raise InputError(f"two nodes of session {session.id!r} would be called {name!r}; expected ids apart")
    return names


def _enrolled(folder: Path, centre: str, token: str, name: str, session: Session, recording: SessionNode) -> _Player:
    folder.mkdir()
    key, position = open_identity(folder / KEY), globe_position(session, recording)
    welcome = enrol(centre, token, name, position, recording.microphones.tolist(), key).welcome
    save_certificate(folder, welcome.certificate)
    uplink = HttpsUplink(centre, welcome.ca, shown=(folder / CERTIFICATE, folder / KEY))
    place = (welcome.position.x, welcome.position.y, welcome.position.z)
    return _Player(name, recording, key, uplink, place, welcome.first_sequence, welcome.first_number)


def _play(players: Sequence[_Player], session: Session, model: Model, speed: float) -> Played:
    first_ns = min(node.start_ns for node in session.nodes)
    last_ns = max(node.start_ns + round(node.samples / node.rate_hz * NS) for node in session.nodes)
    start_ns = time.time_ns()
    moved_ns = start_ns + round((last_ns - first_ns) / speed) - last_ns
    ears = [player.ear(session, model, moved_ns) for player in players]
    sent, behind_s = 0, 0.0
    for end_ns, number, item in heapq.merge(*(_steps(n, p.recording) for n, p in enumerate(players))):
        wait_s = (start_ns + round((end_ns - first_ns) / speed) - time.time_ns()) / NS
        if wait_s > 0.0:
            time.sleep(wait_s)
        behind_s = max(behind_s, -wait_s)
        heard = ears[number].push(item)
        players[number].report(heard, model.digest)
        sent += len(heard)
    for player, ear in zip(players, ears, strict=True):
        heard = ear.flush()
        player.report(heard, model.digest)
        sent += len(heard)
    return Played(sent, len(players), behind_s)


def _steps(number: int, recording: SessionNode) -> Iterator[tuple[int, int, Block | Gap]]:
    """A recording piece by piece: when each ends (UTC ns, the recording's own), the player's number, the piece."""
    size = max(1, round(STEP_S * recording.rate_hz))

    def end_ns(sample: int) -> int:
        return recording.start_ns + round(sample / recording.rate_hz * NS)

    for item in SessionFile(recording).blocks():
        if isinstance(item, Gap):
            yield end_ns(item.index + item.samples), number, item
            continue
        for at in range(0, item.samples.shape[1], size):
            piece = Block(item.index + at, item.samples[:, at : at + size])
            yield end_ns(piece.index + piece.samples.shape[1]), number, piece


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

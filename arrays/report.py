"""The wire: what a node says and what the centre answers, as msgpack.

    report → body (bytes) → Envelope(node, body, Ed25519 signature over DOMAIN + body) → `arrays.parcel` → the centre

The same envelope alone may be posted to /report, which answers with an Answer. The body travels and is kept as bytes,
so a field that this program does not know survives; a version that it does not know is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acoustic.errors import InputError, UnknownVersionError
from arrays.order import Order
from arrays.timebase import LATEST_NS
from localisation.arrivals import Arrival, Repetition

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VERSION = 1
DOMAIN = b"tocsin report 1\n"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
STATES = ("starting", "ok", "degraded", "deaf", "out_of_mandate", "failed", "fault")  # the last: of older programs
LISTENING = ("ok", "degraded")  # what a node in these states does not hear was not there
FOUND, NOTHING, GONE, REFUSED, DONE, ROLLED_BACK = ANSWERS = (
    "found",
    "nothing",
    "gone",
    "refused",
    "done",
    "rolled_back",
)
MOST_ANSWERS = 100
MOST_ARRIVALS = 1000
LONGEST_TEXT = 1000
LONGEST_NAME = 200
T = TypeVar("T")


class WireRepeat(msgspec.Struct, frozen=True, array_like=True):
    """An arrival looks like the node's earlier arrival `number`, `interval_s` before it, with this correlation."""

    number: int
    interval_s: float
    coherence: float


class WireArrival(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One arrival; the node's place is known to the centre. `number` is the node's own and unique for ever. `again`:
    the shot for which an order made the node look again, and find it.
    """

    number: int
    time_ns: int
    sigma_s: float
    snr_db: float
    level_db: float
    azimuth_deg: float | None = None
    azimuth_sigma_deg: float | None = None
    elevation_deg: float | None = None
    elevation_sigma_deg: float | None = None
    shock_lead_s: float | None = None
    probabilities: Mapping[str, float] = {}
    repeats: Sequence[WireRepeat] = ()
    again: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a node is, one of STATES, why, and when it means to say so again.

    `causes`: the reasons' names, in their order; `clock_sigma_s`: standard deviation of its time; `noise_db`: of the
    last seconds, re full scale; `outbox`: reports that wait; `gaps`: stretches of lost sound since its start; `locked`:
    the sound in its memory never goes to swap.
    """

    state: str
    reasons: Sequence[str] = ()
    interval_s: float = 3.0
    clock_sigma_s: float | None = None
    noise_db: float | None = None
    outbox: int = 0
    gaps: int = 0
    uptime_s: float = 0.0
    causes: Sequence[str] = ()
    temperature_c: float | None = None
    locked: bool = False


class WireAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What became of an order: `found` (the arrival is in this report; the clip was sent), `nothing`, `gone` (the ring
    does not hold it), `refused` (it cannot be read, a newer one holds, or as `why` says), `done`, or `rolled_back`.
    """

    order: str
    state: str
    why: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says at one time. `sequence` grows; `model` is the digest of the classifier in use.

    `exercise`: its arrivals are made up or replayed, for training; it says nothing of how the node is.
    """

    node: str
    sequence: int
    sent_ns: int
    program: str
    model: str
    arrivals: Sequence[WireArrival] = ()
    health: Health | None = None
    answers: Sequence[WireAnswer] = ()
    exercise: bool | msgspec.UnsetType = msgspec.UNSET  # costs no byte where it is not one
    v: int = VERSION


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A report's bytes and the node's signature of them."""

    node: str
    body: bytes
    signature: bytes
    v: int = VERSION


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The centre has the report of this sequence on its disk; orders for the node."""

    sequence: int
    orders: Sequence[Order] = ()
    v: int = VERSION


class _Versioned(msgspec.Struct, frozen=True):
    v: int


def brief(value: float) -> float:
    """To 24 bits: what a measurement has beyond them says nothing, and costs four bytes on the link."""
    return float(np.float32(value))


def sign(report: Report, key: Ed25519PrivateKey) -> Envelope:
    """The report as bytes, signed."""
    body = msgspec.msgpack.encode(report, order="deterministic")
    return Envelope(node=report.node, body=body, signature=key.sign(DOMAIN + body))


def verify(envelope: Envelope, public_key: bytes) -> bool:
    """Whether the node of this 32-byte Ed25519 public key signed the body."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(envelope.signature, DOMAIN + envelope.body)
    except (InvalidSignature, ValueError):
        return False
    return True


def program() -> str:
    """Name and version of this program, as reports state it."""
    try:
        return f"tocsin {metadata.version('tocsin')}"
    except metadata.PackageNotFoundError:
        return "tocsin"


def encode(message: Envelope | Answer) -> bytes:
    """The bytes that travel."""
    return msgspec.msgpack.encode(message, order="deterministic")


def decode_envelope(data: bytes) -> Envelope:
    """Parse what came in. Raises InputError naming the field, UnknownVersionError for another version."""
    return _decode(data, Envelope, "envelope")


def decode_answer(data: bytes) -> Answer:
    """Parse what the centre answered. Raises InputError, UnknownVersionError."""
    return _decode(data, Answer, "answer")


def decode_report(body: bytes) -> Report:
    """Parse and check a body whose signature is good. Raises InputError naming the field, UnknownVersionError."""
    report = read_report(body)
    for problem in _problems(report):
        raise InputError(f"report.{problem}")
    return report


def read_report(body: bytes) -> Report:
    """Parse a body that was checked when it was accepted. Raises InputError, UnknownVersionError."""
    return _decode(body, Report, "report")


def station_arrivals(report: Report, place: tuple[float, float, float]) -> tuple[Arrival, ...]:
    """What a node heard as the network knows it: at the node's place (x, y, z) m, for which only the centre vouches."""
    return tuple(_arrival(report.node, place, wire, bool(report.exercise)) for wire in report.arrivals)


def _arrival(node: str, place: tuple[float, float, float], wire: WireArrival, exercise: bool) -> Arrival:
    return Arrival(
        id=f"{node}:{wire.number}",
        node=node,
        x=place[0],
        y=place[1],
        z=place[2],
        time_ns=wire.time_ns,
        sigma_s=wire.sigma_s,
        snr_db=wire.snr_db,
        azimuth_deg=wire.azimuth_deg,
        azimuth_sigma_deg=wire.azimuth_sigma_deg,
        elevation_deg=wire.elevation_deg,
        elevation_sigma_deg=wire.elevation_sigma_deg,
        shock_lead_s=wire.shock_lead_s,
        probabilities=wire.probabilities,
        repeats=tuple(
            Repetition(arrival=f"{node}:{r.number}", interval_s=r.interval_s, coherence=r.coherence)
            for r in wire.repeats
        ),
        again=wire.again,
        exercise=exercise,
    )


def _decode(data: bytes, kind: type[T], name: str) -> T:
    try:
        version = msgspec.msgpack.decode(data, type=_Versioned).v
        if version != VERSION:
            raise UnknownVersionError(f"{name} version is {version}; expected {VERSION}")
        return msgspec.msgpack.decode(data, type=kind)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} holds text that is not UTF-8 at byte {error.start}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"{name} is not what was expected: {error}") from error


def _problems(report: Report) -> Iterator[str]:
    """What is wrong, as sentences that begin with the field."""
    if not re.fullmatch(NAME, report.node):
        yield f"node is {report.node[:80]!r}; expected 1 to 64 letters, digits, dots, dashes"
    if not 1 <= report.sequence < LATEST_NS:
        yield f"sequence is {report.sequence}; expected a number from 1 up"
    if not 0 <= report.sent_ns < LATEST_NS:
        yield f"sent_ns is {report.sent_ns}; expected UTC nanoseconds since 1970"
    if max(len(report.program), len(report.model)) > LONGEST_TEXT:
        yield f"program or model is longer than {LONGEST_TEXT} characters"
    if len(report.arrivals) > MOST_ARRIVALS:
        yield f"arrivals has {len(report.arrivals)} entries; expected at most {MOST_ARRIVALS}"
    for index, arrival in enumerate(report.arrivals):
        for problem in _arrival_problems(arrival):
            yield f"arrivals[{index}].{problem}"
    if len(report.answers) > MOST_ANSWERS:
        yield f"answers has {len(report.answers)} entries; expected at most {MOST_ANSWERS}"
    for answer in report.answers:
        if answer.state not in ANSWERS or len(answer.order) > LONGEST_NAME:
            yield f"answers says {answer.state[:80]!r} of {answer.order[:80]!r}; expected one of {', '.join(ANSWERS)}"
        if len(answer.why) > LONGEST_TEXT:
            yield f"answers.why has {len(answer.why)} characters; expected at most {LONGEST_TEXT}"
    if report.health is not None:
        for problem in _health_problems(report.health):
            yield f"health.{problem}"


def _arrival_problems(arrival: WireArrival) -> Iterator[str]:
    if not 1 <= arrival.number < LATEST_NS:
        yield f"number is {arrival.number}; expected a number from 1 up"
    if not 0 <= arrival.time_ns < LATEST_NS:
        yield f"time_ns is {arrival.time_ns}; expected UTC nanoseconds since 1970"
    yield from _within("sigma_s", arrival.sigma_s, 1e-9, 1e6)
    yield from _within("snr_db", arrival.snr_db, -300.0, 300.0)
    yield from _within("level_db", arrival.level_db, -400.0, 400.0)
    yield from _within("azimuth_deg", arrival.azimuth_deg, -360.0, 360.0)
    yield from _within("azimuth_sigma_deg", arrival.azimuth_sigma_deg, 1e-6, 360.0)
    yield from _within("elevation_deg", arrival.elevation_deg, -90.0, 90.0)
    yield from _within("elevation_sigma_deg", arrival.elevation_sigma_deg, 1e-6, 360.0)
    yield from _within("shock_lead_s", arrival.shock_lead_s, 0.0, 10.0)
    if len(arrival.probabilities) > 32:
        yield f"probabilities has {len(arrival.probabilities)} entries; expected at most 32"
    for label, value in arrival.probabilities.items():
        if not re.fullmatch(r"[a-z_]{1,32}", label):
            yield f"probabilities has the label {label[:80]!r}; expected small letters and underscores"
        yield from _within(f"probabilities.{label}", value, 0.0, 1.0)
    if not re.fullmatch(r"[0-9a-f]{0,64}", arrival.again):
        yield f"again is {arrival.again[:80]!r}; expected the key of a shot, or nothing"
    if len(arrival.repeats) > 64:
        yield f"repeats has {len(arrival.repeats)} entries; expected at most 64"
    for repeat in arrival.repeats:
        if not 1 <= repeat.number < arrival.number:
            yield f"repeats names arrival {repeat.number}; expected one from 1 up, before number {arrival.number}"
        yield from _within("repeats.interval_s", repeat.interval_s, 0.0, 3600.0)
        yield from _within("repeats.coherence", repeat.coherence, -1.0, 1.0)


def _health_problems(health: Health) -> Iterator[str]:
    if health.state not in STATES:
        yield f"state is {health.state[:80]!r}; expected one of {', '.join(STATES)}"
    if len(health.reasons) > 32 or any(len(reason) > LONGEST_TEXT for reason in health.reasons):
        yield f"reasons is too long; expected at most 32 sentences of {LONGEST_TEXT} characters"
    if len(health.causes) > 32 or any(not re.fullmatch(r"[a-z._]{1,32}", name) for name in health.causes):
        yield f"causes is {list(health.causes)[:3]}; expected at most 32 names of small letters and dots"
    yield from _within("temperature_c", health.temperature_c, -100.0, 200.0)
    yield from _within("interval_s", health.interval_s, 0.1, 86400.0)
    yield from _within("clock_sigma_s", health.clock_sigma_s, 0.0, 1e9)
    yield from _within("noise_db", health.noise_db, -400.0, 400.0)
    yield from _within("outbox", float(health.outbox), 0.0, 1e12)
    yield from _within("gaps", float(health.gaps), 0.0, 1e12)
    yield from _within("uptime_s", health.uptime_s, 0.0, 1e12)


def _within(name: str, value: float | None, lowest: float, highest: float) -> Iterator[str]:
    if value is not None and not (math.isfinite(value) and lowest <= value <= highest):
        yield f"{name} is {value}; expected a number from {lowest:g} to {highest:g}"

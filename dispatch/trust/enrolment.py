"""One-time tokens, and how a node becomes known by one."""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError, TocsinError
from dispatch.checks import within
from dispatch.settings import Origin
from dispatch.store.journal import add_entry
from dispatch.store.nodes import (
    EXERCISE,
    NodeRecord,
    TokenRecord,
    add_node,
    add_token,
    change_key,
    last_numbers,
    node,
    token,
    use_token,
)
from dispatch.town.places import Frame, keep_frame, kept_frame
from dispatch.trust.certificates import requested_key

VALID_MS = 24 * 3600 * 1000
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class RefusedError(TocsinError):
    """The token is unknown, used or expired, or the node's name is taken: 403 to who asks."""


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a node stands: degrees and height above the ellipsoid, or metres in the centre's frame; never both."""

    lat: float | None = None
    lon: float | None = None
    height_m: float = 0.0
    x: float | None = None
    y: float | None = None
    z: float | None = None


class EnrolRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a node asks with; `request` is a PKCS #10 request, PEM, for its Ed25519 key, microphones are metres."""

    token: str
    node: str
    request: str
    position: Position
    microphones: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A node that is now known, in the frame that it was placed in, and the numbers that it goes on from."""

    record: NodeRecord
    frame: Frame
    first_sequence: int
    first_number: int


def issue(connection: sa.Connection, fingerprint: str, now_ms: int, identity: str | None = None) -> str:
    """A new token, `SECRET.FINGERPRINT`, good for one node within 24 hours; only the secret's digest is kept.

    With an `identity` it is for the node of that id alone, and enrols it anew where it is known already.
    """
    secret = secrets.token_urlsafe(24)
    add_token(connection, TokenRecord(digest=_digest(secret), expires_ms=now_ms + VALID_MS, node=identity))
    return f"{secret}.{fingerprint}"


def read_request(body: bytes) -> EnrolRequest:
    """Parse and check an enrolment; raises InputError naming the field."""
    try:
        request = msgspec.json.decode(body, type=EnrolRequest)
    except msgspec.DecodeError as error:
        raise InputError(f"the enrolment is not what was expected: {error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the enrolment is not UTF-8 text: {error.reason}") from error
    _check(request)
    return request


def enrol(connection: sa.Connection, request: EnrolRequest, chosen: Origin | None, now_ms: int) -> Enrolled:
    """Make a node known, once per token. The very same request again (an answer was lost) is answered the same.

    Raises RefusedError, or InputError where the position does not suit the centre's frame.
    """
    digest = _digest(request.token.partition(".")[0])
    issued = token(connection, digest)
    key = requested_key(request.request).public_bytes_raw()
    known = node(connection, request.node)
    if issued is None or issued.expires_ms < now_ms:
        raise RefusedError("the token is unknown or expired; make a new one with `tocsin centre token`")
    frame = kept_frame(connection, chosen)
    if issued.used_by is not None:
        if frame is not None and issued.used_by == request.node and known is not None and known.public_key == key:
            return _enrolled(connection, known, frame)
        raise RefusedError("the token was used before; make a new one with `tocsin centre token`")
    _check_name(issued, request.node, known)
    if frame is None:
        frame = keep_frame(connection, Frame(origin=_first_origin(request.position)))
    x, y, z = _place(frame, request.position)
    record = NodeRecord(
        id=request.node, public_key=key, x=x, y=y, z=z, microphones=request.microphones, enrolled_ms=now_ms
    )
    if known is not None and known.public_key != key:
        change_key(connection, known, key, 0, now_ms)  # whoever still has the old key reports no more
    add_node(connection, record)
    use_token(connection, digest, request.node, now_ms)
    add_entry(connection, "node", record.id, {"enrolled": key.hex()}, now_ms)
    return _enrolled(connection, record, frame)


def _enrolled(connection: sa.Connection, record: NodeRecord, frame: Frame) -> Enrolled:
    sequence, number = last_numbers(connection, record.id)
    return Enrolled(record=record, frame=frame, first_sequence=sequence + 1, first_number=number + 1)


def _check_name(issued: TokenRecord, identity: str, known: NodeRecord | None) -> None:
    if issued.node is not None and issued.node != identity:
        raise RefusedError(f"the token is for node {issued.node!r} alone; expected that one, or another token")
    if issued.node is None and identity.startswith(EXERCISE):
        raise RefusedError(f"node {identity!r} is called as those of exercises are; expected another name")
    if issued.node is None and known is not None:
        anew = f"to enrol it anew: tocsin centre token --node {identity}"
        raise RefusedError(f"node {identity!r} is enrolled already; expected a new name ({anew})")


def _check(request: EnrolRequest) -> None:
    if not re.fullmatch(NAME, request.node):
        raise InputError(f"node is {request.node[:80]!r}; expected 1 to 64 letters, digits, dots, dashes")
    requested_key(request.request)
    p = request.position
    globe, local = (p.lat, p.lon), (p.x, p.y, p.z)
    if (None in globe) == (None in local) or (None not in globe and local != (None, None, None)):
        raise InputError("position has neither or both of lat, lon and x, y, z; expected one of them")
    if None not in globe:
        within("position.lat", float(p.lat or 0), -90.0, 90.0)
        within("position.lon", float(p.lon or 0), -180.0, 180.0)
        within("position.height_m", p.height_m, -1000.0, 10000.0)
    numbers = [*(v for v in local if v is not None), *(v for place in request.microphones for v in place)]
    if not all(math.isfinite(v) and abs(v) < 1e6 for v in numbers):
        raise InputError("position or microphones has a number that is not finite; expected metres")


def _first_origin(position: Position) -> Origin | None:
    if position.lat is None or position.lon is None:
        return None
    return Origin(lat=position.lat, lon=position.lon, height_m=position.height_m)


def _place(frame: Frame, p: Position) -> tuple[float, float, float]:
    if p.lat is not None and p.lon is not None:
        return frame.metres(p.lat, p.lon, p.height_m)
    return float(p.x or 0), float(p.y or 0), float(p.z or 0)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

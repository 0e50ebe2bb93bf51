"""A node's certificate is renewed before it ends, and its key can be replaced, with nobody's help but the centre's.

RenewRequest → POST /renew, under no certificate: the node's key is the proof → Renewed
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from acoustic.errors import InputError, ResourceError, TocsinError
from arrays.enrolment import Membership, read_membership, save_certificate, save_membership
from arrays.holding import hold
from arrays.identity import KEY, NEXT_KEY, certificate_request, certificate_span, open_identity
from arrays.outbox import Outbox
from arrays.uplink.https import HttpsUplink, error_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LOOK_EVERY_S = 60.0
LEFT_SHARE = 1.0 / 3.0  # of its life, when a certificate is renewed
ROTATION = b"tocsin rotation 1\n"
log = structlog.get_logger()


class RenewRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A certificate is asked for; `request` is PKCS #10, PEM.

    Where it is for another key than the centre knows, `signature` is that one's of `rotation_bytes`, and reports are
    signed with the new key from `first_sequence` on.
    """

    node: str
    request: str
    first_sequence: int = 1
    signature: bytes = b""


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """The new certificate and the centre's CA, PEM."""

    certificate: str
    ca: str


def rotation_bytes(node: str, public_key: bytes, first_sequence: int) -> bytes:
    """What a node's old key signs for the new one."""
    return ROTATION + msgspec.msgpack.encode([node, public_key, first_sequence])


def ask_renewal(membership: Membership, asked: RenewRequest) -> Renewed:
    """Raises ResourceError where the centre cannot be reached or asks to wait, InputError where it refuses."""
    uplink = HttpsUplink(membership.centre, membership.welcome.ca)
    try:
        reply = uplink.post("/renew", msgspec.json.encode(asked), "application/json")
    finally:
        uplink.close()
    if reply.status != 200:
        sentence = f"the centre did not renew the certificate ({reply.status}): {error_text(reply.body)}"
        raise InputError(sentence) if 400 <= reply.status < 429 else ResourceError(sentence)
    try:
        return msgspec.json.decode(reply.body, type=Renewed)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ResourceError(f"the centre's new certificate cannot be read: {error}") from error


def save_renewed(folder: Path, membership: Membership, renewed: Renewed) -> Membership:
    """Keep what came; the membership as it is now. Raises ResourceError."""
    save_certificate(folder, renewed.certificate)
    if renewed.ca == membership.welcome.ca:
        return membership
    changed = msgspec.structs.replace(membership, welcome=msgspec.structs.replace(membership.welcome, ca=renewed.ca))
    save_membership(folder, changed)
    return changed


def rotate(folder: Path, node: str) -> None:
    """Give the node that has this folder, and is not running, a new key, which its old one vouches for.

    Cut short, it goes on where it was when it is called again. Raises InputError, ResourceError.
    """
    membership = read_membership(folder)
    with hold(folder, "node"):
        old, new = open_identity(folder / KEY), open_identity(folder / NEXT_KEY)
        outbox = Outbox(folder / "outbox.db")
        first = outbox.next_sequence  # what waits is signed with the old key, and is taken
        outbox.close()
        vouched = old.sign(rotation_bytes(node, new.public_key().public_bytes_raw(), first))
        asked = RenewRequest(node=node, request=certificate_request(new, node), first_sequence=first, signature=vouched)
        renewed = ask_renewal(membership, asked)
        try:
            (folder / NEXT_KEY).replace(folder / KEY)
        except OSError as error:
            raise ResourceError(f"key file {folder / KEY} cannot be replaced: {error.strerror}") from error
        save_renewed(folder, membership, renewed)


class Renewal:
    """A thread that looks every minute whether the certificate in `folder` nears its end, and has it renewed.

    `renewed(ca)` is called each time that it was. `problem`: why a certificate that has ended, or is absent, could not
    be renewed; empty while there is a good one.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        key: Ed25519PrivateKey,
        membership: Membership,
        renewed: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._folder, self._node, self._key, self._membership = folder, node, key, membership
        self._renewed, self._stop = renewed, stop
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    @property
    def problem(self) -> str:
        """What a person should know."""
        span = certificate_span(self._folder, self._key)
        if span is not None and dt.datetime.now(dt.UTC) < span[1]:
            return ""
        ended = f"the node's certificate ended on {span[1]:%Y-%m-%d}" if span else "the node has no certificate"
        return f"{ended}; {self._failure or 'it is being renewed'}"

    def look(self, now: dt.datetime) -> None:
        """Renew the certificate if it is time."""
        if not due(certificate_span(self._folder, self._key), now):
            return
        try:
            asked = RenewRequest(node=self._node, request=certificate_request(self._key, self._node))
            self._membership = save_renewed(self._folder, self._membership, ask_renewal(self._membership, asked))
        except TocsinError as error:
            if str(error) != self._failure:
                log.warning("the certificate could not be renewed; trying again", problem=str(error))
            self._failure = str(error)
            return
        self._failure = ""
        log.info("the certificate was renewed")
        self._renewed(self._membership.welcome.ca)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look(dt.datetime.now(dt.UTC))
            self._stop.wait(LOOK_EVERY_S)


def due(span: tuple[dt.datetime, dt.datetime] | None, now: dt.datetime) -> bool:
    """Whether a certificate is absent, or a third of its life or less is left."""
    return span is None or span[1] - now <= (span[1] - span[0]) * LEFT_SHARE

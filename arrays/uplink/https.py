"""HTTPS to the centre (the default), trusting its own certificate authority and no other."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import math
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from acoustic.errors import InputError, ResourceError
from arrays.parcel import Answers, decode_answers
from arrays.uplink import BusyError, TakeOrders
from arrays.uplink.backoff import Backoff
from arrays.uplink.patience import be_patient

TIMEOUT_S, LONGEST_TIMEOUT_S = 10.0, 80.0
ORDERS_HELD_S = 25.0  # how long the centre keeps a request for orders open
LONGEST_ANSWER = 1 << 20
LONGEST_WAIT_S = 60.0
DEFAULT_PORT = 8443
CERT_NOT_YET_VALID, CERT_HAS_EXPIRED = 9, 10  # X509_V_ERR_… of OpenSSL
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the centre said: a status as in HTTP, the body, and how many seconds it asks to wait (0: nothing asked)."""

    status: int
    body: bytes
    wait_s: float = 0.0


class HttpsUplink:
    """One connection, kept open and taken up again. `url` is https://HOST:PORT; `ca_pem` the centre's own CA.

    `shown`: files of the certificate and the key that the node shows; none are shown where they are absent. `orders`:
    ask for them on a second connection; else they come with the answers to reports only.
    """

    lanes = 1
    exchange_bytes = 700

    def __init__(
        self,
        url: str,
        ca_pem: str,
        timeout_s: float = TIMEOUT_S,
        shown: tuple[Path, Path] | None = None,
        orders: bool = False,
    ) -> None:
        self._host, self._port = host_and_port(url)
        self._ca_pem, self._shown = ca_pem, shown
        self._context = _context(ca_pem, shown)
        self._timeout_s = self._patience_s = timeout_s
        self._stale = threading.Event()
        self._connection: http.client.HTTPSConnection | None = None
        self._ended = threading.Event()
        self._orders = HttpsUplink(url, ca_pem, ORDERS_HELD_S + timeout_s, shown) if orders else None

    def renew(self, ca_pem: str) -> None:
        """Trust this CA, and show the certificate as its file is now, from the next connection on; for any thread."""
        self._ca_pem = ca_pem
        self._stale.set()
        if self._orders is not None:
            self._orders.renew(ca_pem)

    def send(self, parcel: bytes) -> Answers:
        """Post a parcel. Raises as `answers` does."""
        return _answers(self.post("/reports", parcel, "application/msgpack"))

    def listen(self, take: TakeOrders) -> None:
        """Keep a second request open, on which orders come at once."""
        if self._orders is not None:
            OrderLine(self._orders, take, self._ended).start()

    def get(self, path: str) -> Reply:
        """Fetch what is there. Raises ResourceError where the centre cannot be reached or does not speak HTTP."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: bytes, kind: str) -> Reply:
        """Post bytes of a media type. Raises as `get` does."""
        return self._ask("POST", path, body, {"Content-Type": kind})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        """Ask; once more where a connection that was kept open turns out to be dead."""
        if self._stale.is_set():
            self._stale.clear()
            self._drop()
            self._context = _context(self._ca_pem, self._shown)
        kept = self._connection is not None
        try:
            return self._ask_once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            if isinstance(error, TimeoutError):
                self._patience_s = min(LONGEST_TIMEOUT_S, 2.0 * self._patience_s)  # a link may be that slow
            if not kept or isinstance(error, TimeoutError):
                raise _unreachable(self._host, self._port, error) from error
        try:
            return self._ask_once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise _unreachable(self._host, self._port, error) from error

    def close(self) -> None:
        """Let the connection go."""
        self._ended.set()
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask_once(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        began_s = time.monotonic()
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._patience_s, context=self._context
            )
            self._connection.connect()
            be_patient(self._connection.sock)
        self._connection.sock.settimeout(self._patience_s)
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read(LONGEST_ANSWER)
        if time.monotonic() - began_s < self._patience_s / 4.0:  # or one slow hour would make it wait long for ever
            self._patience_s = max(self._timeout_s, self._patience_s / 2.0)
        wait_s = _seconds(answer.getheader("Retry-After"))
        if answer.will_close or not answer.isclosed():
            self._drop()
        return Reply(answer.status, content, wait_s)


class OrderLine:
    """A thread that keeps a request for orders open at the centre, and hands on what comes, until `ended`; an open
    request is left to its end, for the thread does not keep a program alive."""

    def __init__(self, line: HttpsUplink, take: TakeOrders, ended: threading.Event) -> None:
        self._line, self._take, self._ended = line, take, ended
        self._backoff = Backoff(id(self))

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._run, name="orders", daemon=True).start()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                answers = _answers(self._line.get("/orders"))
            except (ResourceError, InputError) as error:  # the reports' own connection tells what is wrong
                asked_s = error.wait_s if isinstance(error, BusyError) else 0.0
                self._ended.wait(max(asked_s, self._backoff.failed()))
                continue
            self._backoff.worked()
            if answers.orders and not self._ended.is_set():
                self._take(answers.orders)
        self._line.close()


def _answers(reply: Reply) -> Answers:
    """Raises BusyError for any status but 200, InputError for garbage."""
    if reply.status != 200:
        raise BusyError(f"the centre answered {reply.status}: {error_text(reply.body)}", reply.wait_s)
    return decode_answers(reply.body)


def fetch_ca(url: str, digest: str, timeout_s: float = TIMEOUT_S) -> str:
    """The centre's CA as PEM, on first contact: believed only if `digest` begins the SHA-256 of its certificate.

    Raises ResourceError where the centre cannot be reached, InputError where the certificate is another.
    """
    host, port = host_and_port(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the digest below is what we trust
    connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
    try:
        connection.request("GET", "/ca")
        answer = connection.getresponse()
        status, content = answer.status, answer.read(LONGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(host, port, error) from error
    finally:
        connection.close()
    try:
        pem = content.decode("ascii")
        der = ssl.PEM_cert_to_DER_cert(pem)
    except ValueError as error:
        raise InputError(
            f"{url} answered /ca with status {status} and no certificate; is it a Tocsin centre?"
        ) from error
    if len(digest) < 32 or not hashlib.sha256(der).hexdigest().startswith(digest):
        raise InputError(f"the certificate of {url} is not the one that the token names; do not trust this centre")
    return pem


def host_and_port(url: str) -> tuple[str, int]:
    """Parts of https://HOST[:PORT]. Raises InputError for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"centre is {url!r}; expected https://HOST:PORT ({error})") from error
    if parts.scheme != "https" or not host or parts.path not in ("", "/") or parts.query or parts.username:
        raise InputError(f"centre is {url!r}; expected https://HOST:PORT")
    return host, port or DEFAULT_PORT


def error_text(body: bytes) -> str:
    """The sentence in a refusal's JSON, or that there is none."""
    try:
        return str(json.loads(body)["error"])[:300]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "no reason given"


def _context(ca_pem: str, shown: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # before, the node's certificate travels in the clear
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise InputError(f"the centre's certificate authority is damaged ({error}); enrol the node anew") from error
    if shown is not None and shown[0].exists():
        try:
            context.load_cert_chain(*shown)
        except OSError as error:  # of another key, or damaged: the centre is asked for another
            log.warning("the node's certificate cannot be used", file=str(shown[0]), problem=str(error))
    return context


def _unreachable(host: str, port: int, error: Exception) -> ResourceError:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"its certificate is not the one this node trusts: {error.verify_message}"
        if error.verify_code in (CERT_NOT_YET_VALID, CERT_HAS_EXPIRED):
            reason += f" by this computer's clock, which says {dt.datetime.now(dt.UTC):%Y-%m-%d}"
    elif isinstance(error, ssl.SSLError) and "certificate" in str(error).lower():
        reason = f"it refuses this node's certificate ({error.reason or error})"
    elif isinstance(error, TimeoutError):
        reason = "no answer in time"
    elif isinstance(error, socket.gaierror):
        reason = "its name is not known"
    elif isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
    else:
        reason = "it does not speak HTTP as expected"
    return ResourceError(f"centre {host}:{port} cannot be reached: {reason}")


def _seconds(text: str | None) -> float:
    try:
        wait_s = float(text or 0.0)
    except ValueError:
        return 0.0
    return min(wait_s, LONGEST_WAIT_S) if math.isfinite(wait_s) and wait_s > 0.0 else 0.0

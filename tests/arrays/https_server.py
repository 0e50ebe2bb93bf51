"""A centre of a few lines: a real HTTPS server on a free port, with its own certificate authority."""

from __future__ import annotations

import hashlib
import json
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from arrays.order import Order
from arrays.parcel import Answers, Outcome, digest, unpack
from arrays.report import Answer, decode_envelope, decode_report, encode

NAME = "centre.test"  # that its certificate has besides the address
Answering = Callable[[str, bytes], tuple[int, bytes]]


def acknowledge(_path: str, body: bytes) -> tuple[int, bytes]:
    """What a centre says to a good report."""
    return 200, encode(Answer(sequence=decode_report(decode_envelope(body).body).sequence))


@dataclass
class Server:
    """Where it listens, whom to trust, what came in: each report by itself. `answer`, which may be replaced at any
    time, is asked for each, and what a parcel is answered put together. `orders`: what a request for them gets.
    `shown`: the certificates, DER, under which reports came, none of them an empty one."""

    url: str
    ca: str
    authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
    answer: Answering = acknowledge
    shown: list[bytes] = field(default_factory=list)
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    parcels: list[bytes] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    connections: int = 0

    def parcel(self, parcel: bytes) -> tuple[int, bytes]:
        """Each report of a parcel to `answer`, and its answers in one; one that is none is given as it is."""
        self.parcels.append(parcel)
        outcomes: list[Outcome] = []
        orders: list[Order] = []
        for envelope in unpack(parcel):
            self.heard.append(("/report", envelope))
            status, body = self.answer("/report", envelope)
            if status >= 500 or status in (401, 429):
                return status, body
            if status != 200:
                outcomes.append(Outcome(status, json.loads(body)["error"]))
                continue
            try:
                answer = msgspec.msgpack.decode(body, type=Answer)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return status, body
            if answer.sequence != decode_report(decode_envelope(envelope).body).sequence:
                return 200, msgspec.msgpack.encode(Answers(about=b"another", outcomes=[Outcome(200)]))
            orders += answer.orders
            outcomes.append(Outcome(200))
        return 200, msgspec.msgpack.encode(Answers(about=digest(parcel), outcomes=outcomes, orders=orders))

    def held(self, asker: ssl.SSLSocket) -> bytes:
        """A request for orders: at once where there are any, else with none after a moment; none to one who has gone,
        with whom they would be lost."""
        end_s = time.monotonic() + 0.5
        while not self.orders and time.monotonic() < end_s:
            time.sleep(0.01)
        if select.select([asker], [], [], 0.0)[0]:
            return msgspec.msgpack.encode(Answers())
        given, self.orders = self.orders, []
        return msgspec.msgpack.encode(Answers(orders=given))

    @property
    def fingerprint(self) -> str:
        """The second half of a token."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.ca)).hexdigest()[:32]

    def certify(self, request_pem: str, start: timedelta = timedelta(0), end: timedelta = timedelta(days=30)) -> str:
        """A client certificate, PEM, for the key of a request, good from now + `start` to now + `end`."""
        request, now = x509.load_pem_x509_csr(request_pem.encode()), datetime.now(UTC)
        assert request.is_signature_valid
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.authority[0].subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start)
            .not_valid_after(now + end)
        )
        return builder.sign(self.authority[1], hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def certificate(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A CA where `issuer` is None, else a server's certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName(NAME)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


@contextmanager
def https_server(folder: Path, answer: Answering = acknowledge) -> Iterator[Server]:
    """A server while the block lasts."""
    authority = certificate("test authority", None)
    cert, key = certificate("test centre", authority)
    (folder / "server.pem").write_bytes(
        cert.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    ca = authority[0].public_bytes(Encoding.PEM).decode()
    server = Server("", ca, authority, answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 10

        def setup(self) -> None:
            super().setup()
            server.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.shown.append(self.connection.getpeercert(binary_form=True) or b"")
            if self.path == "/reports":
                self.reply(*server.parcel(body))
            else:
                server.heard.append((self.path, body))
                self.reply(*server.answer(self.path, body))

        def do_GET(self) -> None:
            if self.path == "/orders":
                self.reply(200, server.held(self.connection))
                return
            self.reply(*((200, server.ca.encode()) if self.path == "/ca" else (404, b"")))

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "0.5")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    listener.daemon_threads = True
    server.url = f"https://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()

"""Real peers on free ports: a TCP or TLS server that keeps what it gets, a mail server, a TAK server, mosquitto."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from dispatch.trust.authority import open_authority
from tests.dispatch.alerts.receivers import free_port


def server_tls(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's TLS for 127.0.0.1, and the file of the authority that it trusts it by."""
    authority = open_authority(folder, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server_cert, authority.server_key)
    return context, str(folder / "keys" / "ca.pem")


@contextmanager
def sink(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A TCP server: its address, and what each connection brought."""
    got: list[bytes] = []

    def read(line: socket.socket) -> bytes:
        return b"".join(iter(lambda: line.recv(4096), b""))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if tls is None:
                got.append(read(self.request))
                return
            with suppress(ssl.SSLError), tls.wrap_socket(self.request, server_side=True) as line:
                got.append(read(line))  # or not, where a client that does not trust us hangs up

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", got
        server.shutdown()
        thread.join()


@contextmanager
def datagrams() -> Iterator[tuple[str, socket.socket]]:
    """A UDP socket and its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10.0)
        yield f"127.0.0.1:{listener.getsockname()[1]}", listener


class _Inbox:
    def __init__(self, refused: str) -> None:
        self.messages: list[EmailMessage] = []
        self.refused = refused

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address == self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(BytesParser(EmailMessage, policy=default).parsebytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_server(tls: ssl.SSLContext | None, refused: str = "") -> Iterator[tuple[str, list[EmailMessage]]]:
    """A mail server, which wants STARTTLS where it has TLS; its address and its messages."""
    inbox = _Inbox(refused)
    controller = Controller(
        inbox, hostname="127.0.0.1", port=free_port(), tls_context=tls, require_starttls=tls is not None
    )
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}", inbox.messages
    finally:
        controller.stop()


def peer_file(name: str) -> Path:
    """A file of the peers that have an environment of their own: `make test` makes it, for they want old libraries."""
    found = next((Path(sys.prefix) / "peers").glob(f"lib/python*/site-packages/{name}"), None)
    assert found is not None, f"make test installs the peer that has {name}"
    return found


@contextmanager
def tak_server(folder: Path) -> Iterator[str]:
    """A TAK server, which passes what one client sends on to the others; its address."""
    port = free_port()
    settings = folder / "taky.conf"
    settings.write_text(
        f"[taky]\nbind_ip=127.0.0.1\nroot_dir={folder}\n[cot_server]\nport={port}\n[ssl]\nenabled=false\n"
    )
    program = Path(sys.prefix) / "peers" / "bin" / "taky"
    assert program.exists(), "make test installs taky"
    with (folder / "taky.log").open("w") as log:
        process = subprocess.Popen([program, "-c", settings, "-l", "debug"], stdout=log, stderr=log)
    try:
        wait_for_port(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def mosquitto(folder: Path, port: int | None = None) -> Iterator[str]:
    """A broker; its address."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program is not None, "install Debian's mosquitto"
    taken = port or free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {taken} 127.0.0.1\nallow_anonymous true\n")
    with (folder / "mosquitto.log").open("w") as log:
        process = subprocess.Popen([program, "-c", settings], stdout=log, stderr=log)
    try:
        wait_for_port(taken)
        yield f"127.0.0.1:{taken}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for_port(port: int) -> None:
    """Until something listens there."""
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)

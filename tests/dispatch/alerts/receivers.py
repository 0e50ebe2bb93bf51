"""Receivers as one meets them, each a real server on a free port of this machine: good, and bad in their ways."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["good", "slow", "refusing", "garbage", "hanging up", "dripping"]


@dataclass
class Request:
    """One HTTP request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came in, and how the receiver answers from now on."""

    url: str
    way: Way
    port: int
    requests: list[Request] = field(default_factory=list)

    def ids(self) -> list[str]:
        """The webhook ids of what came, in order."""
        return [request.headers["webhook-id"] for request in self.requests]


class _Handler(socketserver.StreamRequestHandler):
    receiver: Receiver
    timeout = 60.0

    def handle(self) -> None:
        if self.receiver.way == "hanging up":
            return
        if self.receiver.way == "dripping":
            self._drip(b"220-wait\r\n" * 10)
        with suppress(OSError):
            line = self.rfile.readline().decode().strip()
            headers = {}
            while text := self.rfile.readline().decode().strip():
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            self._answer(Request(line, headers, body))

    def _answer(self, request: Request) -> None:
        match self.receiver.way:
            case "good":
                self.receiver.requests.append(request)
                self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            case "refusing":
                self.wfile.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            case "garbage":
                self.wfile.write(bytes(range(256)) * 40)
            case "slow":
                self._drip(b"HTTP/1.1 204 No Content\r\n" * 10)

    def _drip(self, words: bytes) -> None:
        with suppress(OSError):
            for letter in words:
                self.wfile.write(bytes([letter]))
                time.sleep(1.0)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


@contextmanager
def receiver(way: Way = "good", port: int = 0) -> Iterator[Receiver]:
    """A receiver that runs as long as the block lasts."""
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", port), handler) as server:
        taken = server.server_address[1]
        handler.receiver = Receiver(f"http://127.0.0.1:{taken}/hook", way, taken)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield handler.receiver  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])

"""What gpsd says of the computer's clock: its JSON over TCP, by gpsd_json(5)."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Annotated

import msgspec
from msgspec import Meta

from acoustic.errors import InputError, ResourceError
from arrays.reading import plain

PORT = 2947
WATCH = b'?WATCH={"enable":true,"json":true,"pps":true};\n'
FIX = 2  # the mode of a TPV from which on a receiver knows where, and so when, it is
TIMEOUT_S = 2.0
LONGEST_LINE = 1 << 16

Nanoseconds = Annotated[int, Meta(ge=0, lt=10**9)]


class Tpv(msgspec.Struct, frozen=True):
    """Time, position, velocity: all that matters here is whether there is a fix."""

    mode: Annotated[int, Meta(ge=0, le=3)]


class Pps(msgspec.Struct, frozen=True):
    """A pulse: when it came by the receiver and by the computer's clock; `precision` is the base-2 logarithm of s."""

    real_sec: int
    real_nsec: Nanoseconds
    clock_sec: int
    clock_nsec: Nanoseconds
    precision: Annotated[int, Meta(ge=-63, le=0)]

    @property
    def ahead_s(self) -> float:
        """By how much the computer's clock is ahead of UTC."""
        return self.clock_sec - self.real_sec + (self.clock_nsec - self.real_nsec) * 1e-9

    @property
    def sigma_s(self) -> float:
        """How far that may be off, as gpsd has it."""
        return 2.0**self.precision


class _Any(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="class")


KINDS: dict[str, type[Tpv | Pps]] = {"TPV": Tpv, "PPS": Pps}


def parse_message(line: bytes) -> Tpv | Pps | None:
    """Parse one line; None for the other things that gpsd tells. Raises InputError naming the field."""
    try:
        kind = KINDS.get(msgspec.json.decode(line, type=_Any).kind)
        return None if kind is None else msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"gpsd: {plain(error)}") from error


class Gpsd:
    """The gpsd of this computer. It is watched without a break: it puts a receiver to sleep that nobody watches."""

    def __init__(self, port: int = PORT) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._held = b""
        self._mode = 0

    def newest(self, during_s: float) -> Pps:
        """Listen so long; the newest pulse that came while the receiver had a fix.

        Raises ResourceError where there is none, or no gpsd, and InputError where it does not speak as published.
        """
        newest = None
        try:
            connection = self._connected()
            end_s = time.monotonic() + during_s
            while (left_s := end_s - time.monotonic()) > 0.0:
                for message in self._messages(connection, left_s):
                    if isinstance(message, Tpv):
                        self._mode = message.mode
                    elif message is not None and self._mode >= FIX:
                        newest = message
        except OSError as error:
            self.close()
            raise ResourceError(f"gpsd does not answer: {error.strerror or error}") from error
        except InputError:
            self.close()
            raise
        if newest is None:
            raise ResourceError("gpsd has " + ("no pulse per second" if self._mode >= FIX else "no fix"))
        return newest

    def close(self) -> None:
        """Let the connection go; the next call takes it up again."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._held, self._mode = None, b"", 0

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S)
            self._socket.sendall(WATCH)
        return self._socket

    def _messages(self, connection: socket.socket, within_s: float) -> list[Tpv | Pps | None]:
        """What comes next; nothing where nothing comes in time."""
        connection.settimeout(within_s)
        with contextlib.suppress(TimeoutError):
            data = connection.recv(LONGEST_LINE)
            if not data:
                raise ConnectionResetError("it closed the connection")
            self._held += data
        *lines, self._held = self._held.split(b"\n")
        if len(self._held) > LONGEST_LINE:
            raise InputError(f"gpsd: a line is longer than {LONGEST_LINE} bytes; expected JSON, one object a line")
        return [parse_message(line) for line in lines if line.strip()]

"""How reports reach the centre: one file a way, and the courier that carries the outbox over any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """What the centre said: a status as in HTTP, the body, and how many seconds it asks to wait (0: nothing asked)."""

    status: int
    body: bytes
    wait_s: float = 0.0


class Uplink(Protocol):
    """A way to the centre."""

    def send(self, body: bytes) -> Reply:
        """Send one signed report. Raises ResourceError where the centre cannot be reached."""

    def close(self) -> None:
        """Let the connection go."""

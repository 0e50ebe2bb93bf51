"""What a TCP socket is told for a link that loses packets and is cut for minutes."""

from __future__ import annotations

import contextlib
import socket

THIN_LINEAR_TIMEOUTS = 16  # Linux: a stream of few packets repeats them without doubling its wait
RTO_MAX_MS = 44  # Linux 6.15 and later: the longest wait before a packet is repeated
LONGEST_REPEAT_MS = 3_000


def be_patient(connection: socket.socket) -> None:
    """Send at once, repeat a lost packet after 3 s at the latest where the system can: by itself it doubles the wait up
    to two minutes, so that a link that is there again stands idle for as long as it was away."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in ((THIN_LINEAR_TIMEOUTS, 1), (RTO_MAX_MS, LONGEST_REPEAT_MS)):
        with contextlib.suppress(OSError):  # a system that does not know it keeps its own patience
            connection.setsockopt(socket.IPPROTO_TCP, option, value)

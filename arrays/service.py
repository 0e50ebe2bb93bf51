"""What a node tells the service manager that started it, as sd_notify(3) has it; nothing where there is none."""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger()


def notify(*lines: str) -> None:
    """Send assignments such as `READY=1` to the socket that NOTIFY_SOCKET names."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        log.warning("the service manager does not hear", problem=error.strerror)

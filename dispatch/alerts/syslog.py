"""Syslog (RFC 5424): by UDP (RFC 5426), TCP or TLS with counted octets (RFC 6587, RFC 5425)."""

from __future__ import annotations

import asyncio
import socket
from typing import Literal

from dispatch.alerts.alert import Alert, iso
from dispatch.alerts.target import Target, send_stream, trusting
from dispatch.checks import host_port

LOCAL0 = 16
ALERT, WARNING, NOTICE = 1, 4, 5
MOST_UDP = 1400  # bytes, so that no datagram is cut on its way


class Syslog(Target, frozen=True, kw_only=True, tag="syslog"):
    """`address` HOST:PORT."""

    address: str
    transport: Literal["udp", "tcp", "tls"] = "tls"
    ca: str = ""

    def __post_init__(self) -> None:
        host_port("address", self.address)

    async def send(self, alert: Alert) -> None:
        """Send one line. By UDP nobody knows whether it arrived."""
        host, port = host_port("address", self.address)
        line = encode(alert, socket.gethostname())
        if self.transport == "udp":
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, port))
            transport.sendto(line[:MOST_UDP].decode(errors="ignore").encode())
            transport.close()
        else:
            tls = trusting(self.ca) if self.transport == "tls" else None
            await send_stream(host, port, b"%d %s" % (len(line), line), tls)


def encode(alert: Alert, host: str) -> bytes:
    """An alert as one line: headline first, then the sentences."""
    grave = WARNING if alert.heard is None else ALERT
    priority = LOCAL0 * 8 + (NOTICE if alert.exercise or alert.kind == "end" else grave)
    name = "".join(c if "!" <= c <= "~" else "-" for c in host)[:255] or "-"
    first = "" if alert.text.startswith(alert.headline) else f"{alert.headline}. "
    text = f"{first}{' '.join(alert.text.splitlines())} id={alert.id}"
    text = "".join(c if c.isprintable() else " " for c in text)
    message = f"{alert.topic}-{alert.kind}".upper()
    return f"<{priority}>1 {iso(alert.sent_ms)} {name} tocsin - {message} - \ufeff{text}".encode()

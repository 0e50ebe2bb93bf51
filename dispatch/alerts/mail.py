"""E-mail (RFC 5322) by SMTP with STARTTLS; what follows is an answer to what came first, so it is one thread."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Literal

import structlog

from acoustic.errors import InputError, ResourceError
from dispatch.alerts.alert import Alert
from dispatch.alerts.target import ANSWER_S, Target, trusting
from dispatch.checks import host_port

log = structlog.get_logger()
ADDRESS = r"[^@\s<>,;:\"()\\\[\]]+@[^@\s<>,;:\"()\\\[\]]+"


class Mail(Target, frozen=True, kw_only=True, tag="mail"):
    """`server` HOST:PORT; `security`: STARTTLS, TLS from the first byte, or none within a machine."""

    server: str
    sender: str
    recipients: tuple[str, ...]
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    ca: str = ""

    def __post_init__(self) -> None:
        host_port("server", self.server)
        for name, address in [("sender", self.sender), *(("recipients", one) for one in self.recipients)]:
            if not re.fullmatch(ADDRESS, address):
                raise InputError(f"{name} has {address[:80]!r}; expected an address such as duty@city.example")
        if not self.recipients:
            raise InputError("recipients is empty; expected at least one address")
        if bool(self.user) != bool(self.password):
            raise InputError("user and password go together; expected both or neither")
        if self.user and self.security == "none":
            raise InputError("security is 'none', but there is a password; expected starttls or tls")

    async def send(self, alert: Alert) -> None:
        """Hand one message to the server."""
        tls = None if self.security == "none" else trusting(self.ca)
        opened: list[Any] = []
        try:
            await asyncio.to_thread(self._hand_over, encode(alert, self.sender, self.recipients), tls, opened)
        except smtplib.SMTPException as error:
            raise ResourceError(f"mail server {self.server} did not take it: {error}") from error
        finally:
            for server in opened:
                _hang_up(server)  # a thread that waits for a server that drips ends so, too

    def _hand_over(self, message: EmailMessage, tls: ssl.SSLContext | None, opened: list[Any]) -> None:
        host, port = host_port("server", self.server)
        server: smtplib.SMTP
        if self.security == "tls":
            server = _OverTls(opened, host, port, timeout=ANSWER_S, context=tls)
        else:
            server = _Plain(opened, host, port, timeout=ANSWER_S)
        if self.security == "starttls":
            server.starttls(context=tls)
        if self.user:
            server.login(self.user, self.password)
        refused = server.send_message(message)
        if refused:  # the others have it; sending it again would not help
            log.warning("a mail server refused some recipients", server=self.server, refused=sorted(refused))
        with suppress(smtplib.SMTPException):
            server.quit()  # it has the message, whatever it says now


class _Known:
    """Makes a connection known before it is there, so that it can be ended at any time."""

    def __init__(self, opened: list[object], *given: Any, **more: Any) -> None:
        opened.append(self)
        super().__init__(*given, **more)


class _Plain(_Known, smtplib.SMTP):
    pass


class _OverTls(_Known, smtplib.SMTP_SSL):
    pass


def encode(alert: Alert, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """An alert as a message."""
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(f"{alert.headline} – {alert.site}".split())
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(datetime.fromtimestamp(alert.sent_ms / 1e3, UTC))
    message["Message-ID"] = f"<{alert.id}@{domain}>"
    if alert.earlier:
        message["In-Reply-To"] = f"<{alert.earlier[-1].id}@{domain}>"
        message["References"] = " ".join(f"<{one.id}@{domain}>" for one in alert.earlier)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(alert.text)
    return message


def _hang_up(server: smtplib.SMTP) -> None:
    if server.sock is not None:
        with suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)
    server.close()

"""Checks of single values that come from outside; each raises InputError that names the field."""

from __future__ import annotations

from urllib.parse import urlsplit

from acoustic.errors import InputError


def within(name: str, value: float, lowest: float, highest: float) -> None:
    """Raise InputError unless `value` is a number in the range."""
    if not lowest <= value <= highest:
        raise InputError(f"{name} is {value}; expected a number from {lowest:g} to {highest:g}")


def host_port(name: str, text: str) -> tuple[str, int]:
    """`HOST:PORT` to its parts; raises InputError. An IPv6 host stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise InputError(f"{name} is {text!r}; expected HOST:PORT, such as 127.0.0.1:8443")
    return host.strip("[]"), int(port)


def web_address(name: str, text: str) -> None:
    """Raise InputError unless `text` is the address of something on a web server."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and text.isascii()
    except ValueError:
        good = False
    if not good or any(c.isspace() for c in text):
        raise InputError(f"{name} is {text[:200]!r}; expected an address that begins with https:// or http://")

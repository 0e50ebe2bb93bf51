"""What the settings tell of the operator's identity provider."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import msgspec

from acoustic.errors import InputError


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`issuer` as the provider names itself; `client` and `secret` as it knows this centre; `label` stands on the
    button; `claim` holds the name by which a person was added; `ca` a file of authorities, where it is not a known one.
    """

    issuer: str
    client: str
    secret: str
    label: str
    claim: str = "preferred_username"
    ca: str = ""

    def __post_init__(self) -> None:
        check_address("login.issuer", self.issuer)
        for name in ("client", "secret", "label", "claim"):
            if not getattr(self, name):
                raise InputError(f"login.{name} is empty; expected what the identity provider says")


def check_address(name: str, address: str) -> None:
    """HTTPS, or this machine. Raises InputError for another."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        raise InputError(f"{name} is {address[:200]!r}; expected an address that begins with https://")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

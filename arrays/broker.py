"""How to reach a message broker: NATS or MQTT, as settings say it, for a node and for a centre."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from acoustic.errors import InputError, ResourceError

PORTS = {"nats": 4222, "nats+tls": 4222, "mqtt": 1883, "mqtts": 8883}
SECURE = ("nats+tls", "mqtts")
T = TypeVar("T", bound="Broker")
FILES = ("password_file", "ca_file", "certificate_file", "key_file")


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url`: nats://, nats+tls://, mqtt:// or mqtts:// HOST[:PORT]. `user` and the file of the password, where it asks
    for them; `ca_file` who vouches for it, else whom the system trusts; `certificate_file` and `key_file` what to show.
    """

    url: str
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""

    def __post_init__(self) -> None:
        scheme, _, _ = parts(self.url)
        if scheme not in SECURE and (self.ca_file or self.certificate_file or self.key_file):
            raise InputError(f"url is {self.url!r}, which is not encrypted; expected {' or '.join(SECURE)} with files")
        if bool(self.certificate_file) != bool(self.key_file):
            raise InputError("certificate_file and key_file belong together; one of them is absent")

    @property
    def speaks_nats(self) -> bool:
        """Whether it is NATS; else MQTT."""
        return self.url.startswith("nats")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return parts(self.url)[1:]

    @property
    def place(self) -> str:
        """As sentences name it."""
        return f"broker {self.address[0]}:{self.address[1]}"

    def password(self) -> str:
        """As its file has it now. Raises ResourceError."""
        if not self.password_file:
            return ""
        try:
            return Path(self.password_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ResourceError(f"password file {self.password_file} cannot be read: {error}") from error

    def tls(self) -> ssl.SSLContext | None:
        """Whom to trust and what to show; None on a way that is not encrypted. Raises ResourceError."""
        if parts(self.url)[0] not in SECURE:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.certificate_file:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except (OSError, ValueError) as error:
            raise ResourceError(f"the files for {self.place} cannot be used: {error}") from error
        return context


def parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises InputError."""
    try:
        found = urlsplit(url)
        scheme, host, port = found.scheme, found.hostname, found.port
    except ValueError as error:
        raise InputError(f"url is {url!r}; expected a scheme, HOST and PORT ({error})") from error
    if scheme not in PORTS or not host or found.path not in ("", "/") or found.query or found.username:
        raise InputError(f"url is {url!r}; expected one of {', '.join(PORTS)}, then ://HOST:PORT")
    return scheme, host, port or PORTS[scheme]


def beside(folder: Path, broker: T) -> T:
    """The same, its files beside the settings file unless absolute."""
    given = {name: str(folder / value) for name in FILES if (value := getattr(broker, name))}
    return msgspec.structs.replace(broker, **given)

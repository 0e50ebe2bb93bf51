"""Where alerts go: the part `[[alerts]]` of the centre's settings."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

import msgspec

from acoustic.errors import InputError
from arrays.report import NAME
from dispatch.alerts.cap import Cap
from dispatch.alerts.cot import Cot
from dispatch.alerts.feed import Feed
from dispatch.alerts.mail import Mail
from dispatch.alerts.mqtt import Mqtt
from dispatch.alerts.ngsi import Ngsi
from dispatch.alerts.rules import Rule
from dispatch.alerts.syslog import Syslog
from dispatch.alerts.webhook import Webhook
from dispatch.checks import web_address, within


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who (`name`), how (`to`), and of what (`when`).

    `unacknowledged_s`: told only of what nobody has acknowledged for so long; 0 is told at once. Several destinations
    with growing times are a line in which an alert goes on to the next.
    """

    name: str
    to: Webhook | Cap | Feed | Cot | Ngsi | Mqtt | Mail | Syslog
    when: Rule = Rule()
    unacknowledged_s: float = 0.0

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise InputError(f"name is {self.name[:80]!r}; expected 1 to 64 letters, digits, dots, dashes")
        within("unacknowledged_s", self.unacknowledged_s, 0.0, 86400.0)


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An address outside that is asked every so often; who runs it calls for help where nothing comes."""

    url: str
    every_s: float = 60.0
    ca: str = ""

    def __post_init__(self) -> None:
        web_address("url", self.url)
        within("every_s", self.every_s, 1.0, 86400.0)


def check(destinations: Sequence[Destination], zones: Container[str]) -> None:
    """Raise InputError where two have one name, or one names a zone that the site has not."""
    names = [one.name for one in destinations]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"alerts has {min(twice)!r} twice; expected every name once")
    for one in destinations:
        if unknown := [zone for zone in one.when.zones if zone not in zones]:
            raise InputError(f"when.zones of {one.name!r} has {unknown[0]!r}; expected the name of one of [[zones]]")

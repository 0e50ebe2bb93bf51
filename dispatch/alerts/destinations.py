"""Where alerts go: the part `[[alerts]]` of the centre's settings."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

import msgspec

from acoustic.errors import InputError
from arrays.report import NAME
from dispatch.alerts.cap import Cap
from dispatch.alerts.feed import Feed
from dispatch.alerts.rules import Rule
from dispatch.alerts.webhook import Webhook
from dispatch.checks import within


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who (`name`), how (`to`), and of what (`when`).

    `unacknowledged_s`: told only of what nobody has acknowledged for so long; 0 is told at once. Several destinations
    with growing times are a line in which an alert goes on to the next.
    """

    name: str
    to: Webhook | Cap | Feed
    when: Rule = Rule()
    unacknowledged_s: float = 0.0

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise InputError(f"name is {self.name[:80]!r}; expected 1 to 64 letters, digits, dots, dashes")
        within("unacknowledged_s", self.unacknowledged_s, 0.0, 86400.0)


def check(destinations: Sequence[Destination], zones: Container[str]) -> None:
    """Raise InputError where two have one name, or one names a zone that the site has not."""
    names = [one.name for one in destinations]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"alerts has {min(twice)!r} twice; expected every name once")
    for one in destinations:
        if unknown := [zone for zone in one.when.zones if zone not in zones]:
            raise InputError(f"when.zones of {one.name!r} has {unknown[0]!r}; expected the name of one of [[zones]]")

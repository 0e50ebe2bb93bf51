"""How sound is made into places: every setting that replay lets one change, and the digest that names them all.

settings = changed(["detector.step_db=8", "priors.path_s=0.005"])
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import fields, replace
from difflib import get_close_matches

import msgspec

from acoustic.classify import Model
from acoustic.errors import InputError
from acoustic.impulses import DetectorSettings
from localisation.likelihood import Priors
from localisation.network import NetworkSettings
from localisation.search import Search

OWN = {"joint", "search", "priors"}  # not numbers: an array's channels are joint, the others are groups of their own
SHARES = {f"priors.{name}" for name in ("outlier", "early", "turned", "heard")} | {
    f"search.{name}" for name in ("echo", "tail", "tail_weak")
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Of detection, and of association and location."""

    detector: DetectorSettings = msgspec.field(default_factory=DetectorSettings)
    network: NetworkSettings = msgspec.field(default_factory=NetworkSettings)

    def digest(self, model: Model | None) -> str:
        """SHA-256, hex, of these settings, the model and the code: what names the method that made a result."""
        from recordings.evidence.contents import code_digest

        how = {"settings": self, "model": model.digest if model else None, "code": code_digest()}
        return hashlib.sha256(msgspec.json.encode(how, order="deterministic")).hexdigest()


def defaults() -> dict[str, float]:
    """Every setting by its name, with its value as shipped."""
    plain = Settings()
    groups: dict[str, DetectorSettings | NetworkSettings | Search | Priors] = {
        "detector": plain.detector,
        "network": plain.network,
        "search": plain.network.search,
        "priors": plain.network.priors,
    }
    return {
        f"{group}.{f.name}": getattr(values, f.name)
        for group, values in groups.items()
        for f in fields(values)
        if f.name not in OWN
    }


def changed(assignments: Iterable[str]) -> Settings:
    """The settings as shipped, but for each NAME=VALUE. Raises InputError naming what is wrong and what was meant."""
    detector, network = DetectorSettings(), NetworkSettings()
    for text in assignments:
        name, value = _parsed(text)
        group, _, field = name.partition(".")
        change = {field: value}
        if group == "detector":
            detector = replace(detector, **change)  # type: ignore[arg-type]  # the type is that of the default
        elif group == "network":
            network = replace(network, **change)  # type: ignore[arg-type]
        else:
            network = replace(network, **{group: replace(getattr(network, group), **change)})
    return Settings(detector=detector, network=network)


def _parsed(text: str) -> tuple[str, float]:
    """A name and its value, of the default's type and within its bounds."""
    known = defaults()
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"setting {text!r} has no value; expected NAME=VALUE, such as detector.step_db=8")
    if name not in known:
        group = name.partition(".")[0]
        alike = get_close_matches(name, known, 1, 0.6) or [k for k in known if k.startswith(f"{group}.")]
        raise InputError(f"there is no setting {name!r}; did you mean {' or '.join(alike or known)}?")
    whole = isinstance(known[name], int)
    try:
        number = int(value) if whole else float(value)
    except ValueError as error:
        raise InputError(f"{name} is {value!r}; expected a {'whole ' if whole else ''}number") from error
    most = 1.0 if name in SHARES else math.inf
    if not 0 < number < most:
        raise InputError(f"{name} is {value}; expected a number above 0{' and below 1' if name in SHARES else ''}")
    return name, number

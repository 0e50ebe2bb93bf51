"""Sentences, numbers and times in the reader's language, rounded to what is known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from acoustic.errors import InputError
from localisation.arrivals import Reason
from recordings.report.findings import FINDINGS
from recordings.report.words import WORDS

LANGUAGES = ("en", "fr", "es")
PAPERS = LANGUAGES[:2]  # in which the centre's own papers are written
SPACE, MINUS = "\u00a0", "\u2212"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DECIMAL = re.compile(r"^([+-]?\d+)\.(\d+)$")
UNITS = re.compile(r"(?<=\d) (?=(?:%|m|m/s|ms|s|km|σ)(?!\w))|(?<=±) ")


class Language:
    """One of `LANGUAGES`; called with a key of `words` and what fills it in, it gives the sentence."""

    def __init__(self, code: str, words: Mapping[str, tuple[str, ...]] = WORDS) -> None:
        self.code, self._words = code, words
        self._column = LANGUAGES.index(code)

    def __call__(self, key: str, /, **values: str) -> str:
        return self.set(self._words[key][self._column]).format(**values)

    def set(self, text: str) -> str:
        """With true apostrophes, and spaces that no line breaks at: before French signs, between number and unit."""
        text = text.replace("'", "’")
        if self.code == "fr":
            text = re.sub(r" (?=[:;?!»])|(?<=«) ", SPACE, text)
        return UNITS.sub(SPACE, text)

    def number(self, value: float, digits: int = 0) -> str:
        """Rounded to so many decimals, with the language's decimal sign and a true minus."""
        text = f"{value:.{digits}f}".replace("-", MINUS)
        if float(f"{value:.{digits}f}") == 0.0:
            text = text.removeprefix(MINUS)
        return text if self.code == "en" else text.replace(".", ",")

    def metres(self, value: float) -> str:
        return f"{self.number(value)}{SPACE}m"

    def extent(self, value: float) -> str:
        """A length that bounds what is not known: rounded up to a metre, never to less."""
        return self.metres(math.ceil(value))

    def ms(self, seconds: float, digits: int = 0) -> str:
        return f"{self.number(1e3 * seconds, digits)}{SPACE}ms"

    def sigma_ms(self, seconds: float) -> str:
        """A standard deviation, ms: to a tenth, to a whole one from 10 ms on; what is less says so."""
        if seconds < 1e-4:
            return f"<{SPACE}{self.ms(1e-4, 1)}"
        return self.ms(seconds, 1 if seconds < 1e-2 else 0)

    def late_ms(self, seconds: float) -> str:
        """A residual, ms, with its sign: to a tenth, to a whole one from 100 ms on."""
        text = self.ms(seconds, 1 if abs(seconds) < 0.1 else 0)
        return text if text.startswith((MINUS, "0,0", "0.0")) else f"+{text}"

    def percent(self, share: float) -> str:
        """A probability; what rounds to certainty is said to be more than 99.9 %, or less than 0.1 %."""
        if share > 0.999:
            return f">{SPACE}{self.number(99.9, 1)}{SPACE}%"
        if share < 0.001:
            return f"<{SPACE}{self.number(0.1, 1)}{SPACE}%"
        return f"{self.number(100 * share, 1 if share > 0.99 or share < 0.01 else 0)}{SPACE}%"

    def degrees(self, value: float) -> str:
        return f"{self.number(value)}°"

    def bearing(self, azimuth_deg: float, sigma_deg: float) -> str:
        """An azimuth with its standard deviation: both to a tenth where that is below a degree, and never ± 0."""
        digits = 0 if sigma_deg >= 1.0 else 1
        sigma = f"{self.number(sigma_deg, digits)}°" if sigma_deg >= 0.1 else f"<{SPACE}{self.number(0.1, 1)}°"
        return f"{self.number(azimuth_deg, digits)}° ±{SPACE}{sigma}"

    def clock(self, time_ns: int) -> str:
        """Time of day, to the millisecond."""
        return moment(time_ns).strftime("%H:%M:%S") + self.number(time_ns // 1_000_000 % 1000 / 1000, 3)[1:]

    def date(self, time_ns: int) -> str:
        return moment(time_ns).strftime("%Y-%m-%d" if self.code == "en" else "%d/%m/%Y")

    def instant(self, time_ns: int) -> str:
        """Date and time, to the millisecond."""
        return f"{self.date(time_ns)} {self.clock(time_ns)}"

    def quarter(self, azimuth_deg: float) -> str:
        """The eighth of the compass that an azimuth, clockwise from north, falls in."""
        return self("quarters").split("|")[round(azimuth_deg / 45.0) % 8]

    def side(self, east_m: float, north_m: float) -> tuple[str, str]:
        """Metres east or west, metres north or south."""
        east, north = round(east_m), round(north_m)
        told = (
            self("east" if east >= 0 else "west", m=self.metres(abs(east))),
            self("north" if north >= 0 else "south", m=self.metres(abs(north))),
        )
        return told[0].replace(" ", SPACE), told[1].replace(" ", SPACE)

    def label(self, label: str) -> str:
        """A class; one that is in no list is told by its own name."""
        return self(f"label.{label}") if f"label.{label}" in self._words else label

    def reason(self, reason: Reason) -> str:
        """Why a verdict is what it is, by its code; in its own English where a newer program has another code."""
        values = {name: self._value(name, value) for name, value in reason.values.items()}
        azimuth = reason.values.get("azimuth_deg")
        if isinstance(azimuth, int | float):
            values["quarter"] = self.quarter(azimuth)
        try:
            return self(f"reason.{reason.code}", **values)
        except KeyError:
            return reason.text

    def _value(self, name: str, value: float | int | str) -> str:
        if name == "label":
            return self.label(str(value))
        return str(value) if self.code == "en" else str(value).replace(".", ",")

    def finding(self, text: str) -> str:
        """What a check found; as `recordings.evidence.verify` says it where it has no translation."""
        for pattern, told in FINDINGS.get(self.code, ()):
            if found := pattern.fullmatch(text):
                return self.set(told).format(*(DECIMAL.sub(r"\1,\2", part) for part in found.groups()))
        return self.set(text)


def moment(time_ns: int) -> datetime:
    """UTC ns to a time, to the microsecond below. Raises InputError for a time that no calendar has."""
    try:
        return EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError as error:
        raise InputError(f"the bundle names the time {time_ns} ns; expected one before the year 10000") from error

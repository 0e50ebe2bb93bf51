"""What a session description (SDP) says of a stream of linear PCM over RTP.

RFC 8866, the description; RFC 3551 and 3190, L16 and L24; RFC 4570, who may send; RFC 7273, what the time stamps are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from acoustic.errors import InputError
from acoustic.filters import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from arrays.reading import text_of

MOST_CHANNELS = 64
LONGEST_PACKET_S = 0.2
PACKET_S = 0.001  # AES67's, where there is no ptime
FORMS = {"L16": "s16be", "L24": "s24be"}  # as arrays.pcm names them


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream: where it goes, what it carries, who sends it (anyone where empty).

    `offset` is the RTP time stamp at 1970-01-01T00:00:00 TAI where time stamps count a PTP clock, else None.
    """

    address: IPv4Address
    port: int
    payload_type: int
    form: str
    rate_hz: int
    channels: int
    packet_s: float = PACKET_S
    senders: frozenset[str] = frozenset()
    offset: int | None = None


def read_sdp(path: Path) -> Stream:
    """The stream of a description file. Raises InputError naming file and line."""
    text = text_of(path, "session description")
    try:
        return parse_sdp(text)
    except InputError as error:
        raise InputError(f"session description {path}: {error}") from error


def parse_sdp(text: str) -> Stream:
    """The first audio stream of a description. Raises InputError naming the line."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[0] != "v=0":
        raise InputError(f"its first line is {lines[0][:80]!r}; expected v=0")
    media = [at for at, line in enumerate(lines) if line.startswith("m=")]
    audio = next((at for at in media if lines[at].startswith("m=audio ")), None)
    if audio is None:
        raise InputError("there is no line m=audio; expected one")
    end = next((at for at in media if at > audio), len(lines))
    # What is said of the stream itself goes before what is said of all.
    said = [*lines[audio + 1 : end], *lines[: media[0]]]
    port, types = _media(lines[audio])
    address = _address(said)
    payload_type, form, rate_hz, channels = _format(said, types)
    return Stream(
        address=address,
        port=port,
        payload_type=payload_type,
        form=form,
        rate_hz=rate_hz,
        channels=channels,
        packet_s=_packet_s(said),
        senders=_senders(said, address),
        offset=_offset(said),
    )


def _media(line: str) -> tuple[int, list[int]]:
    """Port and payload types."""
    match = re.fullmatch(r"m=audio ([0-9]{1,5})(?:/1)? RTP/AVPF? ([0-9]{1,3}(?: [0-9]{1,3})*) *", line)
    if match is None or not 1 <= int(match[1]) <= 65_535:
        raise InputError(f"{line[:80]!r} is not understood; expected m=audio PORT RTP/AVP TYPE")
    return int(match[1]), [int(one) for one in match[2].split()]


def _address(said: list[str]) -> IPv4Address:
    line = next((line for line in said if line.startswith("c=")), None)
    if line is None:
        raise InputError("there is no line c=; expected c=IN IP4 ADDRESS")
    match = re.fullmatch(r"c=IN IP4 ([0-9.]+)(?:/[0-9]{1,3}(?:/1)?)? *", line)
    if match is None:
        raise InputError(f"{line[:80]!r} is not understood; expected c=IN IP4 ADDRESS")
    return _ipv4(match[1], line)


def _ipv4(text: str, line: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise InputError(f"{text[:80]!r} in {line[:80]!r} is not an IPv4 address") from None


def _format(said: list[str], types: list[int]) -> tuple[int, str, int, int]:
    """Payload type, form, rate and channels of the first type offered that is linear PCM."""
    found = {}
    for value in _values(said, "rtpmap"):
        match = re.fullmatch(r"([0-9]{1,3}) +([^/ ]+)/([0-9]{1,7})(?:/([0-9]{1,4}))? *", value)
        if match and match[2].upper() in FORMS:
            found[int(match[1])] = (FORMS[match[2].upper()], int(match[3]), int(match[4] or 1))
    for one in types:
        if one in found and one < 128:
            form, rate_hz, channels = found[one]
            if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
                limits = f"{LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g}"
                raise InputError(f"a=rtpmap:{one} has {rate_hz} Hz; expected {limits} Hz")
            if not 1 <= channels <= MOST_CHANNELS:
                raise InputError(f"a=rtpmap:{one} has {channels} channels; expected 1 to {MOST_CHANNELS}")
            return one, form, rate_hz, channels
    raise InputError("no type of its m=audio is L16 or L24; expected a=rtpmap:TYPE L24/48000/CHANNELS")


def _packet_s(said: list[str]) -> float:
    value = next(iter(_values(said, "ptime")), None)
    if value is None:
        return PACKET_S
    match = re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,9})? *", value)
    if match is None or not 0.0 < float(value) <= LONGEST_PACKET_S * 1e3:
        raise InputError(
            f"a=ptime:{value[:40]} is not understood; expected milliseconds up to {LONGEST_PACKET_S * 1e3:g}"
        )
    return float(value) * 1e-3


def _senders(said: list[str], address: IPv4Address) -> frozenset[str]:
    senders: set[str] = set()
    for value in _values(said, "source-filter"):
        match = re.fullmatch(r" *incl IN IP4 ([0-9.]+|\*) ([0-9.]+(?: [0-9.]+)*) *", value)
        line = f"a=source-filter:{value}"
        if match is None:
            raise InputError(f"{line[:80]!r} is not understood; expected incl IN IP4 ADDRESS SENDER")
        if match[1] == "*" or _ipv4(match[1], line) == address:
            senders |= {str(_ipv4(one, line)) for one in match[2].split()}
    return frozenset(senders)


def _offset(said: list[str]) -> int | None:
    """RFC 7273: time stamps count the reference clock itself where mediaclk is direct, at its nominal rate."""
    clock = next(iter(_values(said, "ts-refclk")), "")
    match = re.fullmatch(r"direct=([0-9]{1,10}) *", next(iter(_values(said, "mediaclk")), ""))
    if match is None or not clock.startswith("ptp="):
        return None
    if int(match[1]) >= 2**32:
        raise InputError(f"a=mediaclk:direct={match[1]} is not a time stamp; expected less than 2^32")
    return int(match[1])


def _values(said: list[str], attribute: str) -> list[str]:
    return [line[len(attribute) + 3 :] for line in said if line.startswith(f"a={attribute}:")]

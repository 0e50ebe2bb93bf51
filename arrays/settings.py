"""A node's settings: one TOML file, parsed once into a frozen type.

    node = "roof-1"
    data = "roof-1"                    # folder of key, centre and outbox; beside this file unless absolute
    microphones = [[0.1, 0.0, 0.0]]    # offsets in metres east, north, up of the position, one a channel
    [position]                         # lat, lon, height_m, or x, y, z in metres of the centre's frame
    lat = 44.84
    lon = -0.58
    height_m = 25.0
    [source]
    kind = "sound"
    device = "MiniDSP"                 # part of the device's name; the default input where absent
    rate_hz = 48000
    channels = [1, 2, 3, 4]

or, from a program that writes raw samples (arecord -f S16_LE -c 4 -r 48000 -t raw | tocsin node roof-1.toml):

    [source]
    kind = "stdin"
    format = "s16le"                   # or s24le, s32le, f32le; channels interleaved
    rate_hz = 48000
    channels = 4

or, from a microphone on the network (AES67: L16 or L24 over RTP), whose session description is the file:

    [source]
    kind = "rtp"
    sdp = "roof-1.sdp"                 # beside this file unless absolute
    depth_ms = 50                      # how long a lost packet is waited for
    interface = "192.168.7.2"          # this machine's address in the microphones' network, for multicast

or, to play a recording, position and microphones being the session's:

    node = "roof-1"
    [source]
    kind = "session"
    folder = "scene"
    start_at_utc = "2026-06-01T21:00:00Z"    # live, from this instant on; as fast as it can be read where absent
"""

from __future__ import annotations

import math
import re
import tomllib
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

import msgspec

from acoustic.air import Air
from acoustic.errors import InputError
from arrays.broker import FILES, Broker, beside
from arrays.reading import plain, text_of
from arrays.report import NAME
from arrays.timebase import parse_utc_ns


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Where the array stands: degrees and height above the ellipsoid, or metres in the centre's frame; never both."""

    lat: float | None = None
    lon: float | None = None
    height_m: float = 0.0
    x: float | None = None
    y: float | None = None
    z: float | None = None

    def __post_init__(self) -> None:
        globe, local = (self.lat, self.lon), (self.x, self.y, self.z)
        if not (None not in globe and local == (None,) * 3) and not (None not in local and globe == (None,) * 2):
            raise InputError("has neither or both of lat, lon and x, y, z; expected one of them")
        _check("lat", self.lat, -90.0, 90.0)
        _check("lon", self.lon, -180.0, 180.0)
        for name in ("height_m", "x", "y", "z"):
            _check(name, getattr(self, name), -1e6, 1e6)


class SoundSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="sound"):
    """A PortAudio input. `channels` count from 1; `time_sigma_s` is how far its clock may be off, where nobody says.

    `pps_channel`, none of them, carries a GNSS receiver's pulse per second.
    """

    device: str = ""
    rate_hz: float = 48_000.0
    channels: tuple[int, ...] = (1,)
    time_sigma_s: float = 0.02
    pps_channel: int | None = None

    def __post_init__(self) -> None:
        _check("rate_hz", self.rate_hz, 8_000.0, 192_000.0)
        _check("time_sigma_s", self.time_sigma_s, 0.0, 3600.0)
        if not self.channels or min(self.channels) < 1 or len(set(self.channels)) < len(self.channels):
            raise InputError(f"channels is {list(self.channels)}; expected different numbers from 1 up")
        if self.pps_channel is not None and (self.pps_channel < 1 or self.pps_channel in self.channels):
            raise InputError(f"pps_channel is {self.pps_channel}; expected a number from 1 up, not among channels")


class StdinSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="stdin"):
    """Raw samples on standard input. `time_sigma_s` is how far this machine's clock may be from UTC."""

    format: Literal["s16le", "s24le", "s32le", "f32le"] = "s16le"
    rate_hz: float = 48_000.0
    channels: int = 1
    time_sigma_s: float = 0.02

    def __post_init__(self) -> None:
        _check("rate_hz", self.rate_hz, 8_000.0, 192_000.0)
        _check("channels", self.channels, 1, 64)
        _check("time_sigma_s", self.time_sigma_s, 0.0, 3600.0)


class RtpSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="rtp"):
    """A microphone on the network. `time_sigma_s`: how far the clock may be from UTC that dates the sound, which is the
    sender's PTP clock where the description refers to it, else this machine's."""

    sdp: str
    depth_ms: float = 50.0
    interface: str = ""
    time_sigma_s: float = 0.02

    def __post_init__(self) -> None:
        _check("depth_ms", self.depth_ms, 0.0, 2000.0)
        _check("time_sigma_s", self.time_sigma_s, 0.0, 3600.0)
        try:
            IPv4Address(self.interface or "0.0.0.0")  # noqa: S104 — nothing is bound here
        except ValueError:
            raise InputError(f"interface is {self.interface[:80]!r}; expected an IPv4 address") from None


class SessionSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="session"
):
    """A recording: the node's own in a session folder, or that of `node`."""

    folder: str
    node: str = ""
    start_at_utc: str = ""

    def __post_init__(self) -> None:
        if self.start_at_utc:
            try:
                parse_utc_ns(self.start_at_utc)
            except ValueError as error:
                raise InputError(f"start_at_utc: {error}") from error


Source = SoundSource | StdinSource | RtpSource | SessionSource


class Weather(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The air at the array, as `acoustic.air.Air` takes it; a session's own where it has one."""

    temperature_c: float | None = None
    humidity_pct: float = 50.0
    speed_of_sound_ms: float | None = None


class Link(Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How reports travel: by a broker, or, without a `url`, over HTTPS to the centre. `bytes_per_hour`: what a link
    that is paid by the byte may carry, both ways together; 0 where it is not."""

    url: str = ""
    bytes_per_hour: float = 0.0

    def __post_init__(self) -> None:
        if self.url:
            Broker.__post_init__(self)
        elif any(getattr(self, name) for name in ("user", *FILES)):
            raise InputError("url is absent; expected a broker's, for the other settings are about one")
        if self.bytes_per_hour:
            _check("bytes_per_hour", self.bytes_per_hour, 10_000.0, 1e12)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a node can be told.

    `model` is a classifier's file, the shipped one where empty; `ring_s` how much sound is held in memory;
    `health_interval_s` how often it says how it is; `outbox_reports`, `outbox_mb` and `outbox_days` how many
    reports, megabytes of them and days of age wait at most; `link` how they travel.
    """

    node: str
    source: Source
    data: str = "node-data"
    position: Position | None = None
    microphones: tuple[tuple[float, float, float], ...] | None = None
    model: str = ""
    ring_s: float = 10.0
    health_interval_s: float = 3.0
    outbox_reports: int = 40_000
    outbox_mb: float = 64.0
    outbox_days: float = 30.0
    air: Weather = Weather()
    link: Link = Link()

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.node):
            raise InputError(f"node is {self.node[:80]!r}; expected 1 to 64 letters, digits, dots, dashes")
        _check("ring_s", self.ring_s, 2.0, 60.0)
        _check("health_interval_s", self.health_interval_s, 0.1, 3600.0)
        _check("outbox_reports", self.outbox_reports, 10, 10_000_000)
        _check("outbox_mb", self.outbox_mb, 1.0, 1e6)
        _check("outbox_days", self.outbox_days, 0.1, 3650.0)

    def own_air(self) -> Air:
        """The air as stated; raises InputError where a value is not physical."""
        return Air(**msgspec.structs.asdict(self.air))


def read_settings(path: Path) -> Settings:
    """Read a settings file; paths in it become absolute. Raises InputError naming the field."""
    text = text_of(path, "settings file")
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
        settings.own_air()
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"settings file {path} is not TOML: {error}") from error
    except (msgspec.ValidationError, InputError) as error:
        raise InputError(f"settings file {path}: {plain(error)}") from error
    return _beside(path.resolve().parent, settings)


def _beside(folder: Path, settings: Settings) -> Settings:
    source = settings.source
    if isinstance(source, SessionSource):
        source = msgspec.structs.replace(source, folder=str(folder / source.folder))
    elif isinstance(source, RtpSource):
        source = msgspec.structs.replace(source, sdp=str(folder / source.sdp))
    model = str(folder / settings.model) if settings.model else ""
    link = beside(folder, settings.link)
    return msgspec.structs.replace(settings, source=source, data=str(folder / settings.data), model=model, link=link)


def _check(name: str, value: float | None, lowest: float, highest: float) -> None:
    if value is not None and not (math.isfinite(value) and lowest <= value <= highest):
        raise InputError(f"{name} is {value}; expected a number from {lowest:g} to {highest:g}")

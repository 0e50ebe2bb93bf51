"""The centre's settings: one TOML file, every key optional, parsed once into a frozen type."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path

import msgspec

from acoustic.errors import InputError
from arrays.broker import Broker
from arrays.reading import text_of
from arrays.weather import Weather
from dispatch.alerts.destinations import Destination, Heartbeat
from dispatch.alerts.destinations import check as check_alerts
from dispatch.checks import host_port, within
from dispatch.people.login import Login
from dispatch.store.databases import check_url
from dispatch.town.zones import Zone, zone_info


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where x, y, z count from: WGS-84 degrees and metres above the ellipsoid."""

    lat: float
    lon: float
    height_m: float = 0.0

    def __post_init__(self) -> None:
        within("origin.lat", self.lat, -90.0, 90.0)
        within("origin.lon", self.lon, -180.0, 180.0)
        within("origin.height_m", self.height_m, -1000.0, 10000.0)


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many reports one node may send: a steady rate, and a burst after a silence (an outbox that empties)."""

    reports_per_s: float = 50.0
    burst: int = 500

    def __post_init__(self) -> None:
        within("limits.reports_per_s", self.reports_per_s, 0.1, 1e6)
        within("limits.burst", self.burst, 1, 1e6)


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long what is kept is kept: arrivals that no event rests on (hours since they came); clips (days since they
    came); events with their shots, reports, places of finds, names and words (days); the journal itself (days).
    """

    arrivals_h: float = 24.0
    clips_days: float = 30.0
    events_days: float = 365.0
    audit_days: float = 1095.0

    def __post_init__(self) -> None:
        within("keep.arrivals_h", self.arrivals_h, 1.0, 8760.0)
        within("keep.clips_days", self.clips_days, 0.01, 36500.0)
        within("keep.events_days", self.events_days, 1.0, 36500.0)
        within("keep.audit_days", self.audit_days, 1.0, 36500.0)
        if not self.arrivals_h / 24.0 <= self.events_days <= self.audit_days:
            raise InputError("keep has arrivals, events and audit in another order; expected each longer than the last")


class GroundSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the map draws under the network: a PMTiles archive, or a GeoJSON file with streets, and whose data it is."""

    tiles: str | None = None
    streets: str | None = None
    attribution: str = "© OpenStreetMap contributors"

    def __post_init__(self) -> None:
        if len(self.attribution) > 200:
            raise InputError(f"ground.attribution has {len(self.attribution)} characters; expected at most 200")


class Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Location by processes beside the centre: the NATS that arrivals are queued in, the side of each one's cells."""

    broker: Broker
    cell_m: float = 8000.0

    def __post_init__(self) -> None:
        within("workers.cell_m", self.cell_m, 500.0, 1e6)
        if not self.broker.speaks_nats:
            raise InputError(f"workers.broker.url is {self.broker.url!r}; expected nats:// or nats+tls://")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a centre can be told.

    `name` is what the page calls the site; `data` the folder of the store and the keys; `database` the URL of a
    PostgreSQL that is the store instead; `listen` HOST:PORT where nodes
    report (HTTPS); `names` further host names in the server's certificate. The page is at `page_host` and `page_port`:
    beyond this machine over HTTPS only, with the files `page_certificate` and `page_key` or a certificate of our CA.
    `models` is the folder of registered classifiers (`tocsin model register`) that may be rolled out;
    `zones` are the parts of the town that figures are given for, `timezone` its local time; `outcome_due_h`: after so
    many hours an alert without an outcome is reminded of, again and again; `public` opens the page for residents;
    `ground` is what the map draws under the network; `keep` how long what is kept; `alerts` who is told of what, and
    how; `heartbeat` what is asked every so often, outside, to tell that the centre lives; `brokers` where nodes report
    besides, `workers` that other processes locate; `login` the identity provider by which people may log in.
    """

    name: str = "Tocsin"
    data: str = "tocsin-data"
    database: str | None = None
    listen: str = "127.0.0.1:8443"
    page_host: str = "127.0.0.1"
    page_port: int = 8080
    page_certificate: str | None = None
    page_key: str | None = None
    names: list[str] = []
    origin: Origin | None = None
    air: Weather = Weather()
    limits: Limits = msgspec.field(default_factory=Limits)
    keep: Keep = msgspec.field(default_factory=Keep)
    ground: GroundSettings = GroundSettings()
    models: str = "tocsin-models"
    zones: tuple[Zone, ...] = ()
    timezone: str = "UTC"
    outcome_due_h: float = 72.0
    public: bool = False
    alerts: tuple[Destination, ...] = ()
    heartbeat: Heartbeat | None = None
    brokers: tuple[Broker, ...] = ()
    workers: Workers | None = None
    login: Login | None = None

    def __post_init__(self) -> None:
        address(self.listen)
        if self.database is not None:
            check_url(self.database)
        if self.workers is not None and self.database is None:
            raise InputError("workers is given without database; expected the PostgreSQL that they share")
        zone_info(self.timezone)
        within("outcome_due_h", self.outcome_due_h, 0.001, 8760.0)
        if len({zone.name for zone in self.zones}) < len(self.zones):
            raise InputError("zones has one name twice; expected each once")
        within("page_port", self.page_port, 0, 65535)
        if (self.page_certificate is None) != (self.page_key is None):
            raise InputError("page_certificate and page_key go together; expected both or neither")
        check_alerts(self.alerts, {zone.name for zone in self.zones})

    @property
    def page_tls(self) -> bool:
        """Whether the page is served over HTTPS."""
        return self.page_certificate is not None or not _is_this_machine(self.page_host)


def read_settings(path: Path) -> Settings:
    """Read a settings file; raises InputError naming the field."""
    text = text_of(path, "settings file")
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
        settings.air.air()
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"settings file {path} is not TOML: {error}") from error
    except (msgspec.ValidationError, InputError) as error:
        raise InputError(f"settings file {path}: {error}") from error
    return settings


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT` to its parts; raises InputError. An IPv6 host stands in brackets."""
    return host_port("listen", text)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

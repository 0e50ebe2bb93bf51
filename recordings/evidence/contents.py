"""What an evidence bundle holds. Places are in metres east, north, up of its first node: where that is, is sealed."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from importlib.resources import files

import msgspec

from acoustic.air import Air
from arrays.report import LISTENING, read_report, station_arrivals
from localisation.arrivals import Arrival, Place, Shot, Station
from localisation.network import Network, NetworkSettings
from recordings.chain import Line

Offset = tuple[float, float, float]
ROOMS = ("acoustic", "localisation")  # whose code makes a place of arrivals


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """How arrivals were located: the air, every setting, the program, its code's digest, the libraries under it."""

    air: Air
    settings: NetworkSettings
    program: str
    code: str
    libraries: dict[str, str]

    @property
    def digest(self) -> str:
        """SHA-256, hex, by which results name the method that made them."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a bundle is about, who made it when and for whom; `centre_key`: the Ed25519 key that signs it. Of a replay:
    the session's id, and the SHA-256, hex, of each node's recording.
    """

    event: str
    number: int
    opened_ms: int
    made_ns: int
    made_for: str
    centre_key: bytes
    replay_of: str = ""
    recordings: dict[str, str] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it was enrolled: its Ed25519 key, its place, the offsets of its microphones, m; keys it had before."""

    id: str
    public_key: bytes
    x: float
    y: float
    z: float
    microphones: tuple[Offset, ...] = ()
    enrolled_ms: int = 0
    former_keys: tuple[bytes, ...] = ()


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it came: the bytes that the node signed."""

    node: str
    sequence: int
    received_ns: int
    body: bytes
    signature: bytes


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a shot as it was published, the event it was counted to, and when; `digest`: SHA-256 of what the
    centre kept, its places on the globe included, which the chain names.
    """

    shot: Shot
    event: str
    recorded_ms: int
    digest: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the centre's chain, from the event's first line to the making of this bundle; the content of lines
    about other things is left out. `before`, `end`: the chain's digests around it.
    """

    before: str
    lines: tuple[Line, ...]
    end: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What only a named person may open: see `recordings.evidence.sealed`."""

    made_for: str
    nonce: bytes
    content: bytes


class SignedClip(msgspec.Struct, frozen=True, kw_only=True):
    """The sound of the event's shots as a node sent it: the bytes that it signed, see `arrays.clip`."""

    node: str
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of a bundle. `relocated`: what this method makes of these reports, computed when the bundle was made.

    `clips`: none where none came, or none was to be in it.
    """

    subject: Subject
    nodes: tuple[Node, ...]
    reports: tuple[SignedReport, ...]
    method: Method
    versions: tuple[Version, ...]
    relocated: tuple[Shot, ...]
    chain: Chain
    sealed: Sealed = field(repr=False)
    clips: tuple[SignedClip, ...] = field(default=(), repr=False)


def present_method(air: Air, program: str) -> Method:
    """How this program locates."""
    libraries = {name: version(name) for name in ("numpy", "scipy")} | {"python": platform.python_version()}
    return Method(air=air, settings=NetworkSettings(), program=program, code=code_digest(), libraries=libraries)


def code_digest() -> str:
    """SHA-256, hex, of the source that makes places of arrivals."""
    whole = hashlib.sha256()
    for room in ROOMS:
        for file in sorted(files(room).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py"):
                whole.update(f"{room}/{file.name}\n".encode() + file.read_bytes())
    return whole.hexdigest()


def arrivals_in(nodes: Iterable[Node], reports: Iterable[SignedReport]) -> list[Arrival]:
    """What the reports say was heard, by time, each at its node's place. Raises InputError."""
    place = {node.id: (node.x, node.y, node.z) for node in nodes}
    heard = {
        arrival.id: arrival
        for report in reports
        for arrival in station_arrivals(read_report(report.body), place[report.node])
    }
    return sorted(heard.values(), key=lambda a: (a.time_ns, a.id))


def stations_in(nodes: Iterable[Node], reports: Iterable[SignedReport]) -> list[Station]:
    """The nodes that said, in one of the reports, that they listen. Raises InputError."""
    said = [read_report(report.body) for report in reports]
    listening = {one.node for one in said if one.health and one.health.state in LISTENING and not one.exercise}
    return [Station(node=n.id, x=n.x, y=n.y, z=n.z) for n in nodes if n.id in listening]


def located(
    nodes: Sequence[Node], reports: Sequence[SignedReport], method: Method, published: Iterable[Shot]
) -> tuple[Shot, ...]:
    """What the method makes of the reports, for the shots that were `published`, by key; of those only the keys and
    what nodes were asked again for are taken. Raises InputError.
    """
    latest = {shot.key: shot for shot in published}
    network = Network(method.air, method.settings)
    network.resume(latest.values())
    network.feed(arrivals_in(nodes, reports), stations_in(nodes, reports))
    network.flush()
    return tuple(shot for shot in network.shots() if shot.key in latest)


def moved(shot: Shot, by: Offset) -> Shot:
    """The shot with every place in it moved by so many metres east, north, up."""
    east, north, up = by
    o = shot.origin
    also = tuple(Place(x=p.x + east, y=p.y + north) for p in o.also)
    arrivals = tuple(replace(a, x=a.x + east, y=a.y + north, z=a.z + up) for a in shot.arrivals)
    origin = replace(o, x=o.x + east, y=o.y + north, z=o.z + up, also=also)
    return replace(shot, origin=origin, arrivals=arrivals)

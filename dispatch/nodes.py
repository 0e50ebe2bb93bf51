"""What the centre knows of each node at this moment: an explicit state, from its reports and their absence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from arrays.report import LISTENING, Health
from dispatch.store.nodes import NodeRecord
from localisation.arrivals import Station

DEFAULT_INTERVAL_S = 3.0
SILENT_AFTER_INTERVALS = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """A node and what it last said of itself; `heard_ns` is the centre's clock at its last report, None before one;
    `program` and `model`: what it runs, by name and version, and its classifier's digest."""

    record: NodeRecord
    heard_ns: int | None = None
    health: Health | None = None
    health_sequence: int = 0
    program: str = ""
    model: str = ""

    @property
    def interval_s(self) -> float:
        """How often the node means to report."""
        return self.health.interval_s if self.health is not None else DEFAULT_INTERVAL_S

    def state(self, now_ns: int, since_ns: int) -> str:
        """`revoked`, `new`, `silent`, or what the node says: see `arrays.report.STATES`.

        A node is silent when nothing came for 2.5 of its own intervals, counted from the centre's start at the
        earliest (`since_ns`): before, it was the centre that did not listen.
        """
        if self.record.revoked_ms is not None:
            return "revoked"
        if self.heard_ns is None:
            return "new"
        quiet_s = (now_ns - max(self.heard_ns, since_ns)) * 1e-9
        if quiet_s > SILENT_AFTER_INTERVALS * self.interval_s:
            return "silent"
        return "ok" if self.health is None else self.health.state


class Nodes:
    """Every enrolled node. `clock_ns` is the centre's UTC clock in nanoseconds."""

    def __init__(self, records: Iterable[NodeRecord], clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._since_ns = clock_ns()
        self._status = {record.id: NodeStatus(record=record) for record in records}
        self._shown: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._heard: set[str] = set()

    def add(self, record: NodeRecord) -> None:
        """A node was enrolled, perhaps anew, or has another key."""
        self._status[record.id] = replace(self._status.get(record.id, NodeStatus(record=record)), record=record)

    def revoke(self, revoked: Mapping[str, int]) -> None:
        """These nodes are trusted no more, since when (ms); all others are."""
        for identity, status in self._status.items():
            if status.record.revoked_ms != revoked.get(identity):
                self.add(replace(status.record, revoked_ms=revoked.get(identity)))

    def find(self, identity: str) -> NodeRecord | None:
        """The enrolled node of this name, or None."""
        status = self._status.get(identity)
        return None if status is None else status.record

    def heard(
        self, identity: str, received_ns: int, sequence: int, health: Health | None, runs: tuple[str, str] = ("", "")
    ) -> None:
        """A report came. Of two healths the later counts, by sequence: an outbox empties in any order, and a node's
        clock may step back."""
        old = self._status[identity]
        new = replace(old, heard_ns=max(old.heard_ns or 0, received_ns))
        if health is not None and sequence >= old.health_sequence:
            new = replace(new, health=health, health_sequence=sequence, program=runs[0], model=runs[1])
        self._status[identity] = new
        self._heard.add(identity)

    def states(self) -> list[str]:
        """The state of every node that is listed."""
        return [self.state(status.record.id) for status in self.listed()]

    def state(self, identity: str) -> str:
        """The node's state now."""
        return self._status[identity].state(self._clock_ns(), self._since_ns)

    def quiet_s(self, identity: str) -> float | None:
        """For how long nothing came from a node, as `NodeStatus.state` counts it; None for one that never reported."""
        status = self._status[identity]
        if status.heard_ns is None:
            return None
        return (self._clock_ns() - max(status.heard_ns, self._since_ns)) * 1e-9

    def all(self) -> list[NodeStatus]:
        """Every node, by id."""
        return [self._status[identity] for identity in sorted(self._status)]

    def listed(self) -> list[NodeStatus]:
        """The nodes to show, by id: all but those of an exercise that is over."""
        return [status for status in self.all() if not status.record.over]

    def status(self, identity: str) -> NodeStatus | None:
        """One node, or None."""
        return self._status.get(identity)

    def stations(self) -> list[Station]:
        """The nodes that are healthy and listening now."""
        listening = [s.record for s in self.all() if self.state(s.record.id) in LISTENING]
        return [Station(node=r.id, x=r.x, y=r.y, z=r.z) for r in listening]

    def news(self) -> tuple[dict[str, str], list[str]]:
        """What to tell since `told`: nodes whose state or reasons changed (with the state), and those only heard."""
        changed: dict[str, str] = {}
        for status in self.all():
            if self._shown.get(status.record.id) != self._showing(status):
                changed[status.record.id] = self.state(status.record.id)
        return changed, sorted(self._heard - changed.keys())

    def told(self, identities: Iterable[str]) -> None:
        """These nodes' news has been published."""
        for identity in identities:
            self._shown[identity] = self._showing(self._status[identity])
            self._heard.discard(identity)

    def _showing(self, status: NodeStatus) -> tuple[str, tuple[str, ...]]:
        reasons = () if status.health is None else tuple(status.health.reasons)
        return self.state(status.record.id), reasons

"""What a worker knows of its site: the store, the method, which nodes listen, and who is told of events."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.report import LISTENING, program
from dispatch.alerts.announce import Announcer
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.journal import node_lines_after
from dispatch.store.methods import keep_method
from dispatch.store.nodes import NodeRecord, all_nodes
from dispatch.town.addresses import Addresses
from dispatch.town.places import Frame, kept_frame
from dispatch.town.zones import zone_info
from dispatch.workers.cells import Cell, cells_of
from localisation.arrivals import Station
from recordings.evidence.contents import present_method

FRESH_S = 0.5  # for how long what is known of the nodes is taken as it is


class Told(msgspec.Struct, frozen=True):
    """What a line about a node says; others than of its state say other things."""

    state: str = ""


class Office:
    """One site, as its settings and its store tell. Raises InputError where there are no workers in the settings."""

    def __init__(self, settings: Settings) -> None:
        if settings.workers is None:
            raise InputError("the settings have no [workers]; expected the queue that the centre hands arrivals to")
        self.broker, self._cell_m = settings.workers.broker, settings.workers.cell_m
        folder = Path(settings.data)
        self.store = Store(folder, settings.database)
        self.method = present_method(settings.air.air(), program())
        self.store.write_now(lambda connection: keep_method(connection, self.method))
        self._announcer = Announcer(
            site=settings.name,
            destinations=settings.alerts,
            addresses=Addresses(folder),
            zones=settings.zones,
            clock=zone_info(settings.timezone),
        )
        self._nodes: list[NodeRecord] = []
        self._states: dict[str, str] = {}
        self._line = 0
        self._looked_s = float("-inf")
        self._looking = threading.Lock()

    def cells(self) -> list[Cell]:
        """Every cell that there is work on."""
        self._look()
        return cells_of([(node.x, node.y) for node in self._nodes], self._cell_m)

    def stations(self, cell: Cell) -> list[Station]:
        """The nodes in a cell's reach that are healthy and listening, as the journal has it."""
        self._look()
        return [
            Station(node=node.id, x=node.x, y=node.y, z=node.z)
            for node in self._nodes
            if self._states.get(node.id) in LISTENING and cell.hears(node.x, node.y)
        ]

    def announce(self, connection: sa.Connection, events: Sequence[str], now_ms: int) -> None:
        """Queue what is to be told of events, in the transaction that keeps them."""
        if events:
            frame = kept_frame(connection, None) or Frame()
            self._announcer.events(connection, list(dict.fromkeys(events)), frame, now_ms)

    def _look(self) -> None:
        with self._looking:
            if time.monotonic() - self._looked_s < FRESH_S:
                return
            self._nodes, news = self.store.read_now(lambda c: (all_nodes(c), node_lines_after(c, self._line)))
            for line in news:
                told = msgspec.json.decode(line.data, type=Told)
                self._states[line.subject] = told.state or self._states.get(line.subject, "")
                self._line = line.id
            self._looked_s = time.monotonic()

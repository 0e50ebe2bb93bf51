"""A store with its door and a clock to turn: people without a running centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from dispatch.people import register
from dispatch.people.door import Caller, Door
from dispatch.people.roles import Role
from dispatch.store import Store
from dispatch.store.tables import journal

T = TypeVar("T")
PASSWORD = "a lantern over still water"
START_MS = 1_700_000_000_000


@dataclass
class House:
    """A store, its door, and a clock to turn."""

    store: Store
    now_ms: int = START_MS

    def __post_init__(self) -> None:
        self.door = Door(self.store, lambda: self.now_ms)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        return self.store.write_now(work)

    def log_in(self, name: str, password: str = PASSWORD, address: str = "10.0.0.1", code: str | None = None) -> str:
        return self.run(self.door.log_in(name, password, address, code))[0]

    def follow(self, link: str, password: str | None = PASSWORD, name: str | None = None) -> tuple[str, Caller]:
        return self.run(self.door.follow(link.partition("/")[2], name, password))

    def known(self, session: str) -> Caller:
        return self.run(self.door.caller(session, None))

    def add(self, name: str, role: Role = Role.DISPATCHER) -> str:
        """A new person's link."""
        person = self.write(lambda c: register.add(c, name, role, "Ann", self.now_ms))
        return self.write(lambda c: register.make_link(c, person, "Ann", self.now_ms))

    def journal(self, kind: str) -> list[dict[str, Any]]:
        query = sa.select(journal.c.data).where(journal.c.kind == kind).order_by(journal.c.id)
        return [msgspec.json.decode(data) for data in self.store.read_now(lambda c: list(c.scalars(query)))]

    @staticmethod
    def run(coming: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(coming)

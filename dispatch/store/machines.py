"""Machines that may use the API, by the digest of their token."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.people.roles import Right
from dispatch.store.tables import machines


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A program with a token of its own, what it may, and until when."""

    name: str
    digest: str
    rights: frozenset[Right]
    added_ms: int
    ends_ms: int


def all_machines(connection: sa.Connection) -> list[Machine]:
    """Every machine, by name."""
    return [_machine(row) for row in connection.execute(sa.select(machines).order_by(machines.c.name))]


def machine(connection: sa.Connection, digest: str) -> Machine | None:
    """The machine whose token has this digest, or None."""
    row = connection.execute(sa.select(machines).where(machines.c.digest == digest)).first()
    return None if row is None else _machine(row)


def add_machine(connection: sa.Connection, new: Machine) -> None:
    """Keep a machine, in place of one of the same name."""
    drop_machine(connection, new.name)
    values = {"name": new.name, "digest": new.digest, "added_ms": new.added_ms, "ends_ms": new.ends_ms}
    connection.execute(sa.insert(machines).values(rights=msgspec.json.encode(sorted(new.rights)).decode(), **values))


def drop_machine(connection: sa.Connection, name: str) -> bool:
    """Forget a machine; whether there was one."""
    return connection.execute(sa.delete(machines).where(machines.c.name == name)).rowcount > 0


def _machine(row: sa.Row[tuple[object, ...]]) -> Machine:
    values = dict(row._mapping)
    return Machine(rights=msgspec.json.decode(values.pop("rights"), type=frozenset[Right]), **values)

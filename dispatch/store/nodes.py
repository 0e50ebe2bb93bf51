"""Enrolled nodes, and the tokens that enrol them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.store.tables import nodes, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """An enrolled node: metres east, north, up of the centre's origin, and its Ed25519 public key (32 bytes)."""

    id: str
    public_key: bytes
    x: float
    y: float
    z: float
    microphones: tuple[tuple[float, float, float], ...] = ()
    enrolled_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """An issued token by the digest of its secret; `used_by` is the node that it enrolled, once it has."""

    digest: str
    expires_ms: int
    used_ms: int | None = None
    used_by: str | None = None


def all_nodes(connection: sa.Connection) -> list[NodeRecord]:
    """Every enrolled node, by id."""
    return [_record(row) for row in connection.execute(sa.select(nodes).order_by(nodes.c.id))]


def node(connection: sa.Connection, identity: str) -> NodeRecord | None:
    """One enrolled node, or None."""
    row = connection.execute(sa.select(nodes).where(nodes.c.id == identity)).first()
    return None if row is None else _record(row)


def add_node(connection: sa.Connection, record: NodeRecord) -> None:
    """Enrol a node whose id is free."""
    values = {
        "id": record.id,
        "public_key": record.public_key,
        "x": record.x,
        "y": record.y,
        "z": record.z,
        "microphones": msgspec.json.encode(record.microphones).decode(),
        "enrolled_ms": record.enrolled_ms,
    }
    connection.execute(sa.insert(nodes).values(**values))


def add_token(connection: sa.Connection, token: TokenRecord) -> None:
    """Keep a newly issued token."""
    connection.execute(sa.insert(tokens).values(digest=token.digest, expires_ms=token.expires_ms))


def token(connection: sa.Connection, digest: str) -> TokenRecord | None:
    """The token of this digest, or None."""
    row = connection.execute(sa.select(tokens).where(tokens.c.digest == digest)).mappings().first()
    return None if row is None else TokenRecord(**row)


def use_token(connection: sa.Connection, digest: str, used_by: str, used_ms: int) -> None:
    """Mark a token as used; it enrols nobody else."""
    connection.execute(sa.update(tokens).where(tokens.c.digest == digest).values(used_by=used_by, used_ms=used_ms))


def _record(row: sa.Row[tuple[object, ...]]) -> NodeRecord:
    values = dict(row._mapping)
    microphones = msgspec.json.decode(values.pop("microphones"), type=tuple[tuple[float, float, float], ...])
    return NodeRecord(microphones=microphones, **values)

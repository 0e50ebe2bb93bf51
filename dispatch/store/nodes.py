"""Enrolled nodes, and the tokens that enrol them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from dispatch.store.tables import arrivals, former_keys, nodes, reports, tokens

EXERCISE = "exercise-"  # what the names of an exercise's own nodes begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerKey:
    """An Ed25519 key that a node had; reports signed with it are taken still up to a sequence."""

    public_key: bytes
    until_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """An enrolled node: metres east, north, up of the centre's origin, and its Ed25519 public key (32 bytes).

    `certified_until_ms`: when the last certificate that it was given ends; `revoked_ms`: since when it is trusted no
    more.
    """

    id: str
    public_key: bytes
    x: float
    y: float
    z: float
    microphones: tuple[tuple[float, float, float], ...] = ()
    enrolled_ms: int = 0
    certified_until_ms: int = 0
    revoked_ms: int | None = None
    former: tuple[FormerKey, ...] = ()

    @property
    def over(self) -> bool:
        """Whether it was a node of an exercise that is over: the journal tells of it, and no list."""
        return self.revoked_ms is not None and self.id.startswith(EXERCISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """An issued token by the digest of its secret; `used_by` is the node that it enrolled, once it has.

    `node`: the one that it is for, which may be known already; None: any new one.
    """

    digest: str
    expires_ms: int
    used_ms: int | None = None
    used_by: str | None = None
    node: str | None = None


def all_nodes(connection: sa.Connection) -> list[NodeRecord]:
    """Every enrolled node, by id, the revoked among them."""
    former: dict[str, list[FormerKey]] = {}
    for row in connection.execute(sa.select(former_keys).order_by(former_keys.c.replaced_ms)):
        former.setdefault(row.node, []).append(FormerKey(public_key=row.public_key, until_sequence=row.until_sequence))
    rows = connection.execute(sa.select(nodes).order_by(nodes.c.id))
    return [_record(row, tuple(former.get(row.id, ()))) for row in rows]


def node(connection: sa.Connection, identity: str) -> NodeRecord | None:
    """One enrolled node, or None."""
    return next((record for record in all_nodes(connection) if record.id == identity), None)


def revoked_nodes(connection: sa.Connection) -> dict[str, int]:
    """The nodes that are trusted no more, and since when (ms)."""
    rows = connection.execute(sa.select(nodes.c.id, nodes.c.revoked_ms).where(nodes.c.revoked_ms.is_not(None)))
    return {row.id: row.revoked_ms for row in rows}


def add_node(connection: sa.Connection, record: NodeRecord) -> None:
    """Enrol a node, in place of one of the same id; `former` is not kept here."""
    values = {
        "id": record.id,
        "public_key": record.public_key,
        "x": record.x,
        "y": record.y,
        "z": record.z,
        "microphones": msgspec.json.encode(record.microphones).decode(),
        "enrolled_ms": record.enrolled_ms,
        "certified_until_ms": record.certified_until_ms,
        "revoked_ms": record.revoked_ms,
    }
    connection.execute(sa.delete(nodes).where(nodes.c.id == record.id))
    connection.execute(sa.insert(nodes).values(**values))


def change_key(connection: sa.Connection, record: NodeRecord, key: bytes, until_sequence: int, now_ms: int) -> None:
    """Give a node another key; the one it had counts up to a sequence, and for what is kept."""
    same = (former_keys.c.node == record.id, former_keys.c.public_key.in_([record.public_key, key]))
    connection.execute(sa.delete(former_keys).where(*same))
    former = {"node": record.id, "public_key": record.public_key, "until_sequence": until_sequence}
    connection.execute(sa.insert(former_keys).values(**former, replaced_ms=now_ms))
    connection.execute(sa.update(nodes).where(nodes.c.id == record.id).values(public_key=key))


def note_certificate(connection: sa.Connection, identity: str, until_ms: int) -> None:
    """A node was given a certificate that ends then."""
    connection.execute(sa.update(nodes).where(nodes.c.id == identity).values(certified_until_ms=until_ms))


def revoke_node(connection: sa.Connection, identity: str, now_ms: int) -> None:
    """Trust a node no more."""
    connection.execute(sa.update(nodes).where(nodes.c.id == identity).values(revoked_ms=now_ms))


def last_numbers(connection: sa.Connection, identity: str) -> tuple[int, int]:
    """The highest sequence and the highest arrival number that a node has used, as far as is kept; 0 for none."""
    sequence = connection.scalar(sa.select(sa.func.max(reports.c.sequence)).where(reports.c.node == identity))
    prefix = f"{identity}:"
    own = sa.func.substr(arrivals.c.id, 1, len(prefix)) == prefix
    number = sa.cast(sa.func.substr(arrivals.c.id, len(prefix) + 1), sa.BigInteger)
    return sequence or 0, connection.scalar(sa.select(sa.func.max(number)).where(own)) or 0


def add_token(connection: sa.Connection, token: TokenRecord) -> None:
    """Keep a newly issued token."""
    values = {"digest": token.digest, "expires_ms": token.expires_ms, "node": token.node}
    connection.execute(sa.insert(tokens).values(**values))


def token(connection: sa.Connection, digest: str) -> TokenRecord | None:
    """The token of this digest, or None."""
    row = connection.execute(sa.select(tokens).where(tokens.c.digest == digest)).mappings().first()
    return None if row is None else TokenRecord(**row)


def use_token(connection: sa.Connection, digest: str, used_by: str, used_ms: int) -> None:
    """Mark a token as used; it enrols nobody else."""
    connection.execute(sa.update(tokens).where(tokens.c.digest == digest).values(used_by=used_by, used_ms=used_ms))


def _record(row: sa.Row[tuple[object, ...]], former: tuple[FormerKey, ...]) -> NodeRecord:
    values = dict(row._mapping)
    microphones = msgspec.json.decode(values.pop("microphones"), type=tuple[tuple[float, float, float], ...])
    return NodeRecord(microphones=microphones, former=former, **values)

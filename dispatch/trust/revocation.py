"""A node that is trusted no more: nothing is taken from it, from the next report on."""

from __future__ import annotations

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.store.journal import add_entry
from dispatch.store.nodes import node, revoke_node
from recordings.decisions import check_name

LONGEST_REASON = 300


def revoke(connection: sa.Connection, identity: str, because: str, by: str, now_ms: int) -> None:
    """Revoke a node and write so in the journal, with who did.

    Raises InputError where it is unknown or revoked already, or where the reason or the name will not do.
    """
    record = node(connection, identity)
    if record is None:
        raise InputError(f"node {identity[:80]!r} is not enrolled here")
    if record.revoked_ms is not None:
        raise InputError(f"node {identity!r} was revoked already")
    if not 0 < len(because) <= LONGEST_REASON:
        raise InputError(f"the reason has {len(because)} characters; expected 1 to {LONGEST_REASON}")
    check_name(by)
    revoke_node(connection, identity, now_ms)
    add_entry(connection, "node", identity, {"revoked": because, "by": by}, now_ms)

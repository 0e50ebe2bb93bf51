"""Nodes have certificates, may be revoked, and keep the keys that they had; a token may be for one node."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nodes from before have no certificate: as if it ended now, so that each may renew it by itself."""
    op.add_column("tokens", sa.Column("node", sa.Text))
    op.add_column("nodes", sa.Column("certified_until_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("nodes", sa.Column("revoked_ms", sa.BigInteger))
    nodes = sa.table("nodes", sa.column("certified_until_ms"))
    op.execute(sa.update(nodes).values(certified_until_ms=time.time_ns() // 1_000_000))
    op.create_table(
        "former_keys",
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("public_key", sa.LargeBinary, primary_key=True),
        sa.Column("until_sequence", sa.BigInteger, nullable=False),
        sa.Column("replaced_ms", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Without certificates: revoked nodes are known again, so remove those first."""
    op.drop_table("former_keys")
    nodes = sa.table("nodes", sa.column("revoked_ms"))
    op.execute(sa.delete(nodes).where(nodes.c.revoked_ms.is_not(None)))
    for table, column in (("nodes", "revoked_ms"), ("nodes", "certified_until_ms"), ("tokens", "node")):
        op.drop_column(table, column)

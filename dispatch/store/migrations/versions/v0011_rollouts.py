"""Roll-outs of settings and classifiers to nodes, and how far each node is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """None was before."""
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rollout_steps",
        sa.Column("rollout", sa.Text, primary_key=True),
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("ring", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("given_ms", sa.BigInteger),
    )


def downgrade() -> None:
    """Nodes keep what they have; what it was stays in the journal."""
    op.drop_table("rollout_steps")
    op.drop_table("rollouts")

"""Clips: the sound of located shots that nodes were asked for, apart from all else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """None was kept before."""
    op.create_table(
        "clips",
        sa.Column("order", sa.Text, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("came_ms", sa.BigInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("signature", sa.LargeBinary),
    )
    op.create_index("ix_clips_event", "clips", ["event"])


def downgrade() -> None:
    """What was kept goes with it: a program that does not know clips would never erase them."""
    op.drop_table("clips")

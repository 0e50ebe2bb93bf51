"""Alerts that wait, and what became of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """An empty table."""
    op.create_table(
        "alerts",
        sa.Column("row", NUMBER, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("queued_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("settled_ms", sa.BigInteger),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_destination_subject", "alerts", ["destination", "subject"])
    op.create_index("ix_alerts_destination_state", "alerts", ["destination", "state"])


def downgrade() -> None:
    """Without it: what waits is lost."""
    op.drop_table("alerts")

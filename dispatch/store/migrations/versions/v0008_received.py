"""When each arrival came, which its retention clock counts from; reports are found by when they came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """What is kept already came, as far as the store tells, when it was heard."""
    op.add_column("arrivals", sa.Column("received_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE arrivals SET received_ms = time_ns / 1000000")
    op.create_index("ix_reports_received_ns", "reports", ["received_ns"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_reports_received_ns", "reports")
    op.drop_column("arrivals", "received_ms")

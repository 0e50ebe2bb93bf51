"""The first schema: notes, tokens, nodes, reports, arrivals, events, shots, journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

TABLES = ("journal", "shots", "events", "arrivals", "reports", "nodes", "tokens", "notes")


def upgrade() -> None:
    """From an empty database."""
    op.create_table("notes", sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table(
        "tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("used_ms", sa.BigInteger),
        sa.Column("used_by", sa.Text),
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("x", sa.Float, nullable=False),
        sa.Column("y", sa.Float, nullable=False),
        sa.Column("z", sa.Float, nullable=False),
        sa.Column("microphones", sa.Text, nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("received_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "arrivals",
        sa.Column("row", NUMBER, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("time_ns", sa.BigInteger, nullable=False, index=True),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    _create_results()


def _create_results() -> None:
    op.create_table(
        "events",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("opened_ms", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shots",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Text, nullable=False, index=True),
        sa.Column("time_ns", sa.BigInteger, nullable=False, index=True),
        sa.Column("recorded_ms", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("recorded_ms", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """To an empty database: everything is lost."""
    for table in TABLES:
        op.drop_table(table)

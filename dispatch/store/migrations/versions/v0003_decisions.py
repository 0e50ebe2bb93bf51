"""The journal's lines are found by what they are about and by their kind, without reading all of it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = {"ix_journal_subject": ["subject"], "ix_journal_kind_recorded_ms": ["kind", "recorded_ms"]}


def upgrade() -> None:
    """Add the two indexes."""
    for name, columns in INDEXES.items():
        op.create_index(name, "journal", columns)


def downgrade() -> None:
    """The journal without them."""
    for name in INDEXES:
        op.drop_index(name, "journal")

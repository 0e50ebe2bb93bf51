"""The lines of some kind about some events are found by one index: SQLite chose to read the whole kind instead."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

BEFORE, AFTER = "ix_journal_subject", "ix_journal_subject_kind"


def upgrade() -> None:
    """One index of both instead of one of the subject."""
    op.create_index(AFTER, "journal", ["subject", "kind"])
    op.drop_index(BEFORE, "journal")


def downgrade() -> None:
    """As it was."""
    op.create_index(BEFORE, "journal", ["subject"])
    op.drop_index(AFTER, "journal")

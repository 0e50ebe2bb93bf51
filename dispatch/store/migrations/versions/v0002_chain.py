"""The journal becomes a hash chain; lines written before are chained as they stand."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from recordings.chain import BEGINNING, SALT_BYTES, Line, chained, content_digest

revision = "0002"
down_revision = "0001"

COLUMNS = ("salt", "content", "digest")


def upgrade() -> None:
    """Chain what is there, oldest first."""
    for name in COLUMNS:
        op.add_column("journal", sa.Column(name, sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    lines = sa.table("journal", *(sa.column(n) for n in ("id", "recorded_ms", "kind", "subject", "data", *COLUMNS)))
    digest = BEGINNING
    for row in connection.execute(sa.select(lines).order_by(lines.c.id)).mappings().all():
        told = {key: row[key] for key in ("id", "recorded_ms", "kind", "subject", "data")}
        salt = secrets.token_hex(SALT_BYTES)
        content = content_digest(Line(content="", salt=salt, **told))
        digest = chained(digest, content)
        change = sa.update(lines).where(lines.c.id == row["id"])
        connection.execute(change.values(salt=salt, content=content, digest=digest))


def downgrade() -> None:
    """The journal without its chain."""
    for name in COLUMNS:
        op.drop_column("journal", name)

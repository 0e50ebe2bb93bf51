"""What people say the impulses of clips were, and of each clip when its impulses came."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nobody has said anything yet; of clips that came it is read from their bodies."""
    op.create_table(
        "labels",
        sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("impulse", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("given_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_labels_order", "labels", ["order"])
    op.add_column("clips", sa.Column("about", sa.Text))
    clips = sa.table(
        "clips", sa.column("order", sa.Text), sa.column("body", sa.LargeBinary), sa.column("about", sa.Text)
    )
    connection = op.get_bind()
    for order in list(connection.scalars(sa.select(clips.c.order).where(clips.c.body.is_not(None)))):
        this = clips.c.order == order
        told = msgspec.msgpack.decode(connection.execute(sa.select(clips.c.body).where(this)).scalar_one())
        about = msgspec.json.encode({name: told[name] for name in ("start_ns", "rate_hz", "onsets_s")}).decode()
        connection.execute(sa.update(clips).where(this).values(about=about))


def downgrade() -> None:
    """What was said is in the journal still."""
    op.drop_column("clips", "about")
    op.drop_index("ix_labels_order", "labels")
    op.drop_table("labels")

"""Alembic's entry: runs the versions on the connection that `dispatch.store.engine.migrate` hands over."""

from __future__ import annotations

from alembic import context

from dispatch.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()

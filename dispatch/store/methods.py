"""The methods by which shots were located, each under the digest that its results name."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from dispatch.store.notes import note, set_note
from recordings.evidence.contents import Method

NOTE = "method "


def keep_method(connection: sa.Connection, method: Method) -> None:
    """Keep a method for good."""
    set_note(connection, NOTE + method.digest, msgspec.json.encode(method).decode())


def kept_method(connection: sa.Connection, digest: str) -> Method | None:
    """The method of this digest, or None where no result was made by one."""
    kept = note(connection, NOTE + digest)
    return None if kept is None else msgspec.json.decode(kept, type=Method)

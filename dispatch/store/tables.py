"""The store's tables. Times are UTC, `_ns` or `_ms` since the Unix epoch; JSON columns hold msgspec's encoding."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

# What the centre notes about itself: its origin, how far the locator has read.
notes = Table("notes", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

tokens = Table(
    "tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
    Column("used_by", Text),
    Column("node", Text),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("z", Float, nullable=False),
    Column("microphones", Text, nullable=False),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("certified_until_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

# Keys that a node had before, for reports signed with them; taken from it still up to a sequence.
former_keys = Table(
    "former_keys",
    metadata,
    Column("node", Text, primary_key=True),
    Column("public_key", LargeBinary, primary_key=True),
    Column("until_sequence", BigInteger, nullable=False),
    Column("replaced_ms", BigInteger, nullable=False),
)

# Every accepted report as it came, signature and unknown fields included; of an erased one its digest alone.
reports = Table(
    "reports",
    metadata,
    Column("node", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("received_ns", BigInteger, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("row", NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("time_ns", BigInteger, nullable=False, index=True),
    Column("data", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("opened_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

# Every version of every shot that was ever published, and the event it was counted to.
shots = Table(
    "shots",
    metadata,
    Column("key", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "event"),
    Index(None, "time_ns"),
)

# What happened, in order, hash-chained (`recordings.chain`); the ids are those of the page's event stream.
journal = Table(
    "journal",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("salt", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Index(None, "subject", "kind"),
    Index(None, "kind", "recorded_ms"),
    sqlite_autoincrement=True,
)

# Who may log in. `password` is empty until a one-time link has set it; names differ by more than case (`folded`).
people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password", Text),
    Column("code_secret", Text),
    Column("code_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until_ms", BigInteger, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
)

# Searches that people keep for themselves: JSON.
queries = Table(
    "queries",
    metadata,
    Column("person", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

# Of secrets only digests are kept, here and below.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Index(None, "person"),
)

# One-time links: `person` is None in that of the first administrator, who has no name yet.
links = Table(
    "links",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("person", Text),
    Column("expires_ms", BigInteger, nullable=False),
)

machines = Table(
    "machines",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("rights", Text, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
)

# Every alert to every destination, as it was told (`data`), and how it stands.
alerts = Table(
    "alerts",
    metadata,
    Column("row", NUMBER, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("destination", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("settled_ms", BigInteger),
    Column("problem", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "destination", "subject"),
    Index(None, "destination", "state"),
    sqlite_autoincrement=True,
)

# What is rolled out to nodes, ring after ring, and how far each node is.
rollouts = Table(
    "rollouts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
)
rollout_steps = Table(
    "rollout_steps",
    metadata,
    Column("rollout", Text, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("ring", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("given_ms", BigInteger),
)

# Orders for sound, and the clips that came: as they were signed, and when their impulses are (`about`, JSON); of an
# erased one none of it.
clips = Table(
    "clips",
    metadata,
    Column("order", Text, primary_key=True),
    Column("event", Text, nullable=False, index=True),
    Column("node", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("came_ms", BigInteger),
    Column("body", LargeBinary),
    Column("signature", LargeBinary),
    Column("about", Text),
)

# What people say that impulses of clips were, each by its line in the journal; an empty label takes one back.
labels = Table(
    "labels",
    metadata,
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, nullable=False, index=True),
    Column("impulse", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("given_ms", BigInteger, nullable=False),
)

"""People, their sessions and one-time links, as they are kept; `dispatch.people` says what may happen to them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import sqlalchemy as sa

from dispatch.people.roles import Role
from dispatch.store.tables import links, people, queries, sessions

LinkKind = Literal["first", "join", "enter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who may log in; `password` is argon2id's digest, `code_secret` base32 of the one-time codes' secret.

    `code_step` is the last half minute whose code was taken: 0 until the first one was, and so long none is asked for.
    """

    id: str
    name: str
    role: Role
    password: str | None = None
    code_secret: str | None = None
    code_step: int = 0
    failures: int = 0
    locked_until_ms: int = 0
    added_ms: int = 0

    @property
    def has_codes(self) -> bool:
        """Whether a one-time code is asked for beside the password."""
        return self.code_step > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that was let in, and when it was last seen."""

    digest: str
    person: str
    seen_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link: to make the `first` administrator, to `join` with a password, or to `enter` without one."""

    digest: str
    kind: LinkKind
    person: str | None
    expires_ms: int


def folded(name: str) -> str:
    """What makes two names the same."""
    return name.casefold()


def all_people(connection: sa.Connection) -> list[Person]:
    """Everybody, by name."""
    return [_person(row) for row in connection.execute(sa.select(people).order_by(people.c.folded))]


def person(connection: sa.Connection, identity: str) -> Person | None:
    """The person of this id, or None."""
    row = connection.execute(sa.select(people).where(people.c.id == identity)).first()
    return None if row is None else _person(row)


def person_named(connection: sa.Connection, name: str) -> Person | None:
    """The person of this name, in any case, or None."""
    row = connection.execute(sa.select(people).where(people.c.folded == folded(name))).first()
    return None if row is None else _person(row)


def add_person(connection: sa.Connection, new: Person) -> None:
    """Keep a person whose name is free."""
    connection.execute(sa.insert(people).values(folded=folded(new.name), **asdict(new)))


def set_person(connection: sa.Connection, identity: str, **values: object) -> None:
    """Change a person's columns."""
    connection.execute(sa.update(people).where(people.c.id == identity).values(**values))


def drop_person(connection: sa.Connection, identity: str) -> None:
    """Forget a person, with sessions, links and searches."""
    drop_access(connection, identity)
    connection.execute(sa.delete(queries).where(queries.c.person == identity))
    connection.execute(sa.delete(people).where(people.c.id == identity))


def drop_access(connection: sa.Connection, identity: str) -> None:
    """End a person's sessions and links."""
    connection.execute(sa.delete(sessions).where(sessions.c.person == identity))
    connection.execute(sa.delete(links).where(links.c.person == identity))


def drop_other_sessions(connection: sa.Connection, identity: str, digest: str) -> None:
    """End a person's sessions but this one."""
    others = (sessions.c.person == identity) & (sessions.c.digest != digest)
    connection.execute(sa.delete(sessions).where(others))


def session(connection: sa.Connection, digest: str) -> Session | None:
    """The session of this digest, or None."""
    row = connection.execute(sa.select(sessions).where(sessions.c.digest == digest)).mappings().first()
    return None if row is None else Session(**row)


def add_session(connection: sa.Connection, new: Session, now_ms: int) -> None:
    """Keep a new session, and forget those that ended."""
    connection.execute(sa.delete(sessions).where(sessions.c.ends_ms < now_ms))
    connection.execute(sa.insert(sessions).values(**asdict(new)))


def see_session(connection: sa.Connection, digest: str, now_ms: int) -> None:
    """Note that a session was used."""
    connection.execute(sa.update(sessions).where(sessions.c.digest == digest).values(seen_ms=now_ms))


def drop_session(connection: sa.Connection, digest: str) -> None:
    """End a session."""
    connection.execute(sa.delete(sessions).where(sessions.c.digest == digest))


def link(connection: sa.Connection, digest: str) -> Link | None:
    """The link of this digest, or None."""
    row = connection.execute(sa.select(links).where(links.c.digest == digest)).mappings().first()
    return None if row is None else Link(**row)


def add_link(connection: sa.Connection, new: Link) -> None:
    """Keep a link; an earlier one for the same person works no more."""
    connection.execute(sa.delete(links).where(links.c.person.is_not_distinct_from(new.person)))
    connection.execute(sa.insert(links).values(**asdict(new)))


def drop_link(connection: sa.Connection, digest: str) -> None:
    """A link was used."""
    connection.execute(sa.delete(links).where(links.c.digest == digest))


def _person(row: sa.Row[tuple[object, ...]]) -> Person:
    values = dict(row._mapping)
    del values["folded"]
    return Person(role=Role(values.pop("role")), **values)

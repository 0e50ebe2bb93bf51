"""The door: who comes with a password, a one-time link, a session's cookie or a machine's token, and what they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.buckets import Buckets
from dispatch.people import register
from dispatch.people.errors import ForbiddenError, StrangerError, TooManyError
from dispatch.people.passwords import Passwords, check_password
from dispatch.people.roles import RIGHTS, Right, Role
from dispatch.people.tokens import MACHINE, digest, new_secret
from dispatch.store import Store
from dispatch.store import people as kept
from dispatch.store.machines import machine
from dispatch.store.people import Link, Person, Session, folded

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
IDLE_MS = 30 * MINUTE_MS  # an open page counts as use
LASTS_MS = 12 * HOUR_MS  # a long shift
WALL_IDLE_MS = 7 * 24 * HOUR_MS
WALL_LASTS_MS = 90 * 24 * HOUR_MS
SEEN_EVERY_MS = MINUTE_MS
FAILURES = 10
LOCKED_MS = 15 * MINUTE_MS
ADDRESS_PER_S, ADDRESS_BURST = 1 / 3, 20

WRONG = "the name or the password is wrong"
USED = "this link was used before or is too old; an administrator can make a new one"
ENDED = "nobody is logged in, or the session has ended"
TOO_MANY = "too many wrong passwords for this name; try again in 15 minutes, or ask an administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a person by session, or a machine (no role). `name` is what the journal calls them."""

    id: str
    name: str
    role: Role | None
    rights: frozenset[Right]
    ends_ms: int
    session: str = ""

    def may(self, right: Right) -> bool:
        """Whether they have a right."""
        return right in self.rights


class Door:
    """Lets in who may come in. Raises StrangerError, ForbiddenError, TooManyError, BusyError; each says why."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._passwords = Passwords()
        self._addresses = Buckets(ADDRESS_PER_S, ADDRESS_BURST)
        # A name that nobody has is locked like one that somebody has: who tries learns nothing.
        self._strangers = Buckets(FAILURES / LOCKED_MS * 1e3, FAILURES)

    async def caller(self, session: str | None, token: str | None, right: Right | None = None) -> Caller:
        """Who comes with a session's secret or a machine's token, and has the right where one is asked for."""
        now_ms = self._now_ms()
        if token is not None:
            found = await self._store.read(lambda c: _machine(c, token, now_ms))
        elif session is not None:
            found = await self._by_session(session, now_ms)
        else:
            raise StrangerError(ENDED)
        if right is not None and not found.may(right):
            who = f"role {found.role}" if found.role else f"machine {found.name!r}"
            raise ForbiddenError(f"{who} may not {right}; an administrator can change that")
        return found

    async def log_in(self, name: str, password: str, address: str) -> tuple[str, Caller]:
        """A new session's secret, and who it is."""
        now_ms = self._now_ms()
        if not self._addresses.take(address, now_ms * 1_000_000):
            raise TooManyError("too many attempts from this address; try again in a minute")
        person = await self._store.read(lambda c: kept.person_named(c, name))
        locked = person is not None and person.locked_until_ms > now_ms
        if locked or (person is None and not self._strangers.take(folded(name)[:64], now_ms * 1_000_000)):
            raise TooManyError(TOO_MANY)
        right = await self._passwords.match(password, None if person is None else person.password)
        if person is None or not right:
            if person is not None:
                identity = person.id
                await self._store.write(lambda c: _fail(c, identity, now_ms))
            raise StrangerError(WRONG)
        return await self._open(person.id, now_ms)

    async def follow(self, secret: str, name: str | None, password: str | None) -> tuple[str, Caller]:
        """Come in by a one-time link, with a password chosen where it asks for one; `name` for the first administrator.

        Raises InputError where name or password will not do; the link can then be followed again.
        """
        now_ms = self._now_ms()
        link = await self._store.read(lambda c: _usable(c, secret, now_ms))
        if link.kind == "enter":
            return await self._store.write(lambda c: _come_in(c, link, None, None, now_ms))
        if password is None or (link.kind == "first" and name is None):
            raise InputError("this link asks for a password, and the first administrator's for a name")
        owner = await self._store.read(lambda c: kept.person(c, link.person or ""))
        check_password(password, register.checked_name(name or "") if owner is None else owner.name)
        made = await self._passwords.make(password)
        return await self._store.write(lambda c: _come_in(c, link, name, made, now_ms))

    async def log_out(self, caller: Caller) -> None:
        """End a session."""
        now_ms = self._now_ms()

        def work(connection: sa.Connection) -> None:
            kept.drop_session(connection, caller.session)
            person = kept.person(connection, caller.id)
            if person is not None:
                register.note_person(connection, person, "logged out", caller.name, now_ms)

        await self._store.write(work)

    async def _by_session(self, secret: str, now_ms: int) -> Caller:
        caller, seen_ms = await self._store.read(lambda c: _session(c, secret, now_ms))
        if now_ms - seen_ms > SEEN_EVERY_MS:
            await self._store.write(lambda c: kept.see_session(c, caller.session, now_ms))
        return caller

    async def _open(self, identity: str, now_ms: int) -> tuple[str, Caller]:
        def work(connection: sa.Connection) -> tuple[str, Caller]:
            person = kept.person(connection, identity)
            if person is None:
                raise StrangerError(WRONG)  # removed a moment ago
            if person.locked_until_ms > now_ms:
                raise TooManyError(TOO_MANY)  # many tried at once, and this one came late
            return _open_session(connection, person, now_ms)

        return await self._store.write(work)


def _machine(connection: sa.Connection, token: str, now_ms: int) -> Caller:
    found = machine(connection, digest(token)) if token.startswith(MACHINE) else None
    if found is None or found.ends_ms <= now_ms:
        raise StrangerError("the token is unknown or its time is over; an administrator can make a new one")
    return Caller(id=f"machine {found.name}", name=found.name, role=None, rights=found.rights, ends_ms=found.ends_ms)


def _session(connection: sa.Connection, secret: str, now_ms: int) -> tuple[Caller, int]:
    found = kept.session(connection, digest(secret))
    person = None if found is None else kept.person(connection, found.person)
    if found is None or person is None:
        raise StrangerError(ENDED)
    idle_ms = WALL_IDLE_MS if person.role is Role.WALL else IDLE_MS
    if now_ms >= min(found.ends_ms, found.seen_ms + idle_ms):
        raise StrangerError(ENDED)
    return _caller(person, found), found.seen_ms


def _open_session(connection: sa.Connection, person: Person, now_ms: int) -> tuple[str, Caller]:
    secret = new_secret()
    lasts_ms = WALL_LASTS_MS if person.role is Role.WALL else LASTS_MS
    new = Session(digest=digest(secret), person=person.id, seen_ms=now_ms, ends_ms=now_ms + lasts_ms)
    kept.add_session(connection, new, now_ms)
    kept.set_person(connection, person.id, failures=0)
    register.note_person(connection, person, "logged in", person.name, now_ms)
    return secret, _caller(person, new)


def _caller(person: Person, session: Session) -> Caller:
    return Caller(
        id=person.id,
        name=person.name,
        role=person.role,
        rights=RIGHTS[person.role],
        ends_ms=session.ends_ms,
        session=session.digest,
    )


def _fail(connection: sa.Connection, identity: str, now_ms: int) -> None:
    """Count a wrong password; the tenth in a row locks for a while."""
    person = kept.person(connection, identity)
    if person is None:
        return
    if person.failures + 1 < FAILURES:
        kept.set_person(connection, identity, failures=person.failures + 1)
        return
    kept.set_person(connection, identity, failures=0, locked_until_ms=now_ms + LOCKED_MS)
    register.note_person(connection, person, "locked", "the centre", now_ms)


def _usable(connection: sa.Connection, secret: str, now_ms: int) -> Link:
    found = kept.link(connection, digest(secret))
    if found is None or found.expires_ms <= now_ms:
        raise StrangerError(USED)
    return found


def _come_in(
    connection: sa.Connection, link: Link, name: str | None, password: str | None, now_ms: int
) -> tuple[str, Caller]:
    if kept.link(connection, link.digest) is None:
        raise StrangerError(USED)  # two followed it at once
    kept.drop_link(connection, link.digest)
    if link.kind == "first":
        if not register.needs_administrator(connection):
            raise StrangerError(USED)
        person = register.add(connection, name or "", Role.ADMINISTRATOR, register.FIRST, now_ms)
    else:
        owner = kept.person(connection, link.person or "")
        if owner is None:
            raise StrangerError(USED)
        person = owner
    if password is not None:
        kept.set_person(connection, person.id, password=password)
        register.note_person(connection, person, "password set", person.name, now_ms)
    return _open_session(connection, person, now_ms)

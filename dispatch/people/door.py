"""The door: who comes with a password, a one-time link, a session's cookie or a machine's token, and what they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.buckets import Buckets
from dispatch.people import codes, register
from dispatch.people.errors import ForbiddenError, StrangerError, TooManyError
from dispatch.people.passwords import Passwords, check_password
from dispatch.people.roles import RIGHTS, Right, Role
from dispatch.people.tokens import MACHINE, digest, new_secret
from dispatch.store import Store
from dispatch.store import people as kept
from dispatch.store.machines import machine
from dispatch.store.people import Link, Person, Session, folded

T = TypeVar("T")
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

WRONG = "the name, the password or the one-time code is wrong"
CODE_NEEDED = "the password is right; expected the one-time code too"
CODE_WRONG = "the code is not of this half minute or was used before; each is good once: expected the next one"
USED = "this link was used before or is too old; an administrator can make a new one"
ENDED = "nobody is logged in, or the session has ended"
TOO_MANY = "too many wrong passwords or codes for this name; try again in 15 minutes, or ask an administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a person by session, or a machine (no role). `name` is what the journal calls them."""

    id: str
    name: str
    role: Role | None
    rights: frozenset[Right]
    ends_ms: int
    session: str = ""
    has_codes: bool = False

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

    async def log_in(self, name: str, password: str, address: str, code: str | None = None) -> tuple[str, Caller]:
        """A new session's secret, and who it is; `code` where the person has one-time codes."""
        now_ms = self._now_ms()
        if not self._addresses.take(address, now_ms * 1_000_000):
            raise TooManyError("too many attempts from this address; try again in a minute")
        person = await self._store.read(lambda c: kept.person_named(c, name))
        if person is None and not self._strangers.take(folded(name)[:64], now_ms * 1_000_000):
            raise TooManyError(TOO_MANY)
        return await self._prove(person, password, code, lambda c, known: _open_session(c, known, now_ms))

    async def vouched(self, name: str, address: str) -> tuple[str, Caller]:
        """A new session for whom the operator's identity provider vouches, and who was added by that name."""
        now_ms = self._now_ms()
        if not self._addresses.take(address, now_ms * 1_000_000):
            raise TooManyError("too many attempts from this address; try again in a minute")

        def work(connection: sa.Connection) -> tuple[str, Caller]:
            person = kept.person_named(connection, name)
            if person is None:
                raise StrangerError("nobody was added by the name that the identity provider vouches for")
            return _open_session(connection, person, now_ms, by="the identity provider")

        return await self._store.write(work)

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

    async def change_password(self, caller: Caller, password: str, code: str | None, new: str) -> None:
        """Another password for who knows the present one; their other sessions end. Raises InputError."""
        check_password(new, caller.name)
        made, now_ms = await self._passwords.make(new), self._now_ms()

        def work(connection: sa.Connection, person: Person) -> None:
            kept.set_person(connection, person.id, password=made)
            kept.drop_other_sessions(connection, person.id, caller.session)
            register.note_person(connection, person, "password changed", caller.name, now_ms)

        await self._prove_own(caller, password, code, work)

    async def offer_codes(self, caller: Caller, password: str) -> str:
        """A secret of one-time codes, told once; it counts from `confirm_codes` on. Raises InputError."""

        def work(connection: sa.Connection, person: Person) -> str:
            secret = codes.new_code_secret()
            kept.set_person(connection, person.id, code_secret=secret)
            return secret

        if caller.has_codes:
            raise InputError("one-time codes are on already; turn them off first")
        return await self._prove_own(caller, password, None, work)

    async def confirm_codes(self, caller: Caller, code: str) -> None:
        """A first code shows that the person's app has the secret: one is asked for from now on. Raises InputError."""
        now_ms = self._now_ms()

        def work(connection: sa.Connection) -> None:
            person = kept.person(connection, caller.id)
            if person is None or person.code_secret is None or person.has_codes:
                raise InputError("no one-time codes wait for their first code; expected an offer of them before")
            step = codes.step_of(person.code_secret, code, now_ms, person.code_step)
            if step is None:
                raise InputError(CODE_WRONG)
            register.turn_codes_on(connection, person, step, caller.name, now_ms)

        await self._store.write(work)

    async def end_codes(self, caller: Caller, password: str, code: str) -> None:
        """No one-time codes any more, for who can give one. Raises InputError where there are none."""
        now_ms = self._now_ms()
        await self._prove_own(
            caller, password, code, lambda c, person: register.turn_codes_off(c, person, caller.name, now_ms)
        )

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

    async def _prove(
        self,
        person: Person | None,
        password: str,
        code: str | None,
        work: Callable[[sa.Connection, Person], T],
    ) -> T:
        """Do `work` in the transaction that finds password and code right; one that finds them wrong counts it.

        A wrong code takes the way of a wrong password, in the same time: who guesses learns nothing from either.
        """
        now_ms = self._now_ms()
        if person is not None and person.locked_until_ms > now_ms:
            raise TooManyError(TOO_MANY)
        right = await self._passwords.match(password, None if person is None else person.password)
        if person is None:
            raise StrangerError(WRONG)
        tried = person

        def proved(connection: sa.Connection) -> tuple[T] | None:
            known = _known(connection, tried, code, now_ms, right=right)
            return None if known is None else (work(connection, known),)

        done = await self._store.write(proved)
        if done is None:
            raise StrangerError(WRONG)
        return done[0]

    async def _prove_own(
        self, caller: Caller, password: str, code: str | None, work: Callable[[sa.Connection, Person], T]
    ) -> T:
        person = await self._store.read(lambda c: kept.person(c, caller.id))
        if person is None:
            raise ForbiddenError(f"{caller.name!r} is not a person, and has no password")
        try:
            return await self._prove(person, password, code, work)
        except StrangerError as error:
            raise ForbiddenError(str(error)) from error  # the session goes on


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


def _open_session(connection: sa.Connection, person: Person, now_ms: int, by: str = "") -> tuple[str, Caller]:
    secret = new_secret()
    lasts_ms = WALL_LASTS_MS if person.role is Role.WALL else LASTS_MS
    new = Session(digest=digest(secret), person=person.id, seen_ms=now_ms, ends_ms=now_ms + lasts_ms)
    kept.add_session(connection, new, now_ms)
    register.note_person(connection, person, "logged in", by or person.name, now_ms)
    return secret, _caller(person, new)


def _caller(person: Person, session: Session) -> Caller:
    return Caller(
        id=person.id,
        name=person.name,
        role=person.role,
        rights=RIGHTS[person.role],
        ends_ms=session.ends_ms,
        session=session.digest,
        has_codes=person.has_codes,
    )


def _known(connection: sa.Connection, tried: Person, code: str | None, now_ms: int, *, right: bool) -> Person | None:
    """The person, as they are now, where their password was `right` and the code is; else the failure is counted."""
    person = kept.person(connection, tried.id)
    if person is None or person.password != tried.password:
        raise StrangerError(WRONG)  # removed, or changed, a moment ago
    if person.locked_until_ms > now_ms:
        raise TooManyError(TOO_MANY)  # many tried at once, and this one came late
    if right and person.has_codes and code is None:
        raise StrangerError(CODE_NEEDED, code_needed=True)
    step = _step(person, code, now_ms)
    if not right or step is None:
        _fail(connection, person, now_ms)
        return None
    kept.set_person(connection, person.id, failures=0, code_step=step)
    return person


def _step(person: Person, code: str | None, now_ms: int) -> int | None:
    """The half minute that a code uses up; where none is asked for, what was kept."""
    if not person.has_codes or person.code_secret is None:
        return person.code_step
    return codes.step_of(person.code_secret, code or "", now_ms, person.code_step)


def _fail(connection: sa.Connection, person: Person, now_ms: int) -> None:
    """Count a wrong password or code; the tenth in a row locks for a while."""
    if person.failures + 1 < FAILURES:
        kept.set_person(connection, person.id, failures=person.failures + 1)
        return
    kept.set_person(connection, person.id, failures=0, locked_until_ms=now_ms + LOCKED_MS)
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

"""Who there is, and every change of that: each is one line in the journal, written with the change itself.

The functions work in the caller's transaction. `by` is who does it: a person's name, or `on the machine: USER`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Literal

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.people.codes import DRIFT_STEPS, new_code_secret, step_at
from dispatch.people.roles import MACHINE_RIGHTS, Right, Role
from dispatch.people.tokens import MACHINE, digest, new_secret
from dispatch.store import people as kept
from dispatch.store.journal import add_entry
from dispatch.store.machines import Machine, add_machine, drop_machine
from dispatch.store.people import Link, LinkKind, Person

LINK_LASTS_MS = 24 * 3600 * 1000
DAY_MS = 24 * 3600 * 1000
LONGEST_DAYS = 730
NAME = re.compile(r"[^\W_][\w .'’@-]{0,62}[^\W_]|[^\W_]")
FIRST = "first administrator"

Did = Literal[
    "added", "removed", "role changed", "link made", "password set", "password changed", "locked", "unlocked",
    "logged in", "logged out", "codes turned on", "codes turned off",
]  # fmt: skip


def checked_name(name: str) -> str:
    """A name as it is kept; raises InputError."""
    normal = unicodedata.normalize("NFC", name).strip()
    if not NAME.fullmatch(normal):
        raise InputError(f"name is {name[:80]!r}; expected 1 to 64 letters, digits, spaces or . ' @ - within")
    return normal


def note_person(connection: sa.Connection, person: Person, did: Did, by: str, now_ms: int, **more: object) -> None:
    """Journal what was done about a person."""
    add_entry(connection, "person", person.id, {"name": person.name, "did": did, "by": by, **more}, now_ms)


def add(connection: sa.Connection, name: str, role: Role, by: str, now_ms: int) -> Person:
    """A new person, who cannot log in until a link has been followed. Raises InputError where the name is taken."""
    name = checked_name(name)
    if kept.person_named(connection, name) is not None:
        raise InputError(f"name {name!r} is taken; expected another one")
    new = Person(id=new_secret()[:16], name=name, role=role, added_ms=now_ms)
    kept.add_person(connection, new)
    note_person(connection, new, "added", by, now_ms, role=role)
    return new


def find(connection: sa.Connection, name: str) -> Person:
    """The person of this name; raises InputError."""
    found = kept.person_named(connection, name)
    if found is None:
        raise InputError(f"there is nobody named {name[:80]!r}; `tocsin centre people list` names everybody")
    return found


def remove(connection: sa.Connection, person: Person, by: str, now_ms: int) -> None:
    """Forget a person; the journal keeps what they did. Raises InputError for the last administrator."""
    _check_not_last(connection, person)
    kept.drop_person(connection, person.id)
    note_person(connection, person, "removed", by, now_ms)


def change_role(connection: sa.Connection, person: Person, role: Role, by: str, now_ms: int) -> Person:
    """Give a person another role, from the next request on. Raises InputError for the last administrator."""
    if role is not Role.ADMINISTRATOR:
        _check_not_last(connection, person)
    kept.set_person(connection, person.id, role=role)
    note_person(connection, person, "role changed", by, now_ms, role=role, before=person.role)
    return replace(person, role=role)


def unlock(connection: sa.Connection, person: Person, by: str, now_ms: int) -> None:
    """Let a person try again at once after too many wrong passwords."""
    kept.set_person(connection, person.id, failures=0, locked_until_ms=0)
    note_person(connection, person, "unlocked", by, now_ms)


def make_link(connection: sa.Connection, person: Person, by: str, now_ms: int, kind: LinkKind | None = None) -> str:
    """`KIND/SECRET`: a link that lets a person in once within 24 hours, by which others but a wall set a password.

    Sessions and codes of before end, and a lock: this is also the way back in for who forgot or lost something.
    """
    kind = kind or ("enter" if person.role is Role.WALL else "join")
    kept.drop_access(connection, person.id)
    kept.set_person(connection, person.id, password=None, code_secret=None, code_step=0, failures=0, locked_until_ms=0)
    note_person(connection, person, "link made", by, now_ms)
    return _link(connection, kind, person.id, now_ms)


def make_codes(connection: sa.Connection, person: Person, by: str, now_ms: int) -> str:
    """A new secret of one-time codes, asked for from now on; one of before is worth nothing. Raises InputError."""
    if person.password is None:
        raise InputError(f"{person.name!r} has no password yet; expected one before one-time codes")
    secret = new_code_secret()
    kept.set_person(connection, person.id, code_secret=secret)
    turn_codes_on(connection, person, step_at(now_ms) - DRIFT_STEPS - 1, by, now_ms)
    return secret


def turn_codes_on(connection: sa.Connection, person: Person, taken: int, by: str, now_ms: int) -> None:
    """Ask for one-time codes from now on, later than the half minute `taken`."""
    kept.set_person(connection, person.id, code_step=taken)
    note_person(connection, person, "codes turned on", by, now_ms)


def turn_codes_off(connection: sa.Connection, person: Person, by: str, now_ms: int) -> None:
    """Ask for the password alone. Raises InputError where nothing else is asked for."""
    if not person.has_codes:
        raise InputError(f"{person.name!r} has no one-time codes")
    kept.set_person(connection, person.id, code_secret=None, code_step=0)
    note_person(connection, person, "codes turned off", by, now_ms)


def needs_administrator(connection: sa.Connection) -> bool:
    """Whether there is no administrator who can log in."""
    return not any(p.role is Role.ADMINISTRATOR and p.password for p in kept.all_people(connection))


def first_link(connection: sa.Connection, now_ms: int) -> str | None:
    """The link that makes the first administrator; None where there is one."""
    return _link(connection, "first", None, now_ms) if needs_administrator(connection) else None


def admit_machine(
    connection: sa.Connection, name: str, rights: frozenset[Right], days: int, by: str, now_ms: int
) -> str:
    """A token for a program; one of the same name works no more. Raises InputError."""
    name = checked_name(name)
    if not rights or rights - MACHINE_RIGHTS:
        raise InputError(f"rights are {sorted(rights)}; expected some of {', '.join(sorted(MACHINE_RIGHTS))}")
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(f"days is {days}; expected a number from 1 to {LONGEST_DAYS}")
    token = MACHINE + new_secret()
    ends_ms = now_ms + days * DAY_MS
    add_machine(connection, Machine(name=name, digest=digest(token), rights=rights, added_ms=now_ms, ends_ms=ends_ms))
    told = {"did": "added", "by": by, "rights": sorted(rights), "ends_ms": ends_ms}
    add_entry(connection, "machine", name, told, now_ms)
    return token


def dismiss_machine(connection: sa.Connection, name: str, by: str, now_ms: int) -> None:
    """A machine's token works no more. Raises InputError where there is none of this name."""
    if not drop_machine(connection, name):
        raise InputError(f"there is no machine named {name[:80]!r}")
    add_entry(connection, "machine", name, {"did": "removed", "by": by}, now_ms)


def _link(connection: sa.Connection, kind: LinkKind, person: str | None, now_ms: int) -> str:
    secret = new_secret()
    new = Link(digest=digest(secret), kind=kind, person=person, expires_ms=now_ms + LINK_LASTS_MS)
    kept.add_link(connection, new)
    return f"{kind}/{secret}"


def _check_not_last(connection: sa.Connection, person: Person) -> None:
    others = [p for p in kept.all_people(connection) if p.role is Role.ADMINISTRATOR and p.id != person.id]
    if person.role is Role.ADMINISTRATOR and not any(other.password for other in others):
        raise InputError(f"{person.name!r} is the last administrator; make another one first")

"""Routes by which an administrator says who may log in and which programs may use the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.people import register
from dispatch.people.door import Caller
from dispatch.people.roles import Right, Role
from dispatch.store import people as kept
from dispatch.store.decisions import AbsentError
from dispatch.store.machines import Machine, all_machines

T = TypeVar("T")
Administers = Annotated[Caller, requires(Right.ADMINISTER)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
RoleName = Literal["wall", "dispatcher", "analyst", "auditor", "administrator"]
RightName = Literal["see-events", "see-places", "decide", "read-log", "read-journal"]


class Person(Model):
    """Somebody who may log in; `locked_until_ms` is 0 unless too many wrong passwords came."""

    id: str
    name: str
    role: str
    has_password: bool
    has_codes: bool
    locked_until_ms: int
    added_ms: int


class NewPerson(Model):
    """Who shall be able to log in."""

    name: Name
    role: RoleName


class NewRole(Model):
    """Another role."""

    role: RoleName


class OneTimeLink(Model):
    """What follows `/#/` in the page's address: good once, within 24 hours. It is told here and nowhere else."""

    link: str


class Program(Model):
    """A machine with a token of its own."""

    name: str
    rights: list[str]
    added_ms: int
    ends_ms: int


class NewProgram(Model):
    """Which program may what, and for how many days."""

    name: Name
    rights: Annotated[list[RightName], Field(min_length=1, max_length=10)]
    days: Annotated[int, Field(ge=1, le=register.LONGEST_DAYS)]


class Token(Model):
    """What the program sends as `Authorization: Bearer …`. It is told here and nowhere else."""

    token: str


def routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["people"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 503)})

    async def change(identity: str, work: Callable[[sa.Connection, kept.Person, int], T]) -> T:
        """Do something about one person, in one transaction."""
        now_ms = centre.now_ms

        def found(connection: sa.Connection) -> T:
            person = kept.person(connection, identity)
            if person is None:
                raise AbsentError(f"there is no person {identity[:80]!r}")
            return work(connection, person, now_ms)

        return await centre.store.write(found)

    @router.get("/people")
    async def people(_caller: Administers) -> list[Person]:
        """Everybody, by name."""
        return [_person(one) for one in await centre.store.read(kept.all_people)]

    @router.post("/people", status_code=201)
    async def add(asked: NewPerson, caller: Administers) -> OneTimeLink:
        """Add a person; the link lets them in and has them choose a password."""
        now_ms = centre.now_ms

        def work(connection: sa.Connection) -> str:
            person = register.add(connection, asked.name, Role(asked.role), caller.name, now_ms)
            return register.make_link(connection, person, caller.name, now_ms)

        return OneTimeLink(link=await centre.store.write(work))

    @router.post("/people/{identity}/link", status_code=201)
    async def link(identity: str, caller: Administers) -> OneTimeLink:
        """A new link for a person; their password, one-time codes and sessions end."""
        made = await change(identity, lambda c, person, now: register.make_link(c, person, caller.name, now))
        return OneTimeLink(link=made)

    @router.put("/people/{identity}/role", status_code=204)
    async def role(identity: str, asked: NewRole, caller: Administers) -> None:
        """Give a person another role, from their next request on."""
        await change(identity, lambda c, p, now: register.change_role(c, p, Role(asked.role), caller.name, now))

    @router.post("/people/{identity}/unlock", status_code=204)
    async def unlock(identity: str, caller: Administers) -> None:
        """Let a person try again at once after too many wrong passwords."""
        await change(identity, lambda c, person, now: register.unlock(c, person, caller.name, now))

    @router.delete("/people/{identity}", status_code=204)
    async def remove(identity: str, caller: Administers) -> None:
        """Remove a person; the journal keeps what they did."""
        await change(identity, lambda c, person, now: register.remove(c, person, caller.name, now))

    @router.get("/machines")
    async def machines(_caller: Administers) -> list[Program]:
        """Every machine, by name."""
        return [_program(one) for one in await centre.store.read(all_machines)]

    @router.post("/machines", status_code=201)
    async def admit(asked: NewProgram, caller: Administers) -> Token:
        """A token for a program; an earlier one of its name works no more."""
        rights, now_ms = frozenset(map(Right, asked.rights)), centre.now_ms
        made = await centre.store.write(
            lambda c: register.admit_machine(c, asked.name, rights, asked.days, caller.name, now_ms)
        )
        return Token(token=made)

    @router.delete("/machines/{name}", status_code=204)
    async def dismiss(name: str, caller: Administers) -> None:
        """A program's token works no more."""
        now_ms = centre.now_ms
        await centre.store.write(lambda c: register.dismiss_machine(c, name, caller.name, now_ms))

    return router


def _person(one: kept.Person) -> Person:
    return Person(
        id=one.id,
        name=one.name,
        role=one.role,
        has_password=one.password is not None,
        has_codes=one.has_codes,
        locked_until_ms=one.locked_until_ms,
        added_ms=one.added_ms,
    )


def _program(one: Machine) -> Program:
    return Program(name=one.name, rights=sorted(one.rights), added_ms=one.added_ms, ends_ms=one.ends_ms)

"""`tocsin centre people` and `tocsin centre machines`: who may use the centre, beside a running one or before it."""

from __future__ import annotations

import argparse
import getpass
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from dispatch.people import register
from dispatch.people.codes import link_of
from dispatch.people.roles import MACHINE_RIGHTS, Right, Role
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.machines import all_machines
from dispatch.store.people import Person, all_people

T = TypeVar("T")


def people(argv: list[str]) -> int:
    """Run `tocsin centre people …`; return its exit code."""
    parser = argparse.ArgumentParser(prog="tocsin centre people", description="Who may log in, and as what.")
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="add | list | reset | unlock | role | codes | remove"
    )
    helps = {
        "add": "add a person, and print the one-time link by which they choose a password",
        "list": "everybody, with role and state",
        "reset": "print a new link for a person; password, one-time codes and sessions of before end",
        "unlock": "let a person try again at once after too many wrong passwords",
        "role": "give a person another role",
        "codes": "ask a person for one-time codes (a new secret is printed), or no longer (a telephone was lost)",
        "remove": "remove a person; the journal keeps what they did",
    }
    for verb, text in helps.items():
        sub = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
        if verb != "list":
            sub.add_argument("name", metavar="NAME")
        if verb in ("add", "role"):
            sub.add_argument("role", type=Role, choices=list(Role), metavar="ROLE", help=", ".join(Role))
        if verb == "codes":
            sub.add_argument("switch", choices=("on", "off"))
        _add_data(sub)
    asked = parser.parse_args(argv)
    if asked.verb == "list":
        _table([("name", "role", "state", "added"), *(_told(p) for p in _read(asked.data, all_people))])
        return 0
    print(_write(asked.data, lambda connection, by, now_ms: _change(connection, asked, by, now_ms)))
    return 0


def machines(argv: list[str]) -> int:
    """Run `tocsin centre machines …`; return its exit code."""
    parser = argparse.ArgumentParser(prog="tocsin centre machines", description="Which programs may use the API.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="add | list | remove")
    add = verbs.add_parser("add", help="print a token for a program; an earlier one of its name works no more")
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "--may",
        action="append",
        type=Right,
        choices=sorted(MACHINE_RIGHTS),
        required=True,
        metavar="RIGHT",
        help=f"what it may; give it once for each right: {', '.join(sorted(MACHINE_RIGHTS))}",
    )
    add.add_argument("--days", type=int, default=365, metavar="N", help="how long the token is good (default: 365)")
    gone = verbs.add_parser("remove", help="its token works no more")
    gone.add_argument("name", metavar="NAME")
    for sub in (add, gone, verbs.add_parser("list", help="every machine, what it may, and until when")):
        _add_data(sub)
    asked = parser.parse_args(argv)
    if asked.verb == "list":
        rows = [(m.name, " ".join(sorted(m.rights)), _day(m.ends_ms)) for m in _read(asked.data, all_machines)]
        _table([("name", "may", "until"), *rows])
    elif asked.verb == "add":
        may = frozenset(asked.may)
        print(_write(asked.data, lambda c, by, now: register.admit_machine(c, asked.name, may, asked.days, by, now)))
    else:
        _write(asked.data, lambda c, by, now: register.dismiss_machine(c, asked.name, by, now))
        print(f"the token of {asked.name} works no more")
    return 0


def _change(connection: sa.Connection, asked: argparse.Namespace, by: str, now_ms: int) -> str:
    if asked.verb == "add":
        person = register.add(connection, asked.name, asked.role, by, now_ms)
        return _link(register.make_link(connection, person, by, now_ms))
    person = register.find(connection, asked.name)
    if asked.verb == "reset":
        return _link(register.make_link(connection, person, by, now_ms))
    if asked.verb == "unlock":
        register.unlock(connection, person, by, now_ms)
        return f"{person.name} may try again"
    if asked.verb == "role":
        register.change_role(connection, person, asked.role, by, now_ms)
        return f"{person.name} is now {asked.role}"
    if asked.verb == "codes":
        return _switch_codes(connection, person, asked.switch, by, now_ms)
    register.remove(connection, person, by, now_ms)
    return f"{person.name} is removed"


def _switch_codes(connection: sa.Connection, person: Person, switch: str, by: str, now_ms: int) -> str:
    if switch == "off":
        register.turn_codes_off(connection, person, by, now_ms)
        return f"{person.name} logs in with the password alone"
    secret = register.make_codes(connection, person, by, now_ms)
    told = f"told once, for {person.name}'s authenticator app; a code is asked for from now on:"
    return f"{told}\n{secret}\n{link_of(secret, person.name)}"


def _link(link: str) -> str:
    return f"good once, within 24 hours; open it behind the page's address:\n/#/{link}"


def _told(person: Person) -> tuple[str, ...]:
    if person.locked_until_ms > time.time() * 1e3:
        state = f"locked until {datetime.fromtimestamp(person.locked_until_ms / 1e3, UTC):%H:%M} UTC"
    elif person.password is None:
        state = "by link"
    else:
        state = "one-time codes" if person.has_codes else "password"
    return person.name, person.role, state, _day(person.added_ms)


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%Y-%m-%d")


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Settings().data, metavar="DIR", help="the centre's data folder")


def _read(data: Path, work: Callable[[sa.Connection], T]) -> T:
    store = Store(Path(data))
    try:
        return store.read_now(work)
    finally:
        store.close()


def _write(data: Path, work: Callable[[sa.Connection, str, int], T]) -> T:
    """`work` in a transaction, with who does it and when."""
    store, by, now_ms = Store(Path(data)), f"on the machine: {getpass.getuser()}", time.time_ns() // 1_000_000
    try:
        return store.write_now(lambda connection: work(connection, by, now_ms))
    finally:
        store.close()

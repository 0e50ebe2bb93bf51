"""Who is let in: passwords, one-time links, sessions and their ends, locks and the way back, each change journaled."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from dispatch.people import register
from dispatch.people.door import (
    ADDRESS_BURST,
    FAILURES,
    IDLE_MS,
    LASTS_MS,
    LOCKED_MS,
    SEEN_EVERY_MS,
    WALL_IDLE_MS,
)
from dispatch.people.errors import BusyError, ForbiddenError, StrangerError, TooManyError
from dispatch.people.passwords import WAITING, Passwords, check_password
from dispatch.people.register import LINK_LASTS_MS, checked_name
from dispatch.people.roles import RIGHTS, Right, Role
from dispatch.store import people as kept
from dispatch.store.tables import journal
from recordings.chain import BEGINNING, Line, altered, end_of
from tests.dispatch.house import PASSWORD, START_MS, House
from tests.dispatch.running import REPOSITORY, said


def test_the_first_administrator_is_made_by_a_link_that_works_once(house: House) -> None:
    link = house.write(lambda c: register.first_link(c, START_MS))
    assert link is not None
    with pytest.raises(InputError, match="name"):
        house.follow(link, PASSWORD)
    with pytest.raises(InputError, match="password has 5 characters"):
        house.follow(link, "short", "Ann")
    _, ann = house.follow(link, PASSWORD, "Ann")
    assert ann.role is Role.ADMINISTRATOR
    assert ann.may(Right.ADMINISTER)
    with pytest.raises(StrangerError, match="used before"):
        house.follow(link, PASSWORD, "Eve")
    assert house.write(lambda c: register.first_link(c, START_MS)) is None
    assert [line["did"] for line in house.journal("person")] == ["added", "password set", "logged in"]


def test_a_first_link_dies_when_someone_else_becomes_administrator(house: House) -> None:
    link = house.write(lambda c: register.first_link(c, START_MS)) or ""
    house.follow(house.add("Ann", Role.ADMINISTRATOR))
    with pytest.raises(StrangerError, match="used before"):
        house.follow(link, PASSWORD, "Eve")


def test_a_link_is_good_for_a_day(house: House) -> None:
    link = house.add("Bob")
    house.now_ms += LINK_LASTS_MS
    with pytest.raises(StrangerError, match="too old"):
        house.follow(link)


def test_a_person_logs_in_by_name_in_any_case_and_out(bob: House) -> None:
    session = bob.log_in("bOB")
    caller = bob.known(session)
    assert (caller.name, caller.role) == ("Bob", Role.DISPATCHER)
    bob.run(bob.door.log_out(caller))
    with pytest.raises(StrangerError, match="ended"):
        bob.known(session)


@pytest.mark.parametrize(("name", "password"), [("Bob", "a lantern over still wate"), ("Eve", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(bob: House, name: str, password: str) -> None:
    with pytest.raises(StrangerError, match=r"^the name, the password or the one-time code is wrong$"):
        bob.log_in(name, password)


def test_a_password_costs_what_rfc_9106_asks_for_whether_the_name_is_known_or_not() -> None:
    keeper = Passwords()
    digest = asyncio.run(keeper.make(PASSWORD))
    assert digest.startswith("$argon2id$v=19$m=65536,t=3,p=1$")

    def took(kept: str | None) -> float:
        started = time.process_time()
        assert not asyncio.run(keeper.match("wrong password here", kept))
        return time.process_time() - started

    assert took(None) > 0.3 * took(digest)
    assert asyncio.run(keeper.match(PASSWORD, digest))


def test_nothing_that_lets_anyone_in_is_in_the_store(bob: House) -> None:
    session, link = bob.log_in("Bob"), bob.add("Cy")
    token = bob.write(lambda c: register.admit_machine(c, "feed", frozenset({Right.SEE_EVENTS}), 1, "Ann", START_MS))
    with sqlite3.connect(bob.store.folder / "tocsin.db") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    for secret in (PASSWORD, session, link.partition("/")[2], token):
        assert secret not in dump
    assert "$argon2id$" in dump


def test_a_session_ends_when_idle_and_at_the_latest_after_a_shift(bob: House) -> None:
    session = bob.log_in("Bob")
    bob.now_ms += IDLE_MS - 1
    bob.known(session)  # used: it goes on
    bob.now_ms += IDLE_MS - 1
    bob.known(session)
    bob.now_ms += IDLE_MS
    with pytest.raises(StrangerError, match="ended"):
        bob.known(session)
    session = bob.log_in("Bob")
    for _ in range(LASTS_MS // (IDLE_MS // 2) - 1):
        bob.now_ms += IDLE_MS // 2
        bob.known(session)
    bob.now_ms += IDLE_MS // 2
    with pytest.raises(StrangerError, match="ended"):
        bob.known(session)


def test_use_is_noted_once_a_minute_not_at_every_request(bob: House) -> None:
    session = bob.log_in("Bob")
    digest = bob.known(session).session

    def seen() -> int:
        found = bob.store.read_now(lambda c: kept.session(c, digest))
        assert found is not None
        return found.seen_ms

    bob.now_ms += SEEN_EVERY_MS
    bob.known(session)
    assert seen() == START_MS
    bob.now_ms += 1
    bob.known(session)
    assert seen() == bob.now_ms


def test_a_wall_comes_in_by_a_link_alone_and_may_be_dark_for_days(house: House) -> None:
    session, caller = house.follow(house.add("Hall", Role.WALL), password=None)
    assert caller.rights == {Right.SEE_EVENTS}
    house.now_ms += WALL_IDLE_MS - 1
    house.known(session)
    with pytest.raises(StrangerError):
        house.log_in("Hall", "")


def test_ten_wrong_passwords_lock_a_name_and_an_unknown_one_alike(bob: House) -> None:
    for name in ("Bob", "Eve"):
        for attempt in range(FAILURES):
            with pytest.raises(StrangerError):
                bob.log_in(name, "wrong password here", f"10.0.{len(name)}.{attempt}")
        with pytest.raises(TooManyError, match="15 minutes, or ask an administrator"):
            bob.log_in(name, PASSWORD, "10.0.1.1")
    assert bob.journal("person")[-1]["did"] == "locked"
    bob.now_ms += LOCKED_MS
    assert bob.log_in("Bob")


def test_a_lock_leaves_open_sessions_alone_and_an_administrator_lifts_it(bob: House) -> None:
    session = bob.log_in("Bob")
    for _ in range(FAILURES):
        with pytest.raises(StrangerError):
            bob.log_in("Bob", "wrong password here")
    assert bob.known(session).name == "Bob"
    person = bob.write(lambda c: register.find(c, "Bob"))
    bob.write(lambda c: register.unlock(c, person, "Ann", bob.now_ms))
    assert bob.log_in("Bob")
    assert bob.journal("person")[-2] == {"name": "Bob", "did": "unlocked", "by": "Ann"}


def test_an_address_may_not_try_without_end(bob: House) -> None:
    for number in range(ADDRESS_BURST):
        with pytest.raises(StrangerError):
            bob.log_in(f"nobody {number}", "wrong password here")
    with pytest.raises(TooManyError, match="address"):
        bob.log_in("Bob")
    assert bob.log_in("Bob", address="10.0.0.2")


def test_a_new_link_ends_sessions_and_the_old_password(bob: House) -> None:
    session = bob.log_in("Bob")
    person = bob.write(lambda c: register.find(c, "bob"))
    link = bob.write(lambda c: register.make_link(c, person, "Ann", bob.now_ms))
    with pytest.raises(StrangerError):
        bob.known(session)
    with pytest.raises(StrangerError):
        bob.log_in("Bob")
    bob.follow(link, "another lantern, elsewhere")
    assert bob.log_in("Bob", "another lantern, elsewhere")


def test_a_changed_role_counts_from_the_next_request(bob: House) -> None:
    session = bob.log_in("Bob")
    person = bob.write(lambda c: register.find(c, "Bob"))
    bob.write(lambda c: register.change_role(c, person, Role.AUDITOR, "Ann", bob.now_ms))
    with pytest.raises(ForbiddenError, match="role auditor may not decide"):
        bob.run(bob.door.caller(session, None, Right.DECIDE))
    told = {"name": "Bob", "did": "role changed", "by": "Ann", "role": "auditor", "before": "dispatcher"}
    assert bob.journal("person")[-1] == told


def test_the_last_administrator_stays(house: House) -> None:
    house.follow(house.add("Ann", Role.ADMINISTRATOR))
    house.add("Cy", Role.ADMINISTRATOR)  # who has not come yet
    ann = house.write(lambda c: register.find(c, "Ann"))
    with pytest.raises(InputError, match="'Ann' is the last administrator"):
        house.write(lambda c: register.remove(c, ann, "Ann", START_MS))
    with pytest.raises(InputError, match="'Ann' is the last administrator"):
        house.write(lambda c: register.change_role(c, ann, Role.ANALYST, "Ann", START_MS))
    house.follow(house.add("Di", Role.ADMINISTRATOR))
    house.write(lambda c: register.remove(c, ann, "Di", START_MS))
    assert [p.name for p in house.store.read_now(kept.all_people)] == ["Cy", "Di"]


def test_a_machines_token_has_its_rights_its_end_and_never_lets_others_in(house: House) -> None:
    rights = frozenset({Right.SEE_EVENTS})
    token = house.write(lambda c: register.admit_machine(c, "feed", rights, 2, "Ann", START_MS))
    assert house.run(house.door.caller(None, token, Right.SEE_EVENTS)).name == "feed"
    with pytest.raises(ForbiddenError, match="machine 'feed' may not see-places"):
        house.run(house.door.caller(None, token, Right.SEE_PLACES))
    house.now_ms += 2 * 24 * 3600 * 1000
    with pytest.raises(StrangerError, match="its time is over"):
        house.run(house.door.caller(None, token))


@pytest.mark.parametrize("days", [0, 9999])
@pytest.mark.parametrize("rights", [frozenset({Right.ADMINISTER}), frozenset(), frozenset({Right.SEE_EVENTS})])
def test_a_machine_that_would_get_too_much_is_refused(house: House, rights: frozenset[Right], days: int) -> None:
    with pytest.raises(InputError, match="expected"):
        house.write(lambda c: register.admit_machine(c, "feed", rights, days, "Ann", START_MS))


def test_a_dismissed_machine_is_a_stranger(house: House) -> None:
    rights = frozenset({Right.SEE_EVENTS})
    token = house.write(lambda c: register.admit_machine(c, "feed", rights, 2, "Ann", START_MS))
    house.write(lambda c: register.dismiss_machine(c, "feed", "Ann", START_MS))
    with pytest.raises(StrangerError):
        house.run(house.door.caller(None, token))
    with pytest.raises(InputError, match="no machine named 'feed'"):
        house.write(lambda c: register.dismiss_machine(c, "feed", "Ann", START_MS))
    assert [line["did"] for line in house.journal("machine")] == ["added", "removed"]


@pytest.mark.usefixtures("house")
def test_a_flood_of_log_ins_is_refused_before_it_costs_anything() -> None:
    async def flood() -> list[bool | BaseException]:
        keeper = Passwords()
        return await asyncio.gather(*(keeper.match("x", None) for _ in range(WAITING + 5)), return_exceptions=True)

    answers = asyncio.run(flood())
    assert sum(isinstance(answer, BusyError) for answer in answers) == 5
    assert answers.count(False) == WAITING


def test_every_change_is_in_the_chain_and_the_chain_holds_no_name(bob: House) -> None:
    rows = bob.store.read_now(lambda c: c.execute(sa.select(journal).order_by(journal.c.id)).mappings().all())
    lines = [Line(**{key: row[key] for key in row if key != "digest"}) for row in rows]
    assert altered(lines) == []
    assert end_of(BEGINNING, [Line(id=line.id, content=line.content) for line in lines]) == rows[-1]["digest"]


@given(st.text(min_size=1, max_size=80))
def test_a_name_is_kept_as_it_is_or_refused(text: str) -> None:
    try:
        name = checked_name(text)
    except InputError as error:
        assert "expected 1 to 64" in str(error)  # noqa: PT017 — either way is right, and each is checked
        return
    assert checked_name(name) == name
    assert 1 <= len(name) <= 64
    assert name.isprintable()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("eleven char", "11 characters; expected 12 to 200"),
        ("x" * 201, "201 characters"),
        ("abababababababab", "2 different characters"),
        ("Bob Bob Bob Bob Bob!", "little more than the name"),
    ],
)
def test_a_weak_password_is_refused(password: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_password(password, "Bob")


def test_the_commands(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    assert said("centre", "people", "add", "Zoé Le Goff", "analyst", *data).splitlines()[-1].startswith("/#/join/")
    assert said("centre", "people", "add", "Hall", "wall", *data).splitlines()[-1].startswith("/#/enter/")
    said("centre", "people", "role", "zoé le goff", "auditor", *data)
    said("centre", "people", "remove", "Hall", *data)
    listed = said("centre", "people", "list", *data).splitlines()
    assert listed[1].startswith("Zoé Le Goff  auditor  by link")
    assert len(listed) == 2


def test_the_documents_table_of_rights_is_the_programs() -> None:
    text = (REPOSITORY / "docs" / "run" / "people.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    roles = [Role(cell) for cell in rows[0][1:]]
    rights = [Right(row[0].split("`")[1]) for row in rows[2:]]
    told = {
        (right, role): row[n] for right, row in zip(rights, rows[2:], strict=True) for n, role in enumerate(roles, 1)
    }
    assert {right for right, _ in told} == set(Right)
    assert all((cell == "yes") == (right in RIGHTS[role]) for (right, role), cell in told.items())

"""One-time codes: RFC 6238's own figures, what the log-in asks for, and each person's own password and codes."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from dispatch.people import register
from dispatch.people.codes import STEP_MS, code_of, link_of, new_code_secret, step_at, step_of
from dispatch.people.door import FAILURES, Caller
from dispatch.people.errors import ForbiddenError, StrangerError, TooManyError
from dispatch.people.roles import Right, Role
from dispatch.store import Store
from tests.dispatch.house import PASSWORD, START_MS, House
from tests.dispatch.running import running_centre, said

OTHER = "another lantern, elsewhere"
WRONG = r"^the name, the password or the one-time code is wrong$"
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, SHA-1. Its codes have eight digits, of which a code of six is the end.
RFC_6238 = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
# RFC 4226, appendix D: counters 0 to 9.
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.fixture
def coded(bob: House) -> tuple[House, str]:
    """A house where Bob has turned his codes on, half an hour ago; and his secret."""
    caller = bob.known(bob.log_in("Bob"))
    secret = bob.run(bob.door.offer_codes(caller, PASSWORD))
    bob.run(bob.door.confirm_codes(caller, code_now(bob, secret)))
    bob.now_ms += 60 * STEP_MS
    return bob, secret


def code_now(house: House, secret: str, later: int = 0) -> str:
    """What an app shows now, or some half minutes later."""
    return code_of(secret, step_at(house.now_ms) + later)


@pytest.mark.parametrize(("time_s", "code"), RFC_6238.items())
def test_the_codes_of_rfc_6238(time_s: int, code: str) -> None:
    assert code_of(RFC_SECRET, step_at(time_s * 1000)) == code[-6:]


def test_the_codes_of_rfc_4226() -> None:
    assert [code_of(RFC_SECRET, step) for step in range(10)] == RFC_4226


@given(st.integers(100, 10**8), st.integers(-5, 5), st.integers(0, STEP_MS - 1))
def test_a_clock_may_be_one_half_minute_off_and_no_more(step: int, off: int, within_ms: int) -> None:
    found = step_of(RFC_SECRET, code_of(RFC_SECRET, step + off), step * STEP_MS + within_ms, 0)
    near = {code_of(RFC_SECRET, step + one): step + one for one in (1, 0, -1)}
    assert found == near.get(code_of(RFC_SECRET, step + off))
    assert (found is not None) or abs(off) > 1


@given(st.integers(100, 10**8), st.integers(-1, 1), st.integers(-1, 1))
def test_no_half_minute_is_taken_twice_nor_one_before_it(step: int, first: int, then: int) -> None:
    taken = step + first
    found = step_of(RFC_SECRET, code_of(RFC_SECRET, step + then), step * STEP_MS, taken)
    assert found is None or found > taken
    assert (found is not None) or then <= first


@given(st.text(max_size=8))
def test_what_is_no_code_is_none(text: str) -> None:
    now = step_at(START_MS)
    right = {code_of(RFC_SECRET, now + off) for off in (-1, 0, 1)}
    assert (step_of(RFC_SECRET, text, START_MS, 0) is None) == (text not in right)


def test_an_app_is_given_160_random_bits_and_whom_they_are_for() -> None:
    secret = new_code_secret()
    assert len(base64.b32decode(secret)) == 20
    assert secret != new_code_secret()
    link = urlsplit(link_of(secret, "Zoé Le Goff"))
    assert (link.scheme, link.netloc, unquote(link.path)) == ("otpauth", "totp", "/Tocsin:Zoé Le Goff")
    assert parse_qs(link.query) == {"secret": [secret], "issuer": ["Tocsin"]}


def test_codes_are_asked_for_from_the_first_one_on(bob: House) -> None:
    caller = bob.known(bob.log_in("Bob"))
    secret = bob.run(bob.door.offer_codes(caller, PASSWORD))
    assert bob.log_in("Bob")  # nobody is shut out by a secret that no app has yet
    assert not bob.known(bob.log_in("Bob")).has_codes
    with pytest.raises(InputError, match="not of this half minute"):
        bob.run(bob.door.confirm_codes(caller, code_now(bob, secret, -7)))
    bob.run(bob.door.confirm_codes(caller, code_now(bob, secret)))
    with pytest.raises(StrangerError, match="expected the one-time code too") as refused:
        bob.log_in("Bob")
    assert refused.value.code_needed
    with pytest.raises(StrangerError, match=WRONG):
        bob.log_in("Bob", code=code_now(bob, secret))  # that one turned them on
    bob.now_ms += STEP_MS
    session = bob.log_in("Bob", code=code_now(bob, secret))
    assert bob.known(session).has_codes
    with pytest.raises(StrangerError, match=WRONG):
        bob.log_in("Bob", code=code_now(bob, secret))
    told = [line["did"] for line in bob.journal("person")]
    assert told.count("codes turned on") == 1
    assert secret not in str(bob.journal("person"))


def test_an_offer_asks_for_the_password_and_never_replaces_codes_that_are_on(coded: tuple[House, str]) -> None:
    house, secret = coded
    caller = house.known(house.log_in("Bob", code=code_now(house, secret)))
    with pytest.raises(InputError, match="turn them off first"):
        house.run(house.door.offer_codes(caller, PASSWORD))
    with pytest.raises(InputError, match="no one-time codes wait"):
        house.run(house.door.confirm_codes(caller, code_now(house, secret, 1)))
    house.follow(house.add("Cy"))
    cy = house.known(house.log_in("Cy"))
    with pytest.raises(ForbiddenError, match=WRONG):
        house.run(house.door.offer_codes(cy, "wrong password here"))
    with pytest.raises(InputError, match="no one-time codes wait"):
        house.run(house.door.confirm_codes(cy, "123456"))


def test_a_wrong_password_with_a_right_code_is_told_as_any_and_uses_no_code_up(coded: tuple[House, str]) -> None:
    house, secret = coded
    for password, code in (("wrong password here", code_now(house, secret)), ("wrong password here", None)):
        with pytest.raises(StrangerError, match=WRONG) as refused:
            house.log_in("Bob", password, code=code)
        assert not refused.value.code_needed
    assert house.log_in("Bob", code=code_now(house, secret))


def test_wrong_codes_count_to_the_lock_as_wrong_passwords_do(coded: tuple[House, str]) -> None:
    house, secret = coded
    for attempt in range(FAILURES):
        with pytest.raises(StrangerError, match=WRONG):
            house.log_in("Bob", ("wrong password here", PASSWORD)[attempt % 2], code=code_now(house, secret, 9))
        if attempt < FAILURES - 1:
            with pytest.raises(StrangerError, match="expected the one-time code"):
                house.log_in("Bob", address=f"10.0.2.{attempt}")  # the password alone takes no failure back
    with pytest.raises(TooManyError, match="wrong passwords or codes"):
        house.log_in("Bob", code=code_now(house, secret), address="10.0.1.1")
    assert house.journal("person")[-1]["did"] == "locked"


def test_a_wrong_code_costs_the_centre_as_much_as_a_wrong_password(tmp_path: Path) -> None:
    house = House(store=Store(tmp_path / "data"))  # with argon2id in earnest
    house.follow(house.add("Bob"))
    person = house.write(lambda c: register.find(c, "Bob"))
    house.write(lambda c: register.make_codes(c, person, "Ann", house.now_ms))

    def took(password: str) -> float:
        started = time.process_time()
        with pytest.raises(StrangerError, match=WRONG):
            house.log_in("Bob", password, code="000000")
        return time.process_time() - started

    assert 0.4 < took(PASSWORD) / took("wrong password here") < 2.5
    house.store.close()


def test_codes_end_with_a_last_one(coded: tuple[House, str]) -> None:
    house, secret = coded
    caller = house.known(house.log_in("Bob", code=code_now(house, secret)))
    house.now_ms += STEP_MS
    for password, code in ((PASSWORD, "000000"), ("wrong password here", code_now(house, secret))):
        with pytest.raises(ForbiddenError, match=WRONG):
            house.run(house.door.end_codes(caller, password, code))
    house.run(house.door.end_codes(caller, PASSWORD, code_now(house, secret)))
    assert house.log_in("Bob")
    assert house.journal("person")[-2] == {"name": "Bob", "did": "codes turned off", "by": "Bob"}
    with pytest.raises(InputError, match="'Bob' has no one-time codes"):
        house.run(house.door.end_codes(caller, PASSWORD, "000000"))


def test_a_person_changes_their_password_and_their_other_sessions_end(bob: House) -> None:
    here, there = bob.log_in("Bob"), bob.log_in("Bob")
    bob.follow(bob.add("Cy"))
    others = bob.log_in("Cy")
    with pytest.raises(ForbiddenError, match=WRONG):
        bob.run(bob.door.change_password(bob.known(here), "wrong password here", None, OTHER))
    with pytest.raises(InputError, match="5 characters"):
        bob.run(bob.door.change_password(bob.known(here), PASSWORD, None, "short"))
    assert bob.known(there)
    bob.run(bob.door.change_password(bob.known(here), PASSWORD, None, OTHER))
    assert bob.known(here).name == "Bob"
    assert bob.known(others).name == "Cy"
    with pytest.raises(StrangerError, match="ended"):
        bob.known(there)
    assert bob.journal("person")[-1] == {"name": "Bob", "did": "password changed", "by": "Bob"}
    with pytest.raises(StrangerError, match=WRONG):
        bob.log_in("Bob")
    assert bob.log_in("Bob", OTHER)


def test_who_has_codes_changes_the_password_with_one(coded: tuple[House, str]) -> None:
    house, secret = coded
    caller = house.known(house.log_in("Bob", code=code_now(house, secret)))
    with pytest.raises(ForbiddenError, match="expected the one-time code too"):
        house.run(house.door.change_password(caller, PASSWORD, None, OTHER))
    house.run(house.door.change_password(caller, PASSWORD, code_now(house, secret, 1), OTHER))
    house.now_ms += 2 * STEP_MS
    assert house.log_in("Bob", OTHER, code=code_now(house, secret))


def test_guesses_of_ones_own_password_lock_the_name_too(bob: House) -> None:
    caller = bob.known(bob.log_in("Bob"))
    for _ in range(FAILURES):
        with pytest.raises(ForbiddenError, match=WRONG):
            bob.run(bob.door.change_password(caller, "wrong password here", None, OTHER))
    with pytest.raises(TooManyError):
        bob.run(bob.door.change_password(caller, PASSWORD, None, OTHER))


def test_a_machine_has_no_password_to_change(house: House) -> None:
    token = house.write(lambda c: register.admit_machine(c, "feed", frozenset({Right.DECIDE}), 1, "Ann", START_MS))
    feed: Caller = house.run(house.door.caller(None, token))
    with pytest.raises(ForbiddenError, match="'feed' is not a person"):
        house.run(house.door.change_password(feed, PASSWORD, None, OTHER))


def test_a_new_link_ends_codes_too(coded: tuple[House, str]) -> None:
    house, _ = coded
    person = house.write(lambda c: register.find(c, "Bob"))
    house.follow(house.write(lambda c: register.make_link(c, person, "Ann", house.now_ms)))
    assert house.log_in("Bob")


def test_the_administrators_command_turns_codes_on_and_off(bob: House) -> None:
    data = ("--data", bob.store.folder)
    bob.now_ms = time.time_ns() // 1_000_000
    told, secret, link = said("centre", "people", "codes", "bob", "on", *data).splitlines()
    assert told.startswith("told once, for Bob's authenticator app")
    assert link == link_of(secret, "Bob")
    assert "one-time codes" in said("centre", "people", "list", *data)
    with pytest.raises(StrangerError, match="one-time code"):
        bob.log_in("Bob")
    assert bob.log_in("Bob", code=code_now(bob, secret))
    assert "password alone" in said("centre", "people", "codes", "Bob", "off", *data)
    assert bob.log_in("Bob")
    bob.add("Hall", Role.WALL)
    hall = bob.write(lambda c: register.find(c, "Hall"))
    with pytest.raises(InputError, match="'Hall' has no password yet"):
        bob.write(lambda c: register.make_codes(c, hall, "Ann", bob.now_ms))
    turned = [line for line in bob.journal("person") if line["did"].startswith("codes turned")]
    assert [line["did"] for line in turned] == ["codes turned on", "codes turned off"]
    assert all(line["by"].startswith("on the machine: ") for line in turned)


def test_password_and_codes_on_the_api(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre:
        link = said("centre", "people", "add", "Bob", "analyst", "--data", centre.data).splitlines()[-1]
        bob = httpx.Client(base_url=centre.page, headers={"Origin": centre.page}, timeout=20.0)
        centre.clients.append(bob)
        bob.post("/api/session/link", json={"secret": link.rpartition("/")[2], "password": PASSWORD}).raise_for_status()
        change = {"password": PASSWORD, "new_password": OTHER}
        assert bob.put("/api/session/password", json=change).status_code == 204
        wrong = bob.put("/api/session/password", json=change)
        assert (wrong.status_code, "password" in wrong.json()["error"]) == (403, True)
        offer = bob.post("/api/session/codes", json={"password": OTHER})
        assert (offer.status_code, set(offer.json())) == (201, {"secret", "link"})
        secret, step = offer.json()["secret"], step_at(time.time_ns() // 1_000_000)
        assert bob.put("/api/session/codes", json={"code": "12345"}).status_code == 422
        bob.put("/api/session/codes", json={"code": code_of(secret, step)}).raise_for_status()
        assert bob.get("/api/session").json()["has_codes"] is True
        name = {"name": "Bob", "password": OTHER}
        needed = httpx.post(f"{centre.page}/api/session", json=name)
        assert (needed.status_code, needed.json()["code_needed"]) == (401, True)
        used = httpx.post(f"{centre.page}/api/session", json={**name, "code": code_of(secret, step)})
        assert (used.status_code, used.json()) == (401, {"error": WRONG.strip("^$")})
        came = httpx.post(f"{centre.page}/api/session", json={**name, "code": code_of(secret, step + 1)})
        assert came.json()["has_codes"] is True

"""What an administrator does about people and machines on the page's API, and what an auditor reads of it."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.people import register
from dispatch.people.roles import Role
from dispatch.store import Store
from tests.dispatch.running import RunningCentre, command, running_centre, said

PASSWORD = "a lantern over still water"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    with running_centre(tmp_path_factory.mktemp("people") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def admin(centre: RunningCentre) -> httpx.Client:
    return centre.let_in("administrator")


def person(admin: httpx.Client, name: str) -> dict[str, Any]:
    return next(dict(one) for one in admin.get("/api/people").json() if one["name"] == name)


def test_a_person_from_the_first_link_to_the_last_request(centre: RunningCentre, admin: httpx.Client) -> None:
    made = admin.post("/api/people", json={"name": "Bob", "role": "dispatcher"})
    assert made.status_code == 201
    kind, _, secret = made.json()["link"].partition("/")
    assert kind == "join"
    with httpx.Client(base_url=centre.page, headers={"Origin": centre.page}) as browser:
        weak = browser.post("/api/session/link", json={"secret": secret, "password": "short"})
        assert (weak.status_code, "expected 12 to 200" in weak.json()["error"]) == (400, True)
        me = browser.post("/api/session/link", json={"secret": secret, "password": PASSWORD})
        assert (me.json()["name"], me.json()["role"]) == ("Bob", "dispatcher")
        browser.delete("/api/session").raise_for_status()
        assert browser.get("/api/session").json() is None
        wrong = browser.post("/api/session", json={"name": "Bob", "password": "not this one, no"})
        assert (wrong.status_code, wrong.json()) == (
            401,
            {"error": "the name, the password or the one-time code is wrong"},
        )
        browser.post("/api/session", json={"name": "bob", "password": PASSWORD}).raise_for_status()
        bob = person(admin, "Bob")
        assert (bob["has_password"], bob["role"]) == (True, "dispatcher")
        assert browser.get("/api/journal").status_code == 403
        admin.put(f"/api/people/{bob['id']}/role", json={"role": "auditor"}).raise_for_status()
        assert browser.get("/api/journal").status_code == 200
        admin.delete(f"/api/people/{bob['id']}").raise_for_status()
        assert browser.get("/api/state").status_code == 401


def test_ten_wrong_passwords_and_the_way_back(centre: RunningCentre, admin: httpx.Client) -> None:
    secret = admin.post("/api/people", json={"name": "Cy", "role": "analyst"}).json()["link"].partition("/")[2]
    with httpx.Client(base_url=centre.page) as stranger:
        stranger.post("/api/session/link", json={"secret": secret, "password": PASSWORD}).raise_for_status()
    right, wrong = ({"name": "Cy", "password": password} for password in (PASSWORD, "not this one, no"))
    codes = [httpx.post(f"{centre.page}/api/session", json=wrong, timeout=30.0).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    locked = httpx.post(f"{centre.page}/api/session", json=right)
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    assert person(admin, "Cy")["locked_until_ms"] > 0
    admin.post(f"/api/people/{person(admin, 'Cy')['id']}/unlock").raise_for_status()
    assert httpx.post(f"{centre.page}/api/session", json=right).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "Di", "role": "king"}, 422, "role"),
        ({"name": "Di"}, 422, "role: Field required"),
        ({"name": "Di", "role": "wall", "more": 1}, 422, "more: Extra inputs"),
        ({"name": "<b>Di</b>", "role": "wall"}, 400, "name is '<b>Di</b>'; expected"),
        ({"name": 7, "role": "wall"}, 422, "name: Input should be a valid string"),
    ],
)
def test_a_wrong_person_is_one_sentence(admin: httpx.Client, body: dict[str, Any], status: int, words: str) -> None:
    answer = admin.post("/api/people", json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_taken_name_and_an_unknown_person_are_one_sentence(admin: httpx.Client) -> None:
    admin.post("/api/people", json={"name": "Eve", "role": "wall"}).raise_for_status()
    assert "taken" in admin.post("/api/people", json={"name": "EVE", "role": "wall"}).json()["error"]
    assert admin.post("/api/people/none/unlock").status_code == 404


def test_a_machine_is_let_in_and_dismissed(centre: RunningCentre, admin: httpx.Client) -> None:
    made = admin.post("/api/machines", json={"name": "city platform", "rights": ["see-events"], "days": 90})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert httpx.get(f"{centre.page}/api/state", headers=headers).status_code == 200
    assert httpx.get(f"{centre.page}/api/journal", headers=headers).status_code == 403
    assert [one["rights"] for one in admin.get("/api/machines").json()] == [["see-events"]]
    admin.delete("/api/machines/city platform").raise_for_status()
    assert httpx.get(f"{centre.page}/api/state", headers=headers).status_code == 401
    greedy = {"name": "x", "rights": ["administer"], "days": 90}
    assert admin.post("/api/machines", json=greedy).status_code == 422


def test_an_auditor_reads_what_was_done_page_by_page_and_by_search(centre: RunningCentre, admin: httpx.Client) -> None:
    for name in ("Flo", "Gus", "Hal"):
        admin.post("/api/people", json={"name": name, "role": "wall"}).raise_for_status()
    auditor = centre.let_in("auditor")
    seen: list[int] = []
    before: int | None = 2**62
    while before is not None:
        page = auditor.get("/api/journal", params={"before": before, "limit": 3}).json()
        seen += [line["id"] for line in page["lines"]]
        before = page["next"]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    assert len(seen) == len(set(seen))
    assert auditor.get("/api/journal/check").json()["lines"] >= len(seen)
    found = auditor.get("/api/journal", params={"kind": "person", "text": "Gus"}).json()["lines"]
    assert [line["kind"] for line in found] == ["person"] * 2
    assert '"did":"added"' in found[-1]["data"]
    assert auditor.get("/api/journal", params={"text": "100%_"}).json()["lines"] == []


def test_what_is_changed_behind_the_centres_back_is_found(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = Store(data)
    for number, name in enumerate(("Ann", "Bob", "Cy")):
        person = store.write_now(partial(register.add, name=name, role=Role.WALL, by="a test", now_ms=number))
        store.write_now(partial(register.make_link, person=person, by="a test", now_ms=number))
    store.close()
    assert "6 lines; the chain holds; it ends with " in said("centre", "journal", "--check", "--data", data)
    assert "Bob" in said("centre", "journal", "--text", "bob", "--lines", "1", "--data", data)
    with sqlite3.connect(data / "tocsin.db") as connection:
        connection.execute("UPDATE journal SET data = replace(data, 'Ann', 'Eve') WHERE id = 1")
        connection.execute("DELETE FROM journal WHERE id = 4")
    connection.close()
    line = command("centre", "journal", "--check", "--data", data)
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        "line 1 is not what its digest says",
        "line 5 does not follow from the line before it",
    ]


def test_alive_and_ready_tell_nothing_else(centre: RunningCentre) -> None:
    for path in ("/healthz", "/readyz"):
        answer = httpx.get(centre.page + path, headers={"Host": "10.1.2.3"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_description_names_who_may(centre: RunningCentre) -> None:
    described = httpx.get(f"{centre.page}/api/openapi.json").json()
    assert described["paths"]["/api/journal"]["get"]["x-right"] == "read-journal"
    assert described["paths"]["/api/journal"]["get"]["security"] == [{"session": []}, {"machine": []}]
    assert described["paths"]["/api/session"]["post"]["security"] == []
    assert described["components"]["securitySchemes"]["session"]["name"].startswith("tocsin-")

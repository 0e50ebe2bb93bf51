"""Who may call what: every route of the API, tried by every role, by a machine, and by nobody."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from dispatch.api.access import ANYONE, requires, stated
from dispatch.api.app import api
from dispatch.centre import Centre
from dispatch.people.roles import Right, Role
from dispatch.settings import Settings
from dispatch.trust.authority import open_authority
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, RunningCentre, one_time_link, running_centre, send, token

ROLES = ("wall", "dispatcher", "analyst", "auditor", "administrator")
EVERYBODY = frozenset(ROLES)
ADMINISTRATOR = frozenset({"administrator"})
AUDITORS = ADMINISTRATOR | {"auditor"}
ANYONE_AT_ALL = EVERYBODY | {"nobody"}
DECIDE = frozenset({"dispatcher", "analyst", "administrator"})
SEE_PLACES = frozenset({"analyst", "administrator"})
READ_LOG = EVERYBODY - {"wall"}
# What this project means, written down apart from the code that does it: a new route needs its line here.
MAY: dict[str, frozenset[str]] = {
    "GET /api/openapi.json": ANYONE_AT_ALL,
    "GET /api/session": ANYONE_AT_ALL,
    "GET /api/session/ways": ANYONE_AT_ALL,
    "POST /api/session": ANYONE_AT_ALL,
    "POST /api/session/link": ANYONE_AT_ALL,
    "DELETE /api/session": EVERYBODY,
    "PUT /api/session/password": EVERYBODY,
    "POST /api/session/codes": EVERYBODY,
    "PUT /api/session/codes": EVERYBODY,
    "POST /api/session/codes/end": EVERYBODY,
    "GET /api/state": EVERYBODY,
    "GET /api/events": EVERYBODY,
    "GET /api/events.{form}": EVERYBODY,
    "GET /api/events/{identity}": EVERYBODY,
    "GET /api/events/{identity}/heard": SEE_PLACES,
    "POST /api/events/{identity}/report": SEE_PLACES,
    "POST /api/events/{identity}/evidence": SEE_PLACES,
    "GET /api/replays": SEE_PLACES,
    "POST /api/replays": SEE_PLACES,
    "GET /api/replays/{identity}": SEE_PLACES,
    "POST /api/replays/{identity}/cancel": SEE_PLACES,
    "GET /api/replays/{identity}/changes": SEE_PLACES,
    "GET /api/replays/{identity}/{name}": SEE_PLACES,
    "GET /api/searches": EVERYBODY,
    "PUT /api/searches/{name}": EVERYBODY,
    "DELETE /api/searches/{name}": EVERYBODY,
    "GET /api/zones": EVERYBODY,
    "GET /api/handover": READ_LOG,
    "GET /api/ground": EVERYBODY,
    "GET /api/ground/tiles": EVERYBODY,
    "GET /api/ground/streets": EVERYBODY,
    "GET /api/ground/hearing": EVERYBODY,
    "GET /api/history": EVERYBODY,
    "GET /api/stream": EVERYBODY,
    "GET /api/alerts": frozenset({"auditor", "administrator"}),
    "GET /api/alerts/sent": AUDITORS,
    "POST /api/alerts/{name}/test": ADMINISTRATOR,
    "POST /api/nodes": ADMINISTRATOR,
    "GET /api/nodes/{identity}": ADMINISTRATOR,
    "POST /api/nodes/{identity}/revoke": ADMINISTRATOR,
    "GET /api/heard": ADMINISTRATOR,
    "GET /api/mandate": ADMINISTRATOR,
    "PUT /api/mandate": ADMINISTRATOR,
    "GET /api/models": ADMINISTRATOR,
    "GET /api/keeping": ADMINISTRATOR,
    "GET /api/dpia": ADMINISTRATOR,
    "GET /api/dpia.{form}": ADMINISTRATOR,
    "GET /api/public/{name}": ADMINISTRATOR,
    "GET /api/site": ADMINISTRATOR,
    "GET /api/site/address": ADMINISTRATOR,
    "PUT /api/site/addresses": ADMINISTRATOR,
    "POST /api/drills": ADMINISTRATOR,
    "GET /api/alerts/{name}/atom": EVERYBODY,
    "GET /api/alerts/{name}/geojson": EVERYBODY,
    "POST /api/events/{identity}/decisions": DECIDE,
    "POST /api/events/{identity}/corroborations": DECIDE,
    "GET /api/events/{identity}/blind": DECIDE,
    "POST /api/incoming": DECIDE,
    "GET /api/incoming": READ_LOG,
    "POST /api/missed": DECIDE,
    "GET /api/missed": READ_LOG,
    "GET /api/performance": EVERYBODY,
    "GET /api/performance.csv": EVERYBODY,
    "GET /api/log": READ_LOG,
    "GET /api/events/{identity}/clips": DECIDE,
    "POST /api/events/{identity}/clips": DECIDE,
    "POST /api/clips/{order}/heard": DECIDE,
    "GET /api/labels": SEE_PLACES,
    "POST /api/labels/{order}/{number}": SEE_PLACES,
    "POST /api/labels/sounds": SEE_PLACES,
    "GET /api/rollouts": ADMINISTRATOR,
    "GET /api/rollouts/offer": ADMINISTRATOR,
    "POST /api/rollouts": ADMINISTRATOR,
    "POST /api/rollouts/stop": ADMINISTRATOR,
    "GET /api/people": ADMINISTRATOR,
    "POST /api/people": ADMINISTRATOR,
    "POST /api/people/{identity}/link": ADMINISTRATOR,
    "PUT /api/people/{identity}/role": ADMINISTRATOR,
    "POST /api/people/{identity}/unlock": ADMINISTRATOR,
    "DELETE /api/people/{identity}": ADMINISTRATOR,
    "GET /api/machines": ADMINISTRATOR,
    "POST /api/machines": ADMINISTRATOR,
    "DELETE /api/machines/{name}": ADMINISTRATOR,
    "GET /api/journal": AUDITORS,
    "GET /api/journal/check": AUDITORS,
    "POST /api/journal/erase": ADMINISTRATOR,
    "GET /healthz": ANYONE_AT_ALL,
    "GET /readyz": ANYONE_AT_ALL,
    "GET /metrics": EVERYBODY,
}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    with running_centre(tmp_path_factory.mktemp("access") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def callers(centre: RunningCentre) -> Iterator[dict[str, httpx.Client]]:
    with httpx.Client(base_url=centre.page) as nobody:
        yield {role: centre.let_in(role) for role in ROLES} | {"nobody": nobody}


def status(client: httpx.Client, call: str) -> int:
    """The status that a call gets, its body empty and its path of something that is not there."""
    method, path = call.split()
    path = path.replace("{", "no-such-").replace("}", "")
    headers = {} if "origin" in client.headers else {"Origin": str(client.base_url).rstrip("/")}
    with client.stream(method, path, json=None if method in ("GET", "DELETE") else {}, headers=headers) as answer:
        return answer.status_code


def test_the_table_names_every_route(tmp_path: Path) -> None:
    centre = Centre(Settings(data=str(tmp_path), listen="127.0.0.1:0"))
    assert set(stated(api(centre, tls=False).routes)) == set(MAY)
    centre.close()


@pytest.mark.parametrize("call", MAY)
def test_every_route_lets_in_whom_it_should_and_nobody_else(
    centre: RunningCentre, callers: dict[str, httpx.Client], call: str
) -> None:
    if call == "DELETE /api/session":  # who was let out cannot try the rest
        callers = {who: centre.let_in(who) if who in ROLES else client for who, client in callers.items()}
    answers = {who: status(client, call) for who, client in callers.items()}
    assert {who for who, code in answers.items() if code not in (401, 403)} == MAY[call]
    assert answers["nobody"] == 401 or "nobody" in MAY[call]
    assert max(answers.values()) < 500


def test_a_route_that_does_not_say_is_found() -> None:
    router = APIRouter(prefix="/things")

    @router.get("/open", dependencies=[ANYONE])
    async def opened() -> None: ...

    @router.get("/asks", dependencies=[requires(Right.DECIDE)])
    async def asks() -> None: ...

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    assert stated(app.routes) == {"GET /things/open": [], "GET /things/asks": [Right.DECIDE]}

    @router.get("/silent")
    async def silent() -> None: ...

    with pytest.raises(LookupError, match="/things/silent says not who may call it"):
        stated(app.routes)


def test_every_role_has_its_rights() -> None:
    assert set(ROLES) == set(Role)


@pytest.fixture(scope="module")
def node(centre: RunningCentre) -> FakeNode:
    """A node at a place that is nobody's guess."""
    node = FakeNode("roof-7", 612.4, 88.8, 23.5)
    with centre.client() as client:
        node.enrol(client, token(centre.data))
        assert send(client, node.sealed(node.report(health=wire.health()))).status_code == 200
    return node


@pytest.mark.parametrize(
    ("role", "exact"), [("dispatcher", False), ("wall", False), ("auditor", False), ("analyst", True)]
)
def test_where_a_node_stands_is_told_to_who_needs_it(
    callers: dict[str, httpx.Client], node: FakeNode, role: str, exact: bool
) -> None:
    (shown,) = callers[role].get("/api/state").json()["nodes"]
    with callers[role].stream("GET", "/api/stream", headers={"Last-Event-ID": "0"}) as answer:
        line = next(line for line in answer.iter_lines() if line.startswith("data:") and node.id in line)
    for told in (shown, json.loads(line.removeprefix("data:"))):
        if exact:
            assert (told["x"], told["y"], told["z"], told["zone_m"]) == (612.4, 88.8, 23.5, None)
        else:
            assert (told["x"], told["y"], told["z"], told["zone_m"]) == (625.0, 125.0, None, 250.0)


@pytest.mark.parametrize("origin", [None, "http://evil.example", "http://127.0.0.1:1", "null"])
def test_another_sites_page_cannot_act_with_our_cookie(callers: dict[str, httpx.Client], origin: str | None) -> None:
    browser = callers["dispatcher"]
    request = browser.build_request("DELETE", "/api/session")
    del request.headers["origin"]
    if origin is not None:
        request.headers["origin"] = origin
    answer = browser.send(request)
    assert answer.status_code == 403
    assert "this page's own" in answer.json()["error"]
    assert browser.get("/api/session").json()["role"] == "dispatcher"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(centre: RunningCentre) -> None:
    secret = one_time_link(centre.data, "wall").partition("/")[2]
    answer = httpx.post(f"{centre.page}/api/session/link", json={"secret": secret})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert answer.headers["cache-control"] == "no-store"
    again = httpx.post(f"{centre.page}/api/session/link", json={"secret": secret})
    assert (again.status_code, "used before" in again.json()["error"]) == (401, True)


def test_what_was_sent_is_not_sent_back(centre: RunningCentre) -> None:
    answer = httpx.post(f"{centre.page}/api/session", json={"name": "Ann", "password": ["my secret"]})
    assert answer.status_code == 422
    assert answer.json() == {"error": "password: Input should be a valid string"}


def test_a_body_without_end_is_cut(centre: RunningCentre) -> None:
    answer = httpx.post(f"{centre.page}/api/session", content=iter([b" " * 65536] * 40))
    assert answer.status_code == 413


def test_the_stream_ends_with_its_session(centre: RunningCentre, node: FakeNode) -> None:
    browser = centre.let_in("dispatcher")
    with browser.stream("GET", "/api/stream", timeout=40.0) as answer:
        browser.delete("/api/session")
        for _ in answer.iter_lines():  # ends by itself, within a quarter of a minute
            pass
    assert browser.get("/api/state").status_code == 401


def test_a_session_outlives_the_centre(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as first:
        cookies, port = first.let_in("analyst").cookies, httpx.URL(first.page).port
        first.kill()
    with (
        running_centre(tmp_path / "data", "--page-port", str(port)) as second,
        httpx.Client(base_url=second.page, cookies=cookies) as browser,
    ):
        assert browser.get("/api/session").json()["role"] == "analyst"


def test_beyond_this_machine_the_page_is_served_over_tls_alone(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data", "--page-host", "0.0.0.0") as centre:
        port = httpx.URL(centre.page).port
        assert centre.page.startswith("https://0.0.0.0:")
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=centre.tls()) as client:
            assert client.get("/api/session").json() is None
            secret = one_time_link(centre.data, "wall").partition("/")[2]
            answer = client.post("/api/session/link", json={"secret": secret})
            assert answer.headers["set-cookie"].startswith("__Host-tocsin-")
            assert "Secure" in answer.headers["set-cookie"]
            assert "max-age" in answer.headers["strict-transport-security"]
            assert client.get("/api/state").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{port}/")


def test_a_certificate_of_the_operators_own_is_shown(tmp_path: Path) -> None:
    own = open_authority(tmp_path / "own", ["page.example"])
    (tmp_path / "centre.toml").write_text(f'page_certificate = "{own.server_cert}"\npage_key = "{own.server_key}"\n')
    with running_centre(tmp_path / "data", str(tmp_path / "centre.toml")) as centre:
        trusted = ssl.create_default_context(cafile=str(tmp_path / "own" / "keys" / "ca.pem"))
        assert httpx.get(f"{centre.page}/api/session", verify=trusted).status_code == 200

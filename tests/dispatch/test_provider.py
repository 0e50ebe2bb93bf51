"""Log-in by the operator's identity provider: a real provider, a real browser, and false words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from playwright.sync_api import expect

from acoustic.errors import InputError
from dispatch.people.errors import StrangerError
from dispatch.people.login import Login
from dispatch.people.provider import name_in
from tests.dispatch.alerts.receivers import free_port
from tests.dispatch.alerts.servers import wait_for_port
from tests.dispatch.chromium import chromium
from tests.dispatch.running import RunningCentre, running_centre, said

PEOPLE = {"1": "ann.martin", "2": "somebody.else"}
HERE = "/api/session/provider"


@contextmanager
def identity_provider(port: int) -> Iterator[str]:
    """A provider that knows two people; its address."""
    users = [json.dumps({"sub": sub, "preferred_username": name}) for sub, name in PEOPLE.items()]
    program = Path(sys.prefix) / "peers" / "bin" / "oidc-provider-mock"
    assert program.exists(), "make test installs oidc-provider-mock"
    line = [str(program), "-p", str(port), "-n", "true", *(part for user in users for part in ("--user-claims", user))]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def city(folder: Path, issuer: str) -> Iterator[RunningCentre]:
    """A centre whose people may log in by a provider."""
    settings = folder / "centre.toml"
    settings.write_text(
        f'[login]\nissuer = "{issuer}"\nclient = "tocsin"\nsecret = "not told"\nlabel = "the city\'s account"\n'
    )
    with running_centre(folder / "centre", str(settings)) as centre:
        said("centre", "people", "add", "ann.martin", "dispatcher", "--data", centre.data)
        yield centre


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with identity_provider(free_port()) as address:
        yield address


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[RunningCentre]:
    with city(tmp_path_factory.mktemp("city"), provider) as running:
        yield running


@pytest.fixture
def browser(centre: RunningCentre) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=centre.page, timeout=30.0) as client:
        yield client


def left(browser: httpx.Client) -> str:
    """Off to the provider: the address of its page."""
    gone = browser.get(HERE)
    assert gone.status_code == 303
    assert "httponly" in gone.headers["set-cookie"].lower()
    return str(gone.headers["location"])


def answered(page: str, **form: str) -> str:
    """What the provider sends the browser back to, after its form was filled in."""
    return str(httpx.post(page, data=form, timeout=30.0).headers["location"])


def refused(back: httpx.Response) -> bool:
    """Sent to the log-in, without a session."""
    assert back.status_code == 303
    return back.headers["location"] == "/#/refused" and "tocsin-" not in back.headers.get("set-cookie", "")


def test_who_was_added_by_the_name_that_the_provider_vouches_for_comes_in(
    centre: RunningCentre, browser: httpx.Client
) -> None:
    assert browser.get("/api/session/ways").json() == {"provider": "the city's account"}
    page = left(browser)
    asked = {key: value[0] for key, value in parse_qs(urlsplit(page).query).items()}
    assert asked["redirect_uri"] == f"{centre.page}{HERE}/back"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert "openid" in asked["scope"].split()
    back = answered(page, sub="1")
    assert browser.get(back).headers["location"] == "/"
    me = browser.get("/api/session").json()
    assert (me["name"], me["role"]) == ("ann.martin", "dispatcher")
    assert browser.get("/api/state").status_code == 200
    lines = said("centre", "journal", "--data", centre.data, "--text", "the identity provider")
    assert "ann.martin" in lines
    assert "logged in" in lines
    assert refused(browser.get(back))  # a code is good once


def test_who_was_not_added_stays_out(browser: httpx.Client) -> None:
    assert refused(browser.get(answered(left(browser), sub="2")))
    assert browser.get("/api/session").json() is None


def test_who_says_no_to_the_provider_stays_out(browser: httpx.Client) -> None:
    assert refused(browser.get(answered(left(browser), action="deny")))


def test_an_answer_for_another_browser_lets_nobody_in(centre: RunningCentre, browser: httpx.Client) -> None:
    back = answered(left(browser), sub="1")
    with httpx.Client(base_url=centre.page, timeout=30.0) as other:
        assert refused(other.get(back))
        left(other)
        assert refused(other.get(back))
    assert refused(browser.get(re.sub("state=[^&]*", "state=forged", back)))
    assert refused(browser.get(f"{HERE}/back"))


def test_a_provider_that_is_away_lets_nobody_in_and_passwords_still_do(tmp_path: Path) -> None:
    with city(tmp_path, f"http://127.0.0.1:{free_port()}") as centre:
        with httpx.Client(base_url=centre.page, timeout=30.0) as browser:
            assert refused(browser.get(HERE))
        assert centre.let_in("dispatcher").get("/api/session").json()["role"] == "dispatcher"


@pytest.mark.browser
def test_the_log_in_page_leads_there_and_back(centre: RunningCentre) -> None:
    with chromium() as shown:
        page = shown.new_page(locale="fr-FR")
        page.goto(centre.page)
        page.get_by_role("link", name="Avec the city's account").click()
        page.get_by_role("button", name="2", exact=True).click()
        expect(page.get_by_test_id("refusal")).to_contain_text("Demandez à un administrateur")
        assert urlsplit(page.url).fragment == ""
        page.get_by_role("link", name="Avec the city's account").click()
        page.get_by_role("button", name="1", exact=True).click()
        expect(page.get_by_test_id("log-in")).to_have_count(0)
        expect(page.get_by_test_id("account")).to_contain_text("ann.martin")
        page.close()


KEY = generate_private_key(65537, 2048)
LOGIN = Login(issuer="https://id.example", client="tocsin", secret="s", label="l")


def word(key: RSAPrivateKey | str = KEY, algorithm: str = "RS256", **changes: Any) -> str:
    """An ID token; what is changed to None is left out."""
    now = int(time.time())
    said = {"iss": LOGIN.issuer, "aud": "tocsin", "sub": "1", "iat": now, "exp": now + 300, "nonce": "n"}
    whole = {**said, "preferred_username": "ann.martin", **changes}
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, key, algorithm, headers={"kid": "a"})


def believed(token: str, login: Login = LOGIN) -> str:
    keys = {"keys": [{**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "a"}]}
    return name_in(token, keys, login, "n")


def test_a_good_word_is_believed() -> None:
    assert believed(word()) == "ann.martin"
    assert believed(word(aud=["tocsin"], azp="tocsin")) == "ann.martin"
    by_mail = Login(issuer=LOGIN.issuer, client="tocsin", secret="s", label="l", claim="email")
    assert believed(word(email="a@b.example", email_verified=True), by_mail) == "a@b.example"
    with pytest.raises(StrangerError, match="vouches for no email"):
        believed(word(email="a@b.example"), by_mail)


@pytest.mark.parametrize(
    "token",
    [
        word(generate_private_key(65537, 2048)),
        word(iss="https://evil.example"),
        word(aud="another"),
        word(aud=["tocsin", "another"], azp="another"),
        word(exp=int(time.time()) - 3600),
        word(iat=int(time.time()) + 3600),
        word(nonce="m"),
        word(nonce=None),
        word(sub=None),
        word(preferred_username=None),
        word(preferred_username=7),
        word("x" * 64, "HS256"),
        jwt.encode({"iss": LOGIN.issuer, "aud": "tocsin", "nonce": "n"}, "", "none"),
        "",
        os.urandom(64).hex(),
    ],
)
def test_a_false_word_is_not(token: str) -> None:
    with pytest.raises(StrangerError, match="identity provider"):
        believed(token)


def test_a_provider_without_tls_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match=r"login\.issuer is 'http://id.example'"):
        Login(issuer="http://id.example", client="c", secret="s", label="l")
    with pytest.raises(InputError, match=r"login\.label is empty"):
        Login(issuer="https://id.example", client="c", secret="s", label="")

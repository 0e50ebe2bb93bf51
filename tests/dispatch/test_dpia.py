"""The data-protection file says what the configuration is, in both languages, and names nobody and no node's place."""

from __future__ import annotations

import string
import subprocess
import time
from pathlib import Path

import pytest

from dispatch.dpia.words import DPIA_WORDS
from dispatch.people import register
from dispatch.people.roles import Role
from dispatch.store import Store
from dispatch.store.nodes import NodeRecord, add_node, revoke_node
from dispatch.trust.authority import open_authority
from dispatch.trust.mandate import first_mandate
from tests.dispatch.running import command

SITE = """name = "Pessac | nord"
public = true
[keep]
arrivals_h = 12
events_days = 90
audit_days = 400
[[alerts]]
name = "command"
[alerts.to]
kind = "webhook"
url = "https://command.example/hook"
secret = "whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM="
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dpia")
    (folder / "centre.toml").write_text(f'data = "{folder / "data"}"\n{SITE}')
    store, now_ns = Store(folder / "data"), time.time_ns()
    key = open_authority(folder / "data").order_key
    for name in ("roof-1", "roof-2", "roof-3"):
        record = NodeRecord(id=name, public_key=b"k" * 32, x=612.4, y=88.8, z=23.5)
        store.write_now(lambda c, record=record: add_node(c, record))  # type: ignore[misc]
    store.write_now(lambda c: revoke_node(c, "roof-3", 5))
    store.write_now(lambda c: first_mandate(c, key, now_ns))
    store.write_now(lambda c: register.add(c, "Jeanne Martin", Role("analyst"), "a test", now_ns // 1_000_000))
    store.close()
    return folder


def written(site: Path, *more: str | Path) -> str:
    line = command("dpia", site / "centre.toml", *more)
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_says_what_the_configuration_is(site: Path) -> None:
    text = written(site)
    for words in ("12\u00a0hours", "90 days", "400 days", "Pessac | nord"):
        assert words.replace("\u00a0", " ") in text.replace("\u00a0", " ")
    assert "| command | webhook | events |" in text
    assert "| enrolled and trusted | 2 |" in text
    assert "| revoked | 1 |" in text
    assert "| analyst | 1 | x | x | x | x | x | x |  |  |" in text
    assert "A public page shows" in text
    assert "clips of located shots may leave a node | no |" in text
    assert text.count("TO FILL IN") == 9


def test_it_names_nobody_no_secret_and_no_place_of_a_node(site: Path) -> None:
    for language in ("en", "fr"):
        text = written(site, "--language", language)
        for hidden in ("Martin", "whsec_", "612.4", "roof-1"):
            assert hidden not in text


def test_it_is_written_in_french_and_as_pdf(site: Path) -> None:
    written(site, "--language", "fr", "--out", site / "file.md")
    french = (site / "file.md").read_text()
    assert french.startswith("# Dossier de protection des données de Pessac")
    assert french.count("À COMPLÉTER") == 9
    written(site, "--language", "fr", "--out", site / "file.pdf")
    assert (site / "file.pdf").read_bytes().startswith(b"%PDF-")


def test_both_languages_have_the_same_blanks() -> None:
    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    assert all(blanks(english) == blanks(french) for english, french in DPIA_WORDS.values())


def test_another_ending_is_refused(site: Path) -> None:
    line = command("dpia", site / "centre.toml", "--out", "file.doc")
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected a name that ends in .md, .html, .pdf" in done.stderr

"""The pages by which an administrator keeps a centre up: roll-outs, erasing, the data-protection file, the site."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dispatch.running import said, wait_for
from tests.dispatch.stage import Stage, staged
from tests.dispatch.test_addresses import LILAS, LILAS_BIS, ban
from tests.dispatch.test_console_pages import browser, go, page
from tests.dispatch.test_rollouts import orders, say

__all__ = ["browser", "page"]  # fixtures
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("upkeep")) as made:
        yield made


def test_settings_are_rolled_out_by_keyboard_until_a_node_goes_back(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "rollouts")
    expect(page.get_by_text("12 nodes: as in the node's own file (10 where it says nothing)")).to_be_visible()
    form = page.get_by_role("form", name="Begin a roll-out")
    begin = form.get_by_role("button", name=re.compile("^Begin"))
    expect(begin).to_be_disabled()  # nothing is to change
    form.get_by_label("Sound held in memory").focus()
    page.keyboard.type("60")
    form.get_by_role("button", name="None").press("Enter")
    expect(begin).to_be_disabled()  # nobody is to try it
    for node, ring in (("roof-1", "1"), ("roof-2", "2"), ("roof-9", "1")):
        form.get_by_label(f"Ring of {node}", exact=True).focus()
        page.keyboard.type(ring)
    expect(form.get_by_role("status")).to_contain_text("roof-9 does not listen and will hold up the 2 rings")
    page.keyboard.press("Home")  # not in it
    expect(begin).to_have_text("Begin on 1, then 1 nodes")
    form.get_by_label("Why, for the journal").focus()
    page.keyboard.type("longer clips")
    page.keyboard.press("Enter")
    running = page.get_by_test_id("running")
    expect(running.get_by_role("row", name=re.compile("roof-1"))).to_contain_text("tries it")
    expect(running).to_contain_text("Sound held in memory, s: 60")
    (order,) = orders(stage.client, "roof-1")
    say(stage.client, stage.nodes[0], order.id, "done")
    expect(running.get_by_role("row", name=re.compile("roof-2"))).to_contain_text("tries it", timeout=8000)
    expect(running.get_by_test_id("progress")).to_contain_text("1 of 2 nodes has it")
    (order,) = orders(stage.client, "roof-2")
    say(stage.client, stage.nodes[1], order.id, "rolled_back", "the node was deaf: no sound")
    past = page.get_by_test_id("past").first
    expect(past).to_contain_text("stopped", timeout=8000)
    past.locator("summary").press("Enter")
    expect(past).to_contain_text("Stopped because: roof-2: the node was deaf: no sound")
    expect(past.get_by_role("row", name=re.compile("roof-2"))).to_contain_text("went back")
    expect(page.locator("#now-ring_s")).to_contain_text("roof-1: 60")
    form.get_by_role("combobox", name="What", exact=True).select_option("model")
    expect(form).to_contain_text("The nodes run")
    form.get_by_label("Why, for the journal").fill("the shipped one again")
    form.get_by_label("Why, for the journal").press("Enter")
    expect(running).to_contain_text("each node's own classifier again")
    running.get_by_label("Why it is stopped").fill("not tonight")
    page.keyboard.press("Enter")
    expect(running).to_have_count(0)
    expect(page.get_by_test_id("past").first).to_contain_text("stopped")
    (line, *_) = stage.ann.get("/api/journal", params={"kind": "rollout"}).json()["lines"]
    assert json.loads(line["data"])["because"] == "not tonight"


def test_somebody_is_forgotten_and_the_chain_still_holds(page: Page, stage: Stage) -> None:
    call = {"source": "call", "time_ms": time.time_ns() // 1_000_000, "text": "Lucie Perrin heard it", "reference": "7"}
    stage.bob.post("/api/incoming", json=call).raise_for_status()
    stage.centre.show(page)
    go(page, stage, "keeping")
    page.get_by_label("Name or text to find").fill("Perrin")
    page.keyboard.press("Enter")
    form = page.get_by_test_id("erase")
    expect(form.get_by_role("row", name=re.compile("Lucie Perrin"))).to_have_count(1)
    expect(form).to_contain_text("the chain, which still verifies")
    form.get_by_label("Why, for the record").fill("asked by Perrin")
    form.get_by_label("Type “erase”").fill("erase")
    erase = form.get_by_role("button", name="Erase it from 1 line")
    expect(erase).to_be_disabled()  # the reason stays, so it may not say what is erased
    expect(form.get_by_role("status")).to_contain_text("leave out what is to be erased")
    form.get_by_label("Why, for the record").fill("request 12")
    form.get_by_label("Type “erase”").fill("eras")
    expect(erase).to_be_disabled()
    form.get_by_label("Type “erase”").fill("erase")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Names and words are erased from 1 line.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("request 12"))).to_contain_text("administrator")
    assert stage.ann.get("/api/journal", params={"text": "Perrin"}).json()["lines"] == []
    assert stage.ann.get("/api/journal/check").json()["unrecorded"] == []
    (record, *_) = stage.ann.get("/api/journal", params={"kind": "deletion"}).json()["lines"]
    for lines, sentence in (
        ([10**9], "line 1000000000 of the journal is not there"),
        ([record["id"]], "is the record of an erasure, which stays for good"),
    ):
        answer = stage.ann.post("/api/journal/erase", json={"lines": lines, "because": "request 13"})
        assert (answer.status_code, sentence in answer.json()["error"]) == (400, True)
    assert stage.ann.post("/api/journal/erase", json={"lines": [1], "because": " "}).status_code == 400
    assert stage.ann.get("/api/journal", params={"text": "request 13"}).json()["lines"] == []


def test_the_data_protection_file_is_read_and_kept(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "keeping")
    form = page.get_by_role("form", name="Data-protection file")
    form.get_by_label("Language").select_option("fr")
    form.get_by_role("button", name="View").press("Enter")
    shown = page.get_by_test_id("dpia")
    expect(shown).to_contain_text("Rue des Essais")
    expect(shown).to_have_attribute("lang", "fr")
    with page.expect_download(timeout=60_000) as coming:
        form.get_by_role("link", name="Markdown").click()
    told = Path(coming.value.path()).read_text(encoding="utf-8")
    settings = stage.centre.data.parent / "centre.toml"
    printed = said("dpia", settings, "--data", stage.centre.data, "--language", "fr")
    assert told.strip() == printed
    assert stage.ann.get("/api/dpia.pdf", timeout=60.0).content.startswith(b"%PDF")


def test_addresses_are_imported_and_a_bad_file_changes_nothing(page: Page, stage: Stage, tmp_path: Path) -> None:
    stage.centre.show(page)
    go(page, stage, "site")
    expect(page.get_by_test_id("addresses")).to_contain_text("There are none")
    page.get_by_label("BAN (.csv)").set_input_files(ban(tmp_path, LILAS, LILAS_BIS))
    page.get_by_role("button", name="Import the file").press("Enter")
    expect(page.get_by_role("status").filter(has_text="adresses-33.csv is imported: 2 addresses.")).to_be_visible()
    expect(page.get_by_test_id("addresses")).to_contain_text("2 addresses, Base Adresse Nationale, imported")
    page.get_by_label("Try a place").fill("44.8402, -0.5793")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nearest address, not the fix: 3 Rue des Lilas, 33600 Pessac, 11 m away")).to_be_visible()
    (wrong := tmp_path / "wrong.csv").write_text("a;b\n1;2\n")
    page.get_by_label("BAN (.csv)").set_input_files(wrong)
    page.get_by_role("button", name="Import the file").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="wrong.csv: has no column 'numero'")).to_be_visible()
    for name, sentence in (
        ("empty.csv", "has no column"),
        ("a.shp", "is of no known kind"),
        ("a.csv.gz", "no whole gz"),
    ):
        answer = stage.ann.put("/api/site/addresses", params={"name": name}, content=b"x")
        assert (answer.status_code, sentence in answer.json()["error"]) == (400, True), answer.text
    assert stage.ann.put("/api/site/addresses", params={"name": "../a.csv"}, content=b"x").status_code == 422
    assert stage.ann.get("/api/site").json()["addresses"]["count"] == 2
    assert sorted(one.name for one in stage.centre.data.glob("address*")) == ["addresses.db"]
    (line,) = stage.ann.get("/api/journal", params={"kind": "addresses"}).json()["lines"]
    assert (json.loads(line["data"])["imported"], line["subject"]) == (2, "adresses-33.csv")


def test_the_site_tells_its_key_and_shows_the_residents_page_before_it_is_open(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "site")
    expect(page.get_by_test_id("key")).to_have_text(said("centre", "key", "--data", stage.centre.data))
    expect(page.get_by_test_id("public")).to_contain_text("Closed.")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Preview it").press("Enter")
    expect(opened.value.get_by_role("heading", name=re.compile("Rue des Essais"))).to_be_visible()
    assert httpx.get(f"{stage.centre.page}/api/public/index.html").status_code == 401
    assert stage.ann.get("/api/public/nothing.html").status_code == 404


def test_a_file_of_addresses_that_breaks_off_leaves_nothing(stage: Stage) -> None:
    host, _, port = stage.centre.page.removeprefix("http://").partition(":")
    cookies = "; ".join(f"{one.name}={one.value}" for one in stage.ann.cookies.jar)
    head = f"PUT /api/site/addresses?name=half.csv HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {stage.centre.page}\r\n"
    with socket.create_connection((host, int(port)), timeout=10.0) as line:
        line.sendall(f"{head}Cookie: {cookies}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 5000)
        wait_for(lambda: [*stage.centre.data.glob("addresses-*/half.csv")])
    wait_for(lambda: not [*stage.centre.data.glob("addresses-*")])
    assert stage.ann.get("/api/site").status_code == 200
    assert "Traceback" not in (stage.centre.data.parent / f"{stage.centre.data.name}.log").read_text()

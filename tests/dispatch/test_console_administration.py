"""The administrator's and the auditor's pages, a drill, the first steps, in a real browser before a real centre."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from arrays.parcel import decode_answers
from dispatch.figures.counting import counted, span_of
from dispatch.settings import read_settings
from dispatch.store import Store
from dispatch.town.zones import zone_info
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, command, one_time_link, running_centre, send, wait_for
from tests.dispatch.stage import MODEL, Stage, staged
from tests.dispatch.test_console_pages import browser, go, page
from tests.dispatch.test_rollouts import say

__all__ = ["browser", "page"]  # fixtures
pytestmark = pytest.mark.browser
S = 10**9


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("administration")) as made:
        yield made


def test_an_administrator_enrols_a_node_by_what_the_page_shows(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    page.get_by_test_id("pages").get_by_role("link", name="Administration").click()
    page.get_by_role("button", name="Enrol a node").click()
    shown = page.get_by_test_id("enrol-command").inner_text()
    told = re.fullmatch(r"tocsin node enrol NODE\.toml --centre (\S+) --token (\S+)", shown)
    assert told is not None
    assert told[1].rpartition(":")[2] == stage.centre.ingest.rpartition(":")[2]
    expect(page.get_by_test_id("qr").locator("path")).to_have_attribute("d", re.compile("^M4 4h1v1"))
    node = FakeNode("quay-1", 700.0, 20.0)
    node.enrol(stage.client, told[2])
    stage.say(node, health=wire.health(interval_s=600.0))
    row = page.get_by_test_id("nodes-table").get_by_role("row", name=re.compile("quay-1"))
    expect(row).to_contain_text("ok")
    (line, *_) = stage.ann.get("/api/journal", params={"kind": "token"}).json()["lines"]
    assert json.loads(line["data"])["by"].startswith("administrator")


def test_a_nodes_history_is_its_changes_and_its_figures(page: Page, stage: Stage) -> None:
    history = stage.ann.get("/api/nodes/roof-1").raise_for_status().json()
    assert [one["what"] for one in history["changes"]][-1] == "enrolled"
    assert len(history["figures"]) == 31
    assert {one["noise_db"] for one in history["figures"]} >= {-51.0, -52.0}
    assert history["program"] == "tocsin 0.1.0"
    assert stage.ann.get("/api/nodes/nobody").status_code == 404
    stage.centre.show(page)
    go(page, stage, "nodes")
    page.get_by_role("row", name=re.compile("roof-1 ")).get_by_role("button", name="Details").click()
    told = page.get_by_test_id("node-history")
    expect(told.get_by_role("img", name=re.compile("Noise: .*dB"))).to_be_visible()
    expect(told).to_contain_text("enrolled")


def test_a_long_history_is_thinned_out_and_ends_with_the_newest(stage: Stage) -> None:
    node = stage.nodes[6]
    for number in range(500):
        stage.say(node, health=wire.health(interval_s=600.0 + number))
    figures = stage.ann.get(f"/api/nodes/{node.id}").json()["figures"]
    assert 200 <= len(figures) <= 480
    assert [one["sent_ms"] for one in figures] == sorted(one["sent_ms"] for one in figures)


def test_a_node_is_revoked_with_a_reason(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "nodes")
    page.get_by_role("row", name=re.compile("roof-12")).get_by_role("button", name="Details").click()
    page.get_by_label("Why it is trusted no more").fill("stolen")
    page.get_by_role("button", name="Revoke roof-12").click()
    expect(page.get_by_role("row", name=re.compile("roof-12"))).to_contain_text("revoked")
    expect(page.get_by_test_id("node-history")).to_contain_text("revoked: stolen")
    node = stage.nodes.pop()
    assert send(stage.client, node.sealed(node.report())).status_code == 403


def test_the_mandate_is_set_and_the_journal_says_by_whom(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "nodes")
    page.get_by_label("What for, as the decision").fill("Council decision 2026/31")
    page.get_by_role("button", name="Set the mandate").click()
    expect(page.get_by_role("status").filter(has_text="Every node gets it")).to_be_visible()
    assert stage.ann.get("/api/mandate").json()["purpose"] == "Council decision 2026/31"
    (line, *_) = stage.ann.get("/api/journal", params={"kind": "mandate"}).json()["lines"]
    assert json.loads(line["data"])["by"].startswith("administrator")
    form = page.get_by_role("form", name="Mandate")
    form.get_by_role("button", name="Draw it anew").press("Enter")
    expect(form.get_by_role("status")).to_contain_text("outline of three corners or more")
    expect(form.get_by_role("button", name="Set the mandate")).to_be_disabled()
    form.get_by_label("Corners of the zone").focus()
    page.keyboard.type("-100, -100\n350, -100\n350, 400\n-100, 400")
    expect(form.get_by_test_id("outside")).to_contain_text("roof-10, roof-11")  # at 450 m east
    form.get_by_test_id("where-map").click(position={"x": 5, "y": 5})
    assert len(form.get_by_label("Corners of the zone").input_value().splitlines()) == 5
    form.get_by_role("button", name="Around the nodes, by 200 m").press("Enter")
    expect(form.get_by_test_id("outside")).to_have_count(0)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        form.get_by_role("button", name="Set the mandate").press("Enter")
    expect(page.get_by_test_id("mandated")).to_contain_text("0 of 1")  # of all that are trusted, none has said so
    told = stage.ann.get("/api/mandate").json()
    assert all(one["inside"] for one in told["nodes"])
    assert max(x for x, _ in told["zone"][0]) == 900.0  # quay-1 stands at 700 m
    node = stage.nodes[4]
    answers = decode_answers(stage.client.of(node.id).get("/orders").content)
    (order,) = [one for one in answers.orders if one.kind == "mandate"]
    say(stage.client, node, order.id, "done")
    expect(page.get_by_test_id("mandated")).to_contain_text("1 of 1", timeout=8000)
    assert stage.ann.put("/api/mandate", json={**told, "zone": [[[0, 0], [1, 1]]]}).status_code == 422
    now = stage.ann.get("/api/mandate").json() | {"start_ms": 5, "end_ms": 4}
    del now["nodes"]
    answer = stage.ann.put("/api/mandate", json=now)
    assert answer.status_code == 400
    assert "is not before the end" in answer.json()["error"]


def test_people_and_programs_come_and_go(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "people")
    page.get_by_label("Name").fill("Carol")
    page.get_by_role("combobox", name="Role", exact=True).select_option("auditor")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_test_id("told").inner_text()
    assert link.startswith(f"{stage.centre.page}/#/join/")
    row = page.get_by_test_id("people-table").get_by_role("row", name=re.compile("Carol"))
    expect(row).to_contain_text("has not come yet")
    row.get_by_label("Role of Carol").select_option("analyst")
    wait_for(lambda: {p["name"]: p["role"] for p in stage.ann.get("/api/people").json()}.get("Carol") == "analyst")
    page.once("dialog", lambda asked: asked.accept())
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_label("Program").fill("weather")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("The token of weather")).to_be_visible()
    token = page.get_by_test_id("told").inner_text()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{stage.centre.page}/api/state", headers=headers).status_code == 200


def test_a_destination_is_tried_by_a_button(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "alerts")
    table = page.get_by_test_id("destinations")
    expect(table.get_by_role("row", name=re.compile("night-shift"))).to_contain_text(
        re.compile(r"Harbour · 22:00-06:00 · what nobody took within 2 min · no exercises")
    )
    expect(table.get_by_role("row", name=re.compile("night-shift")).get_by_role("button")).to_be_disabled()
    table.get_by_role("row", name=re.compile("city")).get_by_role("button", name="Try").click()
    sent = page.get_by_test_id("sent")
    expect(sent).to_contain_text("EXERCISE: Taken back", timeout=8000)
    row = sent.get_by_role("row", name=re.compile("EXERCISE: Taken back"))
    expect(row).to_have_count(1)  # one line of all that was sent about it
    row.get_by_role("button", name="2 messages").press("Enter")
    expect(sent.get_by_role("row", name=re.compile("EXERCISE: Possible gunshots, 87 %"))).to_have_count(1)
    expect(table.get_by_role("row", name=re.compile("city"))).to_contain_text("arrives")
    assert stage.ann.post("/api/alerts/night-shift/test").status_code == 400
    assert stage.ann.post("/api/alerts/nobody/test").status_code == 404


def test_models_thresholds_retention_and_backups_are_told(page: Page, stage: Stage) -> None:
    told = stage.ann.get("/api/models").raise_for_status().json()
    assert {"roof-1"} <= {one["node"] for one in told["nodes"] if one["model"] == MODEL}
    stage.centre.show(page)
    go(page, stage, "models")
    page.get_by_label("Name holds").fill("silence")
    expect(page.get_by_test_id("thresholds")).to_contain_text("network.silence_s")
    go(page, stage, "keeping")
    expect(page.get_by_test_id("clocks")).to_contain_text("Arrivals in no event")
    expect(page.get_by_test_id("backup")).to_have_text("No backup has been made.")
    key = stage.centre.data.parent / "key"
    key.write_text("a key that is long enough")
    folder = stage.centre.data.parent / "backups"
    line = command("backup", folder, "--data", stage.centre.data, "--key-file", key)
    subprocess.run(line, check=True, capture_output=True)
    page.reload()
    expect(page.get_by_test_id("backup")).to_contain_text("Last backup: ")


def test_a_drill_goes_the_whole_way_and_counts_nowhere(page: Page, stage: Stage) -> None:
    stage.centre.show(page)
    go(page, stage, "drill")
    page.get_by_label("Metres east").fill("120")
    page.get_by_label("Metres north").fill("140")
    page.get_by_label("Rounds").fill("2")
    page.get_by_role("button", name="Start the drill").click()
    drilled = page.get_by_test_id("drilled")
    expect(drilled).to_contain_text(re.compile(r"\d+ nodes hear it"))
    expect(drilled.get_by_role("link")).to_be_visible(timeout=15_000)
    wait_for(lambda: stage.event(120.0, 140.0)["count"] == 2)
    event = stage.event(120.0, 140.0)
    assert event["exercise"] is True
    drilled.get_by_role("link").first.click()
    expect(page.get_by_test_id("exercise")).to_have_text("EXERCISE")
    sent = wait_for(lambda: [a for a in stage.ann.get("/api/alerts/sent").json() if a["id"].startswith(event["id"])])
    assert all(one["headline"].startswith("EXERCISE: ") and one["destination"] == "city" for one in sent)
    settings, store = read_settings(stage.centre.data.parent / "centre.toml"), Store(stage.centre.data)
    try:
        span = span_of("", "", zone_info("UTC"), time.time_ns() // 1_000_000)
        assert store.read_now(lambda c: counted(c, settings, span))[0].alerts == 0
    finally:
        store.close()
    (line,) = stage.ann.get("/api/journal", params={"kind": "drill"}).json()["lines"]
    assert json.loads(line["data"])["rounds"] == 2
    refused = stage.ann.post(f"/api/events/{event['id']}/report", json={})
    assert refused.status_code == 400
    assert "is a drill made at the centre" in refused.json()["error"]
    nowhere = stage.ann.post("/api/drills", json={"x": 90000.0, "y": 0.0})
    assert nowhere.status_code == 409
    assert "0 nodes listen within 1000 m" in nowhere.json()["error"]


def test_an_auditors_day_in_french_reads_all_and_changes_nothing(browser: Browser, stage: Stage) -> None:
    page = browser.new_page(locale="fr-FR", viewport={"width": 1280, "height": 800})
    stage.centre.show(page, "auditor")
    page.get_by_test_id("pages").get_by_role("link", name="Administration").click()
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", "alerts")
    expect(page.get_by_role("button", name="Essayer")).to_have_count(0)
    tabs = page.get_by_role("navigation", name="Administration").get_by_role("link")
    expect(tabs).to_have_text(["Alertes", "Journal d'audit"])
    tabs.last.click()
    page.get_by_label("Genre").select_option("node")
    page.get_by_label("Contient le texte").fill("roof-3")
    page.keyboard.press("Enter")
    rows = page.get_by_test_id("journal").locator("tbody tr")
    expect(rows.last).to_contain_text("enrolled")
    expect(rows.filter(has_text="roof-4")).to_have_count(0)
    page.get_by_role("button", name="Vérifier la chaîne").click()
    expect(page.get_by_test_id("checked")).to_contain_text("La chaîne tient")
    page.goto(f"{stage.centre.page}/#/people")
    expect(page.get_by_test_id("sheet")).to_have_count(0)
    page.close()


def test_an_empty_centre_leads_to_a_clap_on_the_map(page: Page, tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as client:
        page.goto(f"{centre.page}/#/{one_time_link(centre.data, 'administrator')}")
        expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", "start")
        page.get_by_label("Latitude").fill("44.84")
        page.get_by_label("Longitude").fill("-0.58")
        page.get_by_label("Name", exact=True).fill('The "old" port')
        expect(page.get_by_test_id("site-file")).to_contain_text('name = "The \\"old\\" port"')
        expect(page.get_by_test_id("site-file")).to_contain_text("lat = 44.84")
        ann = centre.let_in("administrator")
        nodes = [FakeNode(f"roof-{n}", *place) for n, place in enumerate([(0.0, 0.0), (60.0, 0.0), (0.0, 60.0)], 1)]
        first = nodes[0]
        first.enrol(client, ann.post("/api/nodes", json={}).json()["token"])
        send(client, first.sealed(first.report(health=wire.health(interval_s=600.0))))
        expect(page.get_by_test_id("step-node")).to_contain_text("roof-1 ok")
        clap = wire.arrival(first.number + 1, time.time_ns(), "other")
        first.number += 1
        send(client, first.sealed(first.report([clap])))
        expect(page.get_by_test_id("claps")).to_contain_text("1 node heard it", timeout=8000)
        for node in nodes[1:]:
            node.enrol(client, ann.post("/api/nodes", json={}).json()["token"])
            send(client, node.sealed(node.report(health=wire.health(interval_s=600.0))))
        wait_for(lambda: len(centre.state()["nodes"]) == 3)
        now_ns = time.time_ns()
        for node in nodes:
            send(client, node.sealed(node.report([node.hear(20.0, 25.0, now_ns, "other")])))
        expect(page.get_by_test_id("claps")).to_contain_text("3 nodes heard it", timeout=8000)
        page.get_by_test_id("claps").get_by_role("link").click()
        expect(page.get_by_test_id("headline")).to_be_visible()

"""Alerts from a real centre to real receivers, good and bad, over kill -9: none lost, none held up by another."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from acoustic.errors import InputError
from dispatch.alerts.announce import Announcer
from dispatch.alerts.delivery import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause_s
from dispatch.alerts.trial import made_up
from dispatch.commands.alerts import main as alerts
from dispatch.settings import Settings, read_settings
from dispatch.store import Store
from dispatch.store.alerts import newest
from dispatch.store.decisions import decide
from dispatch.store.journal import entries_after
from dispatch.town.addresses import Address, Addresses, write_addresses
from dispatch.town.places import Frame
from recordings.decisions import Acknowledge
from tests.dispatch.alerts.receivers import Receiver, free_port, receiver
from tests.dispatch.running import RunningCentre, command, running_centre, wait_for
from tests.dispatch.test_locator import deliver, enrolled, fire

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
SITE = 'name = "Pessac"\n[origin]\nlat = 44.84\nlon = -0.58\n'


def hook(name: str, url: str, more: str = "") -> str:
    return f'[[alerts]]\nname = "{name}"\n{more}\n[alerts.to]\nkind = "webhook"\nurl = "{url}"\nsecret = "{SECRET}"\n'


def written(folder: Path, *destinations: str) -> Path:
    path = folder / "centre.toml"
    path.write_text(SITE + "".join(destinations))
    return path


def exercise(data: Path, settings: Settings, names: Sequence[str], subject: str) -> list[str]:
    """Queue an exercise for each destination, beside the running centre; the ids."""
    store = Store(data)
    announcer = Announcer(site="Pessac", destinations=settings.alerts, addresses=Addresses(data))
    chosen = [one for one in settings.alerts if one.name in names]
    now_ms = time.time_ns() // 1_000_000
    told = made_up(Frame(), now_ms, announcer.addresses)
    try:
        return store.write_now(lambda c: [i for d in chosen for i in announcer.exercise(c, d, subject, told, now_ms)])
    finally:
        store.close()


def log_of(centre: RunningCentre) -> httpx.Client:
    """A program that may read the log; one a centre."""
    return centre.clients[0] if centre.clients else centre.client_of_page("read-journal", "see-events")


def states(centre: RunningCentre) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in log_of(centre).get("/api/alerts").json()}


def check_signature(one: Receiver) -> None:
    for request in one.requests:
        head = request.headers
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + request.body
        digest = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        assert head["webhook-signature"] == f"v1,{digest}"


def test_a_shot_reaches_a_webhook_and_a_feed_signed_once_and_with_its_ellipse(tmp_path: Path) -> None:
    feed = '[[alerts]]\nname = "city"\n[alerts.to]\nkind = "feed"\n'
    with receiver() as good:
        settings = written(tmp_path, hook("hook", good.url), feed)
        with running_centre(tmp_path / "data", str(settings)) as centre, centre.client() as client:
            nodes = enrolled(centre, client)
            write_addresses(centre.data, [Address(words="3 Rue des Lilas", lat=44.84075, lon=-0.5787)], "BAN")
            fired_ns = time.time_ns()
            deliver(client, fire(nodes, 100.0, 80.0, fired_ns))
            wait_for(lambda: good.requests)
            first = json.loads(good.requests[0].body)
            assert first["type"] == "tocsin.gunshot.new"
            assert first["data"]["heard"]["semi_major_m"] > 0
            assert first["data"]["heard"]["lat"] == pytest.approx(44.84 + 80 / 111_132, abs=2e-4)
            (event,) = [e for e in centre.state()["events"] if e["id"] == first["subject"]]
            detail = centre.api.get(f"/api/events/{event['id']}").json()
            assert detail["nearest_address"].startswith("nearest address, not the fix: 3 Rue des Lilas, ")
            assert event["number"] == first["data"]["heard"]["number"]
            features = wait_for(lambda: centre.api.get("/api/alerts/city/geojson").json()["features"])
            assert features[0]["id"] == first["subject"]
            assert centre.api.get("/api/alerts/hook/atom").status_code == 404
            assert "cap:1.2" in centre.api.get("/api/alerts/city/atom").text
        assert len(set(good.ids())) == len(good.ids())
        check_signature(good)


def test_bad_receivers_delay_nobody_and_get_theirs_once_they_are_better(tmp_path: Path) -> None:
    with (
        receiver() as good,
        receiver("slow") as slow,
        receiver("refusing") as refusing,
        receiver("garbage") as garbage,
        receiver("hanging up") as hanging,
    ):
        bad = {"slow": slow, "refusing": refusing, "garbage": garbage, "hanging": hanging}
        path = written(
            tmp_path,
            *(hook(name, one.url) for name, one in bad.items()),
            hook("dead", f"http://127.0.0.1:{free_port()}/"),
            hook("good", good.url),
        )
        settings = read_settings(path)
        with running_centre(tmp_path / "data", str(path)) as centre:
            began = time.monotonic()
            ids = exercise(centre.data, settings, [one.name for one in settings.alerts], "exercise-1")
            wait_for(lambda: len(good.requests) == 2, 20.0)
            assert time.monotonic() - began < 15.0  # one dripping answer alone takes longer
            assert good.ids() == [i for i in ids if ".good." in i]
            failing = {*bad, "dead"} - {"slow"}
            wait_for(lambda: {n for n, s in states(centre).items() if s["state"] == "failing"} >= failing)
            assert "answered 503" in states(centre)["refusing"]["problem"]
            for one in (refusing, garbage, hanging):
                one.way = "good"
            wait_for(lambda: all(len(one.requests) == 2 for one in (refusing, garbage, hanging)), 40.0)
            wait_for(lambda: states(centre)["refusing"]["state"] == "ok")
            assert refusing.ids() == [i for i in ids if ".refusing." in i]
            assert states(centre)["dead"]["waiting"] == 2


def test_kill_minus_9_loses_no_alert_and_repeats_keep_their_id(tmp_path: Path) -> None:
    port = free_port()
    path = written(tmp_path, hook("hook", f"http://127.0.0.1:{port}/hook"))
    settings, data = read_settings(path), tmp_path / "data"
    queued: list[str] = []
    with running_centre(data, str(path)) as centre:
        for number in range(4):
            queued += exercise(data, settings, ["hook"], f"exercise-{number}")
        wait_for(lambda: states(centre)["hook"]["state"] == "failing")
        centre.kill()
    with receiver("slow", port) as one:
        with running_centre(data, str(path)) as centre:
            time.sleep(1.5)  # an attempt is under way
            centre.kill()
        one.way = "good"
        with running_centre(data, str(path)) as centre:
            wait_for(lambda: len(one.requests) >= 3, 40.0)
            centre.kill()
        with running_centre(data, str(path)) as centre:
            wait_for(lambda: set(one.ids()) == set(queued), 60.0)
            wait_for(lambda: states(centre)["hook"]["waiting"] == 0)
        check_signature(one)
        for number in range(4):  # of one subject, the end never before the new
            own = list(dict.fromkeys(i for i in one.ids() if i.startswith(f"exercise-{number}.")))
            assert own == [f"exercise-{number}.hook.1", f"exercise-{number}.hook.2"]
    store = Store(data)
    ended = [e for e in store.read_now(lambda c: entries_after(c, 0)) if e.kind == "alert"]
    store.close()
    assert len(ended) == 4  # each subject at its newest line


def test_a_name_that_no_protocol_can_carry_fails_that_destination_alone(tmp_path: Path) -> None:
    odd = '[[alerts]]\nname = "odd"\n[alerts.to]\nkind = "cot"\naddress = "a..b:1"\n'  # UnicodeError, a ValueError
    with receiver() as good:
        path = written(tmp_path, odd, hook("hook", good.url))
        with running_centre(tmp_path / "data", str(path)) as centre:
            exercise(centre.data, read_settings(path), ["odd", "hook"], "exercise-1")
            wait_for(lambda: len(good.requests) == 2)
            wait_for(lambda: states(centre)["odd"]["state"] == "failing")


def test_an_alert_that_nobody_acknowledges_goes_to_the_next_in_line(tmp_path: Path) -> None:
    with receiver() as first, receiver() as second:
        path = written(tmp_path, hook("first", first.url), hook("second", second.url, "unacknowledged_s = 4.0"))
        with running_centre(tmp_path / "data", str(path)) as centre, centre.client() as client:
            nodes = enrolled(centre, client)
            deliver(client, fire(nodes, 100.0, 80.0, time.time_ns()))
            wait_for(lambda: first.requests)
            taken = json.loads(first.requests[0].body)["subject"]
            store = Store(centre.data)
            store.write_now(lambda c: decide(c, taken, "Ada", Acknowledge(), time.time_ns() // 1_000_000))
            deliver(client, fire(nodes, 330.0, 210.0, time.time_ns()))
            wait_for(lambda: second.requests, 30.0)
            wait_for(
                lambda: any(one.state == "not needed" for one in store.read_now(lambda c: newest(c, "second", 99)))
            )
            store.close()
        told = {json.loads(request.body)["subject"] for request in second.requests}
        assert taken not in told
        assert told == {json.loads(request.body)["subject"] for request in first.requests} - {taken}


def test_the_command_tries_a_destination_and_tells_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiver() as good:
        path = written(tmp_path, hook("hook", good.url), hook("quiet", good.url, "when = {exercises = false}"))
        data = tmp_path / "data"
        given = ["--settings", str(path), "--data", str(data)]
        with pytest.raises(InputError, match="does not exist; start the centre first"):
            alerts(["test", "hook", *given])
        with running_centre(data, str(path)):
            line = command("centre", "alerts", "test", "hook", *given)
            done = subprocess.run(line, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stdout
            assert done.stdout.count("delivered") == 2
            event = json.loads(good.requests[0].body)
            assert event["data"]["exercise"] is True
            assert event["data"]["headline"].startswith("EXERCISE: ")
            assert alerts(["log", "--name", "hook", "--data", str(data)]) == 0
            assert capsys.readouterr().out == done.stdout
        with pytest.raises(InputError, match="no destination 'hoook'; they have hook, quiet"):
            alerts(["test", "hoook", *given])
        with pytest.raises(InputError, match=r"when\.exercises of 'quiet' is false"):
            alerts(["test", "quiet", *given])
        assert "Traceback" not in (tmp_path / "data.log").read_text()


def test_pauses_grow_with_jitter_and_end_growing() -> None:
    for attempts in (1, 2, 5, 9, 1000):
        drawn = [pause_s(attempts) for _ in range(200)]
        lowest = min(FIRST_PAUSE_S * 2 ** (attempts - 1), LONGEST_PAUSE_S)
        assert lowest <= min(drawn) < max(drawn) <= 1.5 * lowest

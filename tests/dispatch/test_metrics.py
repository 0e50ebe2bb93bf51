"""What the centre counts of itself, after what nodes really sent; and a log that names nobody."""

from __future__ import annotations

import re
import time
from pathlib import Path

from dispatch.metrics import Metrics
from tests.dispatch.running import FakeNode, running_centre, send, wait_for
from tests.dispatch.test_locator import deliver, enrolled, fire, near

SAMPLE = re.compile(r'^(?P<name>[a-z_]+(?:\{[a-z]+="[^"{}]+"\})?) (?P<value>[0-9.e+-]+)$')  # of the exposition format
WORDS = "the baker at number 12 saw it"


def samples(text: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            told = SAMPLE.fullmatch(line)
            assert told is not None, line
            found[told["name"]] = float(told["value"])
    return found


def test_a_shot_and_a_refusal_are_counted_and_the_log_names_nobody(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as client:
        nodes = enrolled(centre, client)
        before = samples(centre.api.get("/metrics").raise_for_status().text)
        assert before["tocsin_reports_total"] == 12
        assert before['tocsin_nodes{state="ok"}'] == 12
        assert before["tocsin_event_seconds_count"] == 0
        deliver(client, fire(nodes, 100.0, 80.0, time.time_ns()))
        (event,) = wait_for(lambda: near(centre.state()["events"], 100.0, 80.0))
        stranger = FakeNode("roof-1")
        assert send(client, stranger.sealed(stranger.report()), "roof-1").status_code == 403
        assert send(client, b"nothing", "roof-1").status_code == 400
        answer = centre.api.get("/metrics").raise_for_status()
        after = samples(answer.text)
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert after["tocsin_reports_total"] == 24
        assert after['tocsin_reports_refused_total{status="403"}'] == 1
        assert after['tocsin_reports_refused_total{status="400"}'] == 1
        assert after["tocsin_event_seconds_count"] >= 1
        assert after["tocsin_event_seconds_count"] == after['tocsin_event_seconds_bucket{le="+Inf"}']
        assert after["tocsin_disk_free_bytes"] > 0
        note = {"action": "note", "text": WORDS}
        person = centre.let_in("dispatcher")
        person.post(f"/api/events/{event['id']}/decisions", json=note).raise_for_status()
        name = str(person.get("/api/session").json()["name"])
    log = (tmp_path / "data.log").read_text()
    assert log
    for hidden in (WORDS, "baker", name):
        assert hidden not in log


def test_buckets_hold_all_that_is_not_above_them(tmp_path: Path) -> None:
    counts = Metrics()
    for took_s in (0.01, 0.15, 0.15, 99.0):
        counts.located(time.monotonic() - took_s)
    found = samples(counts.text([], {}, 0, tmp_path))
    got = [found[f'tocsin_event_seconds_bucket{{le="{bound}"}}'] for bound in ("0.05", "0.1", "0.2", "30.0", "+Inf")]
    assert got == [1, 1, 3, 3, 4]
    assert abs(found["tocsin_event_seconds_sum"] - 99.31) < 0.5

"""A certificate is renewed before it ends, or after; what was heard meanwhile waits, and arrives."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from acoustic.errors import ResourceError
from arrays.enrolment import read_membership
from arrays.identity import CERTIFICATE, KEY, NEXT_KEY, certificate_request, certificate_span, open_identity
from arrays.renewal import Renewal, due
from arrays.running import run
from arrays.settings import read_settings
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, session_with_bangs, started, tocsin

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
SPAN = NOW, NOW + timedelta(days=30)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def ready(folder: Path, centre: Centre, start: timedelta, end: timedelta) -> Path:
    """A node enrolled at the centre, with a certificate good from now + `start` to now + `end`; its settings."""
    session_with_bangs(folder / "scene", [1.0, 2.0], 3.0)
    path = nodes.settings(folder)
    enrolled(centre, path)
    request = certificate_request(open_identity(folder / "data" / KEY), "roof-1")
    (folder / "data" / CERTIFICATE).write_text(centre.server.certify(request, start, end))
    return path


def log_of(path: Path) -> str:
    done = subprocess.run(tocsin("node", path), capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("day", "is_due"), [(-1.0, False), (0.0, False), (19.9, False), (20.1, True), (29.9, True), (31.0, True)]
)
def test_it_is_time_when_a_third_of_its_life_is_left(day: float, is_due: bool) -> None:
    assert due(SPAN, NOW + timedelta(days=day)) is is_due
    assert due(None, NOW + timedelta(days=day))


def test_a_good_certificate_is_shown_and_left_as_it_is(tmp_path: Path, centre: Centre) -> None:
    path = ready(tmp_path, centre, timedelta(hours=-1), timedelta(days=30))
    assert "certificate" not in log_of(path)
    assert len(centre.arrivals()) == 2
    assert {route for route, _ in centre.server.heard} == {"/enrol", "/report"}
    reported = [
        der for (route, _), der in zip(centre.server.heard, centre.server.shown, strict=True) if route == "/report"
    ]
    assert all(reported)


@pytest.mark.parametrize("end", [timedelta(days=-3), timedelta(minutes=5)])
def test_one_that_ended_or_nears_its_end_is_renewed_and_no_arrival_is_lost(
    tmp_path: Path, centre: Centre, end: timedelta
) -> None:
    path = ready(tmp_path, centre, timedelta(days=-40), end)
    assert "the certificate was renewed" in log_of(path)
    assert len(centre.arrivals()) == 2
    span = certificate_span(tmp_path / "data", open_identity(tmp_path / "data" / KEY))
    assert span is not None
    assert span[1] > dt.datetime.now(dt.UTC) + timedelta(days=29)


def test_a_centre_that_refuses_is_named_and_what_was_heard_waits(tmp_path: Path, centre: Centre) -> None:
    path = ready(tmp_path, centre, timedelta(days=-140), timedelta(days=-110))
    answer = centre.server.answer

    def refusing(route: str, body: bytes) -> tuple[int, bytes]:
        refusal = 403, b'{"error": "the certificate ended 110 days ago, more than 90; enrol it anew"}'
        return refusal if route == "/renew" else answer(route, body)

    centre.server.answer = refusing
    process = started(path)
    try:
        status = tmp_path / "data" / "status.json"
        nodes.wait_for(lambda: status.exists() and "enrol it anew" in status.read_text())
        nodes.wait_for(lambda: json.loads(status.read_text())["health"]["state"] == "degraded")
        health = json.loads(status.read_text())["health"]
        assert any("the node's certificate ended on " in reason for reason in health["reasons"])
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert centre.reports() == []
    enrolled(centre, path)  # the way back: anew, with a token
    centre.server.answer = answer
    log_of(path)
    assert {a.number for a in centre.arrivals()} >= {1, 2}


def test_a_new_authority_is_kept_and_trusted(tmp_path: Path, centre: Centre) -> None:
    ready(tmp_path, centre, timedelta(days=-40), timedelta(days=-1))
    folder, answer = tmp_path / "data", centre.server.answer
    told: list[str] = []
    with https_server(tmp_path) as other:
        newer = other.ca

    def renewing(route: str, body: bytes) -> tuple[int, bytes]:
        status, content = answer(route, body)
        return (
            (status, json.dumps({**json.loads(content), "ca": newer}).encode())
            if route == "/renew"
            else (status, content)
        )

    centre.server.answer = renewing
    key = open_identity(folder / KEY)
    Renewal(folder, "roof-1", key, read_membership(folder), told.append, threading.Event()).look(
        dt.datetime.now(dt.UTC)
    )
    assert told == [newer]
    assert read_membership(folder).welcome.ca == newer


def test_a_node_gets_a_new_key_and_goes_on_counting(tmp_path: Path, centre: Centre) -> None:
    path = ready(tmp_path, centre, timedelta(hours=-1), timedelta(days=30))
    log_of(path)
    before, last = open_identity(tmp_path / "data" / KEY), len(centre.reports())
    asked = {}
    answer = centre.server.answer

    def following(route: str, body: bytes) -> tuple[int, bytes]:
        if route == "/renew":
            asked.update(json.loads(body))
            centre.public_key = open_identity(tmp_path / "data" / NEXT_KEY).public_key().public_bytes_raw()
        return answer(route, body)

    centre.server.answer = following
    done = subprocess.run(tocsin("node", "rotate", path), capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout == "node roof-1 has a new key\n"
    assert open_identity(tmp_path / "data" / KEY).public_key() != before.public_key()
    assert not (tmp_path / "data" / NEXT_KEY).exists()
    assert asked["first_sequence"] == last + 1
    log_of(path)
    assert len(centre.arrivals()) == 4


def test_a_change_of_key_that_was_cut_short_is_finished_before_anything_is_signed(
    tmp_path: Path, centre: Centre
) -> None:
    path = ready(tmp_path, centre, timedelta(hours=-1), timedelta(days=30))
    next_key = open_identity(tmp_path / "data" / NEXT_KEY)
    answer, centre.server.answer = centre.server.answer, lambda *_: (503, b"")
    with pytest.raises(ResourceError, match="did not renew the certificate"):
        run(read_settings(path))
    centre.server.answer = answer
    centre.public_key = next_key.public_key().public_bytes_raw()
    log_of(path)
    assert open_identity(tmp_path / "data" / KEY).public_key() == next_key.public_key()
    assert len(centre.arrivals()) == 2

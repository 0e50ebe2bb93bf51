"""Enrolment: whom a node believes, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError, ResourceError
from arrays.enrolment import FILE, Membership, enrol, read_membership, save_membership
from arrays.identity import CERTIFICATE
from arrays.mandate import FILE as MANDATE
from arrays.settings import Position
from tests.arrays.https_server import https_server
from tests.arrays.nodes import CENTRE_KEY, Centre

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def asked(centre: Centre, token: str = "") -> Membership:
    place = Position(lat=44.84, lon=-0.58, height_m=25.0)
    return enrol(centre.server.url, token or centre.token, "roof-1", place, [[0.1, 0.0, 0.0]], KEY)


def test_the_centre_learns_the_node_and_the_node_keeps_the_centre(tmp_path: Path, centre: Centre) -> None:
    membership = asked(centre)
    assert centre.public_key == KEY.public_key().public_bytes_raw()
    assert centre.enrolment["position"] == {"lat": 44.84, "lon": -0.58, "height_m": 25.0}
    assert centre.enrolment["microphones"] == [[0.1, 0.0, 0.0]]
    save_membership(tmp_path / "data", membership)
    kept = read_membership(tmp_path / "data")
    assert (kept.centre, kept.welcome.position) == (membership.centre, membership.welcome.position)
    assert kept.order_key == CENTRE_KEY.public_key().public_bytes_raw()
    assert (tmp_path / "data" / CERTIFICATE).read_text() == membership.welcome.certificate
    assert {p.name for p in (tmp_path / "data").iterdir()} == {FILE, CERTIFICATE, MANDATE}


@pytest.mark.parametrize("token", ["secret", "secret.", "secret.0123", "." + "0" * 31])
def test_what_is_no_token_is_refused_before_anything_is_sent(centre: Centre, token: str) -> None:
    with pytest.raises(InputError, match=r"token is not one; expected SECRET\.DIGEST"):
        asked(centre, token)
    assert centre.server.heard == []


def test_a_centre_that_the_token_does_not_name_learns_no_secret(centre: Centre) -> None:
    with pytest.raises(InputError, match="is not the one that the token names"):
        asked(centre, "secret." + "0" * 32)
    assert centre.enrolment == {}


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        (403, b'{"error": "token was used before"}', r"refused the enrolment \(403\): token was used before"),
        (500, b"<html>", r"refused the enrolment \(500\): no reason given"),
        (200, b"garbage", "the centre's welcome cannot be read"),
        (200, b'{"ca": "x"}', "the centre's welcome cannot be read: .*position"),
        (200, b'{"ca": "x", "position": {"x": 0, "y": 0, "z": 0}, "centre_key": "AA=="}', "centre_key is 'AA=='"),
    ],
)
def test_an_answer_that_is_no_welcome_is_one_sentence(
    centre: Centre, status: int, answer: bytes, sentence: str
) -> None:
    centre.server.answer = lambda _route, _body: (status, answer)
    with pytest.raises(InputError, match=sentence) as refused:
        asked(centre)
    assert "\n" not in str(refused.value)


def test_a_welcome_with_another_authority_is_refused(centre: Centre) -> None:
    answer = centre.server.answer

    def other(route: str, body: bytes) -> tuple[int, bytes]:
        status, content = answer(route, body)
        welcome: dict[str, Any] = {**json.loads(content), "ca": "another"}
        return status, json.dumps(welcome).encode()

    centre.server.answer = other
    with pytest.raises(InputError, match="another certificate authority than its token"):
        asked(centre)


def test_a_membership_that_is_absent_damaged_or_cannot_be_kept_is_one_sentence(tmp_path: Path, centre: Centre) -> None:
    with pytest.raises(InputError, match=r"not enrolled .*run `tocsin node enrol` first"):
        read_membership(tmp_path / "data")
    membership = asked(centre)
    save_membership(tmp_path / "data", membership)
    path = tmp_path / "data" / FILE
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"is damaged .*enrol the node anew"):
        read_membership(tmp_path / "data")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match=r"node\.pem cannot be written"):
        save_membership(tmp_path / "file", membership)

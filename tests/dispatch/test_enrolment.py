"""One token makes one node known, once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from acoustic.errors import InputError
from arrays.identity import certificate_request
from dispatch.settings import Origin
from dispatch.store import Store
from dispatch.store.nodes import FormerKey, all_nodes, last_numbers
from dispatch.store.reports import Received, add_reports
from dispatch.store.tables import tokens
from dispatch.trust.enrolment import VALID_MS, Enrolled, RefusedError, enrol, issue, read_request
from localisation.arrivals import Arrival

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


NUMBERED = (("a", 9), ("a", 11), ("a", 10), ("a-b", 40))


def asks_for(key: Ed25519PrivateKey) -> str:
    return certificate_request(key, "roof-1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def request(token: str, **changes: Any) -> bytes:
    local = {"x": 1.0, "y": 2.0, "z": 3.0}
    return json.dumps(
        {"token": token, "node": "roof-1", "request": asks_for(KEY), "position": local, **changes}
    ).encode()


def forged_request() -> str:
    """One for a key that did not sign it: a byte of the name is another."""
    der = pem_to_der(asks_for(KEY))
    return der_to_pem(der.replace(b"roof-1", b"roof-2"))


def request_of_another_kind() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "roof-1")])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def pem_to_der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def der_to_pem(der: bytes) -> str:
    label = "CERTIFICATE REQUEST"
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def ask(store: Store, body: bytes, now_ms: int = 1, origin: Origin | None = None) -> Enrolled:
    return store.write_now(lambda c: enrol(c, read_request(body), origin, now_ms))


def new_token(store: Store, now_ms: int = 1) -> str:
    return store.write_now(lambda c: issue(c, "f" * 32, now_ms))


def test_a_token_enrols_a_node_once(store: Store) -> None:
    token = new_token(store)
    assert token.endswith("." + "f" * 32)
    record = ask(store, request(token, microphones=[[0.1, 0, 0], [-0.1, 0, 0]])).record
    assert (record.x, record.y, record.z) == (1.0, 2.0, 3.0)
    assert store.read_now(all_nodes) == [record]
    with pytest.raises(RefusedError, match="used before"):
        ask(store, request(token, node="roof-2"))
    with pytest.raises(RefusedError, match="used before"):
        ask(store, request(token, request=asks_for(OTHER)))


def test_a_node_whose_answer_was_lost_may_ask_again(store: Store) -> None:
    token = new_token(store)
    assert ask(store, request(token)) == ask(store, request(token))


def test_a_stranger_and_a_late_comer_are_refused(store: Store) -> None:
    with pytest.raises(RefusedError, match="unknown or expired"):
        ask(store, request("guessed"))
    token = new_token(store, now_ms=0)
    with pytest.raises(RefusedError, match="unknown or expired"):
        ask(store, request(token), now_ms=VALID_MS + 1)


def test_a_name_that_is_taken_is_refused_and_the_token_stays_good(store: Store) -> None:
    ask(store, request(new_token(store)))
    token = new_token(store)
    with pytest.raises(RefusedError, match="enrolled already"):
        ask(store, request(token))
    assert ask(store, request(token, node="roof-2")).record.id == "roof-2"


def test_a_token_for_a_node_enrols_that_one_alone_and_anew(store: Store) -> None:
    ask(store, request(new_token(store)))
    store.write_now(
        lambda c: add_reports(c, [Received(node="roof-1", sequence=70, received_ns=1, body=b"", signature=b"")])
    )
    token = store.write_now(lambda c: issue(c, "f" * 32, 1, "roof-1"))
    with pytest.raises(RefusedError, match="is for node 'roof-1' alone"):
        ask(store, request(token, node="roof-2"))
    again = ask(store, request(token, request=asks_for(OTHER), position={"x": 9.0, "y": 2.0, "z": 3.0}))
    assert again.first_sequence == 71
    (record,) = store.read_now(all_nodes)
    assert (record.public_key, record.x) == (OTHER.public_key().public_bytes_raw(), 9.0)
    assert record.former == (FormerKey(public_key=KEY.public_key().public_bytes_raw(), until_sequence=0),)


def test_numbers_go_on_after_those_that_are_kept(store: Store) -> None:
    heard = [Arrival(id=f"{name}:{n}", node=name, x=0.0, y=0.0, z=0.0, time_ns=1) for name, n in NUMBERED]
    one = Received(node="a", sequence=5, received_ns=1, body=b"", signature=b"", arrivals=tuple(heard))
    store.write_now(lambda c: add_reports(c, [one]))
    assert store.read_now(lambda c: [last_numbers(c, name) for name in ("a", "a-b", "z")]) == [(5, 11), (0, 40), (0, 0)]


def test_the_secret_itself_is_not_kept(store: Store) -> None:
    secret = new_token(store).partition(".")[0]
    assert secret not in repr(store.read_now(lambda c: c.execute(tokens.select()).all()))


def test_the_first_node_with_degrees_makes_the_origin(store: Store) -> None:
    first = ask(store, request(new_token(store), position={"lat": 44.84, "lon": -0.58, "height_m": 20.0}))
    assert first.frame.origin == Origin(lat=44.84, lon=-0.58, height_m=20.0)
    assert (first.record.x, first.record.y, first.record.z) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    north = ask(
        store, request(new_token(store), node="n", position={"lat": 44.841, "lon": -0.58, "height_m": 25.0})
    ).record
    assert (north.x, north.y, north.z) == pytest.approx((0.0, 111.1, 5.0), abs=0.1)


def test_a_site_of_local_metres_takes_no_degrees(store: Store) -> None:
    ask(store, request(new_token(store)))
    with pytest.raises(InputError, match="expected x, y, z"):
        ask(store, request(new_token(store), node="n", position={"lat": 44.84, "lon": -0.58}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"node": "../etc"}, "node is '../etc'"),
        ({"node": ""}, "node is ''"),
        ({"node": 7}, r"\$.node"),
        ({"request": "§"}, "request is not a certificate request"),
        ({"request": forged_request()}, "request is not signed by the key that it is for"),
        ({"request": request_of_another_kind()}, "request is for another kind of key; expected Ed25519"),
        ({"position": {}}, "position has neither or both"),
        ({"position": {"x": 1.0, "y": 2.0}}, "position has neither or both"),
        ({"position": {"x": 1.0, "y": 2.0, "z": 3.0, "lat": 1.0, "lon": 1.0}}, "position has neither or both"),
        ({"position": {"lat": 1.0, "lon": 1.0, "x": 1.0}}, "position has neither or both"),
        ({"position": {"lat": 91.0, "lon": 1.0}}, "position.lat is 91"),
        ({"position": {"x": 1e9, "y": 2.0, "z": 3.0}}, "not finite"),
        ({"microphones": [[0, 0]]}, r"microphones"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_request(request("t", **changes))


def test_what_is_not_json_is_refused() -> None:
    for body in (b"", b"{", b"\xff", b"[]"):
        with pytest.raises(InputError, match="enrolment"):
            read_request(body)

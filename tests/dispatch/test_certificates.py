"""Only a node's own certificate opens the door for its reports, and only its own key renews it."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.identity import certificate_request
from arrays.renewal import RenewRequest, rotation_bytes
from dispatch.cli import issue_tokens
from dispatch.ingest import sender
from dispatch.reception import RejectedError
from dispatch.serve import load_certificates
from dispatch.store import Store
from dispatch.store.tables import journal, nodes
from dispatch.trust.authority import open_authority
from dispatch.trust.peers import Peer
from dispatch.trust.renewal import DAY_MS, GRACE_DAYS
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, Lines, RunningCentre, command, running_centre, send, wait_for

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    with running_centre(tmp_path_factory.mktemp("certificates") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client(centre: RunningCentre) -> Iterator[Lines]:
    with centre.client() as lines:
        yield lines


def enrolled(centre: RunningCentre, client: Lines, name: str) -> FakeNode:
    node = FakeNode(name)
    node.enrol(client, *issue_tokens(centre.data, 1))
    return node


def renewal(client: Lines, node: FakeNode, key: Ed25519PrivateKey | None = None, **more: Any) -> httpx.Response:
    asked = RenewRequest(node=node.id, request=certificate_request(key or node.key, node.id), **more)
    return client.post("/renew", content=wire.json_bytes(asked))


def set_certified_until(centre: RunningCentre, node: FakeNode, until_ms: int) -> None:
    store = Store(centre.data)
    change = sa.update(nodes).where(nodes.c.id == node.id).values(certified_until_ms=until_ms)
    store.write_now(lambda c: c.execute(change))
    store.close()


def told(centre: RunningCentre, node: FakeNode) -> list[str]:
    """What the journal says of a node."""
    store = Store(centre.data)
    lines = sa.select(journal.c.data).where(journal.c.kind == "node", journal.c.subject == node.id)
    found = store.read_now(lambda c: list(c.scalars(lines.order_by(journal.c.id))))
    store.close()
    return found


def test_a_report_under_no_certificate_is_to_come_again_with_one(centre: RunningCentre, client: Lines) -> None:
    node = enrolled(centre, client, "bare")
    answer = client.post("/report", content=node.sealed(node.report()))
    assert answer.status_code == 401
    assert "must come under its node's certificate" in answer.json()["error"]


def test_a_node_speaks_for_itself_only(centre: RunningCentre, client: Lines) -> None:
    one, other = enrolled(centre, client, "one"), enrolled(centre, client, "other")
    answer = send(client, one.sealed(one.report()), other.id)
    assert answer.status_code == 403
    assert answer.json()["error"] == "the report is of node 'one'; expected 'other', whose certificate it came under"
    assert send(client, one.sealed(one.report())).status_code == 200


def test_a_certificate_of_another_authority_or_one_that_ended_opens_no_connection(
    centre: RunningCentre, client: Lines, tmp_path: Path
) -> None:
    node = enrolled(centre, client, "late")
    public = node.key.public_key().public_bytes_raw()
    foreign = open_authority(tmp_path).certify(public, node.id, NOW)
    ended = open_authority(centre.data).certify(public, node.id, NOW - dt.timedelta(days=31))
    for certificate in (foreign, ended):
        client.keep(node, certificate.decode())
        with pytest.raises(httpx.TransportError):
            send(client, node.sealed(node.report()))


def test_a_certificate_that_ends_while_its_connection_is_open_counts_no_more() -> None:
    assert sender(Peer("roof-1", 10), 9) == "roof-1"
    with pytest.raises(RejectedError, match="has ended") as refused:
        sender(Peer("roof-1", 10), 11)
    assert refused.value.status == 401


def test_the_servers_own_certificate_is_no_nodes(centre: RunningCentre, client: Lines) -> None:
    context = centre.tls()
    context.load_cert_chain(centre.data / "keys" / "server.pem", centre.data / "keys" / "server.key")
    with httpx.Client(base_url=centre.ingest, verify=context) as posing, pytest.raises(httpx.TransportError):
        posing.get("/ca")


def test_an_ended_certificate_is_renewed_by_the_nodes_key_for_a_while(centre: RunningCentre, client: Lines) -> None:
    node, now_ms = enrolled(centre, client, "asleep"), time.time_ns() // 1_000_000
    set_certified_until(centre, node, now_ms - (GRACE_DAYS - 1) * DAY_MS)
    answer = renewal(client, node).raise_for_status().json()
    assert answer["ca"] == (centre.data / "keys" / "ca.pem").read_text()
    ends = x509.load_pem_x509_certificate(answer["certificate"].encode()).not_valid_after_utc
    assert ends - NOW > dt.timedelta(days=29)
    client.keep(node, answer["certificate"])
    assert send(client, node.sealed(node.report())).status_code == 200
    assert sum('"certified_until"' in line for line in told(centre, node)) == 2
    set_certified_until(centre, node, now_ms - (GRACE_DAYS + 2) * DAY_MS)
    refused = renewal(client, node)
    assert refused.status_code == 403
    assert (
        "ended 92 days ago, more than 90; enrol it anew: tocsin centre token --node asleep" in refused.json()["error"]
    )


def test_no_other_key_and_no_stranger_is_certified(centre: RunningCentre, client: Lines) -> None:
    node = enrolled(centre, client, "proven")
    thief = Ed25519PrivateKey.generate()
    assert renewal(client, node, thief).status_code == 403
    forged = thief.sign(rotation_bytes(node.id, thief.public_key().public_bytes_raw(), 5))
    assert renewal(client, node, thief, first_sequence=5, signature=forged).status_code == 403
    assert renewal(client, FakeNode("nobody")).status_code == 403
    for garbage in (b"", b"[]", b'{"node": "proven", "request": 3}'):
        assert client.post("/renew", content=garbage).status_code == 400


def test_a_key_is_replaced_by_one_that_the_old_one_vouches_for(centre: RunningCentre, client: Lines) -> None:
    node = enrolled(centre, client, "turning")
    waiting = [node.sealed(node.report()) for _ in range(2)]
    old, new, first = node.key, Ed25519PrivateKey.generate(), node.sequence + 1
    vouched = old.sign(rotation_bytes(node.id, new.public_key().public_bytes_raw(), first))
    answers = [renewal(client, node, new, first_sequence=first, signature=vouched) for _ in range(2)]  # one was lost
    assert [answer.status_code for answer in answers] == [200, 200]
    node.key = new
    client.keep(node, answers[1].json()["certificate"])
    assert [send(client, body).status_code for body in waiting] == [200, 200]
    late = send(client, FakeNode(node.id, key=old).sealed(node.report()))
    assert late.status_code == 403
    assert "signs with another key since sequence 3" in late.json()["error"]
    assert send(client, node.sealed(node.report())).status_code == 200


def test_a_revoked_node_is_refused_from_the_next_report_on_and_may_be_enrolled_anew(
    centre: RunningCentre, client: Lines
) -> None:
    node = enrolled(centre, client, "stolen")
    assert send(client, node.sealed(node.report(health=wire.health()))).status_code == 200
    line = command(
        "centre", "revoke", node.id, "--by", "Ann", "--because", "taken from the roof", "--data", centre.data
    )
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout == "node stolen is revoked\n"
    assert [send(client, node.sealed(node.report())).status_code for _ in range(5)] == [403] * 5
    assert renewal(client, node).status_code == 403
    assert '{"revoked":"taken from the roof","by":"Ann"}' in told(centre, node)
    wait_for(lambda: {n["id"]: n["state"] for n in centre.state()["nodes"]}["stolen"] == "revoked")
    again = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "was revoked already" in again.stderr
    (anew,) = issue_tokens(centre.data, 1, node.id)
    node.key = Ed25519PrivateKey.generate()
    welcome = node.enrol(client, anew)
    assert welcome["first_sequence"] == 2
    node.sequence = welcome["first_sequence"] - 1
    assert send(client, node.sealed(node.report(health=wire.health()))).status_code == 200
    wait_for(lambda: {n["id"]: n["state"] for n in centre.state()["nodes"]}["stolen"] == "ok")


def test_connections_that_come_after_a_renewal_are_shown_the_new_certificate(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, ["a.example"])
    config = uvicorn.Config("none", ssl_certfile=authority.server_cert, ssl_keyfile=authority.server_key)
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_certificates(config)
    first = shown(config.ssl, authority.ca_pem)
    open_authority(tmp_path, ["a.example", "b.example"])
    load_certificates(config)
    assert shown(config.ssl, authority.ca_pem) != first


def shown(server: ssl.SSLContext, ca_pem: bytes) -> bytes:
    """The certificate that a server shows, after a handshake without a socket."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=ca_pem.decode())
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(back, there, server_hostname="a.example")
    far = server.wrap_bio(there, back, server_side=True)
    for side in (near, far, near, far):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return near.getpeercert(binary_form=True) or b""

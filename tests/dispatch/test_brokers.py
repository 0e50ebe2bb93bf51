"""Reports over real brokers: the same bytes, answered under the centre's signature; a broker killed in mid-stream."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from acoustic.errors import ResourceError
from arrays.broker import Broker
from arrays.order import Order, verify_order
from arrays.outbox import ARRIVALS, HEALTH, Outbox
from arrays.parcel import Answers, Outcome, digest, pack, seal
from arrays.uplink import Uplink
from arrays.uplink.courier import Courier
from arrays.uplink.mailbox import Mailbox
from arrays.uplink.mqtt import MqttUplink
from arrays.uplink.nats import NatsUplink, connect
from tests.arrays.https_server import certificate
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, RunningCentre, block, running_centre, send, tokens, wait_for
from tests.dispatch.test_ingest import bodies

KINDS = ["nats", "mqtt"]


def free_port() -> int:
    """Below those that connections are given: one that seeks a server that is gone would meet itself there."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


@dataclass
class Server:
    """A broker's process on one port, which it keeps over restarts."""

    kind: str
    folder: Path
    more: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "config"
        if self.kind.startswith("nats"):
            config.write_text(
                f"listen: 127.0.0.1:{self.port}\njetstream {{ store_dir: {self.folder}/js }}\n{self.more}"
            )
            line = ["nats-server", "-c", str(config)]
        else:
            own = self.more or "allow_anonymous true\n"
            config.write_text(f"listener {self.port} 127.0.0.1\nuser root\n{own}")
            line = ["mosquitto", "-c", str(config)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log)
        wait_for(self.answers, 15.0)

    def answers(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@contextmanager
def server(kind: str, folder: Path, more: str = "") -> Iterator[Server]:
    program = "nats-server" if kind.startswith("nats") else "mosquitto"
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian has it)")
    running = Server(kind, folder, more)
    running.start()
    try:
        yield running
    finally:
        running.kill()


@contextmanager
def centre_of(folder: Path, *brokers: Broker) -> Iterator[RunningCentre]:
    lines = []
    for broker in brokers:
        given = {name: value for name in Broker.__struct_fields__ if (value := getattr(broker, name))}
        lines += ["[[brokers]]", *(f"{name} = {json.dumps(value)}" for name, value in given.items())]
    (folder / "centre.toml").write_text("\n".join(lines) + "\n")
    with running_centre(folder / "data", str(folder / "centre.toml")) as centre:
        yield centre


def uplink(broker: Broker, mailbox: Mailbox) -> Uplink:
    return NatsUplink(broker, mailbox) if broker.speaks_nats else MqttUplink(broker, mailbox)


def enrolled(centre: RunningCentre, *nodes: FakeNode) -> bytes:
    """The key with which the centre signs."""
    with centre.client() as client:
        for node, token in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
            welcome = node.enrol(client, token)
    return base64.b64decode(welcome["centre_key"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_killed_in_mid_stream_loses_nothing_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    with server(kind, tmp_path / "broker") as broker, centre_of(tmp_path, Broker(url=broker.url)) as centre:
        node = FakeNode("roof.1-a")  # a dot, which NATS would take for a level
        key = enrolled(centre, node)
        outbox = Outbox(tmp_path / "outbox.db")
        courier = Courier(outbox, uplink(Broker(url=broker.url), Mailbox(node.id, key)), lambda _: None)
        courier.start()

        def report(sequence: int) -> bytes:
            heard = [node.hear(10.0, 20.0, time.time_ns())]
            return wire.seal(wire.report(node.id, sequence, time.time_ns(), heard), node.key)

        for number in range(300):
            outbox.add(ARRIVALS if number % 3 else HEALTH, report)
            courier.wake()
            if number == 100:
                wait_for(lambda: outbox.waiting() < 50)
                broker.kill()
            if number == 200:
                wait_for(lambda: courier.problem)
                assert courier.problem.startswith(f"broker 127.0.0.1:{broker.port} ")
                broker.start()
        wait_for(lambda: outbox.waiting() == 0, 40.0)
        courier.end(5.0)
        assert outbox.parked == {}
        outbox.close()
        kept = bodies(centre.data, node.id)
        assert len(kept) == len(set(kept)) == 300


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_that_is_not_there_is_said_at_once(kind: str) -> None:
    node, broker = FakeNode("roof-1"), Broker(url=f"{kind}://127.0.0.1:{free_port()}")
    way, began_s = uplink(broker, Mailbox(node.id, bytes(32))), time.monotonic()
    with pytest.raises(ResourceError, match=rf"{broker.place} cannot be used: .*refused|{broker.place} .*111"):
        way.send(pack([node.sealed(node.report())]))
    assert time.monotonic() - began_s < 10.0
    way.close()


def test_a_loss_is_told_once_even_where_the_last_words_could_not_be_sent(tmp_path: Path) -> None:
    async def torn() -> None:
        raise ConnectionResetError

    async def told(broker: Server) -> int:
        losses: list[None] = []
        client = await connect(Broker(url=broker.url), "test", lambda: losses.append(None))
        transport = client._transport
        assert transport is not None
        transport.drain = torn  # type: ignore[method-assign]
        client._pending.append(b"PING\r\n")
        client._pending_data_size = 6
        broker.kill()
        end_s = time.monotonic() + 10.0
        while not losses and time.monotonic() < end_s:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        transport.close()  # type: ignore[no-untyped-call]  # which the library left open
        await asyncio.sleep(0.1)
        return len(losses)

    with server("nats", tmp_path / "broker") as broker:
        assert asyncio.run(told(broker)) == 1


def exchange_s(way: Uplink, node: FakeNode) -> float:
    parcel, began = pack([node.sealed(node.report())]), time.monotonic()
    assert [outcome.status for outcome in way.send(parcel).outcomes] == [200]
    return time.monotonic() - began


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_node_sent_while_the_centre_was_away_is_taken_when_it_is_back(tmp_path: Path, kind: str) -> None:
    with server(kind, tmp_path / "broker") as broker:
        node = FakeNode("roof-1")
        with centre_of(tmp_path, Broker(url=broker.url)) as centre:
            key = enrolled(centre, node)
            way = uplink(Broker(url=broker.url), Mailbox(node.id, key))
            assert wait_for(lambda: sent(way, node.sealed(node.report()))) == [Outcome(200)]
            assert min(exchange_s(way, node) for _ in range(4)) < 0.5, "taken as soon as it comes"
        mailbox = Mailbox(node.id, key)
        late = uplink(Broker(url=broker.url), mailbox)
        parcel = pack([node.sealed(node.report()), FakeNode("roof-1").sealed(node.report())])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("arrays.uplink.mqtt.ANSWER_S", 0.5)
            patch.setattr("arrays.uplink.nats.ANSWER_S", 0.5)
            with pytest.raises(ResourceError, match="no answer from the centre by way of the broker"):
                late.send(parcel)
        with mailbox.expecting(parcel) as answer, centre_of(tmp_path, Broker(url=broker.url)):
            outcomes = answer.result(30.0).outcomes
        assert [outcome.status for outcome in outcomes] == [200, 403]
        assert "signature" in outcomes[1].problem
        way.close()
        late.close()


def sent(way: Uplink, *envelopes: bytes) -> list[Outcome]:
    """The outcomes; none where there was no answer."""
    try:
        return list(way.send(pack(envelopes)).outcomes)
    except ResourceError:
        return []


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_is_pushed_to_a_node_that_reports_by_broker(tmp_path: Path, kind: str) -> None:
    with server(kind, tmp_path / "broker") as broker, centre_of(tmp_path, Broker(url=broker.url)) as centre:
        *talking, silent = block()
        key = enrolled(centre, *talking, silent)
        came: list[tuple[float, Order]] = []
        way = uplink(Broker(url=broker.url), Mailbox(silent.id, key))
        way.listen(lambda orders: came.extend((time.time(), order) for order in orders))
        wait_for(lambda: sent(way, silent.sealed(silent.report(health=wire.health(interval_s=60.0)))))
        with centre.client() as client:
            for node in talking:
                send(client, node.sealed(node.report(health=wire.health(interval_s=60.0))))
            fired_ns = time.time_ns()
            for node in talking:
                send(client, node.sealed(node.report([node.hear(330.0, 210.0, fired_ns)])))
        wait_for(lambda: came, 15.0)
        way.close()
        _, order = came[0]
        assert order.kind == "repick"
        assert verify_order(order, key)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_centre_s_own_acknowledgement_counts(tmp_path: Path, kind: str) -> None:
    """Whoever may write to the broker cannot make a node forget what it heard."""
    with server(kind, tmp_path / "broker") as broker:
        forger = FakeNode("forger").key
        mailbox = Mailbox("roof-1", FakeNode("centre").key.public_key().public_bytes_raw())
        parcel = pack([b"report"])
        forged = seal("roof-1", Answers(about=digest(parcel), outcomes=[Outcome(200)]), forger)
        heard = mailbox.hear
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("arrays.uplink.mqtt.ANSWER_S", 0.5)
            patch.setattr("arrays.uplink.nats.ANSWER_S", 0.5)
            way = uplink(Broker(url=broker.url), mailbox)
            with mailbox.expecting(parcel) as answer:
                for message in (forged, b"", b"\xc1"):
                    heard(message)
                assert not answer.done()
            with pytest.raises(ResourceError, match=r"no answer|no centre that reads it"):
                way.send(parcel)
        way.close()


@pytest.mark.timeout(30)
def test_an_mqtt_broker_that_no_centre_reads_says_so_at_once(tmp_path: Path) -> None:
    """A broker that was restarted may see the node before the centre, and then forgets what it took."""
    with server("mqtt", tmp_path / "broker") as broker:
        way = uplink(Broker(url=broker.url), Mailbox("roof-1", FakeNode("centre").key.public_key().public_bytes_raw()))
        with pytest.raises(ResourceError, match="no centre that reads it"):
            way.send(pack([b"report"]))
        way.close()


def credentials(folder: Path, kind: str) -> tuple[str, Broker]:
    """A broker's configuration that asks for TLS, a client's certificate, name and password; and how to reach it."""
    authority = certificate("test authority", None)
    (folder / "ca.pem").write_bytes(authority[0].public_bytes(Encoding.PEM))
    for name in ("broker", "client"):
        cert, key = certificate(name, authority)
        (folder / f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(private)
    (folder / "password").write_text("correct horse\n")
    files = {
        "ca_file": "ca.pem",
        "certificate_file": "client.pem",
        "key_file": "client.key",
        "password_file": "password",
    }
    reach = Broker(url=f"{kind}://127.0.0.1:1", user="roof", **{n: str(folder / f) for n, f in files.items()})
    if kind == "nats+tls":
        own = (
            f'tls {{ cert_file: "{folder}/broker.pem", key_file: "{folder}/broker.key", ca_file: "{folder}/ca.pem", '
            'verify: true }\nauthorization { user: roof, password: "correct horse" }\n'
        )
    else:
        subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "users", "roof", "correct horse"], check=True)
        own = (
            f"cafile {folder}/ca.pem\ncertfile {folder}/broker.pem\nkeyfile {folder}/broker.key\n"
            f"require_certificate true\npassword_file {folder}/users\nallow_anonymous false\n"
        )
    return own, reach


# paho leaves the socket of a handshake that failed to the collector
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["nats+tls", "mqtts"])
def test_over_tls_with_certificates_and_a_password(tmp_path: Path, kind: str) -> None:
    own, reach = credentials(tmp_path, kind)
    with server(kind, tmp_path / "broker", own) as broker:
        good = with_url(reach, broker.url)
        with centre_of(tmp_path, good) as centre:
            node = FakeNode("roof-1")
            key = enrolled(centre, node)
            way = uplink(good, Mailbox(node.id, key))
            assert wait_for(lambda: sent(way, node.sealed(node.report()))) == [Outcome(200)]
            way.close()
        (tmp_path / "wrong").write_text("battery staple")
        for bad in (
            with_url(reach, broker.url, password_file=str(tmp_path / "wrong")),
            with_url(reach, broker.url, certificate_file="", key_file=""),
            with_url(reach, broker.url, ca_file=""),
        ):
            way = uplink(bad, Mailbox(node.id, key))
            with pytest.raises(ResourceError, match=f"broker 127.0.0.1:{broker.port} cannot be used: "):
                way.send(pack([node.sealed(node.report())]))
            way.close()


def with_url(broker: Broker, url: str, **changes: str) -> Broker:
    fields = {name: getattr(broker, name) for name in Broker.__struct_fields__}
    return Broker(**{**fields, "url": url, **changes})

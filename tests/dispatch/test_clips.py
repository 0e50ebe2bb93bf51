"""The sound of an event: who may ask for it, when, what is noted, what comes of it, and how it ends."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
import soundfile

from acoustic.errors import InputError
from arrays.clip import Excerpt, read_clip, read_clip_order, sealed_clip
from arrays.order import Order, verify_order
from arrays.parcel import decode_answers
from arrays.report import WireAnswer
from dispatch.clips import wanted
from dispatch.commands.erase import erase
from dispatch.commands.journal import journal
from dispatch.commands.mandate import mandate
from dispatch.evidence import make_evidence
from dispatch.keeping.backup import back_up
from dispatch.keeping.restore import restore
from dispatch.keeping.sweep import Clocks
from dispatch.keeping.vault import make_vault
from dispatch.settings import Keep
from dispatch.store import Store
from dispatch.store.clips import clips_of, sound_of
from dispatch.store.journal import LATEST_MS, lines_before
from dispatch.trust.authority import open_authority
from localisation.verdict import WITHDRAWN
from recordings.commands.verify import main as verify
from recordings.decisions import ConflictError
from recordings.events import event
from recordings.evidence.bundle import read_members, write_bundle
from recordings.evidence.contents import SignedClip
from recordings.evidence.verify import verify_bundle
from tests.dispatch.running import FakeNode, Lines, RunningCentre, running_centre, send, wait_for
from tests.dispatch.test_locator import deliver, enrolled, fire, near
from tests.dispatch.test_orders import shot

S = 10**9
RATE_HZ = 48_000
WHY = {"because": "was it a shot?"}


def excerpt(onsets: Sequence[float] = (1.0,)) -> Excerpt:
    """Two seconds of noise with a bang a second after its start."""
    sound = np.random.default_rng(3).normal(0.0, 0.001, round((onsets[-1] + 1.0) * RATE_HZ)).astype(np.float32)
    for onset in onsets:
        sound[round(onset * RATE_HZ) :][:960] += np.exp(-np.arange(960) / 200.0).astype(np.float32) * 0.5
    return Excerpt(sound, RATE_HZ, time.time_ns() - 5 * S, tuple(onset * RATE_HZ for onset in onsets))


@dataclass
class Town:
    """A running centre that may have clips, its nodes, and its dispatcher."""

    centre: RunningCentre
    lines: Lines
    nodes: list[FakeNode]
    dispatcher: httpx.Client

    def event(self, x: float, y: float, ago_s: float = 3.0) -> dict[str, Any]:
        """A shot that all nodes heard."""
        deliver(self.lines, fire(self.nodes, x, y, time.time_ns() - round(ago_s * S)))
        return dict(wait_for(lambda: near(self.centre.state()["events"], x, y))[0])

    def ask(self, event: dict[str, Any], **body: str) -> httpx.Response:
        """As the dispatcher's page does."""
        return self.dispatcher.post(f"/api/events/{event['id']}/clips", json=body or WHY)

    def sound(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the page shows of it."""
        return dict(self.dispatcher.get(f"/api/events/{event['id']}/clips").raise_for_status().json())

    def order(self, node: str) -> Order:
        """The clip order that a node gets when it asks."""
        answers = decode_answers(self.lines.of(node).get("/orders").content)
        (order,) = [order for order in answers.orders if order.kind == "clip"]
        assert verify_order(order, open_authority(self.centre.data).order_key.public_key().public_bytes_raw())
        return order

    def node(self, name: str) -> FakeNode:
        return next(node for node in self.nodes if node.id == name)

    def send(self, node: str, order: Order, of: Excerpt | None = None) -> httpx.Response:
        """A node sends the sound that an order asks for."""
        body = sealed_clip(order.id, node, read_clip_order(order).event, of or excerpt(), self.node(node).key)
        return self.lines.of(node).post("/clips", content=body)

    def answer(self, node: str, *answer: str) -> None:
        """A node says what became of an order, twice, as one does whose acknowledgement was lost."""
        report = msgspec.structs.replace(self.node(node).report(), answers=[WireAnswer(*answer)])
        for _ in range(2):
            assert send(self.lines, self.node(node).sealed(report)).status_code == 200

    def journal(self) -> list[dict[str, Any]]:
        """The lines about clips, newest first."""
        store = Store(self.centre.data)
        lines = store.read_now(lambda c: lines_before(c, LATEST_MS, 100, "clip"))
        store.close()
        return [{**msgspec.structs.asdict(line), "data": msgspec.json.decode(line.data)} for line in lines]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_centre(tmp_path_factory.mktemp("clips") / "data") as centre, centre.client() as lines:
        nodes = enrolled(centre, lines)
        before = Town(centre, lines, nodes, centre.let_in("dispatcher"))
        told = before.ask(before.event(100.0, 80.0))
        assert (told.status_code, "mandate allows no clips" in told.text) == (409, True)  # the default
        mandate(["--clips", "--data", str(centre.data)])
        wait_for(lambda: before.sound({"id": "none"})["allowed"])
        yield before


@pytest.fixture(scope="module")
def heard(town: Town) -> dict[str, Any]:
    """An event whose sound was asked for, and of which one clip came."""
    event = town.event(330.0, 210.0)
    asked = town.ask(event)
    assert asked.status_code == 201, asked.text
    assert [one["state"] for one in asked.json()["clips"]] == ["asked"] * 3
    first, second, third = (one["node"] for one in asked.json()["clips"])
    order = town.order(first)
    (number,) = read_clip_order(order).arrivals
    assert number == town.node(first).number  # of the shot, by the node's own count
    assert town.send(first, order).status_code == 200
    assert town.send(first, order, excerpt((1.0, 1.5))).status_code == 409  # it is answered
    town.answer(first, order.id, "found")
    town.answer(second, town.order(second).id, "gone")
    town.answer(third, town.order(third).id, "refused", "the clip could not be sent: no answer in time")
    return event


def test_the_page_shows_what_became_of_each_order(town: Town, heard: dict[str, Any]) -> None:
    assert [(one["state"], one["why"]) for one in town.sound(heard)["clips"]] == [
        ("found", ""),
        ("gone", ""),
        ("refused", "the clip could not be sent: no answer in time"),
    ]
    again = town.ask(heard)
    assert [one["state"] for one in again.json()["clips"]] == ["found", "gone", "refused"]  # nobody is asked twice


def test_who_listens_gives_a_reason_and_every_step_is_in_the_journal(town: Town, heard: dict[str, Any]) -> None:
    order = town.sound(heard)["clips"][0]["order"]
    assert town.dispatcher.post(f"/api/clips/{order}/heard", json={"because": " "}).status_code == 400
    answer = town.dispatcher.post(f"/api/clips/{order}/heard", json={"because": "to tell rounds apart"})
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["cache-control"] == "no-store"
    sound, rate_hz = soundfile.read(io.BytesIO(answer.content))
    assert (rate_hz, len(sound)) == (RATE_HZ, 2 * RATE_HZ)
    assert abs(sound[RATE_HZ : RATE_HZ + 100]).max() > 0.4
    assert abs(sound[: RATE_HZ // 2]).max() == 0.0
    lines = [line["data"] for line in reversed(town.journal()) if line["subject"] == heard["id"]]
    name = town.dispatcher.get("/api/session").json()["name"]
    assert [next(iter(line)) for line in lines] == ["asked", "came", "answered", "answered", "heard"]
    assert (lines[0]["by"], lines[0]["because"], len(lines[0]["asked"])) == (name, WHY["because"], 3)
    assert (lines[-1]["by"], lines[-1]["because"]) == (name, "to tell rounds apart")


def test_three_nodes_must_have_located_it_and_the_loudest_that_listen_are_asked() -> None:
    found = shot()
    clear_db = {used.node: float(k) for k, used in enumerate(found.origin.used)}
    arrivals = tuple(replace(a, id=f"{a.node}:7", snr_db=clear_db.get(a.node, 99.0)) for a in found.arrivals)
    residuals = tuple(replace(used, arrival=f"{used.node}:7") for used in found.origin.used)
    heard = replace(found, arrivals=arrivals, origin=replace(found.origin, residuals=residuals))
    loudest = sorted(clear_db, key=lambda node: -clear_db[node])
    asks = wanted(event("e", [heard]), set(loudest[1:]))
    assert [(node, ask.event, ask.arrivals) for node, ask in asks] == [(node, "e", (7,)) for node in loudest[1:4]]
    with pytest.raises(ConflictError, match="none of the nodes that heard it listens now"):
        wanted(event("e", [heard]), set())
    two = replace(heard, origin=replace(heard.origin, residuals=heard.origin.used[:2]))
    with pytest.raises(ConflictError, match="no shot of this event was located by 3 nodes or more"):
        wanted(event("e", [two]), set(loudest))
    gone = replace(heard, verdict=replace(heard.verdict, label=WITHDRAWN))
    with pytest.raises(ConflictError, match="no shot of this event"):
        wanted(event("e", [gone]), set(loudest))


def test_what_no_node_remembers_is_not_asked_for(town: Town) -> None:
    assert town.ask({"id": "ab" * 8}).status_code == 404
    answer = town.ask(town.event(410.0, 60.0, ago_s=70.0))
    assert answer.status_code == 409
    assert "too long ago" in answer.json()["error"]


def test_a_clip_that_nobody_asked_for_is_refused(town: Town, heard: dict[str, Any]) -> None:
    order, others = town.sound(heard)["clips"][0], [node.id for node in town.nodes]
    other = next(name for name in others if name not in {one["node"] for one in town.sound(heard)["clips"]})
    body = sealed_clip(f"clip-{heard['id']}-{other}", other, heard["id"], excerpt(), town.node(other).key)
    assert town.lines.of(other).post("/clips", content=body).status_code == 409
    assert town.lines.of(order["node"]).post("/clips", content=body).status_code == 403  # another's certificate
    forged = sealed_clip(order["order"], order["node"], heard["id"], excerpt(), town.node(other).key)
    assert town.lines.of(order["node"]).post("/clips", content=forged).status_code == 403
    assert town.lines.of(other).post("/clips", content=b"\x81\xa1v\x01").status_code == 400
    assert town.lines.of(other).post("/clips", content=bytes(6 << 20)).status_code == 413
    assert town.lines.post("/clips", content=body).status_code in (401, 403)


def test_a_bundle_holds_the_sound_where_that_is_wished(town: Town, heard: dict[str, Any], tmp_path: Path) -> None:
    for name in ("without", "with"):
        make_evidence(town.centre.data, heard["number"], "court of X", tmp_path / name, with_clips=name == "with")
        evidence, findings = verify_bundle(tmp_path / name)
        assert evidence is not None
        assert all(finding.good for finding in findings)
        assert len(evidence.clips) == (1 if name == "with" else 0)
    assert any("1 clips are signed" in finding.text for finding in findings)
    assert verify([str(tmp_path / "with"), "--clips", str(tmp_path / "sound")]) == 0
    (file,) = (tmp_path / "sound").iterdir()
    assert len(soundfile.read(file)[0]) == 2 * RATE_HZ
    with pytest.raises(InputError, match="holds no sound that may be believed"):
        verify([str(tmp_path / "without"), "--clips", str(tmp_path)])
    assert evidence is not None
    members = read_members(tmp_path / "with")
    other = msgspec.json.decode(members["clips.json"])
    for change, says in (({"signature": "AAAA"}, "not signed by it"), ({"node": "roof-99"}, "not signed by it")):
        forged = replace(
            evidence, clips=msgspec.convert([{**other[0], **change}], tuple[SignedClip, ...], strict=False)
        )
        write_bundle(tmp_path / "forged", forged, open_authority(town.centre.data).order_key)
        nothing, findings = verify_bundle(tmp_path / "forged")
        assert nothing is None
        assert says in findings[-1].text


def on_disk(data: Path, sound: bytes) -> bool:
    """Whether any piece of it, but of its silence, is in the store's files."""
    kept = b"".join(file.read_bytes() for file in data.glob("tocsin.db*"))
    pieces = [sound[at : at + 40] for at in range(0, len(sound) - 40, 40)]
    return any(piece in kept for piece in pieces if len(set(piece)) > 20)


def test_sound_ends_by_its_clock_and_on_demand_and_the_chain_holds(town: Town, tmp_path: Path) -> None:
    data, vault = town.centre.data, make_vault(tmp_path / "backup", b"a key that nobody guesses")
    both = [town.event(200.0, 20.0), town.event(60.0, 150.0)]
    for one in both:
        node = town.ask(one).json()["clips"][0]["node"]
        assert town.send(node, town.order(node), excerpt((1.0, 1.0 + one["number"] / 100))).status_code == 200
    came = {line["subject"]: line for line in town.journal() if "came" in line["data"]}
    before = back_up(vault, data, None, "test", time.time_ns() // 1_000_000, 30.0).name
    erase([str(came[both[0]["id"]]["id"]), "--by", "A. Durand", "--because", "request 1", "--data", str(data)])
    assert town.sound(both[0])["clips"][0]["state"] == "erased"
    assert town.dispatcher.post(f"/api/clips/{came[both[0]['id']]['data']['came']}/heard", json=WHY).status_code == 404
    back_up(vault, data, None, "test", time.time_ns() // 1_000_000 + 1000, 30.0)
    restore(vault, before, tmp_path / "again", time.time_ns() // 1_000_000)
    again = Store(tmp_path / "again")  # made before the erasure, and it does not bring the sound back
    assert [len(again.read_now(partial(sound_of, event=one["id"]))) for one in both] == [0, 1]
    again.close()
    store = Store(data)
    ((node, body, _),) = store.read_now(lambda c: sound_of(c, both[1]["id"]))
    assert hashlib.sha256(body).hexdigest() == came[both[1]["id"]]["data"]["digest"]
    assert on_disk(data, read_clip(body).flac)
    now_ms, key = time.time_ns() // 1_000_000, open_authority(data).order_key
    day_ms = 86_400_000
    for days, state in ((29.9, "found"), (30.1, "erased")):
        clocks = Clocks(keep=Keep(), key=key, now_ms=now_ms + round(days * day_ms))
        for step in clocks.steps():
            while store.write_now(step):
                pass
        kept = store.read_now(lambda c: clips_of(c, both[1]["id"], now_ms))
        assert next(one.state for one in kept if one.node == node) == state
    store.empty_log()
    store.close()
    assert not on_disk(data, read_clip(body).flac)
    assert journal(["--check", "--data", str(data)]) == 0

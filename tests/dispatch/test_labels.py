"""What the impulses of clips were, said by hand: who sees what, when; what becomes of it in a set; how it ends."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import soundfile
import sqlalchemy as sa

from arrays.clip import ClipAsk, Excerpt, open_clip, sealed_clip
from arrays.report import FOUND
from dispatch.commands.erase import erase
from dispatch.commands.journal import journal
from dispatch.commands.labels import labels as labels_command
from dispatch.commands.mandate import mandate
from dispatch.keeping.sweep import Clocks
from dispatch.labels import agreed
from dispatch.settings import Keep
from dispatch.store import Store
from dispatch.store.clips import keep
from dispatch.store.engine import migrate
from dispatch.store.journal import lines_of
from dispatch.store.labels import LABELS, Said, give, labelled
from dispatch.store.tables import clips, labels
from dispatch.trust.authority import open_authority
from recordings.formats.labels import READERS
from recordings.labelling import KEYS
from recordings.sets import rows_of
from tests.dispatch import wire
from tests.dispatch.running import FakeNode, running_centre, send, wait_for
from tests.dispatch.test_clips import Town, excerpt
from tests.dispatch.test_locator import enrolled
from tocsin import main

S, DAY_MS = 10**9, 86_400_000
ABOUT = {"source": "Rue des Essais", "licence": "internal"}
OPTIONS = ["--source", ABOUT["source"], "--licence", ABOUT["licence"]]


@dataclass
class Labelling:
    """A centre with clips, and two people who label them."""

    town: Town
    ann: httpx.Client
    ben: httpx.Client

    def shown(self, to: httpx.Client, event: dict[str, Any]) -> list[dict[str, Any]]:
        """The clips of an event, as a person gets them."""
        told = to.get("/api/labels").raise_for_status().json()
        return [one for one in told if one["order"].startswith(f"clip-{event['id']}-")]

    def say(self, who: httpx.Client, clip: dict[str, Any], label: str | None, impulse: int = 0) -> dict[str, Any]:
        """An answer, and the impulse as its person sees it then."""
        answer = who.post(f"/api/labels/{clip['order']}/{impulse}", json={"label": label})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["impulses"][impulse])

    def lines(self) -> list[dict[str, Any]]:
        """What the journal tells about labels, oldest first."""
        store = Store(self.town.centre.data)
        lines = store.read_now(lambda c: lines_of(c, ["label"]))
        store.close()
        return [{"id": line.id, "subject": line.subject, **msgspec.json.decode(line.data)} for line in lines]


def with_sound(town: Town, x: float, y: float, nodes: int = 2, of: Excerpt | None = None) -> dict[str, Any]:
    """An event of which clips came, whose impulse is the arrival that the node reported, a second after their start."""
    event = town.event(x, y)
    heard = {a["node"]: a["time_ms"] for a in town.centre.api.get(f"/api/events/{event['id']}").json()["arrivals"]}
    for one in town.ask(event).raise_for_status().json()["clips"][:nodes]:
        start_ns = round(heard[one["node"]] * 1e6) - S
        sound = replace(of or excerpt(), start_ns=start_ns)
        assert town.send(one["node"], town.order(one["node"]), sound).status_code == 200
    return event


def name(client: httpx.Client) -> str:
    return str(client.get("/api/session").json()["name"])


@pytest.fixture(scope="module")
def labelling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labelling]:
    with running_centre(tmp_path_factory.mktemp("labels") / "data") as centre, centre.client() as lines:
        town = Town(centre, lines, enrolled(centre, lines), centre.let_in("dispatcher"))
        for node in town.nodes:  # which listen however slow the machine is
            send(lines, node.sealed(node.report(health=wire.health(interval_s=600.0))))
        mandate(["--clips", "--data", str(centre.data)])
        wait_for(lambda: town.sound({"id": "none"})["allowed"])
        yield Labelling(town, centre.let_in("analyst"), centre.let_in("analyst"))


@pytest.fixture(scope="module")
def event(labelling: Labelling) -> dict[str, Any]:
    return with_sound(labelling.town, 100.0, 80.0)


def test_the_classes_are_those_of_the_command_and_of_the_api(labelling: Labelling) -> None:
    described = labelling.ann.get("/api/openapi.json").json()["components"]["schemas"]["Said"]
    assert set(described["properties"]["label"]["enum"]) == set(LABELS) == set(KEYS.values())


def test_who_labels_sees_what_others_and_the_machine_say_only_then(labelling: Labelling, event: dict[str, Any]) -> None:
    ann, ben = labelling.ann, labelling.ben
    first, second = labelling.shown(ann, event)
    (impulse,) = first["impulses"]
    assert (impulse["onset_s"], first["rate_hz"], impulse["mine"], impulse["known"]) == (1.0, 48_000.0, None, None)
    known = labelling.say(ann, first, "gunshot")["known"]
    assert [(one["by"], one["label"]) for one in known["said"]] == [(name(ann), "gunshot")]
    assert (known["node"]["label"], known["network"]["label"]) == ("gunshot", "gunshot")
    assert (known["event"], known["number"]) == (event["id"], event["number"])
    (to_ben,) = labelling.shown(ben, event)[0]["impulses"]
    assert (to_ben["answered"], to_ben["mine"], to_ben["known"]) == ([name(ann)], None, None)
    both = labelling.say(ben, first, "firework")["known"]["said"]
    assert [(one["by"], one["label"]) for one in both] == [(name(ann), "gunshot"), (name(ben), "firework")]
    assert labelling.shown(ann, event)[0]["impulses"][0]["known"]["said"] == both
    labelling.say(ann, second, "gunshot")
    labelling.say(ben, second, "unknown")


def test_an_answer_is_taken_back_by_who_gave_it_and_each_step_is_in_the_journal(
    labelling: Labelling, event: dict[str, Any]
) -> None:
    ann, (clip, _) = labelling.ann, labelling.shown(labelling.ann, event)
    before = len(labelling.lines())
    labelling.say(ann, clip, "gunshot")  # as it is already
    assert labelling.say(ann, clip, None)["known"] is None
    assert [one["by"] for one in labelling.shown(labelling.ben, event)[0]["impulses"][0]["known"]["said"]] == [
        name(labelling.ben)
    ]
    assert ann.post(f"/api/labels/{clip['order']}/0", json={"label": None}).status_code == 409
    labelling.say(ann, clip, "other")
    labelling.say(ann, clip, "gunshot")
    lines = labelling.lines()[before:]
    assert [line["label"] for line in lines] == ["", "other", "gunshot"]
    assert {(line["subject"], line["by"], line["order"], line["impulse"]) for line in lines} == {
        (event["id"], name(ann), clip["order"], 0)
    }


def test_what_is_not_there_cannot_be_labelled(labelling: Labelling, event: dict[str, Any]) -> None:
    order = labelling.shown(labelling.ann, event)[0]["order"]
    for path, body, status in (
        (f"{order}/1", {"label": "other"}, 404),
        ("clip-none-roof-1/0", {"label": "other"}, 404),
        (f"{order}/0", {"label": "voice"}, 422),
        (f"{order}/0", {"label": "other", "by": "Bob"}, 422),
    ):
        assert labelling.ann.post(f"/api/labels/{path}", json=body).status_code == status, path
    assert labelling.town.dispatcher.post(f"/api/labels/{order}/0", json={"label": "other"}).status_code == 403


def test_labels_become_a_set_in_which_nothing_is_wrong(
    labelling: Labelling, event: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, ann, ben = str(labelling.town.centre.data), name(labelling.ann), name(labelling.ben)
    wanted = ["--by", "C. Petit", "--because", "a model for this town", *OPTIONS, "--data", data]
    for form, file in (("csv", "labels.csv"), ("jsonl", "labels.jsonl"), ("raven", "labels.txt")):
        out, made = tmp_path / form, tmp_path / f"set-{form}"
        assert labels_command([*wanted, "--out", str(out), "--format", form]) == 0
        disputed, told = sorted(READERS[form]((out / file).read_text()), key=lambda one: one.text, reverse=True)
        assert (disputed.text, disputed.extra["answers"]) == ("unknown", f"{ben}: firework; {ann}: gunshot")
        assert (told.text, told.extra["answers"]) == ("gunshot", f"{ann}: gunshot; {ben}: unknown")
        capsys.readouterr()
        assert main(["model", "add", "--labels", str(out / file), "--data", str(made)]) == 0
        (path,) = capsys.readouterr().out.split("\n")[:-1]
        (row,) = rows_of(made)
        assert row["group"] == f"Rue des Essais event {event['number']}"
        assert (row["class"], row["source"], row["licence"]) == ("gunshot", *ABOUT.values())
        assert row["by"] == f"{ann}; {ben}"
        sound, rate_hz = soundfile.read(made / path)
        assert abs(sound).argmax() / rate_hz == pytest.approx(1.0, abs=0.02)
        assert main(["model", "sets", str(made)]) == 0
    capsys.readouterr()
    assert main(["centre", "labels", *wanted, "--out", str(tmp_path / "csv")]) == 2
    assert "is there already; expected a folder that is empty or not there" in capsys.readouterr().err
    last = labelling.lines()[-1]
    assert (last["by"], last["because"]) == ("C. Petit", "a model for this town")
    assert len(last["taken"]) == 2


def test_the_page_gives_the_same_files_with_a_reason_that_is_kept(
    labelling: Labelling, event: dict[str, Any], tmp_path: Path
) -> None:
    asked = {"because": "a second look", **ABOUT}
    answer = labelling.ann.post("/api/labels/sounds", json=asked).raise_for_status()
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/zip", "no-store")
    wanted = ["--by", "C. Petit", "--because", "x", *OPTIONS, "--data", str(labelling.town.centre.data)]
    labels_command([*wanted, "--out", str(tmp_path / "labels")])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        given = {one: archive.read(one) for one in archive.namelist()}
    assert given == {f"labels/{path.name}": path.read_bytes() for path in (tmp_path / "labels").iterdir()}
    assert len(given) == 3
    line = labelling.lines()[-2]
    assert (line["by"], line["because"], line["subject"]) == (name(labelling.ann), "a second look", "")
    assert labelling.ann.post("/api/labels/sounds", json={**asked, "because": " "}).status_code == 400
    assert labelling.ann.post("/api/labels/sounds", json={**asked, "licence": " "}).status_code == 400


def said(*kinds: str) -> list[Said]:
    return [Said(by=f"person {n}", label=kind, given_ms=n) for n, kind in enumerate(kinds)]


def test_people_agree_where_all_who_could_tell_name_one_class() -> None:
    assert agreed(said("gunshot")) == agreed(said("gunshot", "unknown", "gunshot")) == "gunshot"
    assert agreed(said("gunshot", "firework")) == agreed(said("unknown")) == agreed(said()) == "unknown"


def rows(store: Store) -> int:
    return store.read_now(lambda c: c.scalar(sa.select(sa.func.count()).select_from(labels))) or 0


def test_labels_end_with_their_sound_and_on_demand(labelling: Labelling) -> None:
    town, data = labelling.town, labelling.town.centre.data
    first, second = with_sound(town, 330.0, 210.0), with_sound(town, 200.0, 20.0, nodes=1)
    kept, gone = labelling.shown(labelling.ann, first)
    (lone,) = labelling.shown(labelling.ann, second)
    for clip in (kept, gone, lone):
        labelling.say(labelling.ann, clip, "gunshot")
        labelling.say(labelling.ben, clip, "gunshot")
    store = Store(data)
    before = rows(store)
    demand = ["--by", "A. Durand", "--because", "request 1", "--data", str(data)]
    came = next(line["id"] for line in town.journal() if line["data"].get("came") == gone["order"])
    erase([str(came), *demand])
    assert rows(store) == before - 2
    mine = next(
        line for line in labelling.lines() if line.get("order") == kept["order"] and line["by"] == name(labelling.ben)
    )
    erase([str(mine["id"]), *demand])
    assert rows(store) == before - 3
    (left,) = labelling.shown(labelling.ann, first)
    assert (left["order"], left["impulses"][0]["answered"]) == (kept["order"], [name(labelling.ann)])
    line = next(line for line in labelling.lines() if line["id"] == mine["id"])
    assert (line["by"], line["label"]) == ("erased", "gunshot")  # what was done stays
    now_ms, key = time.time_ns() // 1_000_000, open_authority(data).order_key
    for days, left_rows in ((29.9, before - 3), (30.1, 0)):
        clocks = Clocks(keep=Keep(), key=key, now_ms=now_ms + round(days * DAY_MS))
        for step in clocks.steps():
            while store.write_now(step):
                pass
        assert rows(store) == left_rows
    store.close()
    assert labelling.ann.get("/api/labels").json() == []
    assert labelling.ann.post("/api/labels/sounds", json={"because": "x", **ABOUT}).status_code == 404
    assert labelling.ann.post(f"/api/labels/{lone['order']}/0", json={"label": "other"}).status_code == 404
    assert journal(["--check", "--data", str(data)]) == 0


def test_clips_from_before_can_be_labelled_after_the_store_was_brought_up(tmp_path: Path, database: str | None) -> None:
    store, node = Store(tmp_path, database), FakeNode("roof-1")
    ask = ClipAsk(event="ab" * 8, arrivals=(1, 2))
    order = f"clip-{ask.event}-{node.id}"
    row = {"order": order, "event": ask.event, "node": node.id, "asked_ms": 1, "state": "asked", "why": ""}
    other = {**row, "order": "clip-x", "state": "gone"}
    for one in (row, other):
        store.write_now(lambda c, one=one: c.execute(sa.insert(clips).values(one)))  # type: ignore[misc]
    envelope, clip = open_clip(sealed_clip(order, node.id, ask.event, excerpt((1.0, 1.5)), node.key))
    store.write_now(partial(keep, envelope=envelope, clip=clip, now_ms=2))
    (before,) = store.read_now(labelled)
    assert [one.onset_s for one in before.impulses] == [1.0, 1.5]
    assert [one.time_ns - clip.start_ns for one in before.impulses] == [S, 3 * S // 2]
    store.write_now(lambda c: give(c, order, 1, "Ann", "gunshot", 3))
    store.write_now(lambda c: migrate(c, "0011"))
    store.write_now(migrate)
    assert store.read_now(labelled) == [before]  # without what was said, which the journal tells still
    assert store.read_now(
        lambda c: c.execute(sa.select(clips.c.state, clips.c.body).order_by(clips.c.order)).all()
    ) == [
        (FOUND, envelope.body),
        ("gone", None),
    ]
    assert [msgspec.json.decode(line.data)["by"] for line in store.read_now(lambda c: lines_of(c, ["label"]))] == [
        "Ann"
    ]
    store.close()

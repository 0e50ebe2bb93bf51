"""Evidence of an event: made beside a running centre, checked and recomputed without it, every change found."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from acoustic.errors import InputError, ResourceError, UnknownVersionError
from dispatch.evidence import make_evidence
from dispatch.store import Store
from dispatch.store.decisions import decide
from dispatch.store.engine import migrate
from dispatch.store.tables import journal
from dispatch.trust.authority import open_authority
from recordings.chain import BEGINNING, Line, altered, end_of
from recordings.decisions import (
    KIND,
    Acknowledge,
    Close,
    Decision,
    Dispatch,
    Judge,
    Note,
    Spot,
    Undo,
    decided,
)
from recordings.evidence import bundle
from recordings.evidence.bundle import (
    DOMAIN,
    MANIFEST,
    REQUIRED,
    SIGNATURE,
    packed,
    read_members,
    write_bundle,
)
from recordings.evidence.contents import Evidence
from recordings.evidence.verify import opened, parse_key, verify_bundle
from recordings.report.document import Checked, report_html
from tests.dispatch.running import command, running_centre, wait_for
from tests.dispatch.test_locator import deliver, enrolled, fire, near

S = 10**9
SITE = "[origin]\nlat = 44.84\nlon = -0.58\nheight_m = 20.0\n[air]\ntemperature_c = 15.0\n"
ROUNDS = ((100.0, 80.0), (101.0, 80.0))
ELSEWHERE = (330.0, 210.0)
COLUMNS = ("id", "recorded_ms", "kind", "subject", "data", "salt", "content")


@dataclass(frozen=True)
class Made:
    """A bundle, the key of its sealed part, the centre's data folder, and when the event began (UTC ns)."""

    path: Path
    opener: str
    data: Path
    start_ns: int

    @property
    def evidence(self) -> Evidence:
        return good(self.path)

    @property
    def key(self) -> Ed25519PrivateKey:
        return open_authority(self.data).order_key


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two rounds at one place, and something else elsewhere between them."""
    folder = tmp_path_factory.mktemp("evidence")
    data, site, path = folder / "data", folder / "centre.toml", folder / "event.zip"
    site.write_text(SITE)
    with running_centre(data, str(site)) as centre, centre.client() as client:
        nodes = enrolled(centre, client)
        start_ns = time.time_ns()
        deliver(client, fire(nodes, *ROUNDS[0], start_ns))
        wait_for(lambda: near(centre.state()["events"], *ROUNDS[0]))
        deliver(client, fire(nodes, *ELSEWHERE, start_ns + S))
        deliver(client, fire(nodes, *ROUNDS[1], start_ns + 2 * S))
        event = wait_for(lambda: [e for e in near(centre.state()["events"], *ROUNDS[0]) if e["count"] == 2])[0]
        line = command("centre", "evidence", str(event["number"]), "--for", "court of X", "--data", data, "--out", path)
        told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return Made(path, told.split()[-1], data, start_ns)


def good(path: Path) -> Evidence:
    evidence, findings = verify_bundle(path)
    assert [f.text for f in findings if not f.good] == []
    assert evidence is not None
    return evidence


def run_verify(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    line = command("verify", *arguments)
    return subprocess.run(line, input=text, capture_output=True, text=True, check=False, env=environment)


def test_what_happened_can_be_computed_anew_from_the_bundle_alone(made: Made) -> None:
    (first, second) = made.evidence.relocated
    node = made.evidence.nodes[0]
    assert (node.x, node.y, node.z) == (0.0, 0.0, 0.0)
    assert node.id == "roof-1", "which stands at 0, 0"
    for shot, place, after_s in ((first, ROUNDS[0], 0.0), (second, ROUNDS[1], 2.0)):
        assert math.dist((shot.origin.x, shot.origin.y), place) < 5.0
        assert (shot.origin.time_ns - made.start_ns) * 1e-9 == pytest.approx(after_s, abs=0.01)
        assert shot.verdict.label == "gunshot"


def test_the_command_says_so_and_knows_the_centre_by_its_key(made: Made) -> None:
    key = subprocess.run(
        command("centre", "key", "--data", made.data), capture_output=True, text=True, check=True
    ).stdout.strip()
    answer = run_verify(made.path, "--centre-key", key)
    assert answer.returncode == 0, answer.stderr
    assert "✗" not in answer.stdout
    assert "computed anew, 2 shots are where they were" in answer.stdout
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    _, findings = verify_bundle(made.path, other)
    assert [f.good for f in findings] == [False]
    with pytest.raises(InputError, match="the centre's key is 'abc'"):
        parse_key("abc")


def test_nothing_outside_the_sealed_part_says_where_on_the_globe_it_was(made: Made) -> None:
    members = read_members(made.path)
    for name, content in members.items():
        assert b"44.84" not in content, name
        assert b"-0.58" not in content, name
    answer = run_verify(made.path, "--open", "--format", "json", text=made.opener + "\n")
    where = json.loads(answer.stdout)["first_node"]
    assert (where["lat"], where["lon"], where["height_m"]) == (44.84, -0.58, 20.0)
    wrong = run_verify(made.path, "--open", text=made.opener[:-1] + ("2" if made.opener[-1] != "2" else "3") + "\n")
    assert wrong.returncode == 2
    assert "does not open" in wrong.stderr


def test_the_sealed_part_holds_what_the_chain_names(made: Made) -> None:
    evidence = made.evidence
    globe, findings = opened(evidence, made.opener)
    assert [f.good for f in findings] == [True, True]
    found = [f["geometry"]["coordinates"] for f in json.loads(globe.map)["features"]]
    assert len(found) == len(ROUNDS)
    for (lon, lat), (east, north) in zip(found, ROUNDS, strict=True):  # of a site at 44.84° N: pyproj's own metres
        azimuth, _, metres = Geod(ellps="WGS84").inv(-0.58, 44.84, lon, lat)
        assert metres * math.sin(math.radians(azimuth)) == pytest.approx(east, abs=5.0)
        assert metres * math.cos(math.radians(azimuth)) == pytest.approx(north, abs=5.0)
    assert [hashlib.sha256(text.encode()).hexdigest() for text in globe.versions] == [
        v.digest for v in evidence.versions
    ]


def test_the_chain_says_who_was_given_it_and_leaves_out_what_is_about_others(made: Made) -> None:
    lines = made.evidence.chain.lines
    assert json.loads(lines[-1].data)["made_for"] == "court of X"
    assert {line.subject for line in lines if line.told} == {made.evidence.subject.event}
    assert any(not line.told for line in lines), "the other event's lines are in the chain, their content is not"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_one_flipped_bit_anywhere_is_found_and_named(made: Made, data: st.DataObject) -> None:
    whole = bytearray(made.path.read_bytes())
    at = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[at // 8] ^= 1 << at % 8
    flipped = made.path.with_name("flipped.zip")
    flipped.write_bytes(whole)
    with pytest.raises(InputError) as caught:
        verify_bundle(flipped)
    assert (member_at(made.path, at // 8) or "flipped.zip: ") in str(caught.value)


def member_at(path: Path, byte: int) -> str | None:
    """The member whose content holds a byte of the file; None in the frame."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            start = info.header_offset + 30 + len(info.filename)
            if start <= byte < start + info.file_size:
                return info.filename
    return None


def resigned(made: Made, members: dict[str, bytes], key: Ed25519PrivateKey | None = None) -> Path:
    """A bundle whose members are as a forger who holds a key would have them."""
    path = made.path.with_name("forged.zip")
    told = {name: content for name, content in members.items() if name not in (MANIFEST, SIGNATURE)}
    files = {n: {"sha256": hashlib.sha256(c).hexdigest(), "bytes": len(c)} for n, c in told.items()}
    manifest = json.dumps({"tocsin_evidence": bundle.VERSION, "files": files}).encode()
    signature = (key or made.key).sign(DOMAIN + manifest)
    path.write_bytes(packed({**told, MANIFEST: manifest, SIGNATURE: signature}))
    return path


def problems(path: Path) -> list[str]:
    return [f.text for f in verify_bundle(path)[1] if not f.good]


def changed(made: Made, name: str, change: Callable[[str], str]) -> dict[str, bytes]:
    members = read_members(made.path)
    after = change(members[name].decode())
    assert after.encode() != members[name]
    return {**members, name: after.encode()}


def test_whoever_forges_a_bundle_needs_the_centres_key(made: Made) -> None:
    members = changed(made, "subject.json", lambda text: text.replace("court of X", "court of Y"))
    assert problems(resigned(made, members, Ed25519PrivateKey.generate())) == [
        "manifest.sig is not the signature of manifest.json by the key in subject.json"
    ]


def test_even_the_centre_cannot_change_what_the_nodes_signed(made: Made) -> None:
    evidence = made.evidence
    report = evidence.reports[-1]
    body = bytearray(report.body)
    body[-1] ^= 1
    forged = replace(evidence, reports=(*evidence.reports[:-1], msgspec.structs.replace(report, body=bytes(body))))
    path = made.path.with_name("forged.zip")
    write_bundle(path, forged, made.key)
    assert problems(path) == [f"report {report.sequence} of node {report.node} is not signed by it"]


def test_even_the_centre_cannot_move_a_shot(made: Made) -> None:
    evidence = made.evidence
    shot = evidence.relocated[0]
    there = replace(shot, origin=replace(shot.origin, x=shot.origin.x + 0.01))
    path = made.path.with_name("forged.zip")
    write_bundle(path, replace(evidence, relocated=(there, *evidence.relocated[1:])), made.key)
    assert problems(path) == [f"computed anew, shot {shot.key} is 0.010 m elsewhere"]


def test_a_version_that_was_never_published_is_found(made: Made) -> None:
    evidence = made.evidence
    version = msgspec.structs.replace(evidence.versions[0], digest="0" * 64)
    path = made.path.with_name("forged.zip")
    write_bundle(path, replace(evidence, versions=(version, *evidence.versions[1:])), made.key)
    assert problems(path) == [f"version {version.shot.version} of shot {version.shot.key} is not in the chain"]


def test_the_short_form_says_what_the_rest_says_or_is_found(made: Made) -> None:
    told = json.loads(read_members(made.path)["event.json"])
    assert (told["event"], told["first_node"]) == (made.evidence.subject.event, "roof-1")
    for shot, place in zip(told["shots"], ROUNDS, strict=True):
        assert math.dist((shot["x"], shot["y"]), place) < 5.0
        assert shot["label"] == "gunshot"
    for old, new in (('"label":"gunshot"', '"label":"firework"'), ("{", "[")):
        other = changed(made, "event.json", lambda text, old=old, new=new: text.replace(old, new, 1))  # type: ignore[misc]
        assert problems(resigned(made, other)) == ["event.json says something else than the rest"]


def test_a_line_that_was_rewritten_breaks_the_chain(made: Made) -> None:
    evidence = made.evidence
    *lines, last = evidence.chain.lines
    other = msgspec.structs.replace(last, data=last.data.replace("court of X", "nobody"))
    chain = msgspec.structs.replace(evidence.chain, lines=(*lines, other))
    path = made.path.with_name("forged.zip")
    write_bundle(path, replace(evidence, chain=chain), made.key)
    assert problems(path) == [f"line {last.id} of the centre's chain was changed"]
    write_bundle(
        path, replace(evidence, chain=msgspec.structs.replace(evidence.chain, lines=(*lines[1:], last))), made.key
    )
    assert "the centre's chain is broken: its lines do not lead to its end" in problems(path)


def test_a_bundle_of_a_newer_program_asks_for_one(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "VERSION", 2)
    newer = resigned(made, read_members(made.path))
    monkeypatch.undo()
    with pytest.raises(UnknownVersionError, match="version is 2; expected 1; use a newer program"):
        verify_bundle(newer)


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_what_is_no_bundle_is_refused_in_one_sentence_and_nothing_is_written(made: Made, tmp_path: Path) -> None:
    members = read_members(made.path)
    path = tmp_path / "in" / "bad.zip"
    path.parent.mkdir()
    bomb = {**members, "README.txt": bytes(100 * 2**20)}
    cases: dict[str, Callable[[], object]] = {
        "compressed": lambda: zipped(path, bomb, zipfile.ZIP_DEFLATED),
        "climbs": lambda: zipped(path, {"../../climbed": b"x"}),
        "manifest.sig is missing": lambda: zipped(path, {n: members[n] for n in REQUIRED[:-1]}),
        "the frame": lambda: path.write_bytes(b"PK not a zip"),
        "changed at byte": lambda: zipped(path, members),  # the same members, another zip program's frame
    }
    for said, make in cases.items():
        make()
        with pytest.raises(InputError, match=said if said != "climbs" else "climbed"):
            verify_bundle(path)
    with pytest.raises(ResourceError, match="cannot be read"):
        verify_bundle(tmp_path / "absent.zip")
    with path.open("wb") as file:
        file.truncate(20 * 2**30)  # sparse: 20 GB
    with pytest.raises(InputError, match="21474836480 bytes or more; expected a bundle of at most"):
        verify_bundle(path)
    path.unlink()
    assert [p.name for p in tmp_path.rglob("*")] == ["in"]


def test_there_is_no_evidence_of_what_never_was(made: Made, tmp_path: Path) -> None:
    line = command("centre", "evidence", "99", "--for", "me", "--data", made.data, "--out", tmp_path / "a.zip")
    answer = subprocess.run(line, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "event 99 is not in the store" in answer.stderr
    assert not (tmp_path / "a.zip").exists()


def test_the_bundle_and_its_report_tell_what_people_decided(made: Made, tmp_path: Path) -> None:
    found = Close(outcome="confirmed", grounds=("casings",), found=Spot(x=103.0, y=81.0), text="<b>nine</b>")
    history: tuple[tuple[str, Decision], ...] = (
        ("Alice", Acknowledge()),
        ("Alice", Dispatch(text="patrol 3")),
        ("Bob", Judge(label="gunshot", count=2, blind=True)),
        ("Bob", Note(text="wrong event")),
        ("Alice", found),
    )
    shutil.copytree(made.data, tmp_path / "data")
    store = Store(tmp_path / "data")
    try:
        event = made.evidence.subject.event
        for n, (by, what) in enumerate(history):
            (line,) = store.write_now(partial(decide, event=event, by=by, what=what, now_ms=n))
            if isinstance(what, Note):
                store.write_now(partial(decide, event=event, by="Bob", what=Undo(line=line.id), now_ms=9))
    finally:
        store.close()
    path = tmp_path / "event.zip"
    opener = make_evidence(tmp_path / "data", made.evidence.subject.number, "court of X", path)
    evidence = good(path)
    told = [decided(line) for line in evidence.chain.lines if line.told and line.kind == KIND]
    assert [(one.by, one.what) for one in told if not isinstance(one.what, Undo)] == list(history)
    globe, findings = opened(evidence, opener)
    html = report_html(Checked(evidence, "ab" * 32, findings, globe), "en")
    for sentence in (
        "Bob, 1970-01-01 00:00:00.002 UTC: gunshot; rounds: 2; given without seeing",
        "confirmed (casings), by Alice, 1970-01-01 00:00:00.004 UTC",
        "sent: patrol 3",
        "note: wrong event (undone later)",
        "found 103\u00a0m\u00a0east and 81\u00a0m\u00a0north of node roof-1",
        "&lt;b&gt;nine",
    ):
        assert sentence in html
    closed = report_html(Checked(evidence, "ab" * 32, findings), "fr")
    assert "un lieu de découverte est enregistré" in closed
    assert "Verdict" in closed


def test_the_chain_is_kept_over_a_migration_down_and_up(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.data, tmp_path / "data")
    store = Store(tmp_path / "data")
    try:
        before = store.read_now(lambda c: [tuple(row) for row in c.execute(journal.select())])
        store.write_now(lambda c: migrate(c, "0001"))
        store.write_now(migrate)
        after = store.read_now(lambda c: [tuple(row) for row in c.execute(journal.select())])
    finally:
        store.close()
    assert [row[:5] for row in after] == [row[:5] for row in before]
    lines = [msgspec.convert(dict(zip(COLUMNS, row, strict=False)), Line) for row in after]
    assert altered(lines) == []
    assert end_of(BEGINNING, lines) == after[-1][-1]


def test_another_machine_needs_no_centre(made: Made) -> None:
    """With none of the centre's packages, nor its code, at hand."""
    hidden = "import sys; sys.modules.update(dict.fromkeys(['dispatch', 'sqlalchemy', 'fastapi'])); "
    call = f"{hidden}import tocsin; sys.exit(tocsin.main(['verify', {str(made.path)!r}]))"
    answer = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr

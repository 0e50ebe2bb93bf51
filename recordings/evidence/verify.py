"""Checks a bundle from end to end, and computes the location anew from it alone."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from acoustic.errors import InputError
from arrays.clip import read_clip, verify_clip
from arrays.report import Envelope, read_report, verify
from localisation.arrivals import Origin, Shot
from localisation.uncertainty import covariance, squared_radius
from localisation.verdict import WITHDRAWN
from recordings.chain import altered, end_of, text_digest
from recordings.evidence.bundle import EVENT, check_members, parsed, read_members, signed_by
from recordings.evidence.contents import Evidence, Method, Subject, arrivals_in, code_digest, located, moved
from recordings.evidence.globe import same_map
from recordings.evidence.sealed import Globe, unseal
from recordings.evidence.summary import Summary, same, summary

# Equality across machines: DESIGN, invariant 2.
PLACE_M, TIME_NS, PROBABILITY = 1e-3, 1_000, 1e-6
SAME_NS = 100_000_000  # what another program may place a shot's time off and still mean the same shot


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: whether it is as it should be, and what was found, in one sentence."""

    good: bool
    text: str


def verify_bundle(path: Path, centre_key: bytes | None = None) -> tuple[Evidence | None, list[Finding]]:
    """Check a bundle; None where nothing in it may be believed, for want of a signature.

    `centre_key`: the 32-byte key that the centre is known by from elsewhere. Raises InputError, naming what was
    changed, for a damaged file, UnknownVersionError for a newer program's, ResourceError where it cannot be read.
    """
    members = read_members(path)
    check_members(path, members)
    evidence = parsed(path, members)
    key = evidence.subject.centre_key
    if not signed_by(members, key):
        return None, [Finding(False, "manifest.sig is not the signature of manifest.json by the key in subject.json")]
    shown = base64.b64encode(key).decode()
    if centre_key is not None and key != centre_key:
        whose = "a replay's own" if evidence.subject.replay_of else "not the centre's"
        return None, [Finding(False, f"the bundle is signed by the key {shown}, which is {whose}")]
    findings = [
        Finding(True, f"every member is as it was signed, with the key {shown} ({_known(evidence, centre_key)})")
    ]
    findings += _replayed(evidence.subject)
    signatures = [*_signatures(evidence), *_clips(evidence)]
    if not all(finding.good for finding in signatures):
        return None, [*findings, *signatures]
    findings += [*signatures, *_chain(evidence), *_heard(evidence), *_places(evidence)]
    return evidence, [*findings, *_summary(members, evidence)]


def opened(evidence: Evidence, key: str) -> tuple[Globe, list[Finding]]:
    """The sealed part, and whether the shots in it are those of the bundle. Raises InputError for another key."""
    globe = unseal(evidence.sealed, evidence.subject.event, key)
    away = (-globe.first_node[0], -globe.first_node[1], -globe.first_node[2])
    same = len(globe.versions) == len(evidence.versions)
    for kept, version in zip(globe.versions, evidence.versions, strict=False):
        whole = moved(msgspec.json.decode(kept, type=Shot), away)
        same = same and whole == version.shot and text_digest(kept) == version.digest
    findings = [_agreed(same, "the shots as the centre kept them, which the chain names, are those published here")]
    if globe.map:
        findings.append(_agreed(same_map(globe, evidence), "the sealed map shows the shots where they are here"))
    return globe, findings


def _agreed(good: bool, text: str) -> Finding:
    return Finding(good, text if good else f"it is not so that {text}")


def _known(evidence: Evidence, centre_key: bytes | None) -> str:
    """What the key that signed a bundle tells of who made it."""
    if evidence.subject.replay_of:
        return "drawn for one replay: no centre is known by it, so there is none to compare it with"
    return "the centre's, as stated" if centre_key else "compare it with the centre's: tocsin centre key"


def _replayed(subject: Subject) -> Iterator[Finding]:
    """That a bundle is of a replay, where it is."""
    if subject.replay_of:
        yield Finding(
            True,
            f"made by a replay of {subject.replay_of!r}: the signatures of the file and of its nodes are by keys that "
            "the replay drew, and show that nothing was changed since, not who recorded, where or when; whoever has "
            f"the {len(subject.recordings)} recordings can compare them with their SHA-256 in subject.json",
        )


def _signatures(evidence: Evidence) -> Iterator[Finding]:
    """The nodes' signatures of their reports."""
    keys = {node.id: (node.public_key, *node.former_keys) for node in evidence.nodes}
    bad = []
    for report in evidence.reports:
        envelope = Envelope(node=report.node, body=report.body, signature=report.signature)
        if not any(verify(envelope, key) for key in keys.get(report.node, ())):
            bad.append(f"report {report.sequence} of node {report.node} is not signed by it")
        elif (inside := read_report(report.body)).node != report.node or inside.sequence != report.sequence:
            bad.append(f"report {report.sequence} of node {report.node} says that it is another")
    yield from (Finding(False, sentence) for sentence in bad)
    if not bad:
        senders = len({report.node for report in evidence.reports})
        yield Finding(True, f"{len(evidence.reports)} reports are signed by the {senders} nodes they came from")


def _clips(evidence: Evidence) -> Iterator[Finding]:
    """That the sound is what the nodes signed, of this event, and named in the chain as it came."""
    keys = {node.id: (node.public_key, *node.former_keys) for node in evidence.nodes}
    lines = [msgspec.json.decode(x.data) for x in evidence.chain.lines if x.told and x.kind == "clip"]
    came = {(line["came"], line["digest"]) for line in lines if "came" in line}
    bad = []
    for one in evidence.clips:
        clip = read_clip(one.body)
        if not any(verify_clip(one.body, one.signature, key) for key in keys.get(one.node, ())):
            bad.append(f"the clip of node {one.node} is not signed by it")
        elif (clip.node, clip.event) != (one.node, evidence.subject.event):
            bad.append(f"the clip of node {one.node} is of another node or event")
        elif (clip.order, hashlib.sha256(one.body).hexdigest()) not in came:
            bad.append(f"the clip of node {one.node} is not in the centre's chain")
    yield from (Finding(False, sentence) for sentence in bad)
    if evidence.clips and not bad:
        yield Finding(True, f"{len(evidence.clips)} clips are signed by their nodes and named in the centre's chain")


def _chain(evidence: Evidence) -> Iterator[Finding]:
    """The centre's hash chain, and that it names every version and the method."""
    chain = evidence.chain
    broken = altered(chain.lines)
    if broken:
        yield Finding(False, f"line {broken[0]} of the centre's chain was changed")
    if end_of(chain.before, chain.lines) != chain.end:
        yield Finding(False, "the centre's chain is broken: its lines do not lead to its end")
    told = [msgspec.json.decode(line.data) for line in chain.lines if line.told and line.kind == "event"]
    named = {name: digest for one in told for name, digest in one["shots"].items()}
    for version in evidence.versions:
        name = f"{version.shot.key} {version.shot.version}"
        if named.get(name) != version.digest:
            yield Finding(False, f"version {version.shot.version} of shot {version.shot.key} is not in the chain")
            return
    digest = evidence.method.digest
    if others := {one["method"] for one in told} - {digest}:
        yield Finding(True, f"some versions were made by another method: {', '.join(sorted(m[:12] for m in others))}")
    if bare := sum(line.erased for line in chain.lines):
        yield Finding(
            True, f"names and words were erased from {bare} lines of the chain; what is left is as the centre says"
        )
    if not broken:
        yield Finding(True, f"the chain holds, lines {chain.lines[0].id} to {chain.lines[-1].id}, with every version")


def _heard(evidence: Evidence) -> Iterator[Finding]:
    """That what the published shots rest on is what the nodes reported."""
    reported = {a.id: a for a in arrivals_in(evidence.nodes, evidence.reports)}
    for version in evidence.versions:
        for arrival in version.shot.arrivals:
            if arrival != reported.get(arrival.id):
                yield Finding(False, f"shot {version.shot.key} rests on arrival {arrival.id}, which no report holds")
                return
    yield Finding(True, "what the shots rest on is what the nodes reported")


def _places(evidence: Evidence) -> Iterator[Finding]:
    """The location, computed anew, against what it was when the bundle was made, and against what was published."""
    latest = {version.shot.key: version.shot for version in evidence.versions}
    again = located(evidence.nodes, evidence.reports, evidence.method, latest.values())
    yield from _program(evidence.method)
    other = code_digest() != evidence.method.code and _says_the_same(evidence.relocated, again)
    if wrong := list(differences(evidence.relocated, again)):
        told = "computed anew, as another program may" if other else "computed anew"
        yield from (Finding(other, f"{told}, {sentence}") for sentence in wrong)
    else:
        yield Finding(True, f"computed anew, {len(again)} shots are where they were when this bundle was made")
    standing = [shot for shot in latest.values() if shot.verdict.label != WITHDRAWN]
    if changed := list(differences(standing, again)):
        yield from (Finding(True, f"as published, before all was known: {sentence}") for sentence in changed)
    else:
        yield Finding(True, "what was published last is what all the reports together say")


def _summary(members: Mapping[str, bytes], evidence: Evidence) -> Iterator[Finding]:
    """That `event.json`, which whoever has no program reads, says the same as all the rest."""
    if EVENT not in members:
        return
    try:
        agrees = same(msgspec.json.decode(members[EVENT], type=Summary), summary(evidence))
    except (msgspec.DecodeError, UnicodeDecodeError):
        agrees = False
    if agrees:
        yield Finding(True, "event.json says in short what the rest says")
    else:
        yield Finding(False, "event.json says something else than the rest")


def _program(method: Method) -> Iterator[Finding]:
    if code_digest() == method.code:
        yield Finding(True, f"the code that locates is the very one of {method.program} ({method.code[:12]})")
    else:
        yield Finding(True, f"the code that locates is not that of {method.program}: expect small differences")


def _says_the_same(old: Sequence[Shot], new: Sequence[Shot]) -> bool:
    """Whether the same shots are of the same classes, each in the other's ellipse: what improved code may change."""
    now = {shot.key: shot for shot in new}
    return now.keys() == {shot.key for shot in old} and all(
        shot.verdict.label == now[shot.key].verdict.label
        and abs(shot.origin.time_ns - now[shot.key].origin.time_ns) < SAME_NS
        and _within(shot.origin, now[shot.key].origin)
        and _within(now[shot.key].origin, shot.origin)
        for shot in old
    )


def _within(one: Origin, other: Origin) -> bool:
    """Whether an origin lies in the other's ellipse."""
    way = np.array([one.x - other.x, one.y - other.y])
    squared = float(way @ np.linalg.solve(covariance(other.ellipse), way))
    return squared <= squared_radius(other.ellipse.level)


def differences(old: Sequence[Shot], new: Sequence[Shot]) -> Iterator[str]:
    """What differs between shots of the same keys, beyond what platforms may."""
    now = {shot.key: shot for shot in new}
    for shot in old:
        other = now.pop(shot.key, None)
        if other is None:
            yield f"shot {shot.key} is gone"
            continue
        a, b = shot.origin, other.origin
        apart_m = math.dist((a.x, a.y, a.z), (b.x, b.y, b.z))
        if apart_m > PLACE_M:
            yield f"shot {shot.key} is {apart_m:.3f} m elsewhere"
        if abs(a.time_ns - b.time_ns) > TIME_NS:
            yield f"shot {shot.key} was fired {(b.time_ns - a.time_ns) * 1e-6:+.3f} ms later"
        e, f = a.ellipse, b.ellipse
        if max(abs(e.semi_major_m - f.semi_major_m), abs(e.semi_minor_m - f.semi_minor_m)) > PLACE_M:
            yield f"the ellipse of shot {shot.key} is {f.semi_major_m:.3f} m long, not {e.semi_major_m:.3f} m"
        if [r.arrival for r in a.used] != [r.arrival for r in b.used]:
            yield f"shot {shot.key} rests on other arrivals"
        v, w = shot.verdict, other.verdict
        if v.label != w.label or abs(v.probability - w.probability) > PROBABILITY:
            yield f"shot {shot.key} is {w.label} with {w.probability:.6f}, not {v.label} with {v.probability:.6f}"
    yield from (f"shot {key} is new" for key in now)


def parse_key(text: str) -> bytes:
    """A centre's key from its text: base64 of 32 bytes. Raises InputError."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InputError(f"the centre's key is {text[:80]!r}; expected what tocsin centre key prints")
    return key

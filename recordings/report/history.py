"""What was published, and every line of the centre's log about the event: what, when, by whom; HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from arrays.clip import clip_order_of
from localisation.verdict import WITHDRAWN
from recordings.chain import Line
from recordings.evidence.contents import Evidence
from recordings.report.html import table
from recordings.report.language import Language
from recordings.report.people import People
from recordings.report.rounds import made_for_in, published_in

SHORT = 12  # digits of a digest in a table


def versions_table(evidence: Evidence, number: Mapping[str, int], words: Language) -> str:
    """Each version of each shot; `number`: of the rounds that stand, by key."""
    w = words
    head = [w(key) for key in ("round", "version", "published", "place", "ellipse", "nodes", "verdict", "digest")]
    rows = []
    for v in sorted(evidence.versions, key=lambda v: (number.get(v.shot.key, math.inf), v.shot.version)):
        o = v.shot.origin
        label = f"{w.label(v.shot.verdict.label)} {w.percent(v.shot.verdict.probability)}"
        if v.shot.verdict.label == WITHDRAWN:
            label = ", ".join([w.label(WITHDRAWN), *(w.reason(r) for r in v.shot.verdict.reasons)])
        rows.append(
            [
                str(number.get(v.shot.key, "–")),
                str(v.shot.version),
                f"{w.date(v.recorded_ms * 1_000_000)}<br/>{w.clock(v.recorded_ms * 1_000_000)}",
                "<br/>".join(w.side(o.x, o.y)),
                f"{w.extent(2 * o.ellipse.semi_major_m)} × {w.extent(2 * o.ellipse.semi_minor_m)}",
                str(len(o.used)),
                escape(label),
                f"<code>{escape(v.digest[:SHORT])}</code>",
            ]
        )
    return table(head, rows)


def lines_table(evidence: Evidence, number: Mapping[str, int], people: People, words: Language) -> str:
    """A row a line of the chain; stretches about other things in one."""
    head = [words(key) for key in ("line", "when", "by", "what", "digest")]
    return table(head, _rows(evidence, number, people, words))


def _rows(evidence: Evidence, number: Mapping[str, int], people: People, words: Language) -> Iterable[list[str]]:
    untold: list[int] = []
    for line in evidence.chain.lines:
        if not line.told:
            untold.append(line.id)
            continue
        yield from _stretch(untold, words)
        untold = []
        by, what = people.line(line.id) or _said(line, evidence, number, words)
        when = words.instant(line.recorded_ms * 1_000_000)
        yield [str(line.id), when, escape(by), escape(what), f"<code>{escape(line.content[:SHORT])}</code>"]
    yield from _stretch(untold, words)


def _said(line: Line, evidence: Evidence, number: Mapping[str, int], words: Language) -> tuple[str, str]:
    """Who and what, of a line in which no person decided."""
    w = words
    program = w("by_replay" if evidence.subject.replay_of else "by_centre")
    if line.kind == "event" and (published := published_in(line.data)) is not None:
        shots = ", ".join(_version(key, version, number, w) for key, version in published[1])
        return program, w("line.event", shots=shots, method=published[0][:SHORT])
    if line.kind == "reminder":
        return program, w("line.reminder")
    if line.kind == "evidence":
        return w("by_command"), w("line.evidence", made_for=made_for_in(line.data) or evidence.subject.made_for)
    told = _told(line)
    by = str(told.get("by") or "")
    if line.kind == "clip" and (said := _clip(told, evidence.subject.event, w)):
        return by or program, said
    if line.kind == "label" and isinstance(told.get("impulse"), int):
        return by, _labelled(told, evidence.subject.event, w)
    return by or w("by_unknown"), w("line_other", kind=line.kind, data=line.data)


def _told(line: Line) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line.data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _clip(told: Mapping[str, Any], event: str, words: Language) -> str:
    """What a line about clips says; empty where it is of another kind."""
    because, why = str(told.get("because", "")), str(told.get("why") or told.get("state", ""))
    if isinstance(told.get("asked"), list):
        return words("clip.asked", count=str(len(told["asked"])), because=because)
    what = next((name for name in ("came", "answered", "heard") if name in told), "")
    return words(f"clip.{what}", node=_node(told[what], event), because=because, why=why) if what else ""


def _labelled(told: Mapping[str, Any], event: str, words: Language) -> str:
    """What a line says that an impulse of a clip was."""
    label = str(told.get("label", ""))
    key = "clip.labelled" if label else "clip.taken_back"
    node = _node(told.get("order", ""), event)
    return words(key, number=str(told["impulse"] + 1), node=node, label=words.label(label))


def _node(order: object, event: str) -> str:
    """The node of a clip, by the id of its order."""
    return str(order).removeprefix(clip_order_of(event, ""))


def _version(key: str, version: int, number: Mapping[str, int], words: Language) -> str:
    if key in number:
        return words("shot_version", round=str(number[key]), version=str(version))
    return words("other_version", key=key, version=str(version))


def _stretch(untold: Sequence[int], words: Language) -> Iterable[list[str]]:
    if untold:
        ids = str(untold[0]) if len(untold) == 1 else f'<span class="whole">{untold[0]}–{untold[-1]}</span>'
        yield [ids, "", "", f"<em>{words('untold')}</em>", ""]

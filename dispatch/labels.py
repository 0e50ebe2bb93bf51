"""The labels of clips, and their sound, as a folder that `tocsin model add` takes as it is.

    labels.csv            a row an impulse: file, onset, label, who, source, licence, group
    event-17-roof-3.flac  a clip as its node made it

One impulse has one row. Where people disagree about it its label is `unknown`, which no set takes; who said what stands
beside. All clips of an event are one group: what three nodes heard of one shot is never in both parts of a set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from acoustic.errors import InputError
from arrays.clip import read_clip
from dispatch.store.clips import sound_of
from dispatch.store.events import numbers_of
from dispatch.store.labels import Impulse, LabelledClip, Said
from recordings.formats.labels import WRITERS, Label

FORMS = {"csv": "labels.csv", "jsonl": "labels.jsonl", "raven": "labels.txt"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the sound is from, and under what licence it may be used: what every clip of a set says."""

    source: str
    licence: str

    def __post_init__(self) -> None:
        for name in ("source", "licence"):
            if not getattr(self, name).strip():
                raise InputError(f"{name} is empty; expected what every clip of a set says")


def files(
    connection: sa.Connection, taken: Sequence[LabelledClip], about: Provenance, form: str
) -> Iterator[tuple[str, bytes]]:
    """The files of the folder, by name: every clip that is still there, then its labels in one of FORMS."""
    numbers = numbers_of(connection, {clip.event for clip in taken})
    rows: list[Label] = []
    for clip in taken:
        body = next((body for node, body, _ in sound_of(connection, clip.event) if node == clip.node), None)
        if body is None or clip.event not in numbers:
            continue  # it ended meanwhile
        name = f"event-{numbers[clip.event]}-{clip.node}.flac"
        group = f"{about.source} event {numbers[clip.event]}"
        yield name, read_clip(body).flac
        rows += [_row(name, group, clip, impulse, about) for impulse in clip.impulses if impulse.said]
    yield FORMS[form], WRITERS[form](rows).encode()


def agreed(said: Iterable[Said]) -> str:
    """The class that all who could tell name; `unknown` where they disagree, or none could."""
    named = {one.label for one in said} - {UNKNOWN}
    return named.pop() if len(named) == 1 else UNKNOWN


def _row(name: str, group: str, clip: LabelledClip, impulse: Impulse, about: Provenance) -> Label:
    extra = {
        "by": "; ".join(one.by for one in impulse.said),
        "source": about.source,
        "licence": about.licence,
        "group": group,
        "node": clip.node,
        "answers": "; ".join(f"{one.by}: {one.label}" for one in impulse.said),
    }
    return Label(
        begin_s=impulse.onset_s,
        end_s=impulse.onset_s,
        text=agreed(impulse.said),
        file=name,
        channel=0,
        extra=extra,
    )

"""Routes by which people say what each impulse of a clip was, and take labels and sound away for a set.

What the machine and others say of an impulse is told to who has answered, and to nobody before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.labels import Provenance, files
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.clips import LONGEST_REASON
from dispatch.store.events import EventRecord, events_of
from dispatch.store.labels import TAKEN_BACK, Impulse, LabelledClip, give, labelled, take_away
from localisation.arrivals import Shot

NEAR_NS = 20_000_000  # between an impulse in a clip and the arrival that its node reported of it
ZIP = "application/zip"
ARCHIVE = {"description": "labels and clips", "content": {ZIP: {"schema": {"type": "string"}}}}
Labels = Annotated[Caller, requires(Right.LABEL)]
LabelName = Literal["gunshot", "shock_wave", "firework", "other", "unknown"]
Words = Annotated[str, Field(max_length=200)]


class Answer(Model):
    """What an impulse was; null takes the caller's answer back."""

    label: LabelName | None


class Said(Model):
    """What a person says."""

    by: str
    label: LabelName
    given_ms: int


class Opinion(Model):
    """What a machine says."""

    label: str
    probability: float


class Known(Model):
    """What is told of an impulse to who has answered: what people, its node and the network say, and of which event."""

    said: list[Said]
    node: Opinion | None
    network: Opinion | None
    event: str
    number: int


class ClipImpulse(Model):
    """An impulse of a clip, by its number; who has answered, the caller's answer, and the rest once there is one."""

    number: int
    onset_s: float
    time_ms: float
    answered: list[str]
    mine: LabelName | None
    known: Known | None


class LabelClip(Model):
    """A clip whose sound is kept."""

    order: str
    node: str
    rate_hz: float
    impulses: list[ClipImpulse]


class TakeAway(Model):
    """Why labels and clips are taken out of the centre, and what a set is to say of them."""

    because: Annotated[str, Field(max_length=LONGEST_REASON)]
    source: Words
    licence: Words
    form: Literal["csv", "jsonl", "raven"] = "csv"


def label_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(
        prefix="/api/labels", tags=["labels"], responses={k: ANSWERS[k] for k in (400, 401, 403, 404, 409, 503)}
    )

    @router.get("")
    async def labels(caller: Labels) -> list[LabelClip]:
        """The clips that can be labelled, in the order in which they came."""
        return await centre.store.read(lambda connection: _told(connection, labelled(connection), caller.name))

    @router.post("/sounds", response_class=Response, responses={200: ARCHIVE})
    async def take(asked: TakeAway, caller: Labels) -> Response:
        """All labels, with the clips that have one, as `tocsin centre labels` writes them, in a ZIP; that the caller
        took them, and why, is in the journal first."""
        about, now_ms = Provenance(source=asked.source, licence=asked.licence), centre.now_ms
        taken = await centre.store.write(lambda c: take_away(c, caller.name, asked.because, now_ms))
        content = await centre.store.read(lambda c: _zipped(files(c, taken, about, asked.form)))
        return Response(content, media_type=ZIP, headers={"Content-Disposition": 'attachment; filename="labels.zip"'})

    @router.post("/{order}/{number}", status_code=201)
    async def answer(
        order: str, number: Annotated[int, Path(ge=0, lt=1000)], body: Answer, caller: Labels
    ) -> LabelClip:
        """Say what an impulse of a clip was, in the caller's name; the clip as it is then."""
        now_ms = centre.now_ms

        def work(connection: sa.Connection) -> LabelClip:
            clip = give(connection, order, number, caller.name, body.label or TAKEN_BACK, now_ms)
            return _told(connection, [clip], caller.name)[0]

        return await centre.store.write(work)

    return router


def _told(connection: sa.Connection, clips: Iterable[LabelledClip], caller: str) -> list[LabelClip]:
    """Clips as one person may see them."""
    clips = list(clips)
    answered = sorted({clip.event for clip in clips if any(one.by(caller) for one in clip.impulses)})
    records = {record.event.id: record for record in events_of(connection, answered)}
    return [
        LabelClip(
            order=clip.order,
            node=clip.node,
            rate_hz=clip.rate_hz,
            impulses=[_impulse(clip, impulse, caller, records) for impulse in clip.impulses],
        )
        for clip in clips
    ]


def _impulse(clip: LabelledClip, one: Impulse, caller: str, records: Mapping[str, EventRecord]) -> ClipImpulse:
    mine, record = one.by(caller), records.get(clip.event)
    return ClipImpulse.model_validate(
        {
            "number": one.number,
            "onset_s": one.onset_s,
            "time_ms": one.time_ns / 1e6,
            "answered": [said.by for said in one.said],
            "mine": mine and mine.label,
            "known": None if mine is None or record is None else _known(clip, one, record),
        }
    )


def _known(clip: LabelledClip, one: Impulse, record: EventRecord) -> Known:
    node = network = None
    if heard := _nearest(clip.node, one.time_ns, record.event.shots):
        shot, probabilities = heard
        network = Opinion(label=shot.verdict.label, probability=shot.verdict.probability)
        if probabilities:
            best = max(probabilities, key=lambda label: probabilities[label])
            node = Opinion(label=best, probability=probabilities[best])
    said = [Said.model_validate({"by": s.by, "label": s.label, "given_ms": s.given_ms}) for s in one.said]
    return Known(said=said, node=node, network=network, event=clip.event, number=record.number)


def _nearest(node: str, time_ns: int, shots: Iterable[Shot]) -> tuple[Shot, Mapping[str, float] | None] | None:
    """The shot of which a node heard something at this time, and what the node took it for."""
    heard = [(abs(a.time_ns - time_ns), shot, a) for shot in shots for a in shot.arrivals if a.node == node]
    off_ns, shot, arrival = min(heard, key=lambda one: one[0], default=(NEAR_NS + 1, None, None))
    return None if shot is None or arrival is None or off_ns > NEAR_NS else (shot, arrival.probabilities)


def _zipped(content: Iterable[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()  # sound goes to no disk but the store's
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content:
            archive.writestr(f"labels/{name}", data)
    return file.getvalue()

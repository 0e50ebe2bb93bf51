"""What people decide, as the API takes and gives it: `recordings.decisions`, field by field, strict."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from pydantic import Field, TypeAdapter

from acoustic.errors import InputError
from dispatch.api.models import Arrival, Event, Model, Version
from recordings import decisions
from recordings.decisions import TEXT_CHARACTERS, Decided, Ground, Label, Outcome, Source

Words = Annotated[str, Field(max_length=TEXT_CHARACTERS)]  # the bound also has lone surrogates refused


class Spot(Model):
    """A place on the ground: WGS-84 degrees, or metres east and north of the centre's origin; never both."""

    lat: float | None = None
    lon: float | None = None
    x: float | None = None
    y: float | None = None


class Acknowledge(Model):
    """I handle this event; `instead_of` names the person I take it over from."""

    action: Literal["acknowledge"]
    instead_of: Words = ""


class CallBack(Model):
    """I asked someone who may know; `text`: whom, and what they said."""

    action: Literal["call_back"]
    text: Words
    instead_of: Words = ""


class Dispatch(Model):
    """I sent someone; `text`: whom."""

    action: Literal["dispatch"]
    text: Words
    instead_of: Words = ""


class Judge(Model):
    """A person's verdict: what it was, how many rounds, a remark on the place; `blind`: before seeing the machine's."""

    action: Literal["judge"]
    label: Label
    count: int | None = None
    place: Words = ""
    blind: bool = False


class Close(Model):
    """What it turned out to be, on what grounds, and where casings, a victim or damage were found."""

    action: Literal["close"]
    outcome: Outcome
    grounds: list[Ground] = Field(default_factory=list)
    found: Spot | None = None
    text: Words = ""


class Note(Model):
    """Anything else worth keeping."""

    action: Literal["note"]
    text: Words


class Undo(Model):
    """An earlier line of this event holds no more."""

    action: Literal["undo"]
    line: int


class Corroborate(Model):
    """Something that came in from elsewhere is about this event."""

    action: Literal["corroborate"]
    incoming: str
    source: Source
    time_ms: int
    reference: str


Asked: TypeAlias = Annotated[
    Acknowledge | CallBack | Dispatch | Judge | Close | Note | Undo, Field(discriminator="action")
]
Kept: TypeAlias = Annotated[
    Acknowledge | CallBack | Dispatch | Judge | Close | Note | Undo | Corroborate, Field(discriminator="action")
]
_kept: TypeAdapter[Kept] = TypeAdapter(Kept)


class Decision(Model):
    """One line of an event's history: its number in the journal, when, who, what, and whether it was undone."""

    line: int
    recorded_ms: int
    by: str
    undone: bool
    what: Kept


class EventDetail(Event):
    """An event with all its versions and arrivals, and everything that people decided about it, oldest first.

    `nearest_address` says of itself that it is not the fix; empty where none is known.
    """

    versions: list[Version]
    arrivals: list[Arrival]
    history: list[Decision]
    nearest_address: str = ""


class BlindArrival(Model):
    """What one node heard: how long after the first, and how clearly."""

    after_ms: float
    snr_db: float | None


class Blind(Model):
    """An event as somebody sees it before they judge: without place, class, probability or what others say."""

    id: str
    nodes: int
    heard: list[BlindArrival]


def asked(body: Asked) -> decisions.Asked:
    """What the API was asked to keep. Raises InputError naming the field."""
    try:
        return msgspec.convert(body.model_dump(), decisions.Asked)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error


def told(one: Decided, undone: bool) -> Decision:
    """A line as the API gives it."""
    what = _kept.validate_json(msgspec.json.encode(one.what))
    return Decision(line=one.line, recorded_ms=one.recorded_ms, by=one.by, undone=undone, what=what)

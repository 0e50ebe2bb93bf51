"""What came in from elsewhere and what was missed, as the API takes and gives it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch.api.decision_models import Spot
from dispatch.api.models import Model
from dispatch.incoming import LAST_MS, Incoming, Missed
from dispatch.store.incoming import Kept, KeptMiss
from dispatch.town.places import Frame
from recordings.decisions import Ground, Source
from recordings.decisions import Spot as Place

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Time = Annotated[int, Field(gt=0, lt=LAST_MS)]


class Report(Model):
    """A call, a finding or an alarm: when it was (UTC), where if they said, and how well they know; `reference` is
    their own number for it.
    """

    source: Source
    time_ms: Time
    text: Text
    reference: Annotated[str, Field(max_length=200)] = ""
    place: Spot | None = None
    radius_m: Annotated[float, Field(ge=0.0, le=1e6)] = 0.0

    def kept(self, frame: Frame) -> Incoming:
        """As it is kept. Raises InputError naming the field."""
        spot = None if self.place is None else frame.spot(Place(**self.place.model_dump()))
        return Incoming(
            source=self.source,
            time_ms=self.time_ms,
            text=self.text,
            reference=self.reference,
            x=None if spot is None else spot.x,
            y=None if spot is None else spot.y,
            radius_m=self.radius_m,
        )


class Attach(Model):
    """The id of something that came in."""

    incoming: Annotated[str, Field(min_length=1, max_length=80)]


class Suggested(Model):
    """An event that may be meant, how long after the shot it came in, and how far away."""

    event: str
    number: int
    after_s: float
    metres: float | None


class CameIn(Model):
    """Something that came in, who entered it, the numbers of the events it is attached to, and what it may be about."""

    id: str
    line: int
    recorded_ms: int
    by: str
    source: Source
    time_ms: int
    text: str
    reference: str
    x: float | None
    y: float | None
    radius_m: float
    attached: list[int]
    suggested: list[Suggested]


class MissedAsked(Model):
    """A confirmed shooting that raised no alert; `reference`: the case, `other_than`: alerts near it of other shots."""

    time_ms: Time
    place: Spot
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    grounds: Annotated[list[Ground], Field(min_length=1, max_length=4)]
    text: Annotated[str, Field(max_length=2000)] = ""
    other_than: Annotated[list[Annotated[int, Field(ge=1, lt=2**53)]], Field(max_length=100)] = Field(
        default_factory=list
    )

    def kept(self, frame: Frame) -> Missed:
        """As it is kept. Raises InputError naming the field."""
        spot = frame.spot(Place(**self.place.model_dump()))
        return Missed(
            time_ms=self.time_ms,
            x=spot.x or 0.0,
            y=spot.y or 0.0,
            reference=self.reference,
            grounds=tuple(self.grounds),
            text=self.text,
            other_than=tuple(self.other_than),
        )


class MissedKept(Model):
    """A shooting that raised no alert, and who entered it."""

    id: str
    line: int
    recorded_ms: int
    by: str
    time_ms: int
    x: float
    y: float
    reference: str
    grounds: list[Ground]
    text: str
    other_than: list[int]


def came(one: Kept) -> CameIn:
    """What came in, for who asks."""
    w = one.what
    return CameIn(
        id=one.id,
        line=one.line,
        recorded_ms=one.recorded_ms,
        by=one.by,
        source=w.source,
        time_ms=w.time_ms,
        text=w.text,
        reference=w.reference,
        x=w.x,
        y=w.y,
        radius_m=w.radius_m,
        attached=list(one.attached),
        suggested=[
            Suggested(event=s.event, number=s.number, after_s=s.after_s, metres=s.metres) for s in one.suggested
        ],
    )


def missed(one: KeptMiss) -> MissedKept:
    """A miss, for who asks."""
    w = one.what
    return MissedKept(
        id=one.id,
        line=one.line,
        recorded_ms=one.recorded_ms,
        by=one.by,
        time_ms=w.time_ms,
        x=w.x,
        y=w.y,
        reference=w.reference,
        grounds=list(w.grounds),
        text=w.text,
        other_than=list(w.other_than),
    )

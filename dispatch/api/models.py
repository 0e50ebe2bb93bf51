"""What the page gets: strict models, no field more. Metres are east, north, up of the origin; `_ms` is UTC."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from recordings.decisions import Label, Outcome, Status


class Model(BaseModel):
    """Strict, closed, frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Globe(Model):
    """Where x, y, z count from, WGS-84 degrees."""

    lat: float
    lon: float


class Node(Model):
    """A node on the map; None where it has not said so yet.

    For who may not see where nodes stand, x, y and lat, lon are the middle of a square of `zone_m` that it stands in.
    """

    id: str
    x: float
    y: float
    z: float | None
    zone_m: float | None
    lat: float | None
    lon: float | None
    state: Literal[
        "starting", "ok", "degraded", "deaf", "out_of_mandate", "failed", "fault", "silent", "new", "revoked"
    ]
    last_report_ms: int | None
    interval_s: float
    clock_sigma_s: float | None
    noise_db: float | None
    outbox: int | None
    reasons: list[str]
    program: str
    model: str


class Ellipse(Model):
    """The region that holds the true place with probability `level`; `azimuth_deg` clockwise from north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    level: float


class Reason(Model):
    """Why: a code to translate, its values, and the English words."""

    code: str
    values: dict[str, float | int | str]
    text: str


class Place(Model):
    """Another place that explains the arrivals nearly as well."""

    x: float
    y: float


class Shot(Model):
    """One shot of an event, in its latest version."""

    key: str
    version: int
    time_ms: float
    x: float
    y: float
    ellipse: Ellipse
    label: str
    probability: float


class HumanVerdict(Model):
    """What a person says it was; `blind`: before they saw what the machine says."""

    by: str
    label: Label
    count: int | None
    blind: bool


class Event(Model):
    """What a dispatcher sees: one shot or burst. `label` and `probability` are the machine's; an `exercise` was made up
    or replayed for training.
    """

    id: str
    number: int
    exercise: bool
    status: Status
    taken_by: str | None
    taken_ms: int | None
    outcome: Outcome | None
    verdict: HumanVerdict | None
    corroborated: int
    reminded_ms: int | None
    label: str
    probability: float
    reasons: list[Reason]
    count: int
    time_ms: float
    updated_ms: int
    x: float
    y: float
    lat: float | None
    lon: float | None
    ellipse: Ellipse
    nodes: int
    ambiguous: bool
    also: list[Place]
    late: bool
    shots: list[Shot]


class Version(Model):
    """One origin of one shot, as it was recorded, and the shot's class then; the preferred one is the newest."""

    shot: str
    version: int
    time_ms: float
    x: float
    y: float
    ellipse: Ellipse
    also: list[Place]
    label: str
    probability: float
    recorded_ms: int
    used: int
    preferred: bool


class Arrival(Model):
    """What one node heard of a shot, and how it fits; `refused` says why it was left out, else it is empty."""

    id: str
    node: str
    shot: str
    time_ms: float
    residual_ms: float
    refused: str
    snr_db: float | None
    azimuth_deg: float | None
    probabilities: dict[str, float] | None


class State(Model):
    """All that a page needs to begin; `last_id` is the stream's id to go on from."""

    now_ms: int
    name: str
    origin: Globe | None
    last_id: int
    nodes: list[Node]
    events: list[Event]


class EventPage(Model):
    """Some events, and from where on there are more."""

    events: list[Event]
    next: int | None


class Problem(Model):
    """What went wrong, in one sentence; `code_needed` where the password was right and a one-time code is asked for."""

    error: str
    code_needed: bool = False

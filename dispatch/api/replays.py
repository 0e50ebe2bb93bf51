"""Routes by which an analyst locates anew what was reported, with other settings, and compares it with what is kept."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from acoustic.errors import InputError, ResourceError
from dispatch.api.access import requires
from dispatch.api.models import Event, Model
from dispatch.api.problems import ANSWERS
from dispatch.api.render import render_event
from dispatch.centre import Centre
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.replays.anew import Wanted, zone_named
from dispatch.replays.child import Result
from dispatch.replays.running import LONGEST_DAYS, Replays, Run, State, check_span
from dispatch.store.events import events_of
from dispatch.store.journal import add_entry
from recordings.comparison import Became, Change, Told
from recordings.decisions import ConflictError
from recordings.method import SHARES, changed, defaults

KIND = "replay"  # of the journal's lines
LAST = 2**62 // 10**6  # milliseconds whose nanoseconds the store can hold
ROWS_SHOWN = 1000
NS_A_MS = 1_000_000
KINDS = {"jsonl": "application/jsonl", "geojson": "application/geo+json"}
SeesPlaces = Annotated[Caller, requires(Right.SEE_PLACES)]
Assignment = Annotated[str, Field(max_length=100)]
FileName = Literal["changes.jsonl", "shots.jsonl", "shots.geojson"]


class Asked(Model):
    """Shots fired from a time until before another, in a zone where one is named, with settings (NAME=VALUE) other than
    shipped; without `everything`, not those that are surely no gunshots.
    """

    since_ms: Annotated[int, Field(ge=0, le=LAST)]
    until_ms: Annotated[int, Field(ge=0, le=LAST)]
    zone: Annotated[str, Field(max_length=80)] = ""
    changes: Annotated[tuple[Assignment, ...], Field(max_length=100, strict=False)] = ()
    everything: bool = False


class Replay(Model):
    """One that somebody started: what of, how far it is, how many shots became what, and by which method (a digest)."""

    id: str
    by: str
    asked: Asked
    state: State
    share: float
    problem: str
    started_ms: int
    ended_ms: int | None
    counts: dict[str, int]
    method: str


class Setting(Model):
    """What may be changed: its value as shipped; `whole`: a whole number; `below_one`: a share below 1."""

    name: str
    value: float
    whole: bool
    below_one: bool


class Overview(Model):
    """The last replays, newest first, and what a new one may be told."""

    replays: list[Replay]
    settings: list[Setting]
    zones: list[str]
    most_days: int
    arrivals_h: float


class Located(Model):
    """A shot as it was located."""

    x: float
    y: float
    time_ms: float
    label: str
    gunshot: float | None
    nodes: int


class Row(Model):
    """What became of a shot; `event`: that which it is kept in."""

    change: Became
    time_ms: float
    moved_m: float | None
    later_s: float | None
    before: Located | None
    now: Located | None
    event: str | None


class Comparison(Model):
    """The shots, by time, and their events; `more`: there are more shots than are shown."""

    rows: list[Row]
    events: list[Event]
    more: bool


def replay_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["replays"], responses={k: ANSWERS[k] for k in (401, 403, 503)})
    replays = Replays(centre.settings, lambda: centre.now_ms)

    @router.get("/replays")
    async def overview(_caller: SeesPlaces) -> Overview:
        """The last replays, and what a new one may be told."""
        return Overview(
            replays=[_shown(run) for run in replays.all()],
            settings=SETTINGS,
            zones=[zone.name for zone in centre.settings.zones],
            most_days=LONGEST_DAYS,
            arrivals_h=centre.settings.keep.arrivals_h,
        )

    @router.post("/replays", status_code=201, responses={k: ANSWERS[k] for k in (400, 409)})
    async def start(asked: Asked, caller: SeesPlaces) -> Replay:
        """Start one, in the caller's name, beside the centre: as `tocsin centre replay` locates. 409 where one runs."""
        wanted = _wanted(asked)
        check_span(wanted.since_ns, wanted.until_ns)
        changed(wanted.changes)
        if asked.zone:
            zone_named(centre.settings, asked.zone)
        run = replays.start(caller.name, wanted)
        try:
            await note(run, {"by": caller.name, **asked.model_dump()})
        except ResourceError:
            replays.cancel(run)
            raise
        return _shown(run)

    @router.get("/replays/{identity}", responses={404: ANSWERS[404]})
    async def one(identity: str, _caller: SeesPlaces) -> Replay:
        """How far it is, or what came of it."""
        return _shown(replays.find(identity))

    @router.post("/replays/{identity}/cancel", status_code=204, responses={404: ANSWERS[404]})
    async def cancel(identity: str, caller: SeesPlaces) -> None:
        """End it, where it runs."""
        run = replays.find(identity)
        if run.state == "running":
            replays.cancel(run)
            await note(run, {"by": caller.name, "cancelled": True})

    @router.get("/replays/{identity}/changes", responses={k: ANSWERS[k] for k in (404, 409)})
    async def changes(identity: str, _caller: SeesPlaces) -> Comparison:
        """What became of each shot, the first thousand, each with the event that it is kept in. 409 before the end."""
        result = _result(replays.find(identity))
        lines = result.files.changes.splitlines()[:ROWS_SHOWN]
        events = result.events[: len(lines)]
        ids = sorted({event for event in events if event})
        records = await centre.store.read(
            lambda c: [r for k in range(0, len(ids), 500) for r in events_of(c, ids[k : k + 500])]
        )
        return Comparison(
            rows=[_row(line, event) for line, event in zip(lines, events, strict=True)],
            events=[render_event(record, centre.frame) for record in records],
            more=len(result.events) > ROWS_SHOWN,
        )

    @router.get(
        "/replays/{identity}/{name}", response_class=Response, responses={k: ANSWERS[k] for k in (400, 404, 409)}
    )
    async def file(identity: str, name: FileName, _caller: SeesPlaces) -> Response:
        """The same bytes that `tocsin centre replay` prints: the shots, or with `--recorded` what became of each."""
        files = _result(replays.find(identity)).files
        content = {"changes.jsonl": files.changes, "shots.jsonl": files.shots, "shots.geojson": files.geojson}[name]
        if content is None:
            raise InputError("this centre has no place on the globe; expected one, or shots.jsonl")
        headers = {
            "Content-Disposition": f'attachment; filename="replay-{identity}-{name}"',
            "Cache-Control": "no-store",
        }
        return Response(content.encode(), media_type=KINDS[name.partition(".")[2]], headers=headers)

    async def note(run: Run, data: dict[str, object]) -> None:
        await centre.publish(lambda c: [add_entry(c, KIND, run.id, data, centre.now_ms)])

    return router


# Detection is as the nodes reported it: its settings would change nothing.
SETTINGS = [
    Setting(name=name, value=float(value), whole=isinstance(value, int), below_one=name in SHARES)
    for name, value in defaults().items()
    if not name.startswith("detector.")
]


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        since_ns=asked.since_ms * NS_A_MS,
        until_ns=asked.until_ms * NS_A_MS,
        zone=asked.zone,
        changes=asked.changes,
        everything=asked.everything,
    )


def _shown(run: Run) -> Replay:
    wanted = run.wanted
    return Replay(
        id=run.id,
        by=run.by,
        asked=Asked(
            since_ms=wanted.since_ns // NS_A_MS,
            until_ms=wanted.until_ns // NS_A_MS,
            zone=wanted.zone,
            changes=wanted.changes,
            everything=wanted.everything,
        ),
        state=run.state,
        share=run.share,
        problem=run.problem,
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        counts={} if run.result is None else run.result.counts,
        method="" if run.result is None else run.result.method,
    )


def _result(run: Run) -> Result:
    if run.result is None:
        raise ConflictError(f"the replay is {run.state}; expected one that is done")
    return run.result


def _row(line: str, event: str) -> Row:
    change = msgspec.json.decode(line, type=Change)
    return Row(
        change=change.change,
        time_ms=change.time * 1e3,
        moved_m=change.moved_m,
        later_s=change.later_s,
        before=_located(change.before),
        now=_located(change.now),
        event=event or None,
    )


def _located(told: Told | None) -> Located | None:
    if told is None:
        return None
    return Located(
        x=told.x, y=told.y, time_ms=told.time * 1e3, label=told.label, gunshot=told.gunshot, nodes=len(set(told.used))
    )

"""What the centre keeps, as the page's models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from dispatch.api import models
from dispatch.api.decision_models import Blind, BlindArrival, EventDetail, told
from dispatch.nodes import NodeStatus
from dispatch.store.events import EventRecord, Version
from dispatch.town.places import Frame
from localisation.arrivals import Arrival, Origin, Shot
from recordings.decisions import Decided, state_of

ZONE_M = 250.0
LATE_S = 30.0  # sound takes 3 s over a kilometre; what is recorded this long after the shot waited in an outbox


def render_node(status: NodeStatus, state: str, frame: Frame, *, exact: bool) -> models.Node:
    """A node in its present state; its place as a zone unless `exact`."""
    record, health = status.record, status.health
    x, y = (record.x, record.y) if exact else (zone_middle(record.x), zone_middle(record.y))
    lat, lon = frame.degrees(x, y, record.z if exact else 0.0)
    return models.Node.model_validate(
        {
            "id": record.id,
            "x": x,
            "y": y,
            "z": record.z if exact else None,
            "zone_m": None if exact else ZONE_M,
            "lat": lat,
            "lon": lon,
            "state": state,
            "last_report_ms": None if status.heard_ns is None else status.heard_ns // 1_000_000,
            "interval_s": status.interval_s,
            "clock_sigma_s": health and health.clock_sigma_s,
            "noise_db": health and health.noise_db,
            "outbox": health and health.outbox,
            "reasons": list(health.reasons) if health else [],
            "program": status.program,
            "model": status.model[:12],
        }
    )


def render_event(record: EventRecord, frame: Frame) -> models.Event:
    """An event as the list and the map show it."""
    return models.Event.model_validate(_event(record, frame))


def render_detail(record: EventRecord, frame: Frame, arrivals: Mapping[str, Arrival]) -> EventDetail:
    """An event with every version of its shots and what each node heard of them."""
    latest = {shot.key: shot.version for shot in record.event.shots}
    heard = [row for shot in record.event.shots for row in _arrivals(shot, arrivals)]
    versions = [_version(v, latest[v.key] == v.version) for v in record.versions]
    undone = set(state_of(record.decisions).undone)
    history = [told(one, one.line in undone) for one in record.decisions]
    return EventDetail.model_validate(
        {**_event(record, frame), "versions": versions, "arrivals": heard, "history": history}
    )


def render_blind(record: EventRecord, arrivals: Mapping[str, Arrival]) -> Blind:
    """An event for who judges before seeing the machine's verdict."""
    heard = sorted(arrivals.values(), key=lambda arrival: (arrival.time_ns, arrival.id))
    rows = [BlindArrival(after_ms=_ms(arrival.time_ns - heard[0].time_ns), snr_db=arrival.snr_db) for arrival in heard]
    return Blind(id=record.event.id, nodes=len({arrival.node for arrival in heard}), heard=rows)


def zone_middle(metres: float) -> float:
    """Along one axis the middle of the square that a place is told as, to who may not see where nodes stand."""
    return (metres // ZONE_M + 0.5) * ZONE_M


def _event(record: EventRecord, frame: Frame) -> dict[str, Any]:
    event = record.event
    best, verdict = event.best, event.verdict
    lat, lon = frame.degrees(best.origin.x, best.origin.y)
    return {
        "id": event.id,
        "number": record.number,
        "exercise": event.exercise,
        **_human(record),
        "label": verdict.label,
        "probability": verdict.probability,
        "reasons": [{"code": r.code, "values": dict(r.values), "text": r.text} for r in verdict.reasons],
        "count": len(event.standing),
        "time_ms": _ms(event.first.origin.time_ns),
        "updated_ms": _updated_ms(record),
        **_place(best.origin),
        "lat": lat,
        "lon": lon,
        "nodes": len({residual.node for residual in best.origin.used}),
        "ambiguous": best.origin.ambiguous,
        "also": _also(best.origin),
        "late": _late(record.versions),
        "shots": [_shot(shot) for shot in event.shots],
    }


def _verdict(one: Decided) -> dict[str, Any]:
    what = structs.asdict(one.what)
    return {"by": one.by, **{name: what[name] for name in ("label", "count", "blind")}}


def _updated_ms(record: EventRecord) -> int:
    lines = [version.recorded_ms for version in record.versions] + [one.recorded_ms for one in record.decisions]
    return max(*lines, record.reminded_ms or 0)


def _human(record: EventRecord) -> dict[str, Any]:
    """What people made of an event."""
    state = state_of(record.decisions)
    verdict = next((one for one in reversed(state.verdicts)), None)
    return {
        "status": state.status,
        "taken_by": state.taken and state.taken.by,
        "taken_ms": state.taken and state.taken.recorded_ms,
        "outcome": state.outcome and state.outcome.outcome,
        "verdict": verdict and _verdict(verdict),
        "corroborated": len(state.corroborations),
        "reminded_ms": record.reminded_ms if state.outcome is None else None,
    }


def _shot(shot: Shot) -> dict[str, Any]:
    return {
        "key": shot.key,
        "version": shot.version,
        "time_ms": _ms(shot.origin.time_ns),
        **_place(shot.origin),
        "label": shot.verdict.label,
        "probability": shot.verdict.probability,
    }


def _version(version: Version, preferred: bool) -> dict[str, Any]:
    origin = version.shot.origin
    return {
        "shot": version.key,
        "version": version.version,
        "time_ms": _ms(origin.time_ns),
        **_place(origin),
        "also": _also(origin),
        "label": version.shot.verdict.label,
        "probability": version.shot.verdict.probability,
        "recorded_ms": version.recorded_ms,
        "used": len(origin.used),
        "preferred": preferred,
    }


def _arrivals(shot: Shot, kept: Mapping[str, Arrival]) -> list[dict[str, Any]]:
    rows = [(residual, kept[residual.arrival]) for residual in shot.origin.residuals if residual.arrival in kept]
    return [
        {
            "id": arrival.id,
            "node": arrival.node,
            "shot": shot.key,
            "time_ms": _ms(arrival.time_ns),
            "residual_ms": residual.residual_s * 1e3,
            "refused": residual.refused,
            "snr_db": arrival.snr_db,
            "azimuth_deg": arrival.azimuth_deg,
            "probabilities": None if arrival.probabilities is None else dict(arrival.probabilities),
        }
        for residual, arrival in rows
    ]


def _place(origin: Origin) -> dict[str, Any]:
    ellipse = origin.ellipse
    return {
        "x": origin.x,
        "y": origin.y,
        "ellipse": {
            "semi_major_m": ellipse.semi_major_m,
            "semi_minor_m": ellipse.semi_minor_m,
            "azimuth_deg": ellipse.azimuth_deg,
            "level": ellipse.level,
        },
    }


def _also(origin: Origin) -> list[dict[str, float]]:
    return [{"x": place.x, "y": place.y} for place in origin.also]


def _late(versions: Iterable[Version]) -> bool:
    return any(v.recorded_ms - _ms(v.time_ns) > LATE_S * 1e3 for v in versions)


def _ms(time_ns: int) -> float:
    return time_ns / 1e6

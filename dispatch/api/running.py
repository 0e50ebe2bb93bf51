"""Routes that tell an administrator what the centre runs on: models, thresholds, what is kept how long, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter

from acoustic.errors import InputError
from arrays.report import read_report
from dispatch.api.access import requires
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.centre import Centre
from dispatch.keeping.backup import BACKED_UP
from dispatch.keeping.record import KIND as DELETION
from dispatch.people.door import Caller
from dispatch.people.roles import Right
from dispatch.store.journal import lines_before
from dispatch.store.reports import last_bodies
from dispatch.store.tables import arrivals, events, journal, reports

NEWEST = 20
LATEST = 2**62
Administers = Annotated[Caller, requires(Right.ADMINISTER)]


class NodeModel(Model):
    """What a node runs: its program, and the digest of its classifier; empty before its first report."""

    node: str
    program: str
    model: str


class Threshold(Model):
    """A setting by its name, dotted, and its value."""

    name: str
    value: str


class Models(Model):
    """How shots are located (`method`, `code`: digests that results name), the settings, and what each node runs."""

    method: str
    program: str
    code: str
    libraries: dict[str, str]
    thresholds: list[Threshold]
    nodes: list[NodeModel]


class Erased(Model):
    """What was erased at a time, and why."""

    recorded_ms: int
    because: str
    by: str
    rows: dict[str, int]


class Keeping(Model):
    """The retention clocks, what is kept now, what was erased last, and when the last backup was made."""

    arrivals_h: float
    events_days: float
    audit_days: float
    kept: dict[str, int]
    bytes: int
    erased: list[Erased]
    backed_up_ms: int | None


def running_routes(centre: Centre) -> APIRouter:
    """The routes, of one centre."""
    router = APIRouter(prefix="/api", tags=["running"], responses={k: ANSWERS[k] for k in (401, 403, 503)})

    @router.get("/models")
    async def models(_caller: Administers) -> Models:
        """What results are made by."""
        bodies = await centre.store.read(lambda c: last_bodies(c, 1))
        said = {report.node: report for report in (read_report(body) for _, body in bodies)}
        method = centre.method
        settings = {"air": msgspec.to_builtins(method.air), "network": msgspec.to_builtins(method.settings)}
        return Models(
            method=method.digest,
            program=method.program,
            code=method.code,
            libraries=method.libraries,
            thresholds=[Threshold(name=name, value=value) for name, value in _flat("", settings)],
            nodes=[
                NodeModel(
                    node=one.record.id,
                    program=said[one.record.id].program if one.record.id in said else "",
                    model=said[one.record.id].model if one.record.id in said else "",
                )
                for one in centre.nodes.listed()
            ],
        )

    @router.get("/keeping")
    async def keeping(_caller: Administers) -> Keeping:
        """What is kept, how long, and what was erased."""
        counts, lines = await centre.store.read(lambda c: (_counts(c), lines_before(c, LATEST, NEWEST, DELETION)))
        keep, backed = centre.settings.keep, Path(centre.settings.data) / BACKED_UP
        return Keeping(
            arrivals_h=keep.arrivals_h,
            events_days=keep.events_days,
            audit_days=keep.audit_days,
            kept=counts,
            bytes=sum(path.stat().st_size for path in Path(centre.settings.data).glob("tocsin.db*")),
            erased=[_erased(line.recorded_ms, msgspec.json.decode(line.data)) for line in lines if line.data],
            backed_up_ms=int(backed.read_text()) if backed.is_file() else None,
        )

    return router


def _counts(connection: sa.Connection) -> dict[str, int]:
    tables = (reports, arrivals, events, journal)
    return {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}


def _erased(recorded_ms: int, data: Any) -> Erased:
    if not isinstance(data, dict):
        raise InputError("a record of a deletion is not what was expected")
    rows = dict(data.get("rows", {}))
    if left := data.get("left"):
        rows["words"] = len(left)
    return Erased(recorded_ms=recorded_ms, because=data["because"], by=data.get("by", ""), rows=rows)


def _flat(before: str, settings: Any) -> list[tuple[str, str]]:
    if not isinstance(settings, dict):
        return (
            [(before, f"{settings:g}" if isinstance(settings, float) else str(settings))]
            if settings is not None
            else []
        )
    return [pair for name, value in settings.items() for pair in _flat(f"{before}.{name}".lstrip("."), value)]

"""Roll-outs as they are kept: what is rolled out, in which rings, and how far each node is; each step is journaled."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.release import KINDS, MODEL, SETTINGS, Body, check_changes
from arrays.report import DONE, LISTENING, REFUSED, ROLLED_BACK
from dispatch.store.decisions import AbsentError
from dispatch.store.journal import add_entry, lines_about
from dispatch.store.nodes import all_nodes
from dispatch.store.tables import rollout_steps, rollouts
from recordings.decisions import ConflictError, check_name

KIND = "rollout"  # of a journal's line; its subject is the roll-out
RUNNING, STOPPED, FINISHED = "running", "stopped", "finished"
WAITING, GIVEN = "waiting", "given"  # of a step, before what the node says of it
LONGEST_REASON = 300
BEGUN = ("changes", "model", "trial_s", "by", "because")  # of a journal's line that begins one


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node's part: its ring, from 0, and how far it is."""

    node: str
    ring: int
    state: str
    why: str
    given_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOut:
    """One roll-out: `state` is running, stopped or finished; its steps by ring and node.

    As the journal has it, as long as it is kept there: `changes` of settings or the digest of a classifier (`model`,
    empty: each node's own again), how long it is tried, by whom and why it was begun, and why it ended.
    """

    id: str
    kind: str
    state: str
    begun_ms: int
    steps: tuple[Step, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    trial_s: float = 0.0
    by: str = ""
    because: str = ""
    ended: str = ""


def begin(
    connection: sa.Connection,
    kind: str,
    body: Body,
    rings: Sequence[Sequence[str]],
    by: str,
    because: str,
    now_ms: int,
) -> str:
    """Begin a roll-out, ring after ring; its id. An empty ring is all nodes that are in no ring before it.

    Raises ConflictError where another is running, InputError.
    """
    check_name(by)
    _check_reason(because)
    if kind not in KINDS:
        raise InputError(f"kind is {kind[:80]!r}; expected {' or '.join(KINDS)}")
    if bool(body.changes) == (kind == MODEL):
        raise InputError("a roll-out of settings needs changes, and one of a model none")
    if running(connection) is not None:
        raise ConflictError("another roll-out is running; stop it first")
    digest = Model.from_bytes(body.npz).digest if body.npz else ""
    check_changes(body.changes)
    nodes = _rings(rings, [record.id for record in all_nodes(connection) if record.revoked_ms is None])
    identity = secrets.token_hex(6)
    content = msgspec.msgpack.encode(body)
    row = {"id": identity, "kind": kind, "body": content, "state": RUNNING, "begun_ms": now_ms}
    connection.execute(sa.insert(rollouts), [row])
    steps = [
        {"rollout": identity, "node": node, "ring": ring, "state": WAITING, "why": ""}
        for ring, some in enumerate(nodes)
        for node in some
    ]
    connection.execute(sa.insert(rollout_steps), steps)
    told = {"changes": dict(body.changes), "model": digest, "trial_s": body.trial_s}
    add_entry(connection, KIND, identity, {"begun": kind, **told, "rings": nodes, "by": by, "because": because}, now_ms)
    return identity


def stop(connection: sa.Connection, by: str, because: str, now_ms: int) -> str:
    """Give nothing more of the roll-out that is running; its id. What nodes have, they keep. Raises AbsentError."""
    check_name(by)
    _check_reason(because)
    identity = running(connection)
    if identity is None:
        raise AbsentError("no roll-out is running")
    _end(connection, identity, STOPPED, {"by": by, "because": because}, now_ms)
    return identity


def advance(connection: sa.Connection, states: Mapping[str, str], now_ms: int) -> None:
    """Go on with the roll-out that is running: the next ring once all of the last have it and listen; stop where a node
    refused it or went back. `states`: how each node is."""
    identity = running(connection)
    if identity is None:
        return
    steps = _steps(connection, identity)
    if failed := [step for step in steps if step.state in (REFUSED, ROLLED_BACK)]:
        why = f"{failed[0].node}: {failed[0].why or failed[0].state}"
        _end(connection, identity, STOPPED, {"because": why}, now_ms)
        return
    left = [step.ring for step in steps if step.state != DONE]
    if not left:
        _end(connection, identity, FINISHED, {}, now_ms)
        return
    ring = [step for step in steps if step.ring == min(left)]
    before = [step.node for step in steps if step.ring == min(left) - 1]
    if any(step.state == WAITING for step in ring) and all(states.get(node) in LISTENING for node in before):
        names = [step.node for step in ring if step.state == WAITING]
        which = rollout_steps.c.rollout == identity, rollout_steps.c.node.in_(names)
        connection.execute(sa.update(rollout_steps).where(*which).values(state=GIVEN, given_ms=now_ms))
        add_entry(connection, KIND, identity, {"ring": min(left) + 1, "nodes": names}, now_ms)


def answered(connection: sa.Connection, node: str, order: str, state: str, why: str, now_ms: int) -> None:
    """A node said what became of its order; said again, it changes nothing."""
    identity = order.removesuffix(f"-{node}")
    which = rollout_steps.c.rollout == identity, rollout_steps.c.node == node, rollout_steps.c.state == GIVEN
    if connection.execute(sa.update(rollout_steps).where(*which).values(state=state, why=why)).rowcount:
        add_entry(connection, KIND, identity, {"node": node, "state": state, "why": why}, now_ms)


def running(connection: sa.Connection) -> str | None:
    """The roll-out that is under way, if any."""
    return connection.scalar(sa.select(rollouts.c.id).where(rollouts.c.state == RUNNING))


def given(connection: sa.Connection) -> tuple[str, list[Step]] | None:
    """The roll-out that is under way, and its steps that nodes have yet to answer; None where there is none."""
    identity = running(connection)
    return None if identity is None else (identity, [s for s in _steps(connection, identity) if s.state == GIVEN])


def content(connection: sa.Connection, identity: str) -> tuple[str, Body]:
    """The kind and body of a roll-out's orders."""
    row = connection.execute(sa.select(rollouts).where(rollouts.c.id == identity)).one()
    return row.kind, msgspec.msgpack.decode(row.body, type=Body)


def newest(connection: sa.Connection, limit: int) -> list[RollOut]:
    """The newest roll-outs, newest first."""
    columns = rollouts.c.id, rollouts.c.kind, rollouts.c.state, rollouts.c.begun_ms
    rows = connection.execute(sa.select(*columns).order_by(rollouts.c.begun_ms.desc(), rollouts.c.id).limit(limit))
    found = [RollOut(**row._asdict(), steps=tuple(_steps(connection, row.id))) for row in rows]
    told: dict[str, dict[str, Any]] = {}
    for line in lines_about(connection, KIND, [one.id for one in found]):
        data = msgspec.json.decode(line.data)
        if "begun" in data:
            told[line.subject] = {name: data[name] for name in BEGUN if name in data}
        elif STOPPED in data:
            told.setdefault(line.subject, {})["ended"] = data.get("because", "")
    return [replace(one, **told.get(one.id, {})) for one in found]


def taken(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """The changes of settings that each node has taken, the last of each setting, since it was enrolled."""
    r, s = rollouts.c, rollout_steps.c
    query = sa.select(r.body, s.node, s.given_ms).where(r.id == s.rollout, r.kind == SETTINGS, s.state == DONE)
    enrolled = {record.id: record.enrolled_ms for record in all_nodes(connection)}
    found: dict[str, dict[str, Any]] = {node: {} for node in enrolled}
    for row in connection.execute(query.order_by(r.begun_ms, r.id)):
        if row.given_ms >= enrolled.get(row.node, row.given_ms + 1):
            found[row.node] |= msgspec.msgpack.decode(row.body, type=Body).changes
    return found


def _steps(connection: sa.Connection, identity: str) -> list[Step]:
    c = rollout_steps.c
    rows = connection.execute(
        sa.select(c.node, c.ring, c.state, c.why, c.given_ms).where(c.rollout == identity).order_by(c.ring, c.node)
    )
    return [Step(**row._asdict()) for row in rows]


def _end(connection: sa.Connection, identity: str, state: str, told: Mapping[str, str], now_ms: int) -> None:
    connection.execute(sa.update(rollouts).where(rollouts.c.id == identity).values(state=state))
    add_entry(connection, KIND, identity, {state: identity, **told}, now_ms)


def _rings(rings: Sequence[Sequence[str]], known: Sequence[str]) -> list[list[str]]:
    """The rings as they are named, an empty one filled. Raises InputError."""
    found: list[list[str]] = []
    for ring in rings:
        taken = {node for some in found for node in some}
        names = list(ring) or [node for node in known if node not in taken]
        for node in names:
            if node not in known:
                raise InputError(f"ring {len(found) + 1} names {node[:80]!r}; expected a node that is enrolled")
            if node in taken or names.count(node) > 1:
                raise InputError(f"node {node!r} is in two rings; expected each in one")
        if names:
            found.append(names)
    if not found:
        raise InputError("rings is empty; expected the nodes of at least one")
    return found


def _check_reason(because: str) -> None:
    if not 0 < len(because.strip()) <= LONGEST_REASON:
        raise InputError(f"because has {len(because.strip())} characters; expected a reason of 1 to {LONGEST_REASON}")

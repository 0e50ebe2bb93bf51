"""Silent nodes are told to whom it concerns, and a heartbeat tells an address outside that the centre itself lives."""

from __future__ import annotations

import asyncio
from functools import partial

import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError, TocsinError
from dispatch.alerts.announce import node_subject
from dispatch.alerts.destinations import Destination
from dispatch.alerts.target import request
from dispatch.centre import Centre
from dispatch.store.alerts import open_nodes
from dispatch.store.notes import set_note
from dispatch.store.progress import seen, waiting

LOOK_EVERY_S = 5.0
DEADLINE_S = 20.0
NOTE = "heartbeat"
log = structlog.get_logger()


async def watch_silence(centre: Centre) -> None:
    """For ever: queue for each destination about nodes which have fallen silent for long, and which are heard again."""
    chosen = [one for one in centre.settings.alerts if one.when.about == "nodes"]
    while True:
        for destination in chosen:
            try:
                await centre.store.write(partial(_compare, centre, destination))
            except ResourceError as error:
                log.warning("silent nodes could not be told; trying again", problem=str(error))
            centre.alerts_queued.ring()
        await asyncio.sleep(LOOK_EVERY_S)


def _compare(centre: Centre, destination: Destination, connection: sa.Connection) -> None:
    told = open_nodes(connection, destination.name)
    for status in centre.nodes.all():
        node, revoked = status.record.id, status.record.revoked_ms is not None
        since_ms, quiet_s = told.get(node_subject(node)), centre.nodes.quiet_s(node) or 0.0
        if since_ms is None and not revoked and quiet_s >= destination.when.silent_s:
            text = f"Nothing came from it for {quiet_s:.0f} s. What it would hear is missed."
            words = f"Node {node} is silent", text
            centre.announcer.node(connection, destination, node, "new", words, centre.now_ms)
        elif since_ms is not None and (revoked or (status.heard_ns or 0) // 1_000_000 > since_ms):
            words = f"Node {node} is heard again", "It reports."
            if revoked:
                words = f"Node {node} is trusted no more", "Nobody waits for its reports."
            centre.announcer.node(connection, destination, node, "end", words, centre.now_ms)


async def beat(centre: Centre) -> None:
    """For ever: ask the heartbeat's address, as long as the store takes what is written and the locator comes on."""
    heartbeat, before, failing = centre.settings.heartbeat, "", False
    if heartbeat is None:
        await asyncio.Event().wait()
        return
    while True:
        try:
            before = await centre.store.write(partial(_sign_of_life, before, centre.now_ms))
            async with asyncio.timeout(DEADLINE_S):
                await request("GET", heartbeat.url, b"", {}, heartbeat.ca)
            failing = False
        except (OSError, TocsinError) as error:
            if not failing:
                log.warning("the heartbeat does not get out", problem=str(error) or "no answer in time")
            failing = True
        await asyncio.sleep(heartbeat.every_s)


def _sign_of_life(before: str, now_ms: int, connection: sa.Connection) -> str:
    """How far the locator or the workers have come. Raises ResourceError where that is no further than before, and
    arrivals wait."""
    set_note(connection, NOTE, str(now_ms))
    located = ", ".join(f"{key} {row}" for key, row in seen(connection).items())
    if located == before and waiting(connection):
        raise ResourceError("the locator has not come on since the last beat, and arrivals wait")
    return located

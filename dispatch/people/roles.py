"""The roles, and the rights that each has: the one table that the API, the page and docs/run/people.md follow."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """What a route asks of who calls it."""

    SEE_EVENTS = "see-events"  # events with place and ellipse, nodes' health, and nodes' places as a zone
    SEE_PLACES = "see-places"  # where each node stands, and what each heard (which tells where it stands)
    DECIDE = "decide"  # what is done about an event
    HEAR = "hear"  # ask for the sound of a located event, and listen to it
    LABEL = "label"  # say what the impulses of clips were, and take labels and clips away for a set
    READ_LOG = "read-log"  # names and words: an event's history, what came in, the log of a day
    READ_JOURNAL = "read-journal"
    ADMINISTER = "administer"  # people, machines, nodes, drills


class Role(StrEnum):
    """What a person is here for; each person has one."""

    WALL = "wall"
    DISPATCHER = "dispatcher"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.WALL: frozenset({Right.SEE_EVENTS}),
    Role.DISPATCHER: frozenset({Right.SEE_EVENTS, Right.DECIDE, Right.HEAR, Right.READ_LOG}),
    Role.ANALYST: frozenset(
        {Right.SEE_EVENTS, Right.SEE_PLACES, Right.DECIDE, Right.HEAR, Right.LABEL, Right.READ_LOG}
    ),
    Role.AUDITOR: frozenset({Right.SEE_EVENTS, Right.READ_LOG, Right.READ_JOURNAL}),
    Role.ADMINISTRATOR: frozenset(Right),
}
# A stolen token must not let anyone else in, and who listens has a name.
MACHINE_RIGHTS = frozenset(Right) - {Right.ADMINISTER, Right.HEAR, Right.LABEL}

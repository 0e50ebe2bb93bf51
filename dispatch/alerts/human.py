"""What people's decisions about an event mean for its alerts: whether they go on to the next in line, or end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from recordings.decisions import Decided, state_of


def acknowledged(decisions: Sequence[Decided]) -> bool:
    """Whether somebody has taken the event in hand, or closed it."""
    return state_of(decisions).status != "open"


def verdict(decisions: Sequence[Decided]) -> Literal["confirmed", "false", ""]:
    """Whether the event was closed as confirmed or as false; undone decisions do not count."""
    outcome = state_of(decisions).outcome
    return outcome.outcome if outcome is not None and outcome.outcome in ("confirmed", "false") else ""

"""How a destination of alerts is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, kw_only=True)
class Health:
    """`idle` until the first attempt, then `ok` or `failing`, with the problem in a sentence."""

    state: Literal["idle", "ok", "failing"] = "idle"
    problem: str = ""
    delivered_ms: int | None = None

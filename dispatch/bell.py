"""A bell that wakes whoever waits for it, and loses no ring between looking and waiting."""

from __future__ import annotations

import asyncio


class Bell:
    """Take `next`, look, then wait on what was taken."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The next ring."""
        return self._event

    def ring(self) -> None:
        """Wake all who wait."""
        self._event.set()
        self._event = asyncio.Event()

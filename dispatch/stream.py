"""The bus inside the centre: what was just published, to every open page. Never blocks the publisher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dispatch.people.roles import Right

BACKLOG = 1000  # messages that a slow page may lag behind before it is told to come again


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One piece of news: the journal's id, its kind (`event`, `node`, `gone` for a node that is listed no more, or
    `incoming`), and JSON, for who has the right.

    `passing` news (a node's figures) is in no journal and carries the id of the last line before it. `zoned` is the
    same JSON for who may not see where nodes stand, where that differs.
    """

    id: int
    kind: str
    data: str
    zoned: str = ""
    passing: bool = False
    right: Right = Right.SEE_EVENTS

    def encode(self, *, exact: bool) -> str:
        """As a server-sent event."""
        data = self.data if exact or not self.zoned else self.zoned
        return f"id: {self.id}\nevent: {self.kind}\ndata: {data}\n\n"


class Bus:
    """Hands each message to every subscription; one that falls behind is ended; its page asks for what it missed."""

    def __init__(self, last_id: int = 0) -> None:
        self.last_id = last_id
        self.closed = False
        self._open: set[asyncio.Queue[Message | None]] = set()

    def publish(self, message: Message) -> None:
        """Give a message to all; ids never go down."""
        self.last_id = max(self.last_id, message.id)
        for queue in list(self._open):
            if queue.qsize() >= BACKLOG:
                self._open.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)

    def passed(self, last_id: int) -> None:
        """Whatever the journal has up to this line was told."""
        self.last_id = max(self.last_id, last_id)

    @contextmanager
    def subscribe(self) -> Iterator[AsyncIterator[Message | None]]:
        """Messages from now on. `None` in between means that nothing happened for a while (a sign of life)."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._open.add(queue)
        if self.closed:
            queue.put_nowait(None)
        try:
            yield _messages(queue)
        finally:
            self._open.discard(queue)

    def close(self) -> None:
        """End every subscription, and those to come."""
        self.closed = True
        for queue in self._open:
            queue.put_nowait(None)


async def _messages(queue: asyncio.Queue[Message | None], quiet_s: float = 15.0) -> AsyncIterator[Message | None]:
    while True:
        try:
            message = await asyncio.wait_for(queue.get(), quiet_s)
        except TimeoutError:
            yield None
            continue
        if message is None:
            return
        yield message

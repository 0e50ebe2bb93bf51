"""What is done with a message from a broker, whichever kind it is: taken, answered under the centre's signature."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError
from arrays.mandate import REVOKE
from arrays.parcel import Answers, seal
from dispatch.reception import LOOK_EVERY_S, Reception

Publish = Callable[[str, bytes], Awaitable[None]]
log = structlog.get_logger()


class Desk:
    """One broker's. `publish(node, message)` sends to a node; the nodes that report this way get orders this way."""

    def __init__(self, reception: Reception, key: Ed25519PrivateKey, publish: Publish) -> None:
        self._reception, self._key, self._publish = reception, key, publish
        self._nodes: set[str] = set()

    async def serve(self, parcel: bytes, named: str) -> None:
        """Take a parcel and answer it; when this returns, what was accepted is on the disk and the answer sent.
        `named`: the node that the message is addressed as from; who signed the reports counts."""
        try:
            node, answers = await self._reception.answer(parcel, None)
        except InputError as error:
            log.warning("a message on the broker is no parcel", node=named[:80], problem=str(error))
            return
        if node:
            self._nodes.add(node)
        await self._publish(node or named, seal(node or named, answers, self._key))

    async def give_orders(self) -> None:
        """For ever: send each node its orders as soon as there are any."""
        while True:
            for node in sorted(self._nodes):
                if orders := self._reception.orders(node):
                    await self._publish(node, seal(node, Answers(orders=orders), self._key))
                    if any(order.kind == REVOKE for order in orders):
                        self._nodes.discard(node)
            await asyncio.sleep(LOOK_EVERY_S)

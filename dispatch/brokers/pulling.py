"""Messages of a pull consumer, as soon as there is one."""

from __future__ import annotations

import contextlib
from typing import Any

MORE_S = 0.02  # for how long others are waited for, once there is one


async def pulled(pull: Any, most: int, wait_s: float) -> list[Any]:
    """Up to so many messages; none where nothing came for a while. Raises nats.errors.Error.

    Asked for many at once, the library waits for all of them until the time is up, however early the first one came.
    """
    try:
        messages: list[Any] = await pull.fetch(1, timeout=wait_s)
        with contextlib.suppress(TimeoutError):
            messages += await pull.fetch(most - 1, timeout=MORE_S)
    except TimeoutError:  # of NATS, or of asyncio itself
        return []
    return messages

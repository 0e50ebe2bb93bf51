"""Passwords: argon2id, a few at a time in threads, so that a flood of log-ins cannot stop the centre."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from acoustic.errors import InputError
from dispatch.people.errors import BusyError

T = TypeVar("T")
AT_ONCE = 1  # each takes a core and 64 MiB for a quarter of a second
WAITING = 20
SHORTEST = 12
LONGEST = 200
DIFFERENT = 5

# RFC 9106's second recommendation (64 MiB, 3 passes), in one lane: one core is what a log-in may take.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
# Of a password that nobody has: an unknown name takes as long as a known one.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5cyBzYWx0IGhlcmU$L1R8A0PB3mVdYRS2tVq9Zzr4rY7mZyP0bb1J3xqJZlk"


class Passwords:
    """Makes and checks digests. Raises BusyError rather than let more wait than can be served in seconds."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0

    async def make(self, password: str) -> str:
        """What to keep of a password."""
        return await self._run(lambda: _HASHER.hash(_normal(password)))

    async def match(self, password: str, kept: str | None) -> bool:
        """Whether it is the password that `kept` was made of; never where nothing is kept, which takes as long."""

        def check() -> bool:
            try:
                return _HASHER.verify(kept or _NOBODYS, _normal(password)) and kept is not None
            except VerifyMismatchError:
                return False

        return await self._run(check)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise BusyError("too many people log in at this moment; try again in a few seconds")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def check_password(password: str, name: str) -> None:
    """Raise InputError unless a password is long enough and not plainly guessable."""
    normal = _normal(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise InputError(f"password has {len(normal)} characters; expected {SHORTEST} to {LONGEST}")
    if len(set(normal)) < DIFFERENT:
        raise InputError(f"password has {len(set(normal))} different characters; expected at least {DIFFERENT}")
    if len(normal.casefold().replace(name.casefold(), "")) < SHORTEST // 2:
        raise InputError("password is little more than the name; expected other words")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)

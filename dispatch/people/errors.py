"""Why somebody is not let in: each has its status in the API.

TocsinError
├── StrangerError   401: no session, an ended one, or a wrong name, password or code
├── ForbiddenError  403: known, but the role does not have the right
├── TooManyError    429: too many attempts
└── BusyError       503: more passwords wait to be checked than this machine can bear
"""

from __future__ import annotations

from acoustic.errors import TocsinError


class StrangerError(TocsinError):
    """Nobody that is known; `code_needed` where the password was right and a one-time code is asked for."""

    def __init__(self, sentence: str, *, code_needed: bool = False) -> None:
        super().__init__(sentence)
        self.code_needed = code_needed


class ForbiddenError(TocsinError):
    """The role does not have the right."""


class TooManyError(TocsinError):
    """Too many attempts; later, or with an administrator's help."""


class BusyError(TocsinError):
    """Too many passwords at once."""

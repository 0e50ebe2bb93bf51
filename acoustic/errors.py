"""The errors of the whole house.

TocsinError
├── InputError (ValueError)      a value, file, form or wire message that is not what was expected
│   └── UnknownVersionError      a schema version that this program does not read
└── ResourceError (OSError)      something outside is absent or full: a port, a disk, a microphone, a peer
"""

from __future__ import annotations


class TocsinError(Exception):
    """Root of every error that Tocsin raises on purpose; its text is one sentence for a user."""


class InputError(TocsinError, ValueError):
    """Bad input; the text names the field, what was found and what was expected."""


class UnknownVersionError(InputError):
    """A message or file of a schema version that this program does not read."""


class ResourceError(TocsinError, OSError):
    """A resource outside the program failed; the text names it and says what to do."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

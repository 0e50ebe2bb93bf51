"""The log goes to standard error, one line an event, and ends no process for want of room."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import Processor


class _Unbroken(io.TextIOBase):
    """Standard error, or nothing where it cannot be written: a full disk must not end a node or a centre for want of a
    log."""

    def write(self, text: str) -> int:
        """Write, or let it be."""
        with suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()
        return len(text)


def log_to_standard_error(processors: Sequence[Processor] | None = None) -> None:
    """From now on; `processors` None: structlog's own."""
    structlog.configure(processors=processors, logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unbroken())))

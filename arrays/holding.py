"""One process a data folder: two that write to one outbox or one store would undo each other."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from acoustic.errors import ResourceError


def hold(folder: Path, who: str) -> IO[str]:
    """Lock the folder for this process, a `who`; the lock goes with the process, however it ends.

    Raises ResourceError where another holds it, or the folder cannot be written.
    """
    try:
        file = (folder / f"{who}.lock").open("w")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ResourceError(f"another {who} is running on data folder {folder}; end it first") from error
    except OSError as error:
        raise ResourceError(f"data folder {folder} cannot be written: {error.strerror}") from error
    return file

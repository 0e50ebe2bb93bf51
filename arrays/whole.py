"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from acoustic.errors import ResourceError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, synced, readable by its owner only; what was there stays where that fails. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def keep(path: Path, content: bytes) -> None:
    """The same for who has nothing to add to a failure: raises ResourceError naming the file."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from error

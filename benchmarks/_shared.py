"""The real recordings beside the project, and what is said where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PITTSBURGH = Path(os.environ.get("TOCSIN_SHARED", REPOSITORY.parent / "shared")) / "pittsburgh"
POSITIONS = tuple(sorted(p.name for p in PITTSBURGH.glob("FP*")))


def skipped() -> dict[str, object]:
    """What a benchmark answers that needs recordings which are not there."""
    where = f"{PITTSBURGH.parent.name}/{PITTSBURGH.name}"
    return {"skipped": f"no real recordings beside the project ({where} is absent; TOCSIN_SHARED names another folder)"}

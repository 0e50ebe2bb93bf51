"""Recordings kept and looked at: sessions, replay, evidence, labels, scorecards.

    from recordings import open_session, replay

    session = open_session("block")                    # headers are read, sound is not
    sound(session, "roof-1", 3.0, 0.5)                 # (channels, samples) float32
    for shot in replay(session):
        print(shot.origin.x, shot.origin.y, shot.verdict.label)

What is offered here is imported when it is first asked for; `docs/tutorials/` tells the story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recordings.opened import arrivals, open_session, replay, settings, sound

__all__ = ["arrivals", "open_session", "replay", "settings", "sound"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'recordings' has no attribute {name!r}")
    from recordings import opened

    return getattr(opened, name)

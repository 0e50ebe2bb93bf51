"""The classifier that Tocsin ships: `default.npz`, and its card `default.md`."""

from __future__ import annotations

from importlib.resources import files


def default() -> bytes:
    """The shipped model as bytes, for `acoustic.classify.Model.from_bytes`."""
    return files(__name__).joinpath("default.npz").read_bytes()

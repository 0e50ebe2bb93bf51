"""Secrets that are random, shown once, and kept as a digest only: of sessions, one-time links and machines."""

from __future__ import annotations

import hashlib
import secrets

MACHINE = "tocsin_"  # how a machine's token begins, so that a scanner for leaked secrets knows it


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256, hex: enough for what nobody can guess."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""One-time codes as RFC 6238 has them: six digits of an HMAC-SHA-1 over the half minute, from a secret shared once."""

from __future__ import annotations

import base64
import hmac
import secrets
from urllib.parse import quote

STEP_MS = 30_000
DRIFT_STEPS = 1  # a telephone's clock may be half a minute off, either way
DIGITS = 6


def new_code_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_at(time_ms: int) -> int:
    """The number of the half minute (UTC)."""
    return time_ms // STEP_MS


def code_of(secret: str, step: int) -> str:
    """The code of a half minute (RFC 4226, section 5.3)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 0xF
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFF_FFFF) % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, now_ms: int, taken: int) -> int | None:
    """The half minute around now whose code this is, later than the last one `taken`; None where there is none."""
    now, given = step_at(now_ms), code.encode()
    steps = range(max(now - DRIFT_STEPS, taken + 1), now + DRIFT_STEPS + 1)
    return next((step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), given)), None)


def link_of(secret: str, name: str) -> str:
    """What an authenticator app opens or reads as a QR code; the rest is what every app takes for granted."""
    return f"otpauth://totp/Tocsin:{quote(name, safe='')}?secret={secret}&issuer=Tocsin"

"""Webhook: CloudEvents 1.0 (structured JSON), signed as Standard Webhooks 1.0 says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time

import msgspec

from acoustic.errors import InputError
from dispatch.alerts.alert import Alert, iso
from dispatch.alerts.target import WebTarget

PREFIX = "whsec_"
LEAST_KEY, MOST_KEY = 24, 64  # bytes; the specification's bounds


class Webhook(WebTarget, frozen=True, kw_only=True, tag="webhook"):
    """`secret`: "whsec_" and the base64 of 24 to 64 random bytes, which the receiver knows too."""

    secret: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not LEAST_KEY <= len(self.key) <= MOST_KEY:
            raise InputError("secret is not as expected: whsec_ and the base64 of 24 to 64 random bytes")

    @property
    def key(self) -> bytes:
        """The secret's bytes; none where it is not as expected."""
        try:
            return base64.b64decode(self.secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            return b""

    async def send(self, alert: Alert) -> None:
        """Post one alert."""
        body = encode(alert)
        await self.post("", body, signed(alert.id, int(time.time()), body, self.key))


def encode(alert: Alert) -> bytes:
    """An alert as a CloudEvent; its data is the alert itself."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": alert.id,
            "source": f"urn:tocsin:{alert.topic}",
            "type": f"tocsin.{alert.topic}.{alert.kind}",
            "subject": alert.subject,
            "time": iso(alert.sent_ms),
            "datacontenttype": "application/json",
            "data": alert,
        }
    )


def signed(identity: str, now_s: int, body: bytes, key: bytes) -> dict[str, str]:
    """The headers: HMAC-SHA256 over id, time and body."""
    digest = hmac.new(key, f"{identity}.{now_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": identity,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }

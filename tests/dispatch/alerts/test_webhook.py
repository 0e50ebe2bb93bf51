"""CloudEvents 1.0 and the signature of Standard Webhooks, against its published example."""

from __future__ import annotations

import json

from dispatch.alerts.webhook import Webhook, encode, signed
from tests.dispatch.alerts.samples import alert

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example() -> None:
    key = Webhook(url="https://city.example", secret=SECRET).key
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', key)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"


def test_an_alert_is_a_cloud_event() -> None:
    event = json.loads(encode(alert("update")))
    assert event["specversion"] == "1.0"
    assert event["id"] == "0a1b2c3d4e5f6071.city.2"
    assert event["type"] == "tocsin.gunshot.update"
    assert event["subject"] == "0a1b2c3d4e5f6071"
    assert event["time"] == "2026-11-26T15:06:55.173Z"
    assert all(name.isalnum() and name.islower() for name in event)  # the specification's rule for names
    assert event["data"]["heard"]["probability"] == 0.87
    assert event["data"]["heard"]["semi_major_m"] == 12.0

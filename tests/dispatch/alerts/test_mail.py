"""E-mail, to a real server: with STARTTLS, as one thread an event, and never hanging."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from acoustic.errors import InputError, ResourceError
from dispatch.alerts.mail import Mail
from tests.dispatch.alerts.receivers import receiver
from tests.dispatch.alerts.samples import alert
from tests.dispatch.alerts.servers import mail_server, server_tls

TO = ("duty@city.example", "chief@city.example")
FROM = "tocsin@pessac.example"


def test_an_event_is_one_thread_over_starttls(tmp_path: Path) -> None:
    tls, ca = server_tls(tmp_path)
    with mail_server(tls) as (server, inbox):
        to = Mail(server=server, sender=FROM, recipients=TO, ca=ca)
        asyncio.run(to.send(alert()))
        asyncio.run(to.send(alert("update")))
        with pytest.raises(OSError, match="certificate verify failed"):
            asyncio.run(Mail(server=server, sender=FROM, recipients=TO).send(alert()))
        with pytest.raises(ResourceError, match="did not take it"):
            asyncio.run(Mail(server=server, sender=FROM, recipients=TO, security="none").send(alert()))
    new, update = inbox
    assert new["Subject"] == "Possible gunshots, 87 % – Pessac"
    assert new["To"] == ", ".join(TO)
    assert new["Auto-Submitted"] == "auto-generated"
    assert "ellipse of 12 m by 7 m" in new.get_content()
    assert update["In-Reply-To"] == new["Message-ID"] == "<0a1b2c3d4e5f6071.city.1@pessac.example>"


def test_the_other_recipients_get_it_where_one_is_refused(tmp_path: Path) -> None:
    with mail_server(None, refused=TO[1]) as (server, inbox):
        asyncio.run(Mail(server=server, sender=FROM, recipients=TO, security="none").send(alert()))
    assert len(inbox) == 1


def test_a_server_that_drips_is_left_in_time() -> None:
    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await Mail(server=f"127.0.0.1:{one.port}", sender=FROM, recipients=TO, security="none").send(alert())

    with receiver("dripping") as one:
        began = time.monotonic()
        asyncio.run(run())  # ends with its threads
        assert time.monotonic() - began < 8.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"recipients": ()}, "recipients is empty"),
        ({"recipients": ("duty",)}, "recipients has 'duty'"),
        ({"sender": "a b@c"}, "sender has 'a b@c'"),
        ({"sender": "a@b\r\nBcc: x@y"}, "sender has"),
        ({"user": "u"}, "user and password go together"),
        ({"user": "u", "password": "p", "security": "none"}, "security is 'none'"),
    ],
)
def test_a_wrong_field_is_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Mail(**{"server": "x:25", "sender": FROM, "recipients": TO, **given})  # type: ignore[arg-type]

"""Which way a node reports: as its settings choose. A broker's library is imported only where one is chosen."""

from __future__ import annotations

from pathlib import Path

from arrays.enrolment import Membership
from arrays.settings import Settings
from arrays.uplink import Uplink
from arrays.uplink.https import HttpsUplink
from arrays.uplink.mailbox import Mailbox


def open_uplink(settings: Settings, membership: Membership, shown: tuple[Path, Path]) -> Uplink:
    """The way; `shown`: the files of the node's certificate and key, for HTTPS. Raises ResourceError where a library is
    not installed."""
    link = settings.link
    if not link.url:
        orders = not link.bytes_per_hour  # a request kept open costs; on a metered link they come with the answers
        return HttpsUplink(membership.centre, membership.welcome.ca, shown=shown, orders=orders)
    mailbox = Mailbox(settings.node, membership.order_key)
    if link.speaks_nats:
        from arrays.uplink.nats import NatsUplink

        return NatsUplink(link, mailbox)
    from arrays.uplink.mqtt import MqttUplink

    return MqttUplink(link, mailbox)

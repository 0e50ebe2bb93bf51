"""A feed that receivers pull from the page's port: CAP as Atom, or GeoJSON."""

from __future__ import annotations

from dispatch.alerts.alert import Alert
from dispatch.alerts.cap import check_sender
from dispatch.alerts.target import Target


class Feed(Target, frozen=True, kw_only=True, tag="feed"):
    """`sender` and `public` as in CAP."""

    sender: str = "tocsin"
    public: bool = False

    def __post_init__(self) -> None:
        check_sender(self.sender)

    async def send(self, alert: Alert) -> None:
        """Nothing to do: once its time has come, the feed shows it."""

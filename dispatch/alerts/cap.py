"""OASIS CAP 1.2: Alert, Update and Cancel with references, posted, or pulled as an Atom feed (RFC 4287).

Certainty is Observed where a person confirmed it, Likely from 0.9, else Possible; an exercise has that status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from acoustic.errors import InputError
from dispatch.alerts.alert import Alert, Heard, iso, outline, percent
from dispatch.alerts.target import WebTarget

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
SENDER = r"[^\s,<&]{1,200}"
TYPES = {"new": "Alert", "update": "Update", "end": "Cancel"}
LIKELY = 0.9
EXPIRES_S = 3600
ONLY = "For those whom the operator of this site has named."


class Cap(WebTarget, frozen=True, kw_only=True, tag="cap"):
    """`sender` names the site to all receivers of the world, such as tocsin@city.example; `public` lifts the
    restriction to named receivers."""

    sender: str
    public: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sender(self.sender)

    async def send(self, alert: Alert) -> None:
        """Post one alert."""
        body = encode(alert, self.sender, self.public)
        await self.post("", body, {"Content-Type": "application/cap+xml"})


def check_sender(sender: str) -> None:
    """Raise InputError unless CAP allows this sender."""
    if not re.fullmatch(SENDER, sender):
        raise InputError(f"sender is {sender[:80]!r}; expected a name without spaces, commas, < and &")


def encode(alert: Alert, sender: str, public: bool = False) -> bytes:
    """An alert as a CAP document."""
    return _document(_alert(alert, sender, public))


def feed(alerts: Sequence[Alert], name: str, sender: str, public: bool = False) -> bytes:
    """Alerts, newest first, as an Atom feed of CAP documents."""
    root = ET.Element("feed", xmlns=ATOM)
    site = alerts[0].site if alerts else name
    _put(root, id=f"urn:tocsin:feed:{sender}:{name}", title=f"{site}: {name}")
    _put(root, updated=iso(alerts[0].sent_ms if alerts else 0))
    _put(ET.SubElement(root, "author"), name=sender)
    for alert in alerts:
        entry = ET.SubElement(root, "entry")
        _put(entry, id=f"urn:tocsin:alert:{sender}:{alert.id}", title=alert.headline)
        _put(entry, updated=iso(alert.sent_ms), summary=alert.text)
        ET.SubElement(entry, "content", type="application/cap+xml").append(_alert(alert, sender, public))
    return _document(root)


def _document(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _alert(alert: Alert, sender: str, public: bool) -> ET.Element:
    root = ET.Element("alert", xmlns=NAMESPACE)
    _put(root, identifier=alert.id, sender=sender, sent=_time(alert.sent_ms))
    _put(root, status="Exercise" if alert.exercise else "Actual", msgType=TYPES[alert.kind])
    _put(root, scope="Public") if public else _put(root, scope="Restricted", restriction=ONLY)
    if alert.kind != "new" and alert.earlier:
        _put(root, references=" ".join(f"{sender},{one.id},{_time(one.sent_ms)}" for one in alert.earlier))
    info = ET.SubElement(root, "info")
    _put(info, language="en-GB", **_grades(alert))
    _put(info, senderName=alert.site, headline=alert.headline, description=alert.text)
    if alert.heard is not None:
        for name, value in _parameters(alert.heard):
            _put(ET.SubElement(info, "parameter"), valueName=name, value=value)
        area = ET.SubElement(info, "area")
        _put(area, areaDesc=f"{percent(alert.heard.level)} ellipse of the place, {alert.site}")
        if ring := outline(alert.heard):
            _put(area, polygon=" ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in ring))
    return root


def _grades(alert: Alert) -> dict[str, str]:
    """Category, event, urgency, severity, certainty, onset and expiry, in the schema's order."""
    expires = _time(alert.sent_ms + EXPIRES_S * 1000)
    heard = alert.heard
    if heard is None:
        urgency = "Past" if alert.kind == "end" else "Expected"
        grades = {"category": "Infra", "event": "Silent acoustic node", "urgency": urgency, "severity": "Minor"}
        return {**grades, "certainty": "Observed", "expires": expires}
    certainty = "Observed" if heard.verdict == "confirmed" else "Likely" if heard.probability >= LIKELY else "Possible"
    return {
        "category": "Security",
        "event": "Possible gunfire",
        "urgency": "Past" if alert.kind == "end" else "Immediate",
        "severity": "Unknown" if alert.kind == "end" else "Severe",
        "certainty": "Unlikely" if alert.kind == "end" else certainty,
        "onset": _time(heard.time_ns / 1e6),
        "expires": expires,
    }


def _parameters(heard: Heard) -> Iterable[tuple[str, str]]:
    yield "class", heard.label
    yield "probability", f"{heard.probability:.2f}"
    yield "rounds", str(heard.count)
    yield "nodes", str(heard.nodes)
    yield "ellipse", f"{heard.semi_major_m:.1f} {heard.semi_minor_m:.1f} {heard.azimuth_deg:.0f}"


def _put(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = _plain(text)


def _plain(text: str) -> str:
    """Without what XML cannot carry."""
    return "".join(c for c in text if c >= " " or c in "\t\n")


def _time(time_ms: float) -> str:
    """CAP's own form: whole seconds, and UTC as -00:00."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}-00:00"

"""Cursor-on-Target 2.0, for field teams (TAK): one event a connection, over TCP or TLS.

No type means gunfire, so it is a setting; the default is a marker on the map. A place that is not known is 0, 0 with
the greatest error, as the standard wants it.
"""

from __future__ import annotations

import re
import ssl
import time
from typing import Literal
from xml.etree import ElementTree as ET

from acoustic.errors import InputError
from dispatch.alerts.alert import Alert, iso
from dispatch.alerts.target import Target, send_stream, trusting
from dispatch.checks import host_port, within

UNKNOWN = "9999999.0"  # the standard's "no idea", of a height or an error


class Cot(Target, frozen=True, kw_only=True, tag="cot"):
    """`address` HOST:PORT; `certificate` and `key` are the centre's own, where the server asks for them. An event is
    shown for `stale_s`, then it greys out."""

    address: str
    transport: Literal["tcp", "tls"] = "tls"
    type: str = "b-m-p-s-m"
    stale_s: float = 600.0
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        host_port("address", self.address)
        within("stale_s", self.stale_s, 10.0, 86400.0)
        if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9.]+)*", self.type):
            raise InputError(f"type is {self.type[:80]!r}; expected a type such as b-m-p-s-m")
        if bool(self.certificate) != bool(self.key):
            raise InputError("certificate and key go together; expected both or neither")

    async def send(self, alert: Alert) -> None:
        """Send one event."""
        host, port = host_port("address", self.address)
        body = encode(alert, self.type, self.stale_s, time.time())
        await send_stream(host, port, body, self._tls() if self.transport == "tls" else None)

    def _tls(self) -> ssl.SSLContext:
        return trusting(self.ca, self.certificate, self.key)


def encode(alert: Alert, kind: str, stale_s: float, now_s: float) -> bytes:
    """An alert as a CoT event: the same uid for all that is told of one subject; the end is stale at once."""
    heard = alert.heard
    root = ET.Element("event", version="2.0", uid=f"tocsin.{alert.subject}", type=kind, how="m-f")
    if alert.exercise:
        root.set("opex", "e")
    root.set("time", iso(now_s * 1e3))
    root.set("start", iso(heard.time_ns / 1e6 if heard is not None else alert.sent_ms))
    root.set("stale", iso((now_s + (0.0 if alert.kind == "end" else stale_s)) * 1e3))
    detail = ET.Element("detail")
    point = {"lat": "0.0", "lon": "0.0", "hae": UNKNOWN, "ce": UNKNOWN, "le": UNKNOWN}
    if heard is not None and heard.lat is not None and heard.lon is not None:
        point |= {"lat": f"{heard.lat:.7f}", "lon": f"{heard.lon:.7f}", "ce": f"{heard.semi_major_m:.1f}"}
        shape = ET.SubElement(detail, "shape")
        axes = {"major": f"{heard.semi_major_m:.1f}", "minor": f"{heard.semi_minor_m:.1f}"}
        ET.SubElement(shape, "ellipse", {**axes, "angle": f"{heard.azimuth_deg:.0f}"})
    ET.SubElement(root, "point", point)
    ET.SubElement(detail, "contact", callsign=alert.headline)
    ET.SubElement(detail, "remarks").text = alert.text
    root.append(detail)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"

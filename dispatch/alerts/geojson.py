"""GeoJSON (RFC 7946): of each alert a point and, as a feature of its own, the outline of its ellipse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from dispatch.alerts.alert import Alert, Heard, iso, outline


def encode(alerts: Iterable[Alert]) -> bytes:
    """Alerts as one feature collection."""
    features = [feature for alert in alerts for feature in _features(alert)]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _features(alert: Alert) -> list[dict[str, Any]]:
    told = {
        "alert": alert.id,
        "kind": alert.kind,
        "topic": alert.topic,
        "exercise": alert.exercise,
        "site": alert.site,
        "sent": iso(alert.sent_ms),
        "headline": alert.headline,
        "text": alert.text,
    }
    if alert.heard is None:
        return [_feature(alert.subject, None, told)]
    heard = alert.heard
    about = {**told, "heard": iso(heard.time_ns / 1e6), **_known(heard)}
    ring = outline(heard)
    if not ring:
        return [_feature(alert.subject, None, about)]
    point = {"type": "Point", "coordinates": [round(heard.lon or 0.0, 7), round(heard.lat or 0.0, 7)]}
    region = {"type": "Polygon", "coordinates": [ring]}
    return [
        _feature(alert.subject, point, about),
        _feature(f"{alert.subject}/ellipse", region, {"of": alert.subject, "level": heard.level}),
    ]


def _known(heard: Heard) -> dict[str, Any]:
    names = (
        "number",
        "label",
        "probability",
        "count",
        "nodes",
        "semi_major_m",
        "semi_minor_m",
        "azimuth_deg",
        "level",
        "ambiguous",
        "late_s",
        "verdict",
        "address",
    )
    return {name: getattr(heard, name) for name in names}


def _feature(identity: str, geometry: dict[str, Any] | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}

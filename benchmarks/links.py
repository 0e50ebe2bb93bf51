"""How many bytes does one word on health cost on each way to the centre, headers, TLS and acknowledgements included?

Counted packet by packet on a link between two network namespaces; needs root, mosquitto and nats-server.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from arrays.uplink.budget import HEALTH_BYTES
from tests.arrays import bad_link, nodes
from tests.dispatch.running import command, tokens
from tests.end_to_end.links import FAR, Link, joined, running, within

COUNT, EVERY_S = 20, 1.0
SENDER = """
import hashlib, sys, time
from pathlib import Path
from arrays.broker import Broker
from arrays.enrolment import read_membership
from arrays.identity import CERTIFICATE, KEY, open_identity
from arrays.uplink.choice import open_uplink
from arrays.parcel import pack
from arrays.report import Health, Report, encode, program, sign
from arrays.settings import Link, Settings, SessionSource
folder, url, count, every_s = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
membership, key = read_membership(folder), open_identity(folder / KEY)
link = Link(url=url, bytes_per_hour=1e6)
settings = Settings(node="roof-1", source=SessionSource(folder="-"), link=link)
uplink = open_uplink(settings, membership, (folder / CERTIFICATE, folder / KEY))
sizes = 0
for number in range(count):
    health = Health(state="ok", clock_sigma_s=1.234567e-4, noise_db=-61.2, uptime_s=86400.123 + number)
    sequence = int(sys.argv[5]) + number
    names = {"node": "roof-1", "program": program(), "model": hashlib.sha256().hexdigest()}
    report = Report(sequence=sequence, sent_ns=time.time_ns(), health=health, **names)
    parcel = pack([encode(sign(report, key))])
    assert uplink.send(parcel).outcomes[0].status == 200
    sizes += len(parcel)
    time.sleep(every_s)
print(sizes)
"""


def run() -> dict[str, Any]:
    """Bytes an exchange, beyond the parcel, by way."""
    if reason := bad_link.why_not():
        return {"skipped": reason}
    with tempfile.TemporaryDirectory() as place, joined() as link:
        folder = Path(place)
        found = _measured(folder, link)
    for way, (parcel, exchange) in found.items():
        month = (parcel + exchange) * 30 * 86_400 / 3.0 / 1e6
        print(f"{way}: a parcel of {parcel:.0f} bytes, {exchange:.0f} bytes around it; {month:.0f} MB a month at 3 s")
    best = min(exchange for _, exchange in found.values())
    return {
        "ours": round(best),
        "unit": "bytes around a parcel and its answer, the thriftiest way",
        "peer": "a parcel itself",
        "peer_value": HEALTH_BYTES,
        "ratio": round(best / HEALTH_BYTES, 2),
        "quality": {way: {"parcel": round(parcel), "around": round(more)} for way, (parcel, more) in found.items()},
    }


def _measured(folder: Path, link: Link) -> dict[str, tuple[float, float]]:
    mqtt, nats = f"mqtt://{FAR}:1883", f"nats://{FAR}:4222"
    (folder / "mosquitto.conf").write_text(f"listener 1883 {FAR}\nallow_anonymous true\nuser root\n")
    (folder / "nats.conf").write_text(f"listen: {FAR}:4222\njetstream {{ store_dir: {folder}/js }}\n")
    (folder / "centre.toml").write_text("".join(f'[[brokers]]\nurl = "{url}"\n' for url in (mqtt, nats)))
    data = folder / "centre"
    listening = "--data", data, "--page-port", "0", "--listen", f"{FAR}:8443"
    serve = command("centre", folder / "centre.toml", *listening)
    with (
        running(within(link.far, "mosquitto", "-c", str(folder / "mosquitto.conf")), folder / "mosquitto.log"),
        running(within(link.far, "nats-server", "-c", str(folder / "nats.conf")), folder / "nats.log"),
        running(within(link.far, *serve), folder / "centre.log") as centre,
    ):
        if centre.stdout is None or not centre.stdout.readline():
            raise RuntimeError(f"the centre did not start: {(folder / 'centre.log').read_text()}")
        (token,) = tokens(data, 1)
        nodes.session_with_bangs(folder / "scene", [], 1.0)
        settings = nodes.settings(folder)
        enrol = nodes.tocsin("node", "enrol", settings, "--centre", f"https://{FAR}:8443", "--token", token)
        subprocess.run(within(link.near, *enrol), check=True, capture_output=True, env=nodes.ENVIRONMENT)
        ways = enumerate({"HTTPS": "", "NATS": nats, "MQTT": mqtt}.items())
        return {way: _around(link, folder / "data", url, 1000 * number + 1) for number, (way, url) in ways}


def _around(link: Link, folder: Path, url: str, first: int) -> tuple[float, float]:
    """Bytes of a parcel, and around it: of many exchanges less a few, so that the handshake falls out."""
    few, few_parcels = _sent(link, folder, url, 2, first)
    many, many_parcels = _sent(link, folder, url, 2 + COUNT, first + 100)
    parcels = many_parcels - few_parcels
    return parcels / COUNT, (many - few - parcels) / COUNT


def _sent(link: Link, folder: Path, url: str, count: int, first: int) -> tuple[int, int]:
    before = link.count()
    line = [sys.executable, "-c", SENDER, str(folder), url, str(count), str(EVERY_S), str(first)]
    done = subprocess.run(within(link.near, *line), check=True, capture_output=True, text=True)
    return link.count() - before, int(done.stdout)

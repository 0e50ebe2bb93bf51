"""`tocsin doctor`: whether this node can locate, and what hinders it, in plain words."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import msgspec

from acoustic.errors import InputError, ResourceError, TocsinError
from arrays.capture.sound import find_input, load_portaudio
from arrays.computer import Standing, standing
from arrays.dating import NUMBERED_S
from arrays.enrolment import read_membership
from arrays.gpsd import Gpsd
from arrays.health import CLOCK_DEGRADED_S
from arrays.identity import KEY, certificate_span, open_identity
from arrays.mandate import Warden
from arrays.running import read_model
from arrays.sdp import read_sdp
from arrays.settings import RtpSource, SessionSource, Settings, SoundSource, Source, StdinSource, read_settings
from arrays.sources import own_microphones, session_node
from arrays.uplink.https import HttpsUplink

SOUND_MS = 343.0
OUTBOX_OVERHEAD = 1.5  # of the file, over the reports in it


class Check(msgspec.Struct, frozen=True):
    """One thing looked at, whether it is well, and a sentence."""

    check: str
    well: bool
    says: str


class ClockFound(msgspec.Struct, frozen=True, kw_only=True):
    """What says how far the clock may be off, how far (s), and how many metres of sound that is."""

    source: str
    sigma_s: float
    error_m: float


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All that was looked at; a node can locate where every check is well. No clock: what was to be asked is absent."""

    can_locate: bool
    clock: ClockFound | None
    checks: list[Check]


def main(argv: list[str]) -> int:
    """Print what was found; 0 where all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="tocsin doctor",
        description="Say whether a node can locate: clock, sound, disk, model, enrolment, mandate, centre.",
    )
    parser.add_argument(
        "settings", type=Path, nargs="?", metavar="SETTINGS.toml", help="the node's; without: this computer alone"
    )
    parser.add_argument("--format", choices=["json", "text"], default="text", help="default: text")
    asked = parser.parse_args(argv)
    found = examine(asked.settings)
    if asked.format == "json":
        print(msgspec.json.encode(found).decode())
    else:
        for check in found.checks:
            print(f"{check.check:<10} {'ok' if check.well else 'NO':<3} {check.says}")
        ill = ", ".join(check.check for check in found.checks if not check.well)
        who = "this node" if asked.settings else "this computer"
        print(f"\n{who.capitalize()} {'can locate' if not ill else f'cannot locate yet; look at: {ill}'}.")
    return 0 if found.can_locate else 1


def examine(path: Path | None) -> Diagnosis:
    """Look at all that can be looked at beside a node at work; without settings, at what every node needs."""
    settings, checks, of_a_node = Settings(node="none", source=SoundSource()), [], False
    if path is not None:
        try:
            settings, of_a_node = read_settings(path), True
        except TocsinError as error:
            checks.append(Check("settings", False, str(error)))
    clock = None
    try:
        now = _standing(settings)
        clock = ClockFound(source=now.source, sigma_s=now.sigma_s, error_m=now.sigma_s * SOUND_MS)
        checks.append(_of_the_clock(now, settings.source))
    except TocsinError as error:
        checks.append(Check("clock", False, str(error)))
    for name, say in COMMON.items() if not of_a_node else (COMMON | OWN).items():
        try:
            checks.append(Check(name, True, say(settings)))
        except TocsinError as error:
            checks.append(Check(name, False, str(error)))
    return Diagnosis(can_locate=all(check.well for check in checks), clock=clock, checks=checks)


def _standing(settings: Settings) -> Standing:
    if isinstance(settings.source, SessionSource):
        return Standing(source="the recording's session", sigma_s=session_node(settings)[1].time_sigma_s)
    gpsd = Gpsd()
    try:
        return standing(settings.source.time_sigma_s, gpsd)
    finally:
        gpsd.close()


def _of_the_clock(now: Standing, source: Source) -> Check:
    says = f"right to {now.sigma_s * 1e3:.3g} ms, which is {now.sigma_s * SOUND_MS:.2g} m of sound"
    says += f": {now.problem}" if now.problem else f", says {now.source}"
    if isinstance(source, RtpSource) and read_sdp(Path(source.sdp)).offset is not None:
        well = source.time_sigma_s <= CLOCK_DEGRADED_S
        dates = f"the sender's PTP clock dates sound, to {source.time_sigma_s * 1e3:g} ms as the settings state"
        return Check("clock", well, f"{dates}; the computer's is {says}")
    if not isinstance(source, SoundSource) or source.pps_channel is None:
        return Check("clock", now.sigma_s <= CLOCK_DEGRADED_S, says)
    well = now.sigma_s <= NUMBERED_S
    enough = (
        f"enough to number the pulses on channel {source.pps_channel}, which date sound to microseconds while they come"
    )
    return Check("clock", well, f"{says}; {'' if well else 'not '}{enough}")


def _sound(settings: Settings) -> str:
    source = settings.source
    if isinstance(source, SessionSource):
        return f"a recording, {session_node(settings)[1].file.name}"
    own_microphones(settings, source)
    if isinstance(source, StdinSource):
        return f"standard input, {source.channels} channels at {source.rate_hz:g} Hz, when the node is started"
    if isinstance(source, RtpSource):
        stream = read_sdp(Path(source.sdp))
        return f"{stream.channels} channels at {stream.rate_hz} Hz for {stream.address}:{stream.port}"
    portaudio = load_portaudio()
    device = portaudio.query_devices(
        find_input(portaudio, source.device, max(*source.channels, source.pps_channel or 1))
    )
    return f"{device['name']}, {device['max_input_channels']} channels"


def _model(settings: Settings) -> str:
    return f"{read_model(settings.model).digest[:12]} reads"


def _disk(settings: Settings) -> str:
    """Room for a full outbox."""
    folder = Path(settings.data)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free, needed = shutil.disk_usage(there).free, settings.outbox_mb * 1e6 * OUTBOX_OVERHEAD
    says = f"{free / 1e9:.1f} GB are free; a full outbox takes {needed / 1e9:.2g} GB"
    if free < needed:
        raise ResourceError(says)
    return says


def _enrolment(settings: Settings) -> str:
    folder = Path(settings.data)
    membership = read_membership(folder)
    if not (folder / "node.key").exists():
        raise InputError(f"the node's key {folder / 'node.key'} is absent; restore it, or enrol the node anew")
    span = certificate_span(folder, open_identity(folder / KEY))
    certified = f"its certificate is good until {span[1]:%Y-%m-%d}" if span else "it has no certificate yet"
    return f"{settings.node} belongs to {membership.centre}; {certified}"


def _mandate(settings: Settings) -> str:
    folder = Path(settings.data)
    membership = read_membership(folder)
    place = membership.welcome.position
    warden = Warden(folder, settings.node, (place.x, place.y), membership.order_key)
    if why := warden.forbids():
        raise InputError(f"it may not listen: {why}")
    return warden.mandate.said() if warden.mandate else ""


def _centre(settings: Settings) -> str:
    membership = read_membership(Path(settings.data))
    uplink = HttpsUplink(membership.centre, membership.welcome.ca)
    try:
        reply = uplink.get("/ca")
    finally:
        uplink.close()
    if reply.status != 200:
        raise ResourceError(f"{membership.centre} answered {reply.status}; is it a Tocsin centre?")
    return f"{membership.centre} answers"


COMMON = {"sound": _sound, "model": _model}
OWN = {"disk": _disk, "enrolment": _enrolment, "mandate": _mandate, "centre": _centre}

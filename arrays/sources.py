"""A node's source as its settings name it, with its microphones and the air."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from arrays.capture import Source
from arrays.capture.files import SessionFile
from arrays.capture.raw import RawInput
from arrays.capture.rtp import NetworkMicrophone
from arrays.capture.sound import SoundCard
from arrays.computer import ComputerClock
from arrays.geometry import offsets
from arrays.gpsd import Gpsd
from arrays.sdp import read_sdp
from arrays.session import Session, SessionNode, read_session
from arrays.settings import Position, RtpSource, SessionSource, Settings, SoundSource, StdinSource
from arrays.timebase import parse_utc_ns


def open_source(settings: Settings, stop: threading.Event) -> tuple[Source, NDArray[np.float64], Air]:
    """The source, its microphones (channels, 3) m, and the air. Raises InputError, ResourceError."""
    source, air = settings.source, settings.own_air()
    if isinstance(source, SessionSource):
        session, node = session_node(settings)
        start_ns = parse_utc_ns(source.start_at_utc) if source.start_at_utc else None
        stated = air if air != Air() else session.air
        return SessionFile(node, start_ns, stop), node.microphones, stated
    microphones, standing = own_microphones(settings, source), ComputerClock(source.time_sigma_s, Gpsd(), stop).standing
    if isinstance(source, StdinSource):
        return RawInput(source.format, source.rate_hz, source.channels, standing, stop), microphones, air
    if isinstance(source, RtpSource):
        stream = read_sdp(Path(source.sdp))
        depth_s, sigma_s = source.depth_ms * 1e-3, source.time_sigma_s
        return NetworkMicrophone(stream, depth_s, sigma_s, standing, source.interface, stop), microphones, air
    card = SoundCard(source.device, source.rate_hz, source.channels, standing, source.pps_channel, stop)
    return card, microphones, air


def own_microphones(settings: Settings, source: SoundSource | StdinSource | RtpSource) -> NDArray[np.float64]:
    """Offsets (channels, 3) m as the settings state them, for as many channels as the source has. Raises InputError."""
    match source:
        case SoundSource():
            channels = len(source.channels)
        case StdinSource():
            channels = source.channels
        case RtpSource():
            channels = read_sdp(Path(source.sdp)).channels
    return offsets(settings.microphones, channels)


def session_node(settings: Settings) -> tuple[Session, SessionNode]:
    """The session of a session source and this node's recording in it. Raises InputError."""
    source = settings.source
    if not isinstance(source, SessionSource):
        raise InputError(f"source.kind is {source.__struct_config__.tag}; expected session")
    session = read_session(Path(source.folder))
    return session, session.node(source.node or settings.node)


def globe_position(session: Session, node: SessionNode) -> Position:
    """Where a session's node stands: on the globe where the session says where it is, else in its metres."""
    x, y, z = node.position
    if session.origin is None:
        return Position(x=x, y=y, z=z)
    from pymap3d import enu2geodetic

    origin = session.origin
    lat, lon, height_m = enu2geodetic(x, y, z, origin.lat, origin.lon, origin.height_m)
    return Position(lat=float(lat), lon=float(lon), height_m=float(height_m))


def opens_again(settings: Settings) -> bool:
    """Whether the source, once closed, can be opened again where time then is; a pipe or a file cannot."""
    source = settings.source
    return not isinstance(source, StdinSource) and not (isinstance(source, SessionSource) and not source.start_at_utc)


def close_standard_input() -> None:
    """Nobody listens at the pipe any more: the program that writes into it ends."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # not only closed: the next file to be opened would be taken for standard input
    os.close(nothing)

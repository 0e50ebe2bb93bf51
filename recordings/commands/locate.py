"""`tocsin locate`: requests with arrivals in, located shots out, JSON lines both ways."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import msgspec

from acoustic.errors import InputError, TocsinError
from arrays.weather import Weather
from localisation.arrivals import DEFAULT_SIGMA_S, Arrival, Station
from localisation.network import locate, locate_associated
from recordings.answers import shot_answer
from recordings.cores import cores

# A number outside is in another unit, or none that was measured: metres of one network, seconds since 1970, degrees.
RANGES = {
    "x": (-1e6, 1e6),
    "y": (-1e6, 1e6),
    "z": (-1e5, 1e5),
    "snr_db": (-300.0, 300.0),
    "sigma_s": (1e-9, 100.0),
    "azimuth_deg": (-360.0, 360.0),
    "azimuth_sigma_deg": (1e-3, 360.0),
    "shock_lead_s": (0.0, 100.0),
}
EARLIEST_S, LATEST_S = 0.0, 4.0e9


class RequestArrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One arrival of a request, as DESIGN's "Formats" says."""

    node: str
    x: float
    y: float
    z: float
    time: float
    snr_db: float | None = None
    sigma_s: float | None = None
    azimuth_deg: float | None = None
    azimuth_sigma_deg: float | None = None
    shock_lead_s: float | None = None


class RequestStation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A healthy node that was listening."""

    node: str
    x: float
    y: float
    z: float


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of input."""

    id: str
    arrivals: list[RequestArrival]
    air: Weather = Weather()
    listening: list[RequestStation] = []


def main(argv: list[str]) -> int:
    """Answer every line; exit code 2 where one was not a request (the others are answered all the same)."""
    parser = argparse.ArgumentParser(prog="tocsin locate", description=__doc__)
    parser.add_argument("--associated", action="store_true", help="all arrivals of a request are of one shot")
    parser.add_argument("--workers", type=int, default=cores(), help="processes (default: one a core)")
    arguments = parser.parse_args(argv)
    failed = 0
    for answer, error in _answers(sys.stdin.buffer, arguments.associated, max(arguments.workers, 1)):
        print(answer, flush=True) if answer else print(f"tocsin locate: {error}", file=sys.stderr)
        failed += bool(error)
    return 2 if failed else 0


def _answers(lines: Iterable[bytes], associated: bool, workers: int) -> Iterator[tuple[str, str]]:
    work = ((number, line, associated) for number, line in enumerate(lines, 1) if line.strip())
    if workers == 1:
        yield from map(_answer, work)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_answer, work, chunksize=4)


def _answer(work: tuple[int, bytes, bool]) -> tuple[str, str]:
    """The answer to one line, and what was wrong with it."""
    number, line, associated = work
    try:
        return respond(line, associated), ""
    except TocsinError as error:
        return "", f"line {number}: {error}"


def respond(line: bytes, associated: bool) -> str:
    """Answer one request. Raises InputError where it is not one; a request without a unique place gets no shot."""
    try:
        request = msgspec.json.decode(line, type=Request)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InputError(f"not a request: {error}") from error
    air = request.air.air()
    arrivals = [_arrival(a, i) for i, a in enumerate(request.arrivals)]
    for i, s in enumerate(request.listening):
        _check(f"listening[{i}]", s)
    stations = [Station(node=s.node, x=s.x, y=s.y, z=s.z) for s in request.listening]
    shots = [locate_associated(arrivals, air)] if associated else locate(arrivals, air, stations)
    answer: dict[str, Any] = {"id": request.id, "shots": [shot_answer(s) for s in shots]}
    return msgspec.json.encode(answer).decode()


def _arrival(a: RequestArrival, index: int) -> Arrival:
    if not EARLIEST_S <= a.time <= LATEST_S:
        raise InputError(f"arrivals[{index}].time is {a.time:g}; expected seconds since 1970, UTC")
    _check(f"arrivals[{index}]", a)
    return Arrival(
        id=f"{a.node}:{index}",
        node=a.node,
        x=a.x,
        y=a.y,
        z=a.z,
        time_ns=round(a.time * 1e6) * 1000,
        snr_db=a.snr_db,
        azimuth_deg=a.azimuth_deg,
        azimuth_sigma_deg=a.azimuth_sigma_deg,
        shock_lead_s=a.shock_lead_s,
        sigma_s=DEFAULT_SIGMA_S if a.sigma_s is None else a.sigma_s,
    )


def _check(where: str, given: RequestArrival | RequestStation) -> None:
    for name in given.__struct_fields__:
        value = getattr(given, name)
        if name in RANGES and value is not None and not RANGES[name][0] <= value <= RANGES[name][1]:
            low, high = RANGES[name]
            raise InputError(f"{where}.{name} is {value:g}; expected {low:g} to {high:g}")

"""Arrivals that were reported, located anew: replay where no sound was kept.

They come as any iterator in order of time, are cut where a network is silent, and forgotten when they are explained, so
memory does not grow with the time that is replayed. What a node found when it was asked again is offered to the shot in
whose window it lies, for that may have another name now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from acoustic.air import Air
from localisation.again import asks
from localisation.arrivals import Arrival, Shot, Station
from localisation.network import Network
from recordings.method import Settings

NS = 1_000_000_000
LONGEST_NS = 600 * NS  # without a silence; then it is cut where it stands


def relocated(
    heard: Iterable[Arrival], stations: Sequence[Station], air: Air, settings: Settings | None = None
) -> Iterator[Shot]:
    """The shots that explain the arrivals, in order of time. Raises InputError where a node is at two places."""
    how = settings or Settings()
    silence_ns = round(how.network.silence_s * NS)
    held: list[Arrival] = []
    for arrival in heard:
        over = held and arrival.time_ns - held[0].time_ns > LONGEST_NS
        if held and (over or arrival.time_ns - held[-1].time_ns > silence_ns):
            yield from _located(held, stations, air, how)
            held = []
        held.append(arrival)
    if held:
        yield from _located(held, stations, air, how)


def _located(held: Sequence[Arrival], stations: Sequence[Station], air: Air, how: Settings) -> list[Shot]:
    network = Network(air, how.network)
    network.feed((a for a in held if not a.again), stations)
    network.flush()
    again = [a for a in held if a.again]
    asked = [ask for shot in network.shots() if again for ask in asks(shot, stations, air, how.network.priors)]
    network.feed(
        replace(a, again=ask.shot)
        for a in again
        for ask in asked
        if ask.node == a.node and abs(a.time_ns - ask.time_ns) <= ask.half_s * NS
    )
    network.flush()
    return network.shots()

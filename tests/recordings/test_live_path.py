"""Replay is the live path: what a node tells its centre is, field by field, what replay of its sound finds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from acoustic.classify import Model
from arrays.report import WireArrival, WireRepeat
from arrays.session import read_session
from localisation.arrivals import Arrival
from recordings import models
from recordings.replaying import arrivals_of
from tests.arrays import nodes
from tests.arrays.https_server import https_server

ROUNDS = 14  # more than any bound on what a report tells of a burst should cut


def test_a_node_tells_its_centre_what_replay_finds(tmp_path: Path) -> None:
    folder = nodes.session_with_bangs(tmp_path / "scene", [0.6 + 0.11 * n for n in range(ROUNDS)], 4.0)
    path = nodes.settings(tmp_path)
    with https_server(tmp_path) as server:
        centre = nodes.Centre(server)
        nodes.enrolled(centre, path)
        done = subprocess.run(
            nodes.tocsin("node", path), capture_output=True, text=True, env=nodes.ENVIRONMENT, timeout=60
        )
        assert done.returncode == 0, done.stderr
        told = centre.arrivals()
    session = read_session(folder)
    found = arrivals_of(session, session.nodes[0], Model.from_bytes(models.default()))
    assert len(found) == ROUNDS
    assert len(found[-1].repeats) == ROUNDS - 1
    assert [as_told(one) for one in found] == [without_level(one) for one in told]


def as_told(arrival: Arrival) -> tuple[object, ...]:
    """An arrival of replay, its fields as a report has them."""
    repeats = tuple(WireRepeat(number(r.arrival), r.interval_s, r.coherence) for r in arrival.repeats)
    return (
        number(arrival.id),
        arrival.time_ns,
        arrival.sigma_s,
        arrival.snr_db,
        arrival.azimuth_deg,
        arrival.azimuth_sigma_deg,
        arrival.shock_lead_s,
        dict(arrival.probabilities or {}),
        repeats,
    )


def without_level(told: WireArrival) -> tuple[object, ...]:
    """The same fields of a report; level and elevation are the report's alone."""
    return (
        told.number,
        told.time_ns,
        told.sigma_s,
        told.snr_db,
        told.azimuth_deg,
        told.azimuth_sigma_deg,
        told.shock_lead_s,
        dict(told.probabilities),
        tuple(told.repeats),
    )


def number(identity: str) -> int:
    """An arrival's number within its node."""
    return int(identity.rpartition(":")[2])

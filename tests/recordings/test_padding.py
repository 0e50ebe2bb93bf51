"""Recordings padded with silence: nothing but the shots is left, as where a node sends no more than a clip.

What a burst's rhythm is then told from are the rounds alone, and a slot of silence is no evidence against a round.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acoustic.classify import Model
from localisation.network import locate
from recordings import models
from recordings.sounds import read_sound
from tests.recordings.live_fire import Fired, fired, heard_padded, in_order, listening, padded

BURSTS, RIGHT = 45, 43  # of live fire; those that come right in number, order and place


@pytest.fixture(scope="module")
def bursts(shared: Path) -> list[Fired]:
    return [test for test in fired(shared / "pittsburgh") if len(test.discharge) >= 2]


def test_only_the_shots_are_left(bursts: list[Fired], tmp_path: Path) -> None:
    test = bursts[0]
    for node in padded(test, tmp_path).nodes:
        samples, rate_hz = read_sound(node.file).samples[0], node.rate_hz
        sounding = np.flatnonzero(samples) / rate_hz
        assert sounding[-1] - sounding[0] < test.discharge[-1] - test.discharge[0] + 0.76


def test_bursts_of_real_live_fire_keep_their_rounds_and_intervals(bursts: list[Fired]) -> None:
    model = Model.from_bytes(models.default())
    right = 0
    for test in bursts:
        session, arrivals = heard_padded(test, model)
        right += in_order(test, locate(arrivals, session.air, listening(session)))
    assert len(bursts) == BURSTS
    assert right >= RIGHT

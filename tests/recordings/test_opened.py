"""The Python interface to recordings: lazy, arrays and frozen types."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import soundfile

import recordings
from acoustic.errors import InputError
from recordings import arrivals, open_session, replay, settings, sound
from tests.arrays.sessions import RATE_HZ, node, write
from tests.recordings.test_replay import SHOT, shooting


def test_sound_is_what_the_file_holds_zeros_where_a_gap_is_and_read_only(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", [node(gaps=[[0.25, 0.5]])])
    held = soundfile.read(folder / "roof-1.wav", dtype="float32", always_2d=True)[0].T
    session = open_session(folder)
    whole = sound(session, "roof-1")
    assert whole.shape == (1, RATE_HZ)
    assert (whole[:, RATE_HZ // 4 : RATE_HZ // 2] == 0.0).all()
    assert np.array_equal(whole[:, RATE_HZ // 2 :], held[:, RATE_HZ // 2 :])
    assert np.array_equal(sound(session, "roof-1", 0.75, 0.125), held[:, 3 * RATE_HZ // 4 : 7 * RATE_HZ // 8])
    with pytest.raises(ValueError, match="read-only"):
        whole[0, 0] = 1.0
    with pytest.raises(FrozenInstanceError):
        session.id = "other"  # type: ignore[misc]


def test_opening_reads_no_sound(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    session = open_session(str(folder))
    (folder / "roof-1.wav").unlink()
    assert session.node("roof-1").samples == RATE_HZ


def test_replay_and_arrivals_take_settings(tmp_path: Path) -> None:
    session = open_session(shooting(tmp_path / "a"))
    (shot,) = replay(session)
    assert (shot.origin.x, shot.origin.y) == pytest.approx(SHOT[:2], abs=3.0)
    assert len(arrivals(session, "roof-1")) == 1
    deaf = settings("detector.step_db=60")
    assert replay(session, deaf) == []
    assert arrivals(session, "roof-1", deaf) == []


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    session = open_session(write(tmp_path / "a"))
    with pytest.raises(InputError, match="session 'test' has no node 'roof-2'; it has roof-1"):
        sound(session, "roof-2")
    with pytest.raises(InputError, match="inf s from 3 s; expected some of the 1 s of 'roof-1'"):
        sound(session, "roof-1", 3.0)
    with pytest.raises(AttributeError, match="module 'recordings' has no attribute 'play'"):
        recordings.play  # noqa: B018

"""Two runs compared: new, gone, moved, other class, same."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from recordings.comparison import Told, compare, read_told
from tests.arrays.nodes import ENVIRONMENT, tocsin
from tests.recordings.test_replay import shooting


def shot(time: float, x: float = 0.0, y: float = 0.0, session: str = "s", label: str = "gunshot") -> Told:
    return Told(session=session, x=x, y=y, time=time, label=label, gunshot=0.9)


def test_each_shot_is_told_once() -> None:
    before = [shot(1.0), shot(2.0), shot(3.0), shot(4.0)]
    now = [shot(1.0), shot(2.01, 3.0, 4.0), shot(4.0, label="firework"), shot(9.0), shot(1.0, session="other")]
    told = [(c.session, c.change, c.moved_m, c.later_s) for c in compare(before, now)]
    assert told == [
        ("s", "same", 0.0, 0.0),
        ("s", "moved", 5.0, 0.01),
        ("s", "gone", None, None),
        ("s", "other class", 0.0, 0.0),
        ("s", "new", None, None),
        ("other", "new", None, None),
    ]


times = st.lists(st.floats(0.0, 10.0).map(lambda t: round(t, 3)), max_size=8)


@given(times, times)
def test_no_shot_is_lost_or_counted_twice(then: list[float], since: list[float]) -> None:
    changes = compare([shot(t) for t in then], [shot(t) for t in since])
    assert sorted(c.before.time for c in changes if c.before) == sorted(then)
    assert sorted(c.now.time for c in changes if c.now) == sorted(since)
    assert all(abs(c.later_s) <= 0.15 + 1e-6 for c in changes if c.later_s is not None)
    assert not math.isnan(sum(c.time for c in changes))


def test_a_run_against_itself_is_all_the_same_and_a_changed_setting_is_told(tmp_path: Path) -> None:
    folder = shooting(tmp_path / "a")
    shooting(tmp_path / "b", "not replayed")
    earlier = tmp_path / "earlier.jsonl"
    line = tocsin("replay", tmp_path / "a", tmp_path / "b", "--format", "jsonl", "--all")
    earlier.write_bytes(subprocess.run(line, capture_output=True, env=ENVIRONMENT, check=True, timeout=60).stdout)

    def against(*more: str) -> str:
        again = tocsin("replay", folder, "--all", "--against", earlier, *more)
        return subprocess.run(again, capture_output=True, env=ENVIRONMENT, check=True, text=True, timeout=60).stdout

    assert against().splitlines()[-1] == "0 new; 0 gone; 0 moved; 0 other class; 1 same"
    (change,) = [json.loads(one) for one in against("--set", "detector.step_db=60", "--format", "jsonl").splitlines()]
    assert (change["session"], change["change"]) == ("one shot", "gone")
    (moved,) = [json.loads(one) for one in against("--set", "priors.path_s=0.05", "--format", "jsonl").splitlines()]
    assert moved["change"] == "moved"
    assert 0.0 < moved["moved_m"] < 30.0
    assert moved["before"]["method"] != moved["now"]["method"]


def test_what_is_no_run_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "earlier.jsonl"
    with pytest.raises(InputError, match=r"earlier\.jsonl cannot be read: No such file"):
        read_told(path)
    path.write_text('{"session": "s", "x": 1.0, "y": 2.0, "time": 3.0}\n{"session": "s", "x": "one"}\n')
    with pytest.raises(InputError, match=r"earlier\.jsonl, line 2: x: Expected float, got str; expected what"):
        read_told(path)
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match=r"earlier\.jsonl, line 1: .*; expected what"):
        read_told(path)

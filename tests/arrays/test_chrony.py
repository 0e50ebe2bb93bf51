"""chrony: its published line, garbage, and the real program."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from acoustic.errors import InputError, ResourceError
from arrays.chrony import FIELDS, ask_chrony, parse_tracking
from arrays.computer import ComputerClock, standing
from arrays.gpsd import Gpsd
from tests.arrays.chronyd import chronyc_of, chronyd, free_port
from tests.arrays.nodes import wait_for

NO_GPSD = Gpsd(1)  # a port where nobody listens

# The example of chronyc(1), as `chronyc -c` writes its values.
LINE = (
    "CB00710F,203.0.113.15,3,1485510557.000000000,0.000006523,-0.000006747,0.000035822,-3.225,-0.000,0.129,"
    "0.013639022,0.001100737,64.2,Normal\n"
)


def test_the_manual_s_example_is_right_to_eight_milliseconds() -> None:
    tracking = parse_tracking(LINE)
    assert (tracking.name, tracking.synchronised) == ("203.0.113.15", True)
    assert tracking.bound_s == pytest.approx(0.000006523 + 0.001100737 + 0.013639022 / 2, abs=1e-12)


def test_a_clock_that_is_fast_is_as_far_off_as_one_that_is_slow() -> None:
    assert parse_tracking(LINE.replace("0.000006523", "-0.000006523")).bound_s == parse_tracking(LINE).bound_s


@pytest.mark.parametrize(
    ("was", "now"),
    [("CB00710F,203.0.113.15", "7F7F0101,"), ("Normal", "Not synchronised")],
    ids=["believes itself", "unsynchronised"],
)
def test_a_computer_that_follows_nobody_is_not_synchronised(was: str, now: str) -> None:
    assert not parse_tracking(LINE.replace(was, now)).synchronised


@pytest.mark.parametrize("leap", ["Insert second", "Delete second"])
def test_a_leap_second_that_is_announced_is_still_synchronised(leap: str) -> None:
    assert parse_tracking(LINE.replace("Normal", leap)).synchronised


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "chronyc tracking has 1 fields .*; expected 14"),
        ("506 Cannot talk to daemon", "has 1 fields"),
        (LINE.replace("0.001100737", "soon"), "root_dispersion is 'soon'; expected 0 or more seconds"),
        (LINE.replace("0.013639022", "-1"), "root_delay is '-1'; expected 0 or more seconds"),
        (LINE.replace("0.000006523", "nan"), "system_time is 'nan'; expected seconds"),
        (LINE.replace("Normal", "Fine"), "leap_status is 'Fine'; expected one of Normal, Insert second"),
    ],
)
def test_garbage_is_one_sentence_that_names_the_field(line: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as refused:
        parse_tracking(line)
    assert "\n" not in str(refused.value)


def test_the_fields_are_those_of_the_manual() -> None:
    assert len(FIELDS) == len(set(FIELDS)) == LINE.count(",") + 1


def test_without_chrony_the_settings_hold_and_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceError, match="chrony is not installed"):
        ask_chrony()
    now = standing(0.02, NO_GPSD)
    assert now.sigma_s == 0.02
    assert now.problem == (
        "gpsd does not answer: Connection refused; chrony is not installed; "
        "the computer's clock is taken to be right to 20 ms, as the settings state"
    )


def test_a_daemon_that_follows_a_server_vouches_for_the_clock_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arrays.computer.POLL_S", 0.1)
    port, stop = free_port(), threading.Event()
    follow = f"server 127.0.0.1 port {port} iburst minpoll -2 maxpoll -2"
    with chronyd(tmp_path / "server", f"port {port}", "cmdport 0", "local stratum 1", "allow 127.0.0.1"):
        with chronyc_of(tmp_path, follow) as path:
            monkeypatch.setenv("PATH", path)
            computer = ComputerClock(0.02, NO_GPSD, stop)
            wait_for(lambda: not computer.standing().problem and computer.standing().sigma_s < 0.005)
            now = computer.standing()
            assert now.source == "chrony, which follows 127.0.0.1"
            assert now.sigma_s > 0.0
        wait_for(lambda: computer.standing().problem)
        stop.set()
    assert computer.standing().sigma_s == 0.02
    assert computer.standing().problem.count("; chrony does not answer: 506 Cannot talk to daemon; the computer's") == 1


def test_a_daemon_that_believes_itself_vouches_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says a bound of 0 s and `Normal`: a node that took it at its word would be certain of a wrong time."""
    with chronyc_of(tmp_path, "local stratum 3") as path:
        monkeypatch.setenv("PATH", path)
        wait_for(lambda: "chrony is not synchronised" in standing(0.02, NO_GPSD).problem)
        assert ask_chrony().bound_s == 0.0
        assert standing(0.02, NO_GPSD).sigma_s == 0.02

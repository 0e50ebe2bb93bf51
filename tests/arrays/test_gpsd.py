"""gpsd: its published JSON from a real TCP server, garbage, and the real program."""

from __future__ import annotations

import functools
import json
import operator
import os
import shutil
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acoustic.errors import InputError, ResourceError
from arrays.computer import ComputerClock
from arrays.gpsd import Gpsd, Pps, Tpv, parse_message
from tests.arrays.chronyd import PATH, free_port
from tests.arrays.nodes import wait_for

VERSION = '{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}'
DEVICES = '{"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/ttyAMA0","driver":"u-blox"}]}'
WATCHED = '{"class":"WATCH","enable":true,"json":true,"nmea":false,"raw":0,"scaled":false,"timing":false,"pps":true}'
FIX = '{"class":"TPV","device":"/dev/ttyAMA0","mode":3,"time":"2022-10-20T20:42:31.000Z","ept":0.005,"lat":44.8}'
NO_FIX = '{"class":"TPV","device":"/dev/ttyAMA0","mode":1}'
PULSE = (
    '{"class":"PPS","device":"/dev/pps0","real_sec":1666298551,"real_nsec":0,"clock_sec":1666298551,"clock_nsec":1881,'
    '"precision":-20}'
)
AHEAD = PULSE.replace('"clock_sec":1666298551,"clock_nsec":1881', '"clock_sec":1666298554,"clock_nsec":250000000')


class Receiver:
    """What the server says every 20 ms once it is watched, and what clients said to it."""

    def __init__(self, *lines: str) -> None:
        self.lines, self.port, self.asked = list(lines), 0, [b""]
        self.clients = 0


@contextmanager
def gpsd(*lines: str) -> Iterator[Receiver]:
    """A gpsd of a few lines on a free port."""
    receiver, over = Receiver(*lines), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    receiver.port = listener.getsockname()[1]
    listener.settimeout(0.02)

    def serve() -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            receiver.clients += 1
            with client:
                client.sendall(f"{VERSION}\r\n".encode())
                receiver.asked.append(client.recv(1000))
                client.sendall(f"{DEVICES}\r\n{WATCHED}\r\n".encode())
                while receiver.lines and not over.wait(0.02):
                    text = "".join(f"{line}\r\n" for line in receiver.lines).encode()
                    try:
                        client.sendall(text[:7])  # however it is cut
                        client.sendall(text[7:])
                    except OSError:
                        break

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        thread.join()
        listener.close()


def test_a_pulse_says_how_far_the_computer_s_clock_is_ahead() -> None:
    with gpsd(FIX, PULSE) as receiver:
        client = Gpsd(receiver.port)
        pulse = client.newest(0.2)
        client.close()
    assert pulse.ahead_s == pytest.approx(1.881e-6, abs=1e-12)
    assert pulse.sigma_s == pytest.approx(1e-6, rel=0.05)
    command = receiver.asked[-1].decode().strip()
    assert command.startswith("?WATCH=")
    assert command.endswith(";")
    assert json.loads(command[len("?WATCH=") : -1]) == {"enable": True, "json": True, "pps": True}


def test_the_newest_pulse_counts_and_one_connection_is_kept() -> None:
    with gpsd(FIX, PULSE) as receiver:
        client = Gpsd(receiver.port)
        client.newest(0.1)
        receiver.lines[1] = AHEAD
        time.sleep(0.2)
        assert client.newest(0.1).ahead_s == pytest.approx(3.25, abs=1e-9)
        client.close()
    assert receiver.clients == 1


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([NO_FIX, PULSE], "gpsd has no fix"),
        ([PULSE], "gpsd has no fix"),
        ([FIX], "gpsd has no pulse per second"),
        (["never JSON"], "gpsd: "),
        ([], "gpsd does not answer: it closed the connection"),
    ],
    ids=["lost its fix", "never had one", "no pulse", "garbage", "hangs up"],
)
def test_a_pulse_that_cannot_be_believed_is_not(lines: list[str], sentence: str) -> None:
    with gpsd(*lines) as receiver:
        client = Gpsd(receiver.port)
        with pytest.raises((ResourceError, InputError), match=sentence):
            client.newest(0.2)
        client.close()


def test_gpsd_vouches_for_the_computer_s_clock_and_when_it_ends_the_settings_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("arrays.computer.POLL_S", 0.05)
    monkeypatch.setattr("arrays.computer.LISTEN_S", 0.1)
    stop = threading.Event()
    with gpsd(FIX, AHEAD) as receiver:
        computer = ComputerClock(0.02, Gpsd(receiver.port), stop)
        now = computer.standing()
        assert (now.source, now.problem) == ("gpsd, by a pulse per second", "")
        assert now.ahead_s == pytest.approx(3.25)
        assert now.sigma_s < 1e-3
        receiver.lines[0] = NO_FIX
        wait_for(lambda: computer.standing().problem)
        assert computer.standing().problem.startswith("gpsd has no fix; chrony is not installed; the computer's clock")
        assert (computer.standing().ahead_s, computer.standing().sigma_s) == (0.0, 0.02)
        receiver.lines[0] = FIX
        wait_for(lambda: not computer.standing().problem)
    wait_for(lambda: "gpsd does not answer" in computer.standing().problem)
    stop.set()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{}", "missing required field class"),
        (b'{"class":"TPV"}', "missing required field mode"),
        (b'{"class":"TPV","mode":9}', "mode: Expected int <= 3"),
        (PULSE.replace("1881", '"x"').encode(), "clock_nsec: Expected int, got str"),
        (PULSE.replace("1881", "1000000000").encode(), "clock_nsec: Expected int"),
        (PULSE.replace("-20", "5").encode(), "precision: Expected int <= 0"),
        (PULSE.replace('"real_sec":1666298551,', "").encode(), "missing required field real_sec"),
        (b'{"class":"\xff"}', "gpsd: "),
    ],
)
def test_garbage_is_one_sentence_that_names_the_field(line: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as refused:
        parse_message(line)
    assert "\n" not in str(refused.value)


def test_what_gpsd_tells_besides_is_let_by() -> None:
    assert [parse_message(text.encode()) for text in (VERSION, DEVICES, WATCHED)] == [None] * 3
    assert isinstance(parse_message(FIX.encode()), Tpv)
    assert isinstance(parse_message(PULSE.encode()), Pps)


def test_a_line_without_end_is_refused() -> None:
    with gpsd("x" * 200_000) as receiver:
        client = Gpsd(receiver.port)
        with pytest.raises(InputError, match="a line is longer than 65536 bytes; expected JSON"):
            client.newest(0.3)
        client.close()


def test_the_real_gpsd_tells_whether_its_receiver_has_a_fix() -> None:
    """A receiver on a pseudo-terminal; it has no line for a pulse, so that is what is missing in the end."""
    port, fix = free_port(), threading.Event()
    client = Gpsd(port)
    with real_gpsd(port, fix):
        wait_for(lambda: problem(client) == "gpsd has no fix", 10.0)
        fix.set()
        wait_for(lambda: problem(client) == "gpsd has no pulse per second", 10.0)
    assert problem(client).startswith("gpsd does not answer")


@contextmanager
def real_gpsd(port: int, fix: threading.Event) -> Iterator[None]:
    """The program, reading NMEA sentences with a fix while `fix` is set."""
    program = shutil.which("gpsd", path=PATH)
    if program is None:
        pytest.skip("gpsd is not installed (Debian: apt install gpsd)")
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    Path(name).chmod(0o666)  # gpsd gives up its privileges
    process = subprocess.Popen([program, "-N", "-b", "-S", str(port), name], stderr=subprocess.DEVNULL)

    def feed() -> None:
        while process.poll() is None:
            now = datetime.now(UTC)
            place = f"{now:%H%M%S}.00,{'A' if fix.is_set() else 'V'},4450.400,N,00034.800,W,0.0,0.0,{now:%d%m%y},,,A"
            body = f"GPRMC,{place}"
            check = functools.reduce(operator.xor, body.encode())
            os.write(ours, f"${body}*{check:02X}\r\n".encode())
            time.sleep(0.2)

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        yield
    finally:
        process.terminate()
        process.wait(10.0)
        feeding.join()
        os.close(ours)
        os.close(theirs)


def problem(client: Gpsd) -> str:
    """Why there is no pulse."""
    try:
        client.newest(0.3)
    except ResourceError as error:
        return str(error)
    return ""

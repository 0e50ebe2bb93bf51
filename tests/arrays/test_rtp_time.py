"""When sound from the network was taken, and that a node hears of it what it hears of a file."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.classify import Model
from arrays.capture import Gap
from arrays.capture.files import SessionFile
from arrays.capture.rtp import NetworkMicrophone, ptp_utc_ns
from arrays.pipeline import Heard, Pipeline
from arrays.sdp import parse_sdp
from arrays.session import read_session
from arrays.timebase import parse_utc_ns
from recordings import models
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, tocsin, wait_for
from tests.arrays.rtp_sender import SAMPLES, Sender, check, free_port, heard, ramp, stream
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write
from tests.arrays.standing import known

NS = 10**9


def test_ptp_counts_seconds_since_1970_in_tai_which_is_37_s_ahead_of_utc() -> None:
    """IERS Bulletin C 52: UTC-TAI = -37 s from 2017-01-01, which began 17,167 days and 37 s after 1970 in TAI."""
    count = (17_167 * 86_400 + 37) * RATE_HZ
    assert parse_utc_ns("2017-01-01T00:00:00Z") == 17_167 * 86_400 * NS
    for off_s in (-40_000, 0, 40_000):  # the counter wraps in 24.9 h: half of that is how wrong our clock may be
        near_ns = (17_167 * 86_400 + off_s) * NS
        assert ptp_utc_ns(count % 2**32, RATE_HZ, near_ns) == 17_167 * 86_400 * NS
    assert ptp_utc_ns((count + 1) % 2**32, RATE_HZ, near_ns) == 17_167 * 86_400 * NS + 20_833
    assert ptp_utc_ns((count - 1) % 2**32, RATE_HZ, near_ns) == 17_167 * 86_400 * NS - 20_833


OFFSET = 4_000_000_000


def stamp_at(utc_ns: int) -> int:
    """A sender's time stamp at that instant, its clock being PTP."""
    return ((utc_ns + 37 * NS) * RATE_HZ // NS + OFFSET) % 2**32


def test_a_ptp_sender_s_time_stamps_date_its_sound_to_the_sample() -> None:
    to, sound = stream(offset=OFFSET), ramp(200 * SAMPLES)
    stop = threading.Event()
    start_ns = time.time_ns() // 10**6 * 10**6
    source, sender = NetworkMicrophone(to, 0.02, 1e-5, known(1e-5), "", stop), Sender(to, sound, stamp_at(start_ns))
    with heard(source, stop) as items:
        sender.send([n for n in range(200) if not 60 <= n < 90])
    sender.close()
    assert check(items, sound) == [Gap(60 * SAMPLES, 30 * SAMPLES)]
    assert abs(source.timebase.utc_ns(0) - start_ns) <= 1
    assert source.timebase.sigma_s == pytest.approx(1e-5)


def test_a_ptp_clock_that_is_far_from_ours_is_not_believed_more_than_that() -> None:
    """Devices without a grandmaster count from when they were switched on."""
    to, stop = stream(offset=OFFSET), threading.Event()
    wrong_ns = time.time_ns() - 3600 * NS
    source, sender = (
        NetworkMicrophone(to, 0.02, 1e-5, known(1e-5), "", stop),
        Sender(to, ramp(9600), stamp_at(wrong_ns)),
    )
    with heard(source, stop):
        sender.send(range(100))
    sender.close()
    assert source.timebase.sigma_s == pytest.approx(3600.0, abs=5.0)


def test_without_ptp_our_clock_dates_the_sound_within_sigma() -> None:
    to, stop = stream(), threading.Event()
    source, sender = NetworkMicrophone(to, 0.02, 1e-4, known(1e-4), "", stop), Sender(to, ramp(3 * RATE_HZ))
    start_s = time.time() + 0.1
    with heard(source, stop):
        sender.live(start_s)
    sender.close()
    off_s = source.timebase.utc_ns(2 * RATE_HZ) * 1e-9 - start_s - 2.0
    assert abs(off_s) < 4 * source.timebase.sigma_s < 0.05


def arrivals(source: SessionFile | NetworkMicrophone, start_ns: int) -> list[Heard]:
    """What a node's pipeline hears of a source, by the time since its start."""
    microphones = np.array([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]])
    model = Model.from_bytes(models.default())
    made = Pipeline("roof-1", (0.0, 0.0, 0.0), microphones, RATE_HZ, source.timebase, model, Air())
    found = []
    for item in source.blocks():
        made.timebase = source.timebase
        found += made.push(item)
    found += made.flush()
    since = [dataclasses.replace(one.arrival, time_ns=one.arrival.time_ns - start_ns) for one in found]
    return [dataclasses.replace(one, arrival=arrival) for one, arrival in zip(found, since, strict=True)]


def bangs(folder: Path, at_s: Sequence[float], seconds: float) -> NDArray[np.int16]:
    """(2, n) int16 with bangs, which is also a session of roof-1 in `folder`."""
    sound = with_bangs(noise(seconds, 2), [round(s * RATE_HZ) for s in at_s])
    folder.mkdir()
    soundfile.write(folder / "roof-1.wav", sound.T, RATE_HZ, subtype="PCM_16")
    places = [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]]
    write(folder, [node(microphones=places, time_sigma_s=1e-5)])
    read: NDArray[np.int16] = soundfile.read(folder / "roof-1.wav", dtype="int16")[0].T
    return read


def test_over_the_network_a_pipeline_hears_what_it_hears_of_a_file(tmp_path: Path) -> None:
    sound = bangs(tmp_path / "scene", [1.2, 1.8, 2.9], 4.0)
    file = SessionFile(read_session(tmp_path / "scene").nodes[0])
    expected = arrivals(file, file.timebase.anchor_utc_ns)
    assert [one.arrival.time_ns * 1e-9 for one in expected] == pytest.approx([1.2, 1.8, 2.9], abs=3e-4)
    to, stop = stream(offset=OFFSET), threading.Event()
    start_ns = (time.time_ns() // NS + 1) * NS
    source, sender = NetworkMicrophone(to, 0.02, 1e-5, known(1e-5), "", stop), Sender(to, sound, stamp_at(start_ns))

    def send() -> None:
        sender.live(start_ns * 1e-9)
        time.sleep(0.3)
        stop.set()

    sending = threading.Thread(target=send)
    sending.start()
    found = arrivals(source, start_ns)
    sending.join()
    sender.close()
    rounded = [abs(f.arrival.time_ns - e.arrival.time_ns) for f, e in zip(found, expected, strict=True)]
    assert max(rounded) <= 1
    same = [dataclasses.replace(one.arrival, time_ns=0) for one in expected]
    assert [dataclasses.replace(one.arrival, time_ns=0) for one in found] == same


def test_a_node_hears_a_microphone_on_the_network(tmp_path: Path) -> None:
    sound, port = bangs(tmp_path / "scene", [2.0, 3.0], 4.0), free_port()
    text = (
        f"v=0\no=- 1 1 IN IP4 127.0.0.1\ns=roof\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 97\n"
        f"a=rtpmap:97 L16/48000/2\na=ptime:1\na=source-filter: incl IN IP4 127.0.0.1 127.0.0.1\n"
        f"a=ts-refclk:ptp=IEEE1588-2008:traceable\na=mediaclk:direct={OFFSET}\n"
    )
    (tmp_path / "roof-1.sdp").write_text(text)
    path = tmp_path / "roof-1.toml"
    path.write_text(
        'node = "roof-1"\ndata = "data"\nposition = {x = 1.0, y = 2.0, z = 3.0}\nhealth_interval_s = 0.5\n'
        '[source]\nkind = "rtp"\nsdp = "roof-1.sdp"\ntime_sigma_s = 1e-5\n'
    )
    with https_server(tmp_path) as server:
        centre = Centre(server)
        enrolled(centre, path)
        assert len(centre.enrolment["microphones"]) == 2
        with subprocess.Popen(tocsin("node", path), stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
            wait_for(lambda: any(r.health and r.health.state == "deaf" for r in centre.reports()))
            start_ns = (time.time_ns() // NS + 1) * NS
            sender = Sender(parse_sdp(text), sound, stamp_at(start_ns))
            sender.live(start_ns * 1e-9)
            sender.close()
            wait_for(lambda: len(centre.arrivals()) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10.0) == 0
            assert process.stderr
            assert b"Traceback" not in process.stderr.read()
        times_s = [(a.time_ns - start_ns) * 1e-9 for a in centre.arrivals()]
        assert times_s == pytest.approx([2.0, 3.0], abs=3e-4)
        health = [r.health for r in centre.reports() if r.health]
        assert any(f"no packets for 127.0.0.1:{port}" in reason for one in health for reason in one.reasons)
        assert any(one.state == "ok" for one in health)

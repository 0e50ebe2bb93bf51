"""A node as it runs: real processes, a real HTTPS centre."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from acoustic.errors import InputError
from arrays.node import Node
from arrays.order import Order, sign_order
from arrays.outbox import Outbox
from arrays.report import Answer, decode_envelope, decode_report, encode
from arrays.running import read_model
from arrays.session import read_session
from arrays.settings import SessionSource, read_settings
from arrays.timebase import parse_utc_ns
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, REPOSITORY, Centre, enrolled, session_with_bangs, started, tocsin, wait_for
from tests.arrays.sessions import RATE_HZ, node, noise, with_bangs, write


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def ended(process: subprocess.Popen[str], timeout_s: float = 30.0) -> str:
    """Its last words, once it has ended with 0."""
    _, errors = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, errors
    return errors


def test_a_recording_is_heard_reported_and_the_node_ends(tmp_path: Path, centre: Centre) -> None:
    folder = session_with_bangs(tmp_path / "scene", [1.0, 2.5], 4.0)
    path = nodes.settings(tmp_path)
    line = tocsin("node", "enrol", path, "--centre", centre.server.url, "--token", centre.token)
    done = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"node roof-1 is enrolled at {centre.server.url}\nits mandate: to test, from 1970-")
    log = ended(started(path))
    start_ns = read_session(folder).nodes[0].start_ns
    times = [(a.time_ns - start_ns) * 1e-9 for a in centre.arrivals()]
    assert times == pytest.approx([1.0, 2.5], abs=2e-4)
    assert [a.number for a in centre.arrivals()] == [1, 2]
    reports = centre.reports()
    assert [r.sequence for r in reports] == list(range(1, len(reports) + 1))
    assert all(len(r.model) == 64 for r in reports)
    last = reports[-1].health
    assert last is not None
    assert (last.state, last.interval_s) == ("ok", 3.0)
    assert last.noise_db == pytest.approx(-60.0, abs=1.0)
    assert "Traceback" not in log
    assert centre.enrolment["position"] == {"x": 1.0, "y": 2.0, "z": 3.0}
    outbox = Outbox(tmp_path / "data" / "outbox.db")
    assert outbox.waiting() == 0
    outbox.close()


def test_a_new_start_goes_on_counting(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [1.0], 2.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    ended(started(path))
    before = len(centre.reports())
    ended(started(path))
    assert [a.number for a in centre.arrivals()] == [1, 2]
    assert [r.sequence for r in centre.reports()] == list(range(1, len(centre.reports()) + 1))
    assert len(centre.reports()) > before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_live_time_is_true(tmp_path: Path, centre: Centre, number: int) -> None:
    start = nodes.soon()
    session_with_bangs(tmp_path / "scene", [1.0, 60.0], 61.0)
    path = nodes.settings(tmp_path, start, health_interval_s=0.5)
    enrolled(centre, path)
    process = started(path)
    wait_for(centre.arrivals)
    process.send_signal(number)
    assert "Traceback" not in ended(process, 10.0)
    (heard,) = centre.arrivals()
    assert heard.time_ns * 1e-9 == pytest.approx(start + 1.0, abs=3e-4)
    assert sum(r.health is not None for r in centre.reports()) >= 2


def test_kill_9_without_a_centre_loses_no_arrival_and_doubles_none(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [0.5, 1.0, 1.5, 2.0], 3.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    answer, centre.server.answer = centre.server.answer, lambda *_: (503, b"")
    process = started(path)
    wait_for(lambda: len(centre.server.heard) > 1)
    wait_for(lambda: _kept(tmp_path / "data" / "outbox.db") >= 1)
    process.kill()
    process.communicate()
    centre.server.answer = answer
    heard_before = _numbers(tmp_path / "data" / "outbox.db")
    assert len(heard_before) >= 1
    ended(started(path))
    numbers = [a.number for a in centre.arrivals()]
    assert set(heard_before) <= set(numbers)
    assert len(numbers) == len(set(numbers))


def _kept(path: Path) -> int:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT count(*) FROM reports WHERE kind = 'arrivals'").fetchone()[0])
    finally:
        database.close()


def _numbers(path: Path) -> list[int]:
    database = sqlite3.connect(path)
    rows = database.execute("SELECT body FROM reports").fetchall()
    database.close()
    return [a.number for (body,) in rows for a in decode_report(decode_envelope(body).body).arrivals]


def test_orders_are_checked_and_answered_honestly(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [1.0], 2.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    order = Order(id="o-1", kind="hum", issued_ns=1, expires_ns=2**62)
    signed = sign_order(order, nodes.CENTRE_KEY)
    late = sign_order(Order(id="o-3", kind="hum", issued_ns=1, expires_ns=2), nodes.CENTRE_KEY)
    forged = Order(id="o-2", kind="hum", issued_ns=1, expires_ns=2**62, signature=bytes(64))
    answer = centre.server.answer

    def with_orders(route: str, body: bytes) -> tuple[int, bytes]:
        answer(route, body)
        sequence = decode_report(decode_envelope(body).body).sequence
        return 200, encode(Answer(sequence=sequence, orders=[signed, forged, late] if sequence == 1 else []))

    centre.server.answer = with_orders
    log = ended(started(path))
    assert log.count("an order is not supported yet") == 1
    assert log.count("an order is not signed by the centre") == 1
    assert log.count("an order came too late") == 1


def repick(at_ns: int, name: str, body: dict[str, object] | None = None) -> Order:
    """An order, signed, to look again within 40 ms of an instant."""
    asked = {"shot": "ab12", "time_ns": at_ns, "half_s": 0.04} if body is None else body
    order = Order(id=name, kind="repick", issued_ns=1, expires_ns=2**62, body=asked)
    return sign_order(order, nodes.CENTRE_KEY)


def test_an_order_does_not_wait_for_the_next_report(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [], 120.0)
    path = nodes.settings(tmp_path, time.time(), health_interval_s=60.0)
    enrolled(centre, path)
    process = started(path)
    wait_for(centre.reports)
    wait_for(lambda: centre.server.connections >= 2)  # one of them waits for orders
    given_s = time.monotonic()
    centre.server.orders = [repick(0, "now")]
    wait_for(lambda: any(report.answers for report in centre.reports()))
    took_s = time.monotonic() - given_s
    process.terminate()
    ended(process, 15.0)
    assert took_s < 5.0, "on an idle machine it takes some 30 ms; the next report would take a minute"


def test_a_node_looks_again_into_its_ring(tmp_path: Path, centre: Centre) -> None:
    """A bang below the node's thresholds: not reported by itself, found when asked; silence and the past are not."""
    (tmp_path / "scene").mkdir()
    sound = with_bangs(noise(8.0), [round(5.5 * RATE_HZ)], 0.0065)
    soundfile.write(tmp_path / "scene" / "roof-1.wav", sound.T, RATE_HZ, subtype="PCM_24")
    write(tmp_path / "scene", [node()])
    start_s = nodes.soon()
    path = nodes.settings(tmp_path, start_s, health_interval_s=0.2)
    enrolled(centre, path)
    start_ns = read_start_ns(path)
    orders = [
        repick(start_ns + 5_500_000_000, "faint"),
        repick(start_ns + 5_800_000_000, "quiet"),
        repick(start_ns - 60_000_000_000, "past"),
        repick(0, "broken", {"shot": "ab12"}),
    ]
    answer = centre.server.answer

    def with_orders(route: str, body: bytes) -> tuple[int, bytes]:
        answer(route, body)
        sequence = decode_report(decode_envelope(body).body).sequence
        given = orders[:] if time.time() > start_s + 7.0 else []
        del orders[: len(given)]
        return 200, encode(Answer(sequence=sequence, orders=given))

    centre.server.answer = with_orders
    ended(started(path))
    states = {a.order: a.state for report in centre.reports() for a in report.answers}
    assert states == {"faint": "found", "quiet": "nothing", "past": "gone", "broken": "refused"}
    (found,) = centre.arrivals()
    assert found.again == "ab12"
    assert abs(found.time_ns - start_ns - 5_500_000_000) * 1e-9 < 4 * found.sigma_s


def read_start_ns(path: Path) -> int:
    """When the session of a settings file is played from."""
    source = read_settings(path).source
    assert isinstance(source, SessionSource)
    return parse_utc_ns(source.start_at_utc)


def test_a_node_that_is_not_enrolled_two_at_once_and_a_wrong_centre_are_refused(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [], 30.0)
    path = nodes.settings(tmp_path, time.time() + 60.0)
    assert refusal("node", path).endswith("run `tocsin node enrol` first\n")
    wrong = refusal("node", "enrol", path, "--centre", centre.server.url, "--token", "a." + "0" * 32)
    assert "is not the one that the token names" in wrong
    assert "expected SECRET.DIGEST" in refusal("node", "enrol", path, "--centre", centre.server.url, "--token", "a")
    enrolled(centre, path)
    first = started(path)
    wait_for(centre.reports)
    assert "another node is running on data folder" in refusal("node", path)
    first.terminate()
    ended(first, 10.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("node = 5", "missing required field source|Expected str"),
        ('node = "a b"\n[source]\nkind = "session"\nfolder = "x"', "node is 'a b'; expected 1 to 64 letters"),
        ('node = "a"\n[source]\nkind = "radio"', "source.kind: Invalid value 'radio'"),
        ('node = "a"\nlisten = 1\n[source]\nkind = "session"\nfolder = "x"', "there is an unknown field listen"),
        ('node = "a"\n[source]\nkind = "sound"\nrate_hz = 1.0', "source: rate_hz is 1.0; expected a number from 8000"),
        ('node = "a"\n[source]\nkind = "sound"\nchannels = [0]', r"channels is \[0\]; expected different numbers"),
        ('node = "a"\n[source]\nkind = "sound"\npps_channel = 1', "pps_channel is 1; expected a number from 1 up, not"),
        ('node = "a"\n[source]\nkind = "stdin"\nformat = "u8"', "source.format: Invalid enum value 'u8'"),
        ('node = "a"\n[source]\nkind = "stdin"\nchannels = 0', "source: channels is 0; expected a number from 1 to 64"),
        ('node = "a"\n[source]\nkind = "rtp"', "source: missing required field sdp"),
        ('node = "a"\n[source]\nkind = "rtp"\nsdp = "x"\ndepth_ms = -1.0', "depth_ms is -1.0; expected a number"),
        ('node = "a"\n[source]\nkind = "rtp"\nsdp = "x"\ninterface = "eth0"', "interface is 'eth0'; expected an IPv4"),
        ('node = "a"\n[source]\nkind = "session"\nfolder = "x"\nstart_at_utc = "soon"', "start_at_utc: 'soon'"),
        ('node = "a"\n[position]\nlat = 5.0\n[source]\nkind = "sound"', "position: has neither or both of lat, lon"),
        ('node = "a"\n[air]\nspeed_of_sound_ms = -1.0\n[source]\nkind = "sound"', "air.speed_of_sound_ms is -1.0"),
        ("node = ", "is not TOML"),
    ],
)
def test_bad_settings_are_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "node.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence) as refused:
        read_settings(path)
    assert "\n" not in str(refused.value)


def test_absent_settings_and_a_session_without_the_node_are_one_sentence(tmp_path: Path) -> None:
    assert "absent.toml cannot be read: No such file" in refusal("node", tmp_path / "absent.toml")
    session_with_bangs(tmp_path / "scene", [], 1.0)
    path = nodes.settings(tmp_path)
    path.write_text(path.read_text().replace("roof-1", "roof-7"))
    told = refusal("node", "enrol", path, "--centre", "https://127.0.0.1:1", "--token", "a." + "0" * 32)
    assert "session 'test' has no node 'roof-7'; it has roof-1" in told


def refusal(*arguments: str | Path) -> str:
    """One line on standard error, exit code 1 or 2, no traceback."""
    done = subprocess.run(tocsin(*arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


BROKERS = ("nats", "paho")
HEAVY = (
    *BROKERS,
    "librosa",
    "scipy.signal",
    "scipy.spatial",
    "torch",
    "matplotlib",
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "uvicorn",
)


def test_a_node_imports_nothing_heavy() -> None:
    code = "import arrays.running, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert not set(HEAVY) & set(json.loads(done.stdout))


AUDITED = """
import os, re, sys
written = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(str(mode or "")) & set("wax+"):
            written.append(str(path))
    elif event in ("os.rename", "os.link", "os.mkdir", "os.truncate", "shutil.copyfile", "sqlite3.connect"):
        written.append(str(arguments[0]))
sys.addaudithook(watch)
import tocsin
code = tocsin.main(["node", sys.argv[1]])
with open("/proc/self/status") as status:  # not getrusage, which remembers the process that started this one
    print(re.search(r"VmHWM:\\s+(\\d+) kB", status.read()).group(1))
for path in written:
    print(path)
sys.exit(code)
"""


def test_captured_sound_touches_no_disk_and_memory_stays_small(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [0.7 * n + 0.5 for n in range(20)], 16.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    before = {p: p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, str(path)], capture_output=True, text=True, cwd=REPOSITORY, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rss_kb, *written = done.stdout.splitlines()
    own = {"data", "node.lock", "outbox.db", "status.json.part"}
    assert {Path(name).name for name in written if not name.startswith(("/dev/", "/proc/"))} <= own, written
    assert int(rss_kb) < 150 * 1024
    assert len(centre.arrivals()) >= 20
    new = {p: p.stat().st_size for p in tmp_path.rglob("*") if p.is_file() and p not in before}
    assert {p.name for p in new} <= {*own, "outbox.db-wal", "outbox.db-shm", "status.json"}
    longest = max(len(body) for _, body in centre.server.heard)
    assert longest < 0.1 * RATE_HZ  # a tenth of a second of sound is more, at one byte a sample


def test_a_report_is_on_its_way_as_soon_as_its_sound_is_heard(tmp_path: Path, centre: Centre) -> None:
    """From the block that completes an impulse's window to the report at the centre: the clock runs on both sides."""
    start = nodes.soon()
    at_s = [1.0 + 0.55 * n for n in range(6)]
    session_with_bangs(tmp_path / "scene", at_s, 5.0)
    path = nodes.settings(tmp_path, start)
    enrolled(centre, path)
    ended(started(path))
    waits = []
    for report in centre.reports():
        for arrival in report.arrivals:
            waits.append(centre.received_s[report.sequence] - report.sent_ns * 1e-9)
            window_s = centre.received_s[report.sequence] - arrival.time_ns * 1e-9
            assert window_s < 1.0
    assert len(waits) == len(at_s)
    assert float(np.median(waits)) < 0.05


def test_a_log_that_cannot_be_written_ends_no_node(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [1.0], 3.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    with Path("/dev/full").open("w") as full:
        subprocess.run(nodes.tocsin("node", path), stderr=full, env=nodes.ENVIRONMENT, check=False, timeout=60)
    assert len(centre.arrivals()) == 1
    assert sum(report.health is not None for report in centre.reports()) >= 2  # at its start and its end


def test_on_a_full_disk_the_node_says_so_and_goes_on(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [1.0, 2.5], 4.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    node = Node(read_settings(path), read_model(""))
    node._outbox._database.execute("PRAGMA max_page_count=1")
    node._outbox.add("health", lambda sequence: b"x" * 20_000)
    node._outbox.park(1, "only there to fill the disk")
    node.run()
    states = [report.health for report in centre.reports() if report.health]
    assert {health.state for health in states} == {"failed"}
    assert all("the outbox cannot be written: database or disk is full" in health.reasons for health in states)
    assert len(centre.arrivals()) == 2

"""The promise: what a node hears stays in its memory. It hears a known sound, and all that it touches is searched."""

from __future__ import annotations

import io
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from arrays.clip import Clip, ClipAsk, clip_order, open_clip
from arrays.order import Order, sign_order
from arrays.settings import Settings
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, tocsin, wait_for
from tests.arrays.sessions import RATE_HZ, bang
from tocsin import COMMANDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds open is read from /proc")

NODE = "roof-1"
SECONDS = 8
PIECE = 16  # bytes that are looked for: a chance find is impossible
EVERY = 960  # samples between the pieces: 20 ms
WORDS = r"listen|audio|sound|clip|record|microphone|monitor|(?<!re)play|dump|save"
KINDS = ("listen", "audio", "record", "stream", "settings", "model")


def known_sound() -> NDArray[np.int16]:
    """(n,) of noise, which no compression makes smaller, with a shot in every second."""
    sound = np.random.default_rng(11).normal(0.0, 300.0, SECONDS * RATE_HZ)
    for second in range(1, SECONDS - 1):
        sound[second * RATE_HZ :][: len(bang())] += 20_000 * bang()
    return sound.astype("<i2")


def pieces(sound: NDArray[np.int16]) -> list[bytes]:
    """Of the sound as it comes in, and as the node counts it."""
    starts = range(0, len(sound) - PIECE, EVERY)
    as_counted = (sound / np.float32(32768)).astype("<f4")
    return [form[at:].tobytes()[:PIECE] for at in starts for form in (sound[: at + PIECE], as_counted[: at + PIECE])]


def holds(data: bytes, wanted: list[bytes]) -> bool:
    """Whether any piece is in it."""
    return any(piece in data for piece in wanted)


def regular_files(folder: Path) -> Iterator[Path]:
    """All of them, below."""
    yield from (path for path in folder.rglob("*") if path.is_file())


def opened(process: int) -> Iterator[Path]:
    """Regular files that a process holds open, deleted ones too, and those mapped to where it may write."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            if stat.S_ISREG(link.stat().st_mode):
                yield link
        except FileNotFoundError:
            continue
    for line in Path(f"/proc/{process}/maps").read_text().splitlines():
        span, rights, _, _, inode, *_ = line.split(maxsplit=5)
        if "s" in rights and inode != "0":
            yield Path(f"/proc/{process}/map_files/{span}")


def in_memory(process: int, wanted: list[bytes]) -> bool:
    """Whether a piece is in a process's own memory."""
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            span, rights, _, _, inode, *_ = line.split(maxsplit=5)
            first, last = (int(at, 16) for at in span.split("-"))
            if not rights.startswith("rw") or inode != "0":
                continue
            memory.seek(first)
            try:
                if holds(memory.read(last - first), wanted):
                    return True
            except OSError:
                continue
    return False


def test_nothing_that_a_node_heard_is_on_its_disk_in_its_files_or_in_its_traffic(tmp_path: Path) -> None:
    sound = known_sound()
    wanted = pieces(sound)
    home, away = tmp_path / "node", tmp_path / "centre"
    home.mkdir()
    away.mkdir()
    path = home / "roof-1.toml"
    path.write_text(
        'node = "roof-1"\ndata = "data"\nposition = {x = 1.0, y = 2.0, z = 3.0}\nhealth_interval_s = 0.5\n'
        '[source]\nkind = "stdin"\n'
    )
    with https_server(away) as server:
        centre = Centre(server)
        centre.mandate = nodes.mandate_of(clips=True)
        enrolled(centre, path)
        line, pipe = tocsin("node", path), subprocess.PIPE
        environment = {**ENVIRONMENT, "TMPDIR": str(home)}
        with subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=home) as process:
            assert process.stdin
            wait_for(centre.reports)
            feeding = threading.Thread(target=feed, args=(process.stdin, sound))
            feeding.start()
            wait_for(lambda: len(centre.arrivals()) >= 3)
            server.orders = [*(asked(kind) for kind in KINDS), clip_of(centre.arrivals()[0].number)]
            wait_for(lambda: len(centre.arrivals()) >= 5 and centre.clips)
            _, clip = open_clip(centre.clips[0])
            packed = [clip.flac[at : at + PIECE] for at in range(0, len(clip.flac) - PIECE, PIECE)]
            wanted += [piece for piece in packed if len(set(piece)) > PIECE // 2]  # silence packs into anything's zeros
            assert len(wanted) > 1000
            found = [str(file) for file in opened(process.pid) if holds(file.read_bytes(), wanted)]
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            lines = Path(f"/proc/{process.pid}/status").read_text()
            locked_kb = int(re.findall(r"VmLck:\s+(\d+) kB", lines)[0])
            dumped = int(Path(f"/proc/{process.pid}/coredump_filter").read_text(), 16)
            remembered = in_memory(process.pid, wanted[100:110])
            feeding.join()
            process.stdin.close()
            process.stdin = None
            said, errors = (part.decode() for part in process.communicate(timeout=30))
            assert process.returncode == 0, errors
        assert all(f"asked-{kind}" in errors for kind in KINDS)  # they came
        assert {kind for kind in KINDS if f"asked-{kind}" in centre.answers()} == {"settings", "model"}
        assert centre.answers()[f"clip-event-{NODE}"].state == "found"
        assert remembered  # so the search finds what is there
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
        assert dumped == 0  # no kind of memory
        health = [report.health for report in centre.reports() if report.health is not None][-1]
        assert health.locked == (locked_kb * 1024 >= 4 * 10 * RATE_HZ)  # the ring: ten seconds of one channel
        assert found == []
        assert [str(file) for file in regular_files(home) if holds(file.read_bytes(), wanted)] == []
        traffic = [body for way, body in server.heard if way != "/clips"] + server.parcels
        assert not holds(b"".join([*traffic, said.encode(), errors.encode()]), wanted)
        assert sum(map(len, traffic)) < RATE_HZ  # not half a second of it, however it were compressed
        assert all(centre.answers()[f"asked-{kind}"].state == "refused" for kind in ("settings", "model"))
        assert_only_shots(clip, sound)


def assert_only_shots(clip: Clip, sound: NDArray[np.int16]) -> None:
    """That of the sound a clip holds the shots' few hundredths of a second and nothing else, which the order named."""
    left, rate_hz = soundfile.read(io.BytesIO(clip.flac), dtype="int32")
    assert rate_hz == RATE_HZ
    kept, (onset_s,) = (left // 256).astype(np.int64), clip.onsets_s
    whole = sound.astype(np.int64) * 256  # FLAC of 24 bits
    aligned = [s for s in range(RATE_HZ // 2, RATE_HZ * 3 // 2) if whole[s] == kept[round(onset_s * RATE_HZ)]]
    at = round(onset_s * RATE_HZ)
    (start,) = [s - at for s in aligned if np.array_equal(whole[s : s + 200], kept[at : at + 200])]
    same = np.flatnonzero((kept == whole[start : start + len(kept)]) & (kept != 0))
    assert np.count_nonzero(abs(same - at) < 0.03 * RATE_HZ) > 0.025 * RATE_HZ
    assert np.count_nonzero(abs(same - at) > 0.031 * RATE_HZ) < 5  # by chance


def clip_of(number: int) -> Order:
    """An order for the sound of one arrival."""
    now_ns = time.time_ns()
    order = clip_order(NODE, ClipAsk(event="event", arrivals=(number,)), now_ns, now_ns + 20 * 10**9)
    return sign_order(order, nodes.CENTRE_KEY)


def feed(pipe: IO[bytes], sound: NDArray[np.int16]) -> None:
    """As a microphone would, in real time."""
    start_s = time.monotonic()
    for at in range(0, len(sound), RATE_HZ // 50):
        time.sleep(max(0.0, start_s + at / RATE_HZ - time.monotonic()))
        pipe.write(sound[at : at + RATE_HZ // 50].tobytes())
        pipe.flush()


def asked(kind: str) -> Order:
    """An order that the centre signed, for sound of the last second."""
    now_ns = time.time_ns()
    body = {"shot": "ab", "time_ns": now_ns - 10**9, "half_s": 1.0, "url": "https://127.0.0.1:1/", "seconds": 1.0}
    order = Order(id=f"asked-{kind}", kind=kind, issued_ns=now_ns, expires_ns=2**62, body=body)
    return sign_order(order, nodes.CENTRE_KEY)


def test_no_setting_of_a_node_has_to_do_with_sound_but_where_it_comes_from() -> None:
    fields = {field.name for field in msgspec.structs.fields(Settings)}
    assert {name for name in fields if re.search(WORDS, name)} == {"microphones"}


@pytest.mark.parametrize("words", [("node",), ("node", "enrol"), ("node", "rotate"), ("node", "status"), ("centre",)])
def test_no_option_listens(words: tuple[str, ...]) -> None:
    done = subprocess.run(tocsin(*words, "--help"), capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 0
    options = re.findall(r"--[a-z-]+", done.stdout)
    assert "--help" in options
    addresses = {"--listen"} if words == ("centre",) else set()  # where the page waits for browsers
    assert not [option for option in options if re.search(WORDS, option) and option not in addresses]


def test_no_command_listens() -> None:
    assert not [name for name in COMMANDS if re.search(WORDS, name)]

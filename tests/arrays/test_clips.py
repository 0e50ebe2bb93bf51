"""A node that is asked for sound: what it gives, what it refuses, and what a broken centre costs."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError, UnknownVersionError
from arrays import clip
from arrays.clip import ClipAsk, Excerpt, clip_order, open_clip, read_clip_order, sealed_clip, span, verify_clip
from arrays.order import Order, sign_order
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import Centre, enrolled, mandate_of, session_with_bangs, settings, soon, started, wait_for
from tests.arrays.sessions import RATE_HZ

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def asked(event: str, *arrivals: int, for_s: float = 20.0) -> Order:
    """A clip order for roof-1."""
    now_ns = time.time_ns()
    order = clip_order("roof-1", ClipAsk(event=event, arrivals=arrivals), now_ns, now_ns + round(for_s * 1e9))
    return sign_order(order, nodes.CENTRE_KEY)


def test_a_node_gives_sound_under_its_mandate_alone_and_loses_nothing_when_the_centre_breaks(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [1.0, 2.5, 4.0, 8.0], 16.0, channels=4)
    with https_server(tmp_path) as server:
        centre = Centre(server)  # whose mandate allows no clips
        path = settings(tmp_path, start=soon(), health_interval_s=0.5)
        enrolled(centre, path)
        with started(path) as process:
            wait_for(lambda: len(centre.arrivals()) >= 3)
            first, second, third = (one.number for one in centre.arrivals()[:3])
            server.orders = [asked("early", first)]
            wait_for(lambda: "clip-early-roof-1" in centre.answers())
            server.orders = [mandate_of(2, clips=True), asked("unheard", first, 99), asked("late", first, for_s=-1.0)]
            wait_for(lambda: {"clip-unheard-roof-1", "clip-late-roof-1"} <= set(centre.answers()))
            failures = 2

            def answer(way: str, body: bytes) -> tuple[int, bytes]:
                nonlocal failures
                if way == "/clips" and failures:
                    failures -= 1
                    return 500, b'{"error": "the disk is full"}'
                return centre.answer(way, body)

            server.answer = answer
            server.orders = [asked("burst", third, second), asked("burst", third, second)]  # told twice
            wait_for(lambda: "clip-burst-roof-1" in centre.answers())
            server.answer = lambda way, body: (409, b'{"error": "no"}') if way == "/clips" else centre.answer(way, body)
            server.orders = [asked("unwanted", third)]
            wait_for(lambda: "clip-unwanted-roof-1" in centre.answers())
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    told = centre.answers()
    assert {name: (one.state, one.why) for name, one in told.items() if name.startswith("clip")} == {
        "clip-early-roof-1": ("refused", "the mandate allows no clips"),
        "clip-unheard-roof-1": ("gone", ""),
        "clip-late-roof-1": ("gone", ""),
        "clip-burst-roof-1": ("found", ""),
        "clip-unwanted-roof-1": ("refused", "the centre answered 409: no"),
    }
    assert len(centre.arrivals()) == 4  # the last of them heard meanwhile
    (message,) = centre.clips
    envelope, sent = open_clip(message)
    assert verify_clip(envelope.body, envelope.signature, centre.public_key)
    sound, rate_hz = soundfile.read(io.BytesIO(sent.flac))
    assert rate_hz == RATE_HZ
    assert 2.5 * RATE_HZ < len(sound) < 3.501 * RATE_HZ  # of the second after the last shot what was heard by then
    at_ns = [sent.start_ns + round(onset_s * 1e9) for onset_s in sent.onsets_s]
    assert at_ns == pytest.approx([centre.arrivals()[k].time_ns for k in (1, 2)], abs=1e6)


def test_a_clip_is_bounded() -> None:
    with pytest.raises(InputError, match=r"the shots span 21 s; expected at most 20 s of sound"):
        span([48_000.0, 48_000.0 * 20], 48_000.0)
    assert span([24_000.0], 48_000.0) == (0, 72_000)  # the stream had just begun
    with pytest.raises(InputError, match="arrivals"):
        read_clip_order(Order(id="a", kind="clip", issued_ns=1, expires_ns=2, body={"event": "e", "arrivals": []}))
    instant = Order(id="a", kind="clip", issued_ns=1, expires_ns=2, body={"event": "e", "time_ns": 5})
    with pytest.raises(InputError, match="time_ns"):
        read_clip_order(instant)


def test_a_clip_that_is_too_large_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, 96_000).astype(np.float32)
    monkeypatch.setattr(clip, "MOST_BYTES", 10_000)
    with pytest.raises(InputError, match=r"the clip has \d+ bytes; expected at most 10000"):
        sealed_clip("clip-e-roof-1", "roof-1", "e", Excerpt(sound, 48_000.0, 0, (48_000.0,)), KEY)


def test_a_clip_whose_bytes_were_changed_is_found() -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, 96_000).astype(np.float32)
    message = sealed_clip("clip-e-roof-1", "roof-1", "e", Excerpt(sound, 48_000.0, 0, (48_000.0,)), KEY)
    envelope, _ = open_clip(message)
    public = KEY.public_key().public_bytes_raw()
    assert verify_clip(envelope.body, envelope.signature, public)
    assert not verify_clip(envelope.body + b"\0", envelope.signature, public)
    with pytest.raises(InputError, match="no FLAC"):
        open_clip(message.replace(b"fLaC", b"fLaX"))
    with pytest.raises(UnknownVersionError, match="clip version is 2; expected 1"):
        clip.read_clip(envelope.body.replace(b"\xa1v\x01", b"\xa1v\x02"))
    with pytest.raises(InputError, match="clip is not what was expected"):
        open_clip(b"\x00")

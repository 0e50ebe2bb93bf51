"""A release on a real node: tried, kept, or taken back by the node itself where its health worsens or it dies of it."""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acoustic.errors import InputError
from arrays.order import Order, sign_order
from arrays.release import FILE, Release, changed_settings
from arrays.report import Health
from arrays.running import read_model
from arrays.settings import read_settings
from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import Centre, enrolled, session_with_bangs, settings, started, wait_for

LONG_S = 90.0


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def order(name: str, kind: str = "settings", issued_ns: int = 0, **body: Any) -> Order:
    """A release, signed."""
    told = Order(id=name, kind=kind, issued_ns=issued_ns or time.time_ns(), expires_ns=2**62, body=body)
    return sign_order(told, nodes.CENTRE_KEY)


def listening(tmp_path: Path, centre: Centre) -> Path:
    """The settings of a node that hears a street live for a while."""
    session_with_bangs(tmp_path / "scene", [], LONG_S)
    path = settings(tmp_path, start=nodes.soon(), health_interval_s=0.5)
    enrolled(centre, path)
    return path


@contextmanager
def at_work(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A node while the block lasts."""
    process = started(path)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def intervals(centre: Centre) -> list[float]:
    return [report.health.interval_s for report in centre.reports() if report.health is not None]


def other_model() -> bytes:
    """The shipped classifier, written otherwise."""
    out = io.BytesIO()
    shipped = resources.files("recordings.models").joinpath("default.npz").read_bytes()
    with np.load(io.BytesIO(shipped), allow_pickle=False) as arrays:
        np.savez_compressed(out, **{name: arrays[name] for name in arrays})
    return out.getvalue()


def test_settings_and_a_model_are_tried_kept_and_there_after_a_start(tmp_path: Path, centre: Centre) -> None:
    path = listening(tmp_path, centre)
    with at_work(path):
        wait_for(centre.reports)
        centre.server.orders = [order("s-roof-1", changes={"health_interval_s": 0.3}, trial_s=1.0)]
        wait_for(lambda: "s-roof-1" in centre.answers())
        model = other_model()
        centre.server.orders = [order("m-roof-1", "model", npz=model, trial_s=1.0)]
        wait_for(lambda: "m-roof-1" in centre.answers())
        centre.server.orders = [order("m-roof-1", "model", npz=model, trial_s=1.0)]  # its answer was lost
        centre.server.orders += [order("bad-roof-1", changes={"source": {}}), order("old-roof-1", issued_ns=5)]
        wait_for(lambda: {"bad-roof-1", "old-roof-1"} <= set(centre.answers()))
    told = {name: (one.state, one.why) for name, one in centre.answers().items()}
    assert (told["s-roof-1"], told["m-roof-1"]) == (("done", ""), ("done", ""))
    assert told["bad-roof-1"][0] == told["old-roof-1"][0] == "refused"
    assert told["bad-roof-1"][1].startswith("changes has 'source'; expected ring_s, ")
    assert told["old-roof-1"][1] == "a newer release came before it"
    assert (intervals(centre)[0], intervals(centre)[-1]) == (0.5, 0.3)
    kept = Release(tmp_path / "data", read_settings(path)).settings()
    assert read_model(kept.model).digest != read_model("").digest
    assert centre.reports()[-1].model == read_model(kept.model).digest
    assert kept.health_interval_s == 0.3


def test_a_node_whose_health_worsens_goes_back_and_says_so(tmp_path: Path, centre: Centre) -> None:
    path = listening(tmp_path, centre)
    with at_work(path):
        wait_for(centre.reports)
        centre.server.orders = [order("s-roof-1", changes={"health_interval_s": 0.3}, trial_s=60.0)]
        wait_for(lambda: intervals(centre)[-1] == 0.3)
        answer, centre.server.answer = centre.server.answer, lambda _way, _body: (500, b'{"error": "no disk"}')
        wait_for(lambda: b'"trial":null' in (tmp_path / "data" / FILE).read_bytes())
        centre.server.answer = answer
        wait_for(lambda: "s-roof-1" in centre.answers() and intervals(centre)[-1] == 0.5)
    told = centre.answers()["s-roof-1"]
    assert told.state == "rolled_back"
    assert told.why.startswith("the node was degraded: the centre answered 500")


def test_a_program_that_dies_of_a_release_goes_back(tmp_path: Path, centre: Centre) -> None:
    path = listening(tmp_path, centre)
    given = order("s-roof-1", changes={"health_interval_s": 0.3}, trial_s=60.0)
    with at_work(path) as process:
        wait_for(centre.reports)
        centre.server.orders = [given]
        wait_for(lambda: intervals(centre)[-1] == 0.3)
        process.kill()
    for _ in range(2):
        count = len(centre.reports())
        with at_work(path) as process:
            wait_for(lambda: len(centre.reports()) > count)  # noqa: B023 — waited for within the turn
            process.kill()
    with at_work(path) as process:
        wait_for(lambda: intervals(centre)[-1] == 0.5)
        centre.server.orders = [given]
        wait_for(lambda: "s-roof-1" in centre.answers())
    assert centre.answers()["s-roof-1"].why == "the program ended 3 times within the trial"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"link": {"url": "mqtt://b"}}, "changes has 'link'; expected ring_s"),
        ({"ring_s": 600.0}, "ring_s is 600.0; expected a number from 2 to 60"),
        ({"ring_s": "long"}, "ring_s: Expected float, got str"),
        ({"air": {"temperature_c": -400.0}}, "temperature_c"),
    ],
)
def test_what_may_not_be_changed_from_afar_is_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    session_with_bangs(tmp_path / "scene", [], 1.0)
    with pytest.raises(InputError, match=sentence):
        changed_settings(read_settings(settings(tmp_path)), changes)


def test_only_what_is_worse_for_another_cause_and_lasts_counts(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [], 1.0)
    before = Health(state="degraded", causes=["clock"])
    (tmp_path / "data").mkdir()
    release = Release(tmp_path / "data", read_settings(settings(tmp_path)))
    assert release.take(order("s", changes={"ring_s": 20.0}, trial_s=30.0), before) is None
    again = Release(tmp_path / "data", read_settings(settings(tmp_path)))
    again.started()
    assert again.settings().ring_s == 20.0
    for state, cause, at_s in (
        ("degraded", "uplink", 1.0),  # no worse than it was
        ("deaf", "source", 2.0),
        ("degraded", "clock", 4.0),  # it was a moment
        ("deaf", "source", 8.0),
        ("deaf", "source", 12.0),
        ("out_of_mandate", "mandate", 13.0),  # no release makes that
    ):
        assert again.judge(Health(state=state, causes=[cause], uptime_s=at_s)) is None
    for at_s in (20.0, 25.0):
        answer = again.judge(Health(state="deaf", causes=["source"], reasons=["no sound"], uptime_s=at_s))
    assert answer is not None
    assert (answer.state, answer.why) == ("rolled_back", "the node was deaf: no sound")
    assert Release(tmp_path / "data", read_settings(settings(tmp_path))).settings().ring_s == 10.0

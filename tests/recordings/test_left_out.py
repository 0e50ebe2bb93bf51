"""Comparing on sources left out: what is scored was never trained on, and the figures are the standard ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

import tocsin
from recordings.left_out import KINDS, auc, calibration_error, compared, recall_at
from recordings.training import Recipe
from tests.recordings.test_training import folder

Array = NDArray[np.float64]
probabilities = st.lists(st.floats(0, 1).map(lambda p: round(p, 2)), min_size=1, max_size=40).map(np.array)


@settings(deadline=None)
@given(probabilities, probabilities)
def test_the_area_is_that_of_mann_and_whitney(positive: Array, negative: Array) -> None:
    u = mannwhitneyu(positive, negative, method="asymptotic").statistic
    assert auc(positive, negative) == pytest.approx(float(u) / len(positive) / len(negative))


def test_recall_counts_what_lies_above_the_allowed_false_positives() -> None:
    others = np.linspace(0.0, 0.99, 100)  # at 1 % one of them may pass: the threshold is the second highest
    assert recall_at(np.array([0.975, 0.985, 0.5, 1.0]), others, 0.01) == pytest.approx(0.5)
    assert recall_at(np.array([0.975, 0.985, 0.5, 1.0]), others, 0.05) == pytest.approx(0.75)
    assert recall_at(np.array([0.3]), np.array([0.3]), 0.01) == 0.0


def test_odds_that_come_true_as_often_as_they_say_have_no_calibration_error() -> None:
    p = np.repeat([0.1, 0.5, 0.9], 100)
    truth = np.concatenate([np.arange(100) < 10, np.arange(100) < 50, np.arange(100) < 90]).astype(float)
    assert calibration_error(p, truth, bins=3) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error(p, 1 - truth, bins=3) == pytest.approx((0.8 + 0.0 + 0.8) / 3)


def test_every_kind_of_network_is_scored_on_the_shots_left_out_and_on_all_other_sounds(tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    recipe = Recipe(draws=120, simulated=4, dense=1, convolutional=1)
    scores = list(compared(data, ("gunshot 1",), recipe, (5,)))
    assert [s.kind for s in scores] == list(KINDS)
    for score in scores:
        assert (score.left_out, score.seed, score.shots, score.others) == ("gunshot 1", 5, 1, 6)
        assert 0 <= score.recall_1 <= score.recall_5 <= 1
        assert 0 <= score.auc <= 1
        assert score.temperature > 0


def test_a_source_without_shots_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder(tmp_path / "data")
    assert tocsin.main(["model", "compare", "--data", str(data), "--leave-out", "door 1"]) == 2
    err = capsys.readouterr().err
    assert err == f"tocsin model: door 1 names no source or group of shots in {data}/manifest.csv\n"

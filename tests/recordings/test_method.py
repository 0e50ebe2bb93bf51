"""Settings changed for a run: typed, bounded, named in the digest; a wrong name is told what was meant."""

from __future__ import annotations

import re

import pytest

from acoustic.classify import Model
from acoustic.errors import InputError
from acoustic.impulses import DetectorSettings
from localisation.likelihood import Priors
from recordings import models
from recordings.method import Settings, changed, defaults
from tests.arrays.nodes import REPOSITORY

MODEL = Model.from_bytes(models.default())


def test_a_setting_changes_itself_and_nothing_else() -> None:
    settings = changed(["detector.step_db=9", "detector.dead_steps=10", "priors.path_s=0.005", "search.least=7.5"])
    assert settings.detector == DetectorSettings(step_db=9.0, dead_steps=10)
    assert settings.network.priors == Priors(path_s=0.005)
    assert settings.network.search.least == 7.5
    assert changed(["network.silence_s=3"]).network.silence_s == 3.0
    assert changed([]) == Settings()


@pytest.mark.parametrize("name", sorted(defaults()))
def test_every_setting_can_be_set_and_changes_the_digest(name: str) -> None:
    value = defaults()[name]
    assert changed([f"{name}={value!r}"]) == Settings()
    other = changed([f"{name}={value + 1 if isinstance(value, int) else value * 0.9}"])
    assert other.digest(MODEL) != Settings().digest(MODEL)


def test_the_digest_names_the_model_too() -> None:
    assert Settings().digest(MODEL) == Settings().digest(MODEL) != Settings().digest(None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("detector.step_bd=9", "there is no setting 'detector.step_bd'; did you mean detector.step_db?"),
        ("prior.path_s=9", "there is no setting 'prior.path_s'; did you mean priors.path_s?"),
        ("detector.joint=1", "there is no setting 'detector.joint'; did you mean"),
        ("colour=9", "there is no setting 'colour'; did you mean detector.step_db or"),
        (
            "detector.step_db",
            "setting 'detector.step_db' has no value; expected NAME=VALUE, such as detector.step_db=8",
        ),
        ("detector.step_db=high", "detector.step_db is 'high'; expected a number"),
        ("detector.dead_steps=1.5", "detector.dead_steps is '1.5'; expected a whole number"),
        ("detector.step_db=nan", "detector.step_db is nan; expected a number above 0"),
        ("detector.step_db=inf", "detector.step_db is inf; expected a number above 0"),
        ("priors.path_s=0", "priors.path_s is 0; expected a number above 0"),
        ("priors.outlier=1", "priors.outlier is 1; expected a number above 0 and below 1"),
    ],
)
def test_what_cannot_be_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as told:
        changed([text])
    assert str(told.value).startswith(sentence)


def test_every_setting_is_documented_with_its_value() -> None:
    text = (REPOSITORY / "docs" / "analyse" / "replay.md").read_text()
    told = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (\S+) \|", text, re.MULTILINE))
    assert told == {name: f"{value:g}" for name, value in defaults().items()}

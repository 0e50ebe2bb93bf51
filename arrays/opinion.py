"""A node's opinion of an impulse's class: the model's, unless the sound's shape tells more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import LABELS, Model
from acoustic.features import window
from arrays.report import brief

SHOCK_WAVE = "shock_wave"
N_WAVE_SURE = 0.95  # that an N-wave is a bullet's; 2 of 4,440 impulses of the training clips have one, 1 a bullet's


def opinion(model: Model, sound: NDArray[np.float32], rate_hz: float, onset: float, n_wave: bool) -> dict[str, float]:
    """Probabilities of the classes of what begins at sample `onset` of a channel (n,); `n_wave`: it has that shape."""
    row = model.probabilities(window(sound, rate_hz, onset)[None, :])[0]
    found = dict(zip(LABELS, (float(p) for p in row), strict=True))
    if n_wave:
        rest = {label: (1.0 - N_WAVE_SURE) * p for label, p in found.items()}
        found = {**rest, SHOCK_WAVE: rest[SHOCK_WAVE] + N_WAVE_SURE}
    return {label: brief(p) for label, p in found.items()}


class Deferred(Mapping[str, float]):
    """An opinion that is formed when it is first read, for a recording can be read again; most are never asked for."""

    def __init__(self, form: Callable[[], dict[str, float]]) -> None:
        self._form, self._formed = form, dict[str, float]()

    @property
    def formed(self) -> dict[str, float]:
        """The opinion."""
        if not self._formed:
            self._formed = self._form()
        return self._formed

    def __getitem__(self, label: str) -> float:
        return self.formed[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self.formed)

    def __len__(self) -> int:
        return len(self.formed)

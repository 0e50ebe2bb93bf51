"""What hears: a source and the pipeline behind it, opened while a node may listen, closed, memory and all, when not."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from acoustic.classify import Model
from acoustic.errors import TocsinError
from arrays.capture import Block, Gap
from arrays.pipeline import Heard, Pipeline, PipelineSettings
from arrays.settings import Settings
from arrays.sources import open_source
from localisation.again import Ask

NOISE_S, NOISE_STEP_S = 3.0, 0.02  # the noise is the median of short steps: a bang does not count
log = structlog.get_logger()


class Ear:
    """One opening of a node's source. `hear` works in a thread of its own until the source ends or `close` is called.

    Raises InputError or ResourceError where the source cannot be opened.
    """

    def __init__(
        self, settings: Settings, place: tuple[float, float, float], model: Model, first_number: int, gaps: int = 0
    ) -> None:
        self._closing = threading.Event()
        self.source, microphones, air = open_source(settings, self._closing)
        self._pipeline = Pipeline(
            settings.node,
            place,
            microphones,
            self.source.rate_hz,
            self.source.timebase,
            model,
            air,
            PipelineSettings(ring_s=settings.ring_s),
            first_number,
        )
        self._hearing = threading.Lock()  # of the pipeline: the listener feeds it, orders look into its ring
        self.failure = ""
        self.ended = False
        self.gaps = gaps
        self.gap_at_s: float | None = None
        self.sound_at_s: float | None = None
        self._powers: deque[float] = deque(maxlen=round(NOISE_S / NOISE_STEP_S))

    @property
    def closing(self) -> bool:
        """Whether it was told to stop."""
        return self._closing.is_set()

    @property
    def noise_db(self) -> float | None:
        """Of the last seconds, re full scale; None before the first."""
        powers = list(self._powers)
        return round(10.0 * math.log10(max(float(np.median(powers)), 1e-20)), 1) if powers else None

    def close(self) -> None:
        """Let the source go: `hear` ends within a moment."""
        self._closing.set()

    def hear(self, tell: Callable[[Sequence[Heard]], None]) -> None:
        """Sound to arrivals, until the source ends."""
        try:
            for item in self.source.blocks():
                self._take(item, tell)
            with self._hearing:
                tell(self._pipeline.flush())
        except TocsinError as error:
            self.failure = str(error)
            log.warning("capture failed", problem=str(error))
        except Exception:  # a listener that died unseen would look like a quiet street
            self.failure = "capture failed for a reason that the node's log tells"
            log.exception("capture failed")
        finally:
            self.ended = True

    def look_back(self, ask: Ask, then: Callable[[bool, Heard | None], None]) -> None:
        """Look again; `then(held, found)` is called before anything else is heard, so that numbers stay in order."""
        with self._hearing:
            then(*self._pipeline.look_back(ask))

    def _take(self, item: Block | Gap, tell: Callable[[Sequence[Heard]], None]) -> None:
        self.sound_at_s = time.monotonic()
        if isinstance(item, Gap):
            self.gaps, self.gap_at_s = self.gaps + 1, self.sound_at_s
        else:
            self._powers.extend(powers(item.samples, round(NOISE_STEP_S * self.source.rate_hz)))
        with self._hearing:
            self._pipeline.timebase = self.source.timebase
            tell(self._pipeline.push(item))


def powers(samples: NDArray[np.float32], step: int) -> list[float]:
    """Mean square of each whole `step` of (channels, n) samples, of all of them where there are fewer."""
    step = min(step, samples.shape[1])
    count = samples.shape[1] // step if step else 0
    cut = samples[:, : count * step].reshape(len(samples), count, step)
    return [float(p) for p in np.square(cut).mean(axis=(0, 2))]

"""What hears: a source and the pipeline behind it, opened while a node may listen, closed, memory and all, when not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from acoustic.classify import Model
from acoustic.errors import TocsinError
from arrays.capture import Block, Gap
from arrays.clip import Excerpt, span
from arrays.levels import Levels
from arrays.pipeline import Heard, Pipeline, PipelineSettings
from arrays.settings import Settings
from arrays.sources import open_source
from localisation.arrivals import Ask

log = structlog.get_logger()


class Ear:
    """One opening of a node's source. `hear` works in a thread of its own until the source ends or `close` is called.
    `unlocked`: why the sound in memory may go to swap; empty where it never does.

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
        self.unlocked = self._pipeline.ring.lock()
        self._hearing = threading.Lock()  # of the pipeline: the listener feeds it, orders look into its ring
        self._ring_samples = settings.ring_s * self.source.rate_hz
        self._end = 0  # sample counter after the newest sample
        self._onsets: dict[int, tuple[float, int]] = {}  # arrival's number to sample, channel; as the ring holds
        self.failure = ""
        self.ended = False
        self.gaps = gaps
        self.gap_at_s: float | None = None
        self.sound_at_s: float | None = None
        self.levels = Levels(self.source.rate_hz, self.source.channels)
        self.opened_at_s = time.monotonic()

    @property
    def closing(self) -> bool:
        """Whether it was told to stop."""
        return self._closing.is_set()

    def close(self) -> None:
        """Let the source go: `hear` ends within a moment."""
        self._closing.set()

    def hear(self, tell: Callable[[Sequence[Heard]], None]) -> None:
        """Sound to arrivals, until the source ends."""
        try:
            for item in self.source.blocks():
                self._take(item, tell)
            with self._hearing:
                tell(self._noted(self._pipeline.flush()))
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
            held, found = self._pipeline.look_back(ask)
            then(held, found if found is None else self._noted([found])[0])

    def excerpt(self, numbers: Sequence[int]) -> Excerpt | None:
        """The sound around arrivals of these numbers, in the microphone that heard the first of them first.

        None where the ring does not hold all of it, or one of them was not heard here. Raises InputError where it is
        longer than a clip may be.
        """
        with self._hearing:
            known = sorted(self._onsets[number] for number in numbers if number in self._onsets)
            if len(known) < len(set(numbers)):
                return None
            onsets, rate_hz = [onset for onset, _ in known], self.source.rate_hz
            first, end = span(onsets, rate_hz)
            sound = self._pipeline.ring.held(first, min(end, self._end))
            if sound is None:
                return None
            start_ns = self._pipeline.timebase.utc_ns(first)
            return Excerpt(sound[known[0][1]], rate_hz, start_ns, tuple(onset - first for onset in onsets))

    def _take(self, item: Block | Gap, tell: Callable[[Sequence[Heard]], None]) -> None:
        self.sound_at_s = time.monotonic()
        if isinstance(item, Gap):
            self.gaps, self.gap_at_s = self.gaps + 1, self.sound_at_s
        else:
            self.levels.take(item.samples)
        with self._hearing:
            self._pipeline.timebase = self.source.timebase
            heard = self._pipeline.push(item)
            self._end = item.index + (item.samples if isinstance(item, Gap) else item.samples.shape[1])
            tell(self._noted(heard))

    def _noted(self, heard: list[Heard]) -> list[Heard]:
        """The same, their onsets remembered for as long as the ring remembers their sound."""
        if not heard:
            return heard
        oldest = self._end - self._ring_samples
        self._onsets = {number: one for number, one in self._onsets.items() if one[0] >= oldest}
        self._onsets |= {one.number: (one.onset_sample, one.channel) for one in heard}
        return heard

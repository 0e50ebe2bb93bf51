"""How fluid the page is: the time from frame to frame, as the browser itself counts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Page

BEGIN = """() => {
  const times = (window.frameTimes = []);
  let last = performance.now();
  const tick = (now) => { times.push(now - last); last = now; window.frameId = requestAnimationFrame(tick); };
  window.frameId = requestAnimationFrame(tick);
}"""
END = "() => { cancelAnimationFrame(window.frameId); return window.frameTimes.slice(1); }"


@dataclass
class Frames:
    """Milliseconds from each frame to the next."""

    times_ms: list[float] = field(default_factory=list)

    @property
    def p95_ms(self) -> float:
        """Nineteen of twenty frames came sooner than this."""
        return sorted(self.times_ms)[int(0.95 * len(self.times_ms))]

    def __str__(self) -> str:
        return f"{len(self.times_ms)} frames, p95 {self.p95_ms:.0f} ms, worst {max(self.times_ms):.0f} ms"


@contextmanager
def frames(page: Page) -> Iterator[Frames]:
    """Counts the frames of what is done within; to be read after it."""
    counted = Frames()
    page.evaluate(BEGIN)
    yield counted
    counted.times_ms = page.evaluate(END)

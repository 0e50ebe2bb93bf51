"""How a node is: a state, and the named reasons for it, judged from what it knows of itself.

    out_of_mandate   it may not listen, and does not
    failed           it cannot listen, or not keep what it hears, and will not by itself
    deaf             it listens and hears nothing: what happens in the street goes past it
    starting         its source was opened and no sound has come yet
    degraded         it hears and reports, but less far, less exactly, or late
    ok               healthy

The worst that has a reason holds; it ends with its reason. Every reason is told, whichever state it is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arrays.report import Health

CLOCK_DEGRADED_S = 0.01  # 3.4 m of sound
STALLED_S = 2.0  # without sound from a source that gave some
STARTING_S = 60.0  # for a source to give its first sound
GAP_SHOWN_S = 60.0
HOT_C = 80.0  # from where on small boards run slower to stay whole
DISK_LOW_BYTES = 100e6  # more than a full outbox takes
OUT, FAILED, DEAF, DEGRADED = WORST_FIRST = ("out_of_mandate", "failed", "deaf", "degraded")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node is in a state: a name for programs, a sentence for people."""

    state: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a node knows of itself; sentences are empty where nothing is wrong.

    `mandate`: why it may not listen; `failure`: why it cannot, for good; `capture`, `disk`, `link`, `certificate`,
    `clock`: why sound, outbox, uplink, certificate or time source fail; `set_aside`: where an outbox that was found
    damaged is now; `waits`: a source was opened and gave nothing yet; `quiet_s`: since the last sound came from the
    source, None after a recording's end; `gap_s`: since the last lost sound, None where none was lost; `microphones`:
    what their levels say, as `arrays.levels` has it.
    """

    uptime_s: float
    interval_s: float
    mandate: str = ""
    failure: str = ""
    capture: str = ""
    disk: str = ""
    link: str = ""
    certificate: str = ""
    clock: str = ""
    refused: int = 0
    dropped: int = 0
    set_aside: str = ""
    outbox: int = 0
    gaps: int = 0
    waits: bool = False
    gap_s: float | None = None
    quiet_s: float | None = None
    clock_sigma_s: float | None = None
    noise_db: float | None = None
    temperature_c: float | None = None
    free_bytes: float | None = None
    microphones: Sequence[tuple[str, str, bool]] = ()
    locked: bool = False


def judge(facts: Facts) -> Health:
    """The state that the worst reason makes, and all reasons, the worst first."""
    reasons = sorted(_reasons(facts), key=lambda reason: WORST_FIRST.index(reason.state))
    state = reasons[0].state if reasons else "ok"
    if facts.waits and state in (DEGRADED, "ok"):
        state = "starting"
    return Health(
        state=state,
        reasons=[reason.text for reason in reasons],
        causes=[reason.name for reason in reasons],
        interval_s=facts.interval_s,
        clock_sigma_s=facts.clock_sigma_s,
        noise_db=facts.noise_db,
        outbox=facts.outbox,
        gaps=facts.gaps,
        uptime_s=facts.uptime_s,
        temperature_c=facts.temperature_c,
        locked=facts.locked,
    )


def _reasons(facts: Facts) -> Iterator[Reason]:
    said = (
        (OUT, "mandate", facts.mandate),
        (FAILED, "source", facts.failure),
        (FAILED, "disk", facts.disk),
        (DEAF, "source", facts.capture),
        (DEGRADED, "certificate", facts.certificate),
        (DEGRADED, "uplink", facts.link),
        (DEGRADED, "clock", facts.clock),
    )
    yield from (Reason(state, name, text) for state, name, text in said if text)
    yield from _of_sound(facts)
    yield from _of_figures(facts)


def _of_sound(facts: Facts) -> Iterator[Reason]:
    if facts.quiet_s is not None and facts.quiet_s > (STARTING_S if facts.waits else STALLED_S):
        yield Reason(DEAF, "source", f"no sound from the source for {facts.quiet_s:.0f} s")
    for name, text, everywhere in facts.microphones:
        yield Reason(DEAF if everywhere else DEGRADED, name, text)
    if facts.gap_s is not None and facts.gap_s < GAP_SHOWN_S:
        yield Reason(DEGRADED, "drops", f"sound was lost {facts.gap_s:.0f} s ago")


def _of_figures(facts: Facts) -> Iterator[Reason]:
    if facts.refused:
        yield Reason(DEGRADED, "drops", f"{facts.refused} reports were set aside; the log says why")
    if facts.dropped:
        yield Reason(DEGRADED, "drops", f"{facts.dropped} reports were dropped: the outbox is full")
    if facts.set_aside:
        yield Reason(DEGRADED, "drops", f"the outbox was damaged; it is set aside as {facts.set_aside}")
    if facts.clock_sigma_s is not None and facts.clock_sigma_s > CLOCK_DEGRADED_S:
        yield Reason(DEGRADED, "clock", f"the clock is known to {facts.clock_sigma_s * 1e3:.0f} ms only")
    if facts.free_bytes is not None and facts.free_bytes < DISK_LOW_BYTES:
        yield Reason(DEGRADED, "disk", f"only {facts.free_bytes / 1e6:.0f} MB are free on the disk")
    if facts.temperature_c is not None and facts.temperature_c >= HOT_C:
        yield Reason(DEGRADED, "temperature", f"the board is at {facts.temperature_c:.0f} °C")

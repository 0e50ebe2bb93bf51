"""How a node is, judged from what it knows of itself: ok, degraded or fault, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from arrays.report import Health

CLOCK_DEGRADED_S = 0.01  # 3.4 m of sound
STALLED_S = 2.0
GAP_SHOWN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a node knows of itself; sentences are empty where nothing is wrong.

    `mandate`: why it may not listen; `capture`, `disk`, `link`, `clock`: why sound, outbox, uplink or time source fail;
    `set_aside`: where an outbox that was found damaged is now; `quiet_s`: since the last sound came from the source,
    None before the first and after a recording's end; `gap_s`: since the last lost sound, None where none was lost.
    """

    uptime_s: float
    interval_s: float
    mandate: str = ""
    capture: str = ""
    disk: str = ""
    link: str = ""
    clock: str = ""
    refused: int = 0
    dropped: int = 0
    set_aside: str = ""
    outbox: int = 0
    gaps: int = 0
    gap_s: float | None = None
    quiet_s: float | None = None
    clock_sigma_s: float | None = None
    noise_db: float | None = None


def judge(facts: Facts) -> Health:
    """A node that cannot hear or keep is in fault; one that does either badly, or late, is degraded."""
    faults = [reason for reason in (facts.capture, facts.disk) if reason]
    if facts.quiet_s is not None and facts.quiet_s > STALLED_S:
        faults.append(f"no sound from the source for {facts.quiet_s:.0f} s")
    degraded = [reason for reason in (facts.link, facts.clock) if reason]
    if facts.refused:
        degraded.append(f"{facts.refused} reports were set aside; the log says why")
    if facts.dropped:
        degraded.append(f"{facts.dropped} reports were dropped: the outbox is full")
    if facts.set_aside:
        degraded.append(f"the outbox was damaged; it is set aside as {facts.set_aside}")
    if facts.gap_s is not None and facts.gap_s < GAP_SHOWN_S:
        degraded.append(f"sound was lost {facts.gap_s:.0f} s ago")
    if facts.clock_sigma_s is not None and facts.clock_sigma_s > CLOCK_DEGRADED_S:
        degraded.append(f"the clock is known to {facts.clock_sigma_s * 1e3:.0f} ms only")
    return Health(
        state="out_of_mandate" if facts.mandate else "fault" if faults else "degraded" if degraded else "ok",
        reasons=[*filter(None, [facts.mandate]), *faults, *degraded],
        interval_s=facts.interval_s,
        clock_sigma_s=facts.clock_sigma_s,
        noise_db=facts.noise_db,
        outbox=facts.outbox,
        gaps=facts.gaps,
        uptime_s=facts.uptime_s,
    )

"""What chrony says of the computer's clock: `chronyc -c tracking`, one line of comma-separated values."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import dataclass

from acoustic.errors import InputError, ResourceError

FIELDS = (
    "reference_id",
    "name",
    "stratum",
    "ref_time",
    "system_time",
    "last_offset",
    "rms_offset",
    "frequency",
    "residual_freq",
    "skew",
    "root_delay",
    "root_dispersion",
    "update_interval",
    "leap_status",
)  # in the order of chronyc(1)
UNSYNCHRONISED = "Not synchronised"
LEAPS = ("Normal", "Insert second", "Delete second", UNSYNCHRONISED)
ITSELF = "7F7F0101"  # the reference of a computer that is told to believe its own clock (`local`)
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """One answer: the source in use, how far the clock is still to be slewed, and how far that may be off."""

    reference_id: str
    name: str
    system_time_s: float
    root_delay_s: float
    root_dispersion_s: float
    leap_status: str

    @property
    def synchronised(self) -> bool:
        """Whether a source outside this computer is followed."""
        return self.leap_status != UNSYNCHRONISED and self.reference_id != ITSELF

    @property
    def bound_s(self) -> float:
        """The most that the computer's clock may be from UTC, by chronyc(1); grows while no source is heard."""
        return abs(self.system_time_s) + self.root_dispersion_s + 0.5 * self.root_delay_s


def parse_tracking(line: str) -> Tracking:
    """Parse the line. Raises InputError naming the field."""
    values = line.strip().split(",")
    if len(values) != len(FIELDS):
        raise InputError(f"chronyc tracking has {len(values)} fields ({line.strip()[:80]!r}); expected {len(FIELDS)}")
    field = dict(zip(FIELDS, values, strict=True))
    if field["leap_status"] not in LEAPS:
        raise InputError(f"leap_status is {field['leap_status'][:80]!r}; expected one of {', '.join(LEAPS)}")
    return Tracking(
        reference_id=field["reference_id"],
        name=field["name"],
        system_time_s=_seconds(field, "system_time", -math.inf),
        root_delay_s=_seconds(field, "root_delay", 0.0),
        root_dispersion_s=_seconds(field, "root_dispersion", 0.0),
        leap_status=field["leap_status"],
    )


def ask_chrony() -> Tracking:
    """Ask the chrony of this computer. Raises ResourceError where it is absent or does not answer, InputError."""
    program = shutil.which("chronyc")
    if program is None:
        raise ResourceError("chrony is not installed")
    try:
        done = subprocess.run(  # noqa: S603 — fixed words
            [program, "-c", "tracking"], capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise ResourceError("chrony does not answer in time") from error
    except OSError as error:
        raise ResourceError(f"chrony cannot be asked: {error.strerror}") from error
    if done.returncode != 0:
        raise ResourceError(f"chrony does not answer: {(done.stdout + done.stderr).strip()[:200]}")
    return parse_tracking(done.stdout)


def _seconds(field: dict[str, str], name: str, least: float) -> float:
    try:
        value = float(field[name])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= least):
        wanted = "seconds" if least < 0.0 else "0 or more seconds"
        raise InputError(f"{name} is {field[name][:80]!r}; expected {wanted}")
    return value

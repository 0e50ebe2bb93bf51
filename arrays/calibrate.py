"""`tocsin calibrate`: where a node's microphones really are, and how loud each hears, from claps around it.

The claps are heard through the node's own source and stay in memory; what remains of them is a table.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.impulses import Detector, DetectorSettings, Impulse
from arrays.capture import Gap, Source
from arrays.geometry import radius_m
from arrays.ring import Ring
from arrays.settings import read_settings
from arrays.sources import open_source
from localisation.bearing import WHITENING
from localisation.calibration import LEAST_CLAPS, Calibration, calibrate, inverted
from localisation.delays import arrival_times
from localisation.likelihood import Priors

Floats = NDArray[np.float64]

CLAPS = 12
BEFORE_S, AFTER_S = 0.003, 0.009  # of a clap: it is over before a wall 2 m away answers
LEAST_SNR_DB = 15.0
APART_S = 0.6  # what comes sooner after a clap is its echo, or the other hand
RING_S = 3.0
TOLD = 3.0  # standard deviations from which on a microphone is not where it was said to be
LEAST_TOLD_M, LEAST_TOLD_DB = 0.003, 1.0


class Microphone(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one microphone: its channel (from 1), where it is and was said to be, how far that is, m; how
    much louder it hears than the mean, dB; one standard deviation of each.
    """

    channel: int
    offset_m: tuple[float, float, float]
    stated_m: tuple[float, float, float]
    off_m: float
    off_sigma_m: float
    gain_db: float
    gain_sigma_db: float
    wrong: list[str]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the claps said."""

    claps: int
    used: int
    misfit_us: float
    speed_ms: float
    speed_sigma_ms: float
    swapped: tuple[int, int] | None
    microphones: list[Microphone]


@dataclass(frozen=True, slots=True)
class Claps:
    """What was heard: `windows` (claps, mics, samples) about each."""

    windows: NDArray[np.float32]
    rate_hz: float


def main(argv: list[str]) -> int:
    """Listen, calibrate, print; 0 where all is as stated, 1 where something is not. See --help."""
    asked = _parse(argv)
    stop = threading.Event()
    source, stated, air = open_source(read_settings(asked.settings), stop)
    places = None if asked.places is None else read_places(asked.places)
    wanted = asked.claps if places is None else len(places)
    print(f"listening: clap {wanted} times around the node, a second apart", file=sys.stderr)
    try:
        claps = hear(source, wanted, radius_m(stated) / air.speed_ms, _say(wanted))
    finally:
        stop.set()
    found = examine(claps, stated, air, places)
    if asked.format == "json":
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(_lines(found)))
    return 1 if found.swapped or any(m.wrong for m in found.microphones) else 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tocsin calibrate",
        description="Find where a node's microphones really are, and how loud each hears, from claps around it.",
        epilog="Walk around the node at 2 to 8 m and clap once at each place, high and low, away from walls. With "
        "--places the claps' measured places are known, and the microphones are found to a millimetre or two; without, "
        "only what claps from anywhere can tell. The sound stays in memory.",
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml", help="the node's; it must not be running")
    parser.add_argument("--claps", type=_count, default=CLAPS, metavar="N", help=f"how many to wait for ({CLAPS})")
    parser.add_argument(
        "--places", type=Path, metavar="FILE.csv", help="east_m,north_m,up_m of each clap from the node, in their order"
    )
    parser.add_argument("--format", choices=["json", "text"], default="text", help="default: text")
    return parser.parse_args(argv)


def read_places(path: Path) -> Floats:
    """Places (claps, 3) m from a CSV file with the heads east_m, north_m, up_m. Raises InputError."""
    heads = ["east_m", "north_m", "up_m"]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"places {path} cannot be read: {error}") from error
    try:
        places = np.array([[float(row[head]) for head in heads] for row in rows])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"places {path}: {error}; expected columns {', '.join(heads)}, a number in each") from error
    if len(places) < LEAST_CLAPS or not np.isfinite(places).all():
        raise InputError(f"places {path} has {len(places)} rows; expected at least {LEAST_CLAPS}, of finite metres")
    return places


def hear(source: Source, wanted: int, radius_s: float, told: Callable[[int], None] = lambda _: None) -> Claps:
    """The claps that a source hears, until there are as many as wanted or it ends; `told` hears their count.

    `radius_s`: what sound takes from the array's middle to its edge. Raises InputError for too few, ResourceError.
    """
    rate_hz = source.rate_hz
    before, after = round((BEFORE_S + radius_s) * rate_hz), round((AFTER_S + 2.0 * radius_s) * rate_hz)
    windows: list[NDArray[np.float32]] = []
    last = -math.inf
    for onset, ring in _impulses(source, after):
        if onset - last < APART_S * rate_hz:
            continue
        last = onset
        windows.append(ring.read(math.floor(onset) - before, before + after))
        told(len(windows))
        if len(windows) == wanted:
            break
    if len(windows) < LEAST_CLAPS:
        raise InputError(f"{len(windows)} claps were heard; expected at least {LEAST_CLAPS}, {LEAST_SNR_DB:g} dB clear")
    return Claps(np.array(windows), rate_hz)


def _impulses(source: Source, after: int) -> Iterator[tuple[float, Ring]]:
    """Clear impulses, each once the ring holds `after` samples of it."""
    detector = Detector(source.rate_hz, source.channels, DetectorSettings(joint=source.channels > 1))
    ring = Ring(source.channels, round(RING_S * source.rate_hz))
    waiting: list[Impulse] = []
    stride = round(0.1 * source.rate_hz)
    for item in source.blocks():
        if isinstance(item, Gap):
            waiting += detector.gap(item.samples)
            ring.skip(item.samples)
            continue
        for first in range(0, item.samples.shape[1], stride):
            part = item.samples[:, first : first + stride]
            waiting += detector.push(part)
            ring.append(part)
            while waiting and waiting[0].onset_sample + after <= ring.end:
                if (one := waiting.pop(0)).snr_db >= LEAST_SNR_DB:
                    yield one.onset_sample, ring
    yield from ((one.onset_sample, ring) for one in [*waiting, *detector.flush()] if one.snr_db >= LEAST_SNR_DB)


def examine(claps: Claps, stated: Floats, air: Air, places: Floats | None = None) -> Found:
    """What claps say of microphones `stated` (mics, 3) m, the claps at `places` (claps, 3) m where known.

    Raises InputError where they are too few or do not agree.
    """
    if places is not None and len(places) != len(claps.windows):
        raise InputError(f"{len(claps.windows)} claps were heard; expected {len(places)}, one for each place")
    priors, known = Priors(), air.temperature_c is not None or air.speed_of_sound_ms is not None
    speed = air.speed_ms, priors.speed_ms if known else priors.unknown_speed_ms
    reach_s = 1.2 * 2.0 * radius_m(stated - stated.mean(axis=0)) / air.speed_ms
    windows = claps.windows.astype(np.float64)
    wrong_way = inverted(windows, math.ceil(reach_s * claps.rate_hz))
    windows[:, wrong_way] *= -1.0
    times = arrival_times(windows, claps.rate_hz, reach_s, whitening=WHITENING)
    levels = 10.0 * np.log10(np.maximum(np.square(windows).mean(axis=2), 1e-20))
    found = calibrate(times.seconds.astype(np.float64), times.sigma_s.astype(np.float64), levels, stated, speed, places)
    return Found(
        claps=len(windows),
        used=int(found.used.sum()),
        misfit_us=round(found.misfit_s * 1e6, 2),
        speed_ms=round(found.speed_ms, 2),
        speed_sigma_ms=round(found.speed_sigma_ms, 2),
        swapped=None if found.swapped is None else (found.swapped[0] + 1, found.swapped[1] + 1),
        microphones=[_microphone(found, stated, channel, channel in wrong_way) for channel in range(len(stated))],
    )


def _microphone(found: Calibration, stated: Floats, channel: int, wrong_way: bool) -> Microphone:
    off = found.microphones[channel] - stated[channel]
    far, sigma = float(np.linalg.norm(off)), found.sigma_m[channel]
    off_sigma = float(np.sqrt(np.square(off * sigma).sum()) / far) if far > 0.0 else float(sigma.max())
    gain, gain_sigma = float(found.gains_db[channel]), float(found.gain_sigma_db[channel])
    wrong = []
    if far > max(TOLD * off_sigma, LEAST_TOLD_M):
        wrong.append(f"it is {1e3 * far:.0f} mm from where it is said to be")
    if abs(gain) > max(TOLD * gain_sigma, LEAST_TOLD_DB):
        wrong.append(f"it hears {abs(gain):.1f} dB {'more' if gain > 0 else 'less'} than the others")
    if wrong_way:
        wrong.append("it is wired the wrong way round")
    return Microphone(
        channel=channel + 1,
        offset_m=_rounded(found.microphones[channel]),
        stated_m=_rounded(stated[channel]),
        off_m=round(far, 4),
        off_sigma_m=round(off_sigma, 4),
        gain_db=round(gain, 2),
        gain_sigma_db=round(gain_sigma, 2),
        wrong=wrong,
    )


def _rounded(place: Floats) -> tuple[float, float, float]:
    east, north, up = (round(float(v), 4) for v in place)
    return east, north, up


def _lines(found: Found) -> Iterator[str]:
    yield f"{found.used} of {found.claps} claps agree, to {found.misfit_us:.1f} µs; sound went {found.speed_ms:.1f} m/s"
    if found.swapped:
        yield f"channels {found.swapped[0]} and {found.swapped[1]} are swapped: each has the other's place"
    for one in found.microphones:
        state = "; ".join(one.wrong) or "as stated"
        yield (
            f"microphone {one.channel}: {1e3 * one.off_m:5.1f} ± {1e3 * one.off_sigma_m:.1f} mm off, "
            f"{one.gain_db:+5.1f} ± {one.gain_sigma_db:.1f} dB: {state}"
        )
    offsets = ", ".join(f"[{e:.4f}, {n:.4f}, {u:.4f}]" for e, n, u in (m.offset_m for m in found.microphones))
    yield f"for the settings:\nmicrophones = [{offsets}]"


def _say(wanted: int) -> Callable[[int], None]:
    return lambda count: print(f"clap {count} of {wanted}", file=sys.stderr)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and LEAST_CLAPS <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of claps; expected {LEAST_CLAPS} to 1000")
    return int(text)

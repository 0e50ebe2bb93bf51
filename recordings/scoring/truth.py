"""What was really fired in a labelled session: a scene's truth.json, or a Pittsburgh test's survey and arrival sets."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import msgspec

from acoustic.errors import InputError
from arrays.reading import json_of
from arrays.session import Session
from arrays.timebase import parse_utc_ns
from localisation.arrivals import Arrival
from recordings.formats import pittsburgh
from recordings.replaying import read_any
from recordings.simulation import LABEL_OF

GUNSHOT = "gunshot"
SURVEY_SIGMA_M = 2.5  # of Pittsburgh's surveyed place, each axis
REPORTED_DB = 6.0  # SNR from which a pulse that the deployed system reported should be found
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A sound that was made: its class, seconds since the epoch (UTC), m east and north."""

    label: str
    time: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A labelled session.

    `group`: what shares its errors with others (a firing position, a scene); `rounds`: fired, known or not;
    `onsets`: when shots are known to have reached each node, `reported`: when anything loud did, s since the epoch;
    `sigma_m`: standard deviation of the places told, each axis; `arrivals` of each shot, and all `pulses`, where they
    were told, by time.
    """

    folder: Path
    session: Session
    group: str
    sounds: tuple[Fired, ...]
    rounds: int
    onsets: dict[str, tuple[float, ...]]
    reported: dict[str, tuple[float, ...]]
    sigma_m: float
    arrivals: tuple[tuple[Arrival, ...], ...] = ()
    pulses: tuple[Arrival, ...] = ()

    @property
    def shots(self) -> tuple[Fired, ...]:
        """The gunshots among the sounds."""
        return tuple(s for s in self.sounds if s.label == GUNSHOT)


class _Location(msgspec.Struct):
    x: float
    y: float
    z: float


class _Pulse(msgspec.Struct):
    pulse_uuid: str
    serial_number: str
    arrival_time_utc: str
    location: _Location
    signal_to_noise_dB: float  # noqa: N815  # the recordings' own name


class _Set(msgspec.Struct):
    shot_index: int
    pulse_uuids: list[str]


class _Survey(msgspec.Struct):
    survey_location: _Location
    num_rounds: int


class _Weather(msgspec.Struct):
    temperature: float


class _Sound(msgspec.Struct):
    time: float
    x: float
    y: float
    z: float
    kind: str


class _Truth(msgspec.Struct):
    shots: list[_Sound]
    distractors: list[_Sound] = []


def incident(folder: Path) -> Incident:
    """A session with its truth. Raises InputError where there is none."""
    if (folder / "truth.json").exists():
        return _scene(folder)
    if any(folder.glob("*.survey.json")):
        return _pittsburgh(folder)
    raise InputError(f"{folder} has no truth.json and no survey; expected a labelled session")


def _scene(folder: Path) -> Incident:
    session, truth = read_any(folder), json_of(folder / "truth.json", _Truth)
    made = [*truth.shots, *truth.distractors]
    strange = sorted({s.kind for s in made} - set(LABEL_OF))
    if strange:
        raise InputError(f"{folder / 'truth.json'}: kind {strange[0]!r}; expected one of {', '.join(LABEL_OF)}")
    sounds = tuple(Fired(label=LABEL_OF[s.kind], time=s.time, x=s.x, y=s.y) for s in made)
    fired = [s for s in made if LABEL_OF[s.kind] == GUNSHOT]
    onsets = {
        n.id: tuple(s.time + math.dist(n.position, (s.x, s.y, s.z)) / session.air.speed_ms for s in fired)
        for n in session.nodes
    }
    return Incident(
        folder=folder,
        session=session,
        group=session.id,
        sounds=sounds,
        rounds=len(fired),
        onsets=onsets,
        reported={},
        sigma_m=0.0,
    )


def _pittsburgh(folder: Path) -> Incident:
    """As the recordings' own score.py reads them: a set names a sensor once, a pulse that is not there is left out."""
    name = folder.name
    survey = json_of(folder / f"{name}.survey.json", _Survey)
    pulses = {p.pulse_uuid: p for p in json_of(folder / f"{name}.allpulses.json", list[_Pulse])}
    speed_ms = plain_speed_ms(json_of(folder / f"{name}.weather.json", _Weather).temperature)
    at = (survey.survey_location.x, survey.survey_location.y, survey.survey_location.z)
    sounds, onsets, reported, arrivals = [], defaultdict(list), defaultdict(list), []
    for one in sorted(json_of(folder / f"{name}.nlos-tuples.json", list[_Set]), key=lambda s: s.shot_index):
        first: dict[str, _Pulse] = {}
        for pulse in sorted((pulses[u] for u in one.pulse_uuids if u in pulses), key=_utc):
            first.setdefault(pulse.serial_number, pulse)
        known = [(_utc(p), math.dist((p.location.x, p.location.y, p.location.z), at)) for p in first.values()]
        discharge = median(seconds - away_m / speed_ms for seconds, away_m in known)
        sounds.append(Fired(label=GUNSHOT, time=discharge, x=at[0], y=at[1]))
        arrivals.append(tuple(map(_arrival, first.values())))
        for pulse in first.values():
            onsets[pulse.serial_number].append(_utc(pulse))
    for pulse in pulses.values():
        if pulse.signal_to_noise_dB > REPORTED_DB:
            reported[pulse.serial_number].append(_utc(pulse))
    return Incident(
        folder=folder,
        session=pittsburgh.read_test(folder),
        group=folder.parent.name,
        sounds=tuple(sounds),
        rounds=survey.num_rounds,
        onsets={node: tuple(times) for node, times in onsets.items()},
        reported={node: tuple(times) for node, times in reported.items()},
        sigma_m=SURVEY_SIGMA_M,
        arrivals=tuple(arrivals),
        pulses=tuple(map(_arrival, sorted(pulses.values(), key=_utc))),
    )


def _arrival(pulse: _Pulse) -> Arrival:
    at = pulse.location
    return Arrival(
        id=pulse.pulse_uuid,
        node=pulse.serial_number,
        x=at.x,
        y=at.y,
        z=at.z,
        time_ns=parse_utc_ns(pulse.arrival_time_utc),
        snr_db=pulse.signal_to_noise_dB,
    )


def plain_speed_ms(temperature_c: float) -> float:
    """Of sound, as the recordings' own score.py has it."""
    return 20.03 * math.sqrt(temperature_c + 273.15)


def _utc(pulse: _Pulse) -> float:
    return parse_utc_ns(pulse.arrival_time_utc) * 1e-9

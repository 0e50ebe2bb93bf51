"""Labels by hand: each impulse is played, a person says what it was, and every answer is kept at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError, ResourceError
from recordings.formats.labels import Label
from recordings.sounds import read_sound

KEYS = {"g": "gunshot", "s": "shock_wave", "f": "firework", "o": "other", "u": "unknown"}
AGAIN, BACK, QUIT = "p", "b", "q"
BEFORE_S, AFTER_S = 0.5, 1.0  # of sound around what is asked about

Play = Callable[[Label], None]


def by_hand(
    asked: Sequence[Label], play: Play, say: Callable[[str], None], keys: Iterator[str]
) -> Iterator[list[Label]]:
    """After each answer, all labels so far; the machine's opinion is not shown. Ends at QUIT, or with the keys."""
    given: list[Label] = []
    heard = -1
    while len(given) < len(asked):
        one = asked[len(given)]
        if heard != len(given):
            say(f"{len(given) + 1} of {len(asked)}  {one.file}  {one.begin_s:.3f} s")
            play(one)
            heard = len(given)
        key = next(keys, QUIT)
        if key == QUIT:
            return
        if key == AGAIN:
            play(one)
        elif key == BACK and given:
            given.pop()
            yield list(given)
        elif key in KEYS:
            given.append(replace(one, text=KEYS[key]))
            say(f"  {KEYS[key]}")
            yield list(given)
        else:
            say(f"  {key!r} is no answer; expected {help_line()}")


def help_line() -> str:
    """The keys in words."""
    kinds = ", ".join(f"{key} {name.replace('_', ' ')}" for key, name in KEYS.items())
    return f"{kinds}; {AGAIN} play again, {BACK} back, {QUIT} quit"


def sound_of(label: Label) -> tuple[NDArray[np.float32], float]:
    """What is played of a label: (n,) samples with their largest at half of full scale, and their rate, Hz.

    Raises InputError where the file cannot be read, or does not reach so far.
    """
    sound = read_sound(label.file)
    channel = label.channel or 0
    if channel >= len(sound.samples) or label.begin_s * sound.rate_hz >= sound.samples.shape[1]:
        raise InputError(f"{label.file} has no second {label.begin_s:g} in channel {channel}; expected one that it has")
    first = max(round((label.begin_s - BEFORE_S) * sound.rate_hz), 0)
    cut = sound.samples[channel, first : round((label.end_s + AFTER_S) * sound.rate_hz)]
    return np.asarray(0.5 * cut / max(float(np.abs(cut).max()), 1e-9), np.float32), sound.rate_hz


def player() -> Play:
    """Plays through the machine's sound card. Raises ResourceError where there is none."""
    from arrays.capture.sound import load_portaudio

    device = load_portaudio()
    try:
        device.query_devices(kind="output")
    except (ValueError, device.PortAudioError) as error:
        raise ResourceError(
            "this machine has no sound card to play on; label in Raven or Audacity instead, and give that file to "
            "`tocsin model add --labels`"
        ) from error

    def play(label: Label) -> None:
        samples, rate_hz = sound_of(label)
        try:
            device.play(samples, rate_hz, blocking=True)
        except device.PortAudioError as error:
            raise ResourceError(f"the sound card does not play {rate_hz:g} Hz: {error}") from error

    return play

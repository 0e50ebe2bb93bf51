"""How places are searched: the settings of association, without its machinery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How places are searched; log-odds unless a unit says otherwise.

    `hearing_m`: a station further off cannot have heard it; `kernel_s`: spread of a signal about its prediction;
    `certain`: worth of a loud first arrival; `snr_db`, `snr_scale_db`: where an arrival is as likely direct sound as
    not, and how fast that changes; `echo_s`: how long after a signal its echoes come; `echo`: share of its worth that
    a signal loses to an equally good one before; what follows an *explained* signal within `tail_s` keeps a share
    `tail`, or `tail_weak` where it is `weaker_db` weaker; `early`: cost of a good signal before the predicted one;
    `usual_hz`: rate of strangers at a station from which agreement of more stations than needed counts for nothing;
    `least`: score of a shot, `stations`: that must speak for it, `bare`: what it costs when no more do, and again when
    only two do; `margin`: within which another place for the same signals makes the shot ambiguous.
    """

    hearing_m: float = 1100.0
    kernel_s: float = 0.011
    certain: float = 5.5
    snr_db: float = 13.5
    snr_scale_db: float = 4.5
    echo_s: float = 0.5
    echo: float = 0.55
    tail_s: float = 1.0
    weaker_db: float = 5.0
    tail: float = 0.4
    tail_weak: float = 0.3
    early: float = 1.2
    usual_hz: float = 1.4
    least: float = 6.5
    bare: float = 1.7
    stations: int = 3
    margin: float = 1.5

"""What a node sends in a month, from the wire format itself."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.parcel import pack
from arrays.report import Health, Report, WireArrival, encode, sign
from arrays.uplink.https import HttpsUplink

SECONDS_A_MONTH = 30 * 86_400
ARRIVALS_A_MINUTE = 2.0  # that a street's slams and bangs make


def bytes_a_month() -> float:
    """Bytes that one node exchanges in 30 days: a signed health report every 3 s, and street noise's arrivals."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    health = Health(state="ok", clock_sigma_s=1e-4, noise_db=45.0, uptime_s=1e6)
    arrival = WireArrival(
        number=10_000,
        time_ns=1_780_000_000_000_000_000,
        sigma_s=5e-4,
        snr_db=20.0,
        level_db=-20.0,
        probabilities={"gunshot": 0.1, "shock_wave": 0.1, "firework": 0.1, "other": 0.7},
    )

    empty = Report(
        node="roof-12", sequence=10**6, sent_ns=1_780_000_000_000_000_000, program="0.1.0", model=64 * "0", arrivals=()
    )

    def size(report: Report) -> float:
        return len(pack([encode(sign(report, key))])) + HttpsUplink.exchange_bytes

    beats, bangs = SECONDS_A_MONTH / health.interval_s, SECONDS_A_MONTH / 60.0 * ARRIVALS_A_MINUTE
    beat, bang = msgspec.structs.replace(empty, health=health), msgspec.structs.replace(empty, arrivals=(arrival,))
    return beats * size(beat) + bangs * size(bang)

"""The network's verdict on a shot: what its nodes think of the sound, joined, and why, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from localisation.arrivals import Arrival, Origin, Reason, Verdict

SHOT = "gunshot"
UNKNOWN = "unknown"
WITHDRAWN = "withdrawn"
LEAST = 0.5  # a class is named from this probability on
SURE = 0.98  # one node's opinion is never worth more than this, nor less than 1 − this
STANDS_OUT_DB = 13.5  # SNR from which what was found only when asked again counts as heard: as likely direct as not
SHARED = 0.5  # of the nodes' evidence is independent: they heard one sound over similar paths


def verdict(arrivals: Sequence[Arrival], origin: Origin, more: Sequence[Reason] = ()) -> Verdict:
    """The class of a located sound from its nodes' opinions; label 'unknown' where no node has one.

    `more`: what else is known of it. A node that found the sound only when it was asked again was told where to look:
    it neither counts nor has an opinion unless the sound stands out there.

    Opinions are pooled in log-odds with an exponent n^(SHARED − 1): between their average and their product
    (logarithmic opinion pool, Genest and Zidek 1986).
    """
    counted = [a for a in arrivals if not a.again or (a.snr_db or 0.0) >= STANDS_OUT_DB]
    opinions = [dict(a.probabilities) for a in counted if a.probabilities]
    nodes = len({a.node for a in counted})
    if not opinions:
        return Verdict(label=UNKNOWN, probability=0.0, probabilities={}, reasons=(_weak(origin, nodes), *more))
    pooled = _pool(opinions)
    label, probability = max(pooled.items(), key=lambda item: item[1])
    agree = sum(max(o, key=lambda k: o[k]) == label for o in opinions)
    named = label if probability >= LEAST else UNKNOWN
    reasons = (_agreement(agree, len(opinions), label), _weak(origin, nodes), *more)
    return Verdict(label=named, probability=probability, probabilities=pooled, reasons=reasons)


def withdrawn(last: Verdict) -> Verdict:
    """The verdict on a shot that later arrivals explained otherwise."""
    reason = Reason(code="explained_otherwise", values={}, text="later arrivals explained the sounds otherwise")
    return Verdict(label=WITHDRAWN, probability=0.0, probabilities=last.probabilities, reasons=(reason,))


def _pool(opinions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    labels = list(opinions[0])
    weight = len(opinions) ** (SHARED - 1)
    scores = {}
    for label in labels:
        odds = [min(max(o.get(label, 0.0), 1 - SURE), SURE) for o in opinions]
        scores[label] = weight * sum(math.log(p) for p in odds)
    top = max(scores.values())
    total = sum(math.exp(s - top) for s in scores.values())
    return {label: math.exp(s - top) / total for label, s in scores.items()}


def _agreement(agree: int, of: int, label: str) -> Reason:
    return Reason(
        code="nodes_agree",
        values={"agree": agree, "of": of, "label": label},
        text=f"{agree} of {of} nodes say {label.replace('_', ' ')}",
    )


def _weak(origin: Origin, nodes: int) -> Reason:
    if nodes <= 3:
        return Reason(
            code="no_redundancy",
            values={"nodes": nodes},
            text=f"only {nodes} nodes heard it: nothing checks the place",
        )
    if origin.ambiguous:
        return Reason(code="ambiguous", values={}, text="another place explains the arrivals nearly as well")
    return Reason(code="nodes_heard", values={"nodes": nodes}, text=f"heard by {nodes} nodes")

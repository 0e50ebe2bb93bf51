"""The network's verdict on a sound and on an event: what its nodes think of it, joined with what only the network knows
(`localisation.cues`), and why, in plain words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from localisation.arrivals import Arrival, Origin, Reason, Shot, Verdict
from localisation.cues import Cue, rhythm, spread

UNKNOWN = "unknown"
WITHDRAWN = "withdrawn"
LEAST = 0.5  # a class is named from this probability on
SURE = 0.98  # one opinion is never worth more than this, nor less than 1 − this
STANDS_OUT_DB = 13.5  # SNR from which what was found only when asked again counts as heard: as likely direct as not
INDEPENDENT = 0.5  # of the nodes' evidence: they heard one sound over similar paths


def verdict(
    arrivals: Sequence[Arrival], origin: Origin, cues: Iterable[Cue] = (), more: Iterable[Reason] = ()
) -> Verdict:
    """The class of a located sound from its nodes' opinions; label 'unknown' where no node has one.

    `cues`: what the network knows of its class; `more`: what else there is to say of it. A node that found the sound
    only when it was asked again was told where to look: it neither counts nor has an opinion unless the sound stands
    out there.
    """
    counted = [a for a in arrivals if not a.again or (a.snr_db or 0.0) >= STANDS_OUT_DB]
    opinions = [dict(a.probabilities) for a in counted if a.probabilities]
    nodes = len({a.node for a in counted})
    if not opinions:
        return Verdict(label=UNKNOWN, probability=0.0, probabilities={}, reasons=(_weak(origin, nodes), *more))
    known = list(cues)
    probabilities = _joined(_pool(opinions), known)
    label = max(probabilities, key=lambda one: probabilities[one])
    agree = sum(max(o, key=lambda k: o[k]) == label for o in opinions)
    reasons = (_agreement(agree, len(opinions), label), _weak(origin, nodes), *_words(known), *more)
    return _named(probabilities, reasons)


def together(shots: Sequence[Shot]) -> Verdict:
    """The class of an event from its shots, in the order in which they were fired; 'withdrawn' where none stands.

    Its shots are one source's over the same paths, and say the same thing again: their log-odds are averaged, then the
    rhythm and the spread of the places count. The reasons are those of the shot that says most, and what only the event
    shows.
    """
    standing = [s for s in shots if s.verdict.label != WITHDRAWN]
    opinions = [dict(s.verdict.probabilities) for s in standing if s.verdict.probabilities]
    if not standing:
        return shots[-1].verdict
    if len(standing) == 1 or not opinions:
        return standing[0].verdict
    first_ns = standing[0].origin.time_ns
    times_s = [(s.origin.time_ns - first_ns) * 1e-9 for s in standing]
    seen = [cue for cue in (rhythm(times_s), spread([s.origin for s in standing])) if cue is not None]
    probabilities = _joined(_pool(opinions, 0.0), seen)
    label = max(probabilities, key=lambda one: probabilities[one])
    telling = max(standing, key=lambda s: (s.verdict.probabilities.get(label, 0.0), s.key))
    return _named(probabilities, (*telling.verdict.reasons, *_words(seen)))


def withdrawn(last: Verdict) -> Verdict:
    """The verdict on a shot that later arrivals explained otherwise."""
    reason = Reason(code="explained_otherwise", values={}, text="later arrivals explained the sounds otherwise")
    return Verdict(label=WITHDRAWN, probability=0.0, probabilities=last.probabilities, reasons=(reason,))


def _named(probabilities: Mapping[str, float], reasons: tuple[Reason, ...]) -> Verdict:
    label, probability = max(probabilities.items(), key=lambda item: item[1])
    named = label if probability >= LEAST else UNKNOWN
    return Verdict(label=named, probability=probability, probabilities=probabilities, reasons=reasons)


def _pool(opinions: Sequence[Mapping[str, float]], independent: float = INDEPENDENT) -> dict[str, float]:
    """Log-odds of each label, pooled with an exponent n^(independent − 1): between the opinions' average (0) and their
    product (1) (logarithmic opinion pool, Genest and Zidek 1986).
    """
    weight = len(opinions) ** (independent - 1)
    scores = {}
    for label in opinions[0]:
        odds = [min(max(o.get(label, 0.0), 1 - SURE), SURE) for o in opinions]
        scores[label] = weight * sum(math.log(p) for p in odds)
    return scores


def _joined(scores: Mapping[str, float], known: Iterable[Cue]) -> dict[str, float]:
    """Probabilities from log-odds and cues."""
    total = dict(scores)
    leaves = 1.0
    for cue in known:
        leaves *= cue.leaves
        for label in total:
            total[label] += cue.weights.get(label, 0.0)
    top = max(total.values())
    odds = {label: math.exp(leaves * (score - top)) for label, score in total.items()}
    whole = sum(odds.values())
    return {label: one / whole for label, one in odds.items()}


def _words(known: Iterable[Cue]) -> list[Reason]:
    return [cue.reason for cue in known if cue.reason is not None]


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

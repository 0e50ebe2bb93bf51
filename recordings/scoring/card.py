"""A scorecard: what is measured on labelled sets, put together, and two of them compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.reading import content_of, json_of, plain
from recordings.cores import spread
from recordings.method import Settings
from recordings.printing import chosen
from recordings.replaying import replay, sessions_in
from recordings.scoring import location
from recordings.scoring.arrivals import from_arrivals
from recordings.scoring.classes import Verdict, classification, clips_in, verdicts
from recordings.scoring.figures import HIGH_PCT, LOW_PCT, recall_at
from recordings.scoring.latency import latencies, latency
from recordings.scoring.location import WITHIN_M, Answer, Outcome
from recordings.scoring.onsets import detection
from recordings.scoring.truth import Incident, incident

DRAWS = 500
T = TypeVar("T", Outcome, Verdict)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A scorecard; a part is empty where nothing labelled for it was given. `method`: the digest of how it was made."""

    sets: list[str]
    method: str
    location: dict[str, Any] = {}
    intervals_90: dict[str, Any] = {}
    ellipses_hold_pct: dict[str, Any] = {}
    detection: dict[str, Any] = {}
    latency: dict[str, Any] = {}
    classes: dict[str, Any] = {}
    arrivals: dict[str, Any] = {}
    outcomes: list[Outcome] = []
    verdicts: list[Verdict] = []


class _Looked(msgspec.Struct, frozen=True):
    """What one incident gave: located shots, onsets by node, latencies."""

    answers: list[Answer]
    onsets: dict[str, list[float]]
    latencies: list[float | None]


def score(
    paths: Sequence[Path],
    model: Model,
    settings: Settings,
    part: str = "",
    given: Path | None = None,
    *,
    arrivals: bool = False,
) -> Card:
    """Score labelled sessions (trees of folders) and clips (a manifest.csv), on all cores.

    `given`: located shots of these sessions, as `tocsin replay --format jsonl` prints them, scored in place of a
    replay. `arrivals`: locate also what sessions come with beside their sound. Raises InputError.
    """
    manifests = [p for p in paths if p.suffix == ".csv"]
    folders = sessions_in([p for p in paths if p not in manifests])
    card: dict[str, Any] = {"sets": [p.parent.name if p.suffix == ".csv" else p.name for p in paths]}
    if folders:
        incidents = _incidents(folders)
        card |= _located(incidents, model, settings, _answers(given) if given else None)
        card["arrivals"] = tidy(from_arrivals(incidents, settings)) if arrivals else {}
    for manifest in manifests:
        clips = clips_in(manifest, part)
        told = verdicts(manifest.parent, clips, model)
        card |= {"classes": tidy(classification(clips, told), 4), "verdicts": told}
    return Card(method=settings.digest(model), **card)


def _incidents(folders: Sequence[Path]) -> list[Incident]:
    incidents = list(map(incident, folders))
    names = [one.session.id for one in incidents]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two sessions are named {twice!r}; expected each once")
    return incidents


def _located(
    incidents: Sequence[Incident], model: Model, settings: Settings, given: dict[str, list[Answer]] | None
) -> dict[str, Any]:
    names = [one.session.id for one in incidents]
    strange = sorted(set(given or {}) - set(names))
    if strange:
        raise InputError(f"there is no labelled session {strange[0]!r}; expected one of {', '.join(names[:5])}, …")
    looked = list(spread(partial(_look, model, settings), incidents)) if given is None else []
    answers = given if given is not None else dict(zip(names, (one.answers for one in looked), strict=True))
    told = location.outcomes(incidents, answers)
    card: dict[str, Any] = {
        "location": tidy(location.match(incidents, answers)),
        "intervals_90": tidy(location.intervals(told)),
        "ellipses_hold_pct": tidy(location.coverage(told)),
        "outcomes": told,
    }
    if looked:
        onsets = {(n, node): v for n, one in zip(names, looked, strict=True) for node, v in one.onsets.items()}
        card["detection"] = tidy(detection(incidents, onsets))
        card["latency"] = tidy(latency([t for one in looked for t in one.latencies]))
    return card


def _look(model: Model, settings: Settings, one: Incident) -> _Looked:
    from recordings.answers import shot_answer
    from recordings.commands.detect import impulses_of

    shots = chosen(replay(one.session, model, settings), everything=False)
    onsets = {n.id: [line["onset_s"] for line in impulses_of(str(n.file)).lines] for n in one.session.nodes}
    answers = msgspec.convert([shot_answer(shot) for shot in shots], list[Answer])
    return _Looked(answers, onsets, latencies(model, settings, one))


def _answers(path: Path) -> dict[str, list[Answer]]:
    class Line(Answer, frozen=True, kw_only=True):
        session: str

    found: dict[str, list[Answer]] = defaultdict(list)
    lines = content_of(path).splitlines()
    try:
        for text in lines:
            line = msgspec.json.decode(text, type=Line)
            found[line.session].append(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {plain(error)}; expected what `tocsin replay --format jsonl` prints") from error
    return found


def read_card(path: Path) -> Card:
    """A card that `tocsin score --format json` printed. Raises InputError."""
    return json_of(path, Card, "what `tocsin score --format json` prints")


def differences(before: Card, now: Card) -> dict[str, list[float]]:
    """By figure: now less before, in percentage points, and its 90 % interval; over what both cards hold.

    Shots and clips are paired; firing positions, scenes and recordings are drawn with replacement, both runs' alike.
    """
    found: dict[str, list[float]] = {}
    shots = _paired(before.outcomes, now.outcomes, lambda o: (o.session, round(o.time, 3)))
    for metres in WITHIN_M if shots else ():
        found[f"within {metres} m"] = _difference(shots, partial(_within, metres))
    clips = _paired(before.verdicts, now.verdicts, lambda v: v.path)
    for rate in (0.01, 0.05) if clips else ():
        found[f"recall at {rate:.0%} false"] = _difference(clips, partial(_recall, rate))
    return found


def _within(metres: float, told: Sequence[Outcome]) -> float:
    return 100 * float(np.mean([o.error_m is not None and o.error_m <= metres for o in told]))


def _recall(rate: float, told: Sequence[Verdict]) -> float:
    shots, others = (np.array([v.gunshot for v in told if v.shot is side]) for side in (True, False))
    return 100 * recall_at(shots, others, rate) if len(shots) and len(others) else math.nan


def _paired(before: Iterable[T], now: Iterable[T], name: Callable[[T], Any]) -> list[tuple[T, T]]:
    known = {name(one): one for one in before}
    return [(known[name(one)], one) for one in now if name(one) in known]


def _difference(pairs: Sequence[tuple[T, T]], figure: Callable[[Sequence[T]], float]) -> list[float]:
    def gained(some: Sequence[tuple[T, T]]) -> float:
        return figure([b for _, b in some]) - figure([a for a, _ in some])

    groups: dict[str, list[tuple[T, T]]] = defaultdict(list)
    for pair in pairs:
        groups[pair[1].group].append(pair)
    parts, rng = list(groups.values()), np.random.default_rng(0)
    drawn = [
        gained([pair for g in rng.integers(len(parts), size=len(parts)) for pair in parts[g]]) for _ in range(DRAWS)
    ]
    low, high = np.nanpercentile(drawn, [LOW_PCT, HIGH_PCT])
    return [round(v, 3) for v in (gained(pairs), float(low), float(high))]


def tidy(value: Any, decimals: int = 3) -> Any:
    """Rounded numbers, and None for what no number answers (a median of misses)."""
    if isinstance(value, dict):
        return {k: tidy(v, decimals) for k, v in value.items()}
    if isinstance(value, list):
        return [tidy(v, decimals) for v in value]
    return (round(value, decimals) if math.isfinite(value) else None) if isinstance(value, float) else value

"""What people decided about an event, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import reduce
from xml.sax.saxutils import escape

from acoustic.errors import InputError
from recordings.chain import Line
from recordings.decisions import (
    KIND,
    Acknowledge,
    CallBack,
    Close,
    Corroborate,
    Decided,
    Decision,
    Dispatch,
    Judge,
    Note,
    Spot,
    Undo,
    action,
    decided,
    state_of,
)
from recordings.report.language import Language


class People:
    """The decisions among a chain's lines; those that only a newer program knows are left out."""

    def __init__(self, lines: Iterable[Line], words: Language, where: Callable[[Spot], str] | None) -> None:
        self._words, self._where = words, where
        self._decided = {line.id: one for line in lines for one in _known(line)}
        self._state = state_of(list(self._decided.values()))

    def facts(self) -> Iterator[tuple[str, str]]:
        """What people said it was, and how it was closed; for HTML."""
        w, state = self._words, self._state
        said = [
            w("verdict_by", name=one.by, time=_time(one, w), verdict=joined(_judged(one.what, w), w))
            for one in state.verdicts
            if isinstance(one.what, Judge)
        ]
        yield w("human"), "<br/>".join(map(escape, said)) or w("no_human")
        closed, how = state.closed, state.outcome
        if closed is None or how is None:
            yield w("outcome"), w("no_outcome")
        else:
            yield w("outcome"), escape(w("outcome_by", outcome=outcome(how, w), name=closed.by, time=_time(closed, w)))

    def _utc(self, time_ms: int) -> str:
        return f"{self._words.instant(time_ms * 1_000_000)} UTC"

    def line(self, number: int) -> tuple[str, str] | None:
        """Who decided in this line, and what; None where nobody did."""
        one = self._decided.get(number)
        if one is None:
            return None
        undone = f" ({self._words('decision.undone')})" if number in self._state.undone else ""
        return one.by, sentence(one.what, self._words, self._where, self._utc) + undone


def joined(parts: Iterable[str], words: Language) -> str:
    """Several things that were said, as one."""
    return reduce(lambda first, then: words("decision.and", first=first, then=then), parts)


def sentence(what: Decision, words: Language, where: Callable[[Spot], str] | None, when: Callable[[int], str]) -> str:
    """The sentence, not escaped. `where` tells a place of finds, which without it is only said to be recorded; `when` a
    time (UTC ms).
    """
    match what:
        case Acknowledge(instead_of=name) if name:
            return words("decision.acknowledge_over", name=name)
        case CallBack(text=text) | Dispatch(text=text) | Note(text=text):
            return words(f"decision.{action(what)}", text=text)
        case Undo(line=line):
            return words("decision.undo", line=str(line))
        case Corroborate():
            source = words(f"source.{what.source}")
            return words(
                "decision.corroborate", source=source, time=when(what.time_ms), reference=what.reference or "–"
            )
        case Judge():
            return joined(verdict(what, words), words)
        case Close():
            return joined(_closing(what, words, where), words)
        case _:
            return words("decision.acknowledge")


def verdict(what: Judge, words: Language) -> Iterator[str]:
    """The parts of a person's verdict."""
    label, *more = _judged(what, words)
    yield words("decision.judge", label=label)
    yield from more


def _judged(what: Judge, words: Language) -> Iterator[str]:
    yield words.label(what.label)
    if what.count is not None:
        yield words("decision.count", count=str(what.count))
    if what.place:
        yield words("decision.place", text=what.place)
    if what.blind:
        yield words("decision.blind")


def outcome(what: Close, words: Language) -> str:
    """What it turned out to be, with its grounds."""
    grounds = ", ".join(words(f"ground.{ground}") for ground in what.grounds)
    return words(f"outcome.{what.outcome}") + (f" ({grounds})" if grounds else "")


def _closing(what: Close, words: Language, where: Callable[[Spot], str] | None) -> Iterator[str]:
    yield words("decision.close", outcome=outcome(what, words))
    if what.found is not None:
        yield words("decision.found") if where is None else words("decision.found_at", where=where(what.found))
    if what.text:
        yield what.text


def _known(line: Line) -> Iterator[Decided]:
    if line.told and line.kind == KIND:
        with suppress(InputError):
            yield decided(line)


def _time(one: Decided, words: Language) -> str:
    return words.instant(one.recorded_ms * 1_000_000)

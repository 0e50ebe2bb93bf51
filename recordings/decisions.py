"""What people decide about an event: each decision is one line of the journal, and the event's state follows from them.

Nothing is overwritten: what was wrong is undone by a further line, which may be undone itself. The machine's verdict is
elsewhere and stays as it is. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import msgspec

from acoustic.errors import InputError, TocsinError
from recordings.chain import Line

KIND = "decision"  # of a journal's line; its subject is the event
TEXT_CHARACTERS = 2000
NAME_CHARACTERS = 120
FARTHEST_M = 1e6

Outcome: TypeAlias = Literal["confirmed", "false", "unconfirmed", "unknown"]
Ground: TypeAlias = Literal["casings", "victim", "video", "call"]
Source: TypeAlias = Literal["call", "patrol", "alarm", "video"]
Status: TypeAlias = Literal["open", "acknowledged", "dispatched", "closed"]
Label: TypeAlias = Literal["gunshot", "firework", "other", "unknown"]


class ConflictError(TocsinError):
    """The decision does not suit what others decided before; the text names who, and what to do."""


class Spot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place on the ground: WGS-84 degrees, or metres east and north of the centre's origin; never both."""

    lat: float | None = None
    lon: float | None = None
    x: float | None = None
    y: float | None = None

    def __post_init__(self) -> None:
        globe, local = (self.lat, self.lon), (self.x, self.y)
        if not (None not in globe and local == (None, None)) and not (None not in local and globe == (None, None)):
            raise InputError("a place has neither or both of lat, lon and x, y; expected one of them")
        for name, limit in (("lat", 90.0), ("lon", 180.0), ("x", FARTHEST_M), ("y", FARTHEST_M)):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and abs(value) <= limit):
                raise InputError(f"{name} is {value}; expected a number from {-limit:g} to {limit:g}")


class _Decision(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="action"):
    pass


class Acknowledge(_Decision, frozen=True, kw_only=True, tag="acknowledge"):
    """I handle this event; `instead_of` names the person I take it over from."""

    instead_of: str = ""


class CallBack(_Decision, frozen=True, kw_only=True, tag="call_back"):
    """I asked someone who may know (a caller, a patrol, a shop); `text`: whom, and what they said."""

    text: str
    instead_of: str = ""

    def __post_init__(self) -> None:
        _text("text", self.text)


class Dispatch(_Decision, frozen=True, kw_only=True, tag="dispatch"):
    """I sent someone; `text`: whom."""

    text: str
    instead_of: str = ""

    def __post_init__(self) -> None:
        _text("text", self.text)


class Judge(_Decision, frozen=True, kw_only=True, tag="judge"):
    """A person's verdict, beside the machine's: what it was, how many rounds, and a remark on the place.

    `blind`: given before this person saw what the machine says.
    """

    label: Label
    count: int | None = None
    place: str = ""
    blind: bool = False

    def __post_init__(self) -> None:
        _text("place", self.place, empty=True)
        if self.count is not None and not 0 <= self.count <= 10_000:
            raise InputError(f"count is {self.count}; expected a number of rounds from 0 to 10000")


class Close(_Decision, frozen=True, kw_only=True, tag="close"):
    """What it turned out to be, on what grounds, and where casings, a victim or damage were `found`."""

    outcome: Outcome
    grounds: tuple[Ground, ...] = ()
    found: Spot | None = None
    text: str = ""

    def __post_init__(self) -> None:
        _text("text", self.text, empty=True)
        _grounds(self.grounds, needed=self.outcome == "confirmed")
        if self.outcome != "confirmed" and (self.grounds or self.found):
            raise InputError(f"grounds or found are given with the outcome {self.outcome!r}; they go with 'confirmed'")


class Note(_Decision, frozen=True, kw_only=True, tag="note"):
    """Anything else worth keeping."""

    text: str

    def __post_init__(self) -> None:
        _text("text", self.text)


class Undo(_Decision, frozen=True, kw_only=True, tag="undo"):
    """An earlier line of this event holds no more; that of an undo: what it undid holds again."""

    line: int


class Corroborate(_Decision, frozen=True, kw_only=True, tag="corroborate"):
    """Something that came in from elsewhere is about this event; its words stay where they are kept."""

    incoming: str
    source: Source
    time_ms: int
    reference: str


Asked: TypeAlias = Acknowledge | CallBack | Dispatch | Judge | Close | Note | Undo
Decision: TypeAlias = Asked | Corroborate
HANDLING = (Acknowledge, CallBack, Dispatch)  # what one person at a time does


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A line's data: who, what."""

    by: str
    what: Decision

    def __post_init__(self) -> None:
        check_name(self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One line: its number in the journal, when (UTC), who, what."""

    line: int
    recorded_ms: int
    by: str
    what: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the lines of an event come to; each part names the line that made it so."""

    taken: Decided | None = None
    called_back: tuple[Decided, ...] = ()
    dispatched: tuple[Decided, ...] = ()
    closed: Decided | None = None
    verdicts: tuple[Decided, ...] = ()
    corroborations: tuple[Decided, ...] = ()
    undone: tuple[int, ...] = ()

    @property
    def status(self) -> Status:
        """How far it has come."""
        if self.closed is not None:
            return "closed"
        if self.dispatched:
            return "dispatched"
        return "open" if self.taken is None else "acknowledged"

    @property
    def outcome(self) -> Close | None:
        """How it was closed."""
        return self.closed.what if self.closed is not None and isinstance(self.closed.what, Close) else None


def state_of(lines: Sequence[Decided]) -> State:
    """The state after any lines of one event, in the journal's order; the newest of a kind stands."""
    undone = _undone(lines)
    holding = [one for one in lines if one.line not in undone]

    def of(*kinds: type[Decision]) -> tuple[Decided, ...]:
        return tuple(one for one in holding if isinstance(one.what, kinds))

    return State(
        taken=_last(of(*HANDLING)),
        called_back=of(CallBack),
        dispatched=of(Dispatch),
        closed=_last(of(Close)),
        verdicts=of(Judge),
        corroborations=of(Corroborate),
        undone=tuple(sorted(undone)),
    )


def check(lines: Sequence[Decided], by: str, what: Decision) -> None:
    """Whether `by` may decide so after these lines. Raises ConflictError naming who decided otherwise, InputError."""
    state = state_of(lines)
    if isinstance(what, HANDLING):
        _check_handling(state, by, what)
    elif isinstance(what, Close) and state.closed is not None and state.outcome is not None:
        raise ConflictError(
            f"the event was closed as {state.outcome.outcome} by {state.closed.by}; undo line {state.closed.line} first"
        )
    elif isinstance(what, Judge) and what.blind and any(one.by == by for one in lines):
        raise ConflictError(f"{by} has dealt with this event before; a blind answer comes first")
    elif isinstance(what, Corroborate):
        if other := [o for o in state.corroborations if getattr(o.what, "incoming", "") == what.incoming]:
            raise ConflictError(f"it was attached to this event by {other[0].by}")
    elif isinstance(what, Undo):
        if what.line not in {one.line for one in lines}:
            raise InputError(f"line is {what.line}; expected the number of a decision on this event")
        if what.line in state.undone:
            raise ConflictError(f"line {what.line} was undone before")


def decided(line: Line) -> Decided:
    """A journal's line as a decision. Raises InputError where it is none that this program knows."""
    try:
        told = msgspec.json.decode(line.data, type=Told)
    except (msgspec.DecodeError, InputError) as error:
        raise InputError(f"line {line.id} of the journal is no decision that this program knows: {error}") from error
    return Decided(line=line.id, recorded_ms=line.recorded_ms, by=told.by, what=told.what)


def check_name(by: str) -> None:
    """Raise InputError unless it can be a person's name."""
    if not by.strip() or len(by) > NAME_CHARACTERS or not by.isprintable():
        raise InputError(f"the person is {by[:80]!r}; expected a name of 1 to {NAME_CHARACTERS} characters")


def action(what: Decision) -> str:
    """What a decision is called in the journal and the API."""
    return str(what.__struct_config__.tag)


def _check_handling(state: State, by: str, what: Decision) -> None:
    instead_of = getattr(what, "instead_of", "")
    if state.closed is not None:
        raise ConflictError(f"the event was closed by {state.closed.by}; undo line {state.closed.line} first")
    holder = "" if state.taken is None else state.taken.by
    if holder not in ("", by, instead_of):
        raise ConflictError(f"the event is taken by {holder}; to take it over, name them in instead_of")
    if instead_of and holder not in (by, instead_of):
        raise ConflictError(f"instead_of is {instead_of!r}, but nobody has taken the event")


def _undone(lines: Iterable[Decided]) -> set[int]:
    """The lines that do not hold: seen from the last, an undo that holds takes its line away."""
    undone: set[int] = set()
    for one in sorted(lines, key=lambda one: -one.line):
        if isinstance(one.what, Undo) and one.line not in undone and one.what.line < one.line:
            undone.add(one.what.line)
    return undone


def _last(lines: Sequence[Decided]) -> Decided | None:
    return lines[-1] if lines else None


def _text(name: str, text: str, *, empty: bool = False) -> None:
    if not (empty or text.strip()) or len(text) > TEXT_CHARACTERS:
        raise InputError(f"{name} has {len(text)} characters; expected {0 if empty else 1} to {TEXT_CHARACTERS}")


def _grounds(grounds: Sequence[str], *, needed: bool) -> None:
    if (needed and not grounds) or len(set(grounds)) != len(grounds):
        raise InputError(
            f"grounds are {list(grounds)}; expected each once, and one at least, of {', '.join(get_args(Ground))}"
        )

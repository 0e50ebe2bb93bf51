"""What a node goes by beyond its settings file: changes of settings, and a classifier, that the centre rolled out.

A release is tried first. Where the node's health worsens in that time, or the program does not live through it, the
node goes back to what it had by itself, and says so; else it keeps it. One file in the data folder holds all of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog

from acoustic.errors import InputError, ResourceError
from arrays.health import DEAF, DEGRADED, FAILED, GAP_SHOWN_S
from arrays.order import Order
from arrays.reading import plain
from arrays.report import DONE, ROLLED_BACK, Health, WireAnswer
from arrays.settings import Settings, StdinSource
from arrays.whole import keep

SETTINGS, MODEL = KINDS = ("settings", "model")
FILE = "release.json"
CHANGEABLE = ("ring_s", "health_interval_s", "outbox_reports", "outbox_mb", "outbox_days", "air")
MOST_STARTS = 3  # of a program that does not live through its trial
WORSE_FOR_S = 5.0  # a moment is none
TRIAL_S = 300.0
MOST_MODEL_BYTES = 800_000  # an order must fit into an answer, and through a broker
BAD = (DEGRADED, DEAF, FAILED)
log = structlog.get_logger()


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an order brings: `changes` of settings, or a classifier's file (`npz`; empty: the settings' own again); how
    long it is tried before it is kept."""

    changes: Mapping[str, Any] = {}
    npz: Annotated[bytes, msgspec.Meta(max_length=MOST_MODEL_BYTES)] = b""
    trial_s: Annotated[float, msgspec.Meta(ge=1.0, le=86_400.0)] = TRIAL_S


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of settings, and the file of a classifier, empty where the settings' own holds."""

    changes: Mapping[str, Any] = {}
    model: str = ""


class _Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried by which order; how the node was before, and how often it has started since."""

    order: str
    held: _Held
    state: str
    causes: Sequence[str]
    trial_s: float
    starts: int = 0


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """All of the file: `newest_ns` is when the newest order was signed, `answer` what became of the last one."""

    held: _Held = _Held()
    trial: _Trial | None = None
    newest_ns: int = 0
    answer: WireAnswer | None = None


class Release:
    """The releases of the node that has this folder and these settings of its own.

    `changed`: the program is to start anew. Raises InputError for a damaged file, ResourceError.
    """

    def __init__(self, folder: Path, own: Settings) -> None:
        self._folder, self._own = folder, own
        self._kept = _read(folder / FILE)
        self._worse_since_s: float | None = None
        self.changed = False

    @property
    def on_trial(self) -> bool:
        """Whether something is being tried."""
        return self._kept.trial is not None

    def started(self) -> None:
        """The program begins: a trial through which it did not live, again and again, is over. Raises ResourceError."""
        trial = self._kept.trial
        if trial is not None and trial.starts >= MOST_STARTS:
            self.roll_back(f"the program ended {trial.starts} times within the trial")
            self.changed = False  # nothing goes by the trial yet
        elif trial is not None:
            self._keep(trial=msgspec.structs.replace(trial, starts=trial.starts + 1))

    def settings(self) -> Settings:
        """The node's settings with what was rolled out. Raises InputError where the two do not go together."""
        held = self._kept.held if self._kept.trial is None else self._kept.trial.held
        changed = changed_settings(self._own, held.changes)
        return msgspec.structs.replace(changed, model=str(self._folder / held.model)) if held.model else changed

    def take(self, order: Order, health: Health) -> WireAnswer | None:
        """Begin to try what an order brings, or say what became of it; None while it is tried.

        Raises InputError where it cannot be used, ResourceError where it cannot be kept.
        """
        kept = self._kept
        if kept.answer is not None and kept.answer.order == order.id:
            return kept.answer
        if kept.trial is not None and kept.trial.order == order.id:
            return None
        if kept.trial is not None:
            raise InputError("another release is being tried")
        if order.issued_ns <= kept.newest_ns:
            raise InputError("a newer release came before it")
        held, trial_s = self._brought(order)
        state, causes = health.state, health.causes
        trial = _Trial(order=order.id, held=held, state=state, causes=causes, trial_s=trial_s)
        self._keep(trial=trial, newest_ns=order.issued_ns)
        self.changed = True
        return None

    def judge(self, health: Health) -> WireAnswer | None:
        """What becomes of the trial, by how the node is now; None where that is open. Raises ResourceError."""
        trial = self._kept.trial
        if trial is None or self.changed:
            return None
        if _worse(trial, health):
            self._worse_since_s = health.uptime_s if self._worse_since_s is None else self._worse_since_s
            if health.uptime_s - self._worse_since_s >= WORSE_FOR_S:
                return self.roll_back(f"the node was {health.state}: {'; '.join(health.reasons)}")
            return None
        self._worse_since_s = None
        if health.uptime_s < trial.trial_s or health.state == "starting":
            return None
        answer = WireAnswer(order=trial.order, state=DONE)
        self._keep(held=trial.held, trial=None, answer=answer)
        self._tidy()
        return answer

    def roll_back(self, why: str) -> WireAnswer:
        """Go back to what was before the trial. Raises ResourceError."""
        if self._kept.trial is None:
            raise InputError("nothing is being tried; expected a trial to end")
        answer = WireAnswer(order=self._kept.trial.order, state=ROLLED_BACK, why=why[:300])
        self._keep(trial=None, answer=answer)
        self._tidy()
        self.changed = True
        log.warning("a release is taken back", order=answer.order, because=why)
        return answer

    def _brought(self, order: Order) -> tuple[_Held, float]:
        """What is to be tried, checked, and for how long."""
        try:
            body = msgspec.convert(order.body, Body)
        except msgspec.ValidationError as error:
            raise InputError(f"order {order.id[:80]!r} is no release: {plain(error)}") from error
        held = self._kept.held
        if order.kind == SETTINGS:
            changes = {**held.changes, **body.changes}
            changed_settings(self._own, changes)
            return msgspec.structs.replace(held, changes=changes), body.trial_s
        from acoustic.classify import Model  # here: the centre keeps releases, and classifies nothing

        name = f"model-{Model.from_bytes(body.npz).digest[:16]}.npz" if body.npz else ""
        if name:
            keep(self._folder / name, body.npz)
        return msgspec.structs.replace(held, model=name), body.trial_s

    def _keep(self, **changes: Any) -> None:
        kept = msgspec.structs.replace(self._kept, **changes)
        keep(self._folder / FILE, msgspec.json.encode(kept))
        self._kept = kept

    def _tidy(self) -> None:
        """Classifiers that nothing names any more."""
        for path in self._folder.glob("model-*.npz"):
            if path.name != self._kept.held.model:
                path.unlink(missing_ok=True)


def changed_settings(own: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with changes. Raises InputError for one that is not to be changed from afar, or not possible."""
    if foreign := sorted(set(changes) - set(CHANGEABLE)):
        raise InputError(f"changes has {foreign[0][:80]!r}; expected {', '.join(CHANGEABLE)}")
    try:
        changed = msgspec.convert({**msgspec.to_builtins(own), **changes}, Settings)
        changed.own_air()
    except (msgspec.ValidationError, InputError) as error:
        raise InputError(f"changes: {plain(error)}") from error
    return changed


def check_changes(changes: Mapping[str, Any]) -> None:
    """Raise InputError for changes that no node could take, whatever its own settings are."""
    changed_settings(Settings(node="any", source=StdinSource()), changes)


def _worse(trial: _Trial, health: Health) -> bool:
    """Whether a node is in a worse state, for another cause; sound is lost at every start, which is shown a while."""
    causes = {*health.causes} - {*trial.causes}
    if health.uptime_s < 2.0 * GAP_SHOWN_S:
        causes -= {"drops"}
    return bool(causes) and _badness(health.state) > _badness(trial.state)


def _badness(state: str) -> int:
    """Of what a release can cause."""
    return BAD.index(state) + 1 if state in BAD else 0


def _read(path: Path) -> _Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return _Kept()
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged: {error}; remove it, and the node goes by its settings alone") from error

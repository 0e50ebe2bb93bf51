"""A stream of arrivals in, versioned shots out.

Arrivals are kept for as long as they can matter. Each feed explains anew the arrivals around the new ones; once a
stretch of arrivals has ended (nothing more can belong to it) it is explained once as a whole, which is what a batch
does, so that the last version of each shot is the batch's answer however the arrivals came in.

What a node found only when it was asked again (`localisation.again`) belongs to the shot that it was asked for: it has
no part in association, and joins that shot's arrivals wherever its place is solved.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from localisation.again import free, kept
from localisation.aloft import aloft
from localisation.arrivals import MOVED_M, Arrival, Origin, Reason, Shot, Station
from localisation.cues import cues
from localisation.explain import Explained, explain
from localisation.field import Field
from localisation.likelihood import Priors
from localisation.motion import motion, moved, second_shooter
from localisation.search import Search
from localisation.solve import NOBODY, origin_of, origins_of, with_rivals
from localisation.verdict import WITHDRAWN, verdict, withdrawn

Array = NDArray[np.float64]
NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How a network associates and locates.

    `silence_s`: a gap in the arrivals after which nothing more belongs to what came before (sound across the network);
    `longest_s`: a stretch of arrivals is cut at its widest gap when it grows longer; `context_s`: of arrivals looked at
    again around a new one.
    """

    search: Search = field(default_factory=Search)
    priors: Priors = field(default_factory=Priors)
    silence_s: float = 4.0
    longest_s: float = 16.0
    context_s: float = 5.0


class Network:
    """Feed arrivals, get shots; see the module. `air` is the weather of the network."""

    def __init__(self, air: Air | None = None, settings: NetworkSettings | None = None) -> None:
        self.air, self.settings = air or Air(), settings or NetworkSettings()
        self._places: dict[str, tuple[float, float, float]] = {}
        self._field: Field | None = None
        self._arrivals: dict[str, Arrival] = {}
        self._again: dict[str, dict[str, Arrival]] = {}  # key of a shot: what each node found when asked again
        self._shots: dict[str, Shot] = {}
        self._owner: dict[str, str] = {}  # arrival id: key of the shot that uses it
        self._closed_ns = 0
        self._whole: set[tuple[str, str, int]] = set()  # explained as a whole: first and last arrival, and how many

    def resume(self, shots: Iterable[Shot]) -> None:
        """Take up shots that were published before a restart: their keys and versions go on."""
        for shot in shots:
            self._publish(shot)
            self._arrivals.update({a.id: a for a in shot.arrivals if not a.again})
            self._found_again(shot.arrivals)
            for a in shot.arrivals:
                self._place(a.node, (a.x, a.y, a.z))

    def feed(self, arrivals: Iterable[Arrival], stations: Iterable[Station] = ()) -> list[Shot]:
        """Take arrivals in (again is harmless); return the shots that are new or changed, each as its next version.

        Raises InputError where a node is at two places.
        """
        for s in stations:
            self._place(s.node, (s.x, s.y, s.z))
        told = list(arrivals)
        new = [a for a in told if a.id not in self._arrivals and not a.again]
        for a in new:
            self._place(a.node, (a.x, a.y, a.z))
            self._arrivals[a.id] = a
        fresh = {a.id for a in new} | self._found_again(told)
        if not fresh:
            return []
        ordered = sorted(self._arrivals.values(), key=lambda a: (a.time_ns, a.id))
        changed: dict[str, Shot] = {}
        for part, edge_ns in self._stretches(ordered, fresh):
            shots = self._explain_whole(part) if edge_ns is None else self._reconsider(part, fresh, edge_ns)
            changed |= {shot.key: shot for shot in shots}
        return sorted(changed.values(), key=lambda s: s.origin.time_ns)

    def stands_elsewhere(self, heard: Iterable[Arrival | Station]) -> bool:
        """Whether one of these is of a node that this network knows at another place."""
        return any(_apart(self._places.get(one.node), (one.x, one.y, one.z)) for one in heard)

    def flush(self) -> list[Shot]:
        """Explain every stretch as a whole: nothing more will come."""
        ordered = sorted(self._arrivals.values(), key=lambda a: (a.time_ns, a.id))
        changed = {shot.key: shot for stretch in self._cut(ordered) for shot in self._explain_whole(stretch)}
        return sorted(changed.values(), key=lambda s: s.origin.time_ns)

    def shots(self) -> list[Shot]:
        """The latest version of each shot that stands, by time."""
        standing = (s for s in self._shots.values() if s.verdict.label != WITHDRAWN)
        return sorted(standing, key=lambda s: (s.origin.time_ns, s.key))

    def forget_before(self, time_ns: int) -> None:
        """Drop arrivals before a time, and the shots that were heard before it alone: they are final."""
        # One heard on both sides stays, with all its arrivals: those after, left alone, would make it anew.
        self._shots = {
            k: s for k, s in self._shots.items() if max([s.origin.time_ns, *(a.time_ns for a in s.arrivals)]) >= time_ns
        }
        self._owner = {a: k for a, k in self._owner.items() if k in self._shots}
        self._arrivals = {k: a for k, a in self._arrivals.items() if a.time_ns >= time_ns or k in self._owner}
        self._again = {k: found for k, found in self._again.items() if k in self._shots}
        self._whole = set()

    def _place(self, node: str, place: tuple[float, float, float]) -> None:
        known = self._places.get(node)
        if known is None:
            self._places[node] = place
            self._field, self._whole = None, set()
        elif _apart(known, place):
            raise InputError(f"node {node} is at two places {math.dist(known, place):.0f} m apart; expected one")

    def _found_again(self, told: Iterable[Arrival]) -> set[str]:
        """Take what nodes found when asked again, once a node and shot; the arrivals to look at anew because of it."""
        changed = set()
        for a in sorted((a for a in told if a.again), key=lambda a: (a.time_ns, a.id)):
            found = self._again.setdefault(a.again, {})
            if a.node not in found:
                found[a.node] = a
                changed.add(a.again)
        if changed:
            self._whole = set()
        shots = [self._shots[key] for key in changed if key in self._shots]
        return {a.id for shot in shots for a in shot.arrivals if a.id in self._arrivals}

    def _stretches(self, ordered: Sequence[Arrival], new: set[str]) -> list[tuple[list[Arrival], int | None]]:
        """What to explain now: every stretch that a new arrival is in, whole if it has ended, else what is around it,
        and where that begins to be whole (UTC ns; 0 where nothing was cut off before it, None for a whole stretch).
        """
        newest_ns = ordered[-1].time_ns
        context_ns = round(self.settings.context_s * NS)
        chosen: list[tuple[list[Arrival], int | None]] = []
        for stretch in self._cut(ordered):
            fresh = [a.time_ns for a in stretch if a.id in new]
            if not fresh and not self._just_ended(stretch, newest_ns):
                continue
            if not fresh or self._ended(stretch, newest_ns) or len(fresh) == len(stretch):
                chosen.append((stretch, None))
            else:
                low, high = min(fresh) - context_ns, max(fresh) + context_ns
                edge_ns = low + context_ns // 2 if stretch[0].time_ns < low else 0
                chosen.append(([a for a in stretch if low <= a.time_ns <= high], edge_ns))
        self._closed_ns = newest_ns
        return chosen

    def _ended(self, stretch: Sequence[Arrival], newest_ns: int) -> bool:
        return newest_ns - stretch[-1].time_ns > self.settings.silence_s * NS

    def _just_ended(self, stretch: Sequence[Arrival], newest_ns: int) -> bool:
        return self._ended(stretch, newest_ns) and not self._ended(stretch, self._closed_ns)

    def _cut(self, ordered: Sequence[Arrival]) -> list[list[Arrival]]:
        """Arrivals by time into stretches: at every silence, and at the widest gap of what is still too long."""
        stretches: list[list[Arrival]] = []
        for a in ordered:
            if stretches and a.time_ns - stretches[-1][-1].time_ns <= self.settings.silence_s * NS:
                stretches[-1].append(a)
            else:
                stretches.append([a])
        return [part for stretch in stretches for part in self._shortened(stretch)]

    def _shortened(self, stretch: list[Arrival]) -> list[list[Arrival]]:
        times = np.array([a.time_ns for a in stretch])
        limit = times[0] + round(self.settings.longest_s * NS)
        if times[-1] <= limit:
            return [stretch]
        end = bisect_left(times.tolist(), limit)
        half = bisect_left(times.tolist(), (times[0] + limit) // 2)
        half = min(half, end - 1)
        gaps = np.diff(times[max(half - 1, 0) : end + 1])
        cut = max(half - 1, 0) + int(gaps.argmax()) + 1
        return [stretch[:cut], *self._shortened(stretch[cut:])]

    def _explain_whole(self, stretch: Sequence[Arrival]) -> list[Shot]:
        """What a batch makes of a stretch, if that was not asked before."""
        name = (stretch[0].id, stretch[-1].id, len(stretch))
        if name in self._whole:
            return []
        changed = self._reconsider(stretch)
        self._whole.add(name)
        return changed

    def _reconsider(self, stretch: Sequence[Arrival], fresh: set[str] | None = None, edge_ns: int = 0) -> list[Shot]:
        """Explain a stretch anew; return what differs from what was published.

        Where only a part around the `fresh` arrivals is looked at (`edge_ns` is not 0), shots that begin before its
        edge are left alone, and nothing new is made of old arrivals only: what explains them may have been cut off.
        """
        if self._field is None:
            search = self.settings.search
            self._places = dict(sorted(self._places.items()))  # in whatever order they were first heard of
            places = np.array(list(self._places.values()))
            self._field = Field(places, self.air, self.settings.priors, search.hearing_m)
        row = {node: i for i, node in enumerate(self._places)}
        station = np.array([row[a.node] for a in stretch], dtype=np.intp)
        time = np.array([(a.time_ns - stretch[0].time_ns) * 1e-9 for a in stretch])
        inside = {a.id for a in stretch}
        before = {self._owner[a] for a in inside if a in self._owner}
        partly: set[str] = set()
        if fresh is not None:
            reach = {k: [a for a in self._shots[k].arrivals if not a.again] for k in before}
            partly = {k for k, own in reach.items() if any(a.id not in inside or a.time_ns < edge_ns for a in own)}
        held = {a.id for k in partly for a in self._shots[k].arrivals}
        free = [i for i, a in enumerate(stretch) if a.id not in held]
        changed = []
        seen = set(partly)
        # a shot that is new or changed has a fresh arrival, or is one that stands already: others need no search
        begin = [fresh is None or stretch[i].id in fresh or stretch[i].id in self._owner for i in free]
        heard = [stretch[i] for i in free]
        shots = []
        for one in explain(heard, station[free], time[free], self._field, self.settings.search, np.array(begin)):
            arrivals = [heard[i] for i in one.arrivals]
            if not (edge_ns and fresh and not any(a.id in fresh or a.id in self._owner for a in arrivals)):
                shots.append((arrivals, one))
        origins = self._origins(shots, heard)
        high = self._high(shots, origins)
        moving = self._moving(shots)
        used = [a for arrivals, _ in shots for a in arrivals]
        for n, ((arrivals, one), origin) in enumerate(zip(shots, origins, strict=True)):
            other = second_shooter(origin, origins[:n])
            more = [*moving.get(one.burst, []), *([other] if other else [])]
            last = self._last(arrivals, seen)
            key = key_of(arrivals) if last is None else last.key
            found, best = self._looked_again(key, (arrivals, one), heard, origin, used)
            used += found
            every = (*arrivals, *found)
            what = verdict(every, best, cues(every, best, self._silent(every, one), high[n]), more)
            if last is None:
                shot = Shot(key=key, version=1, origin=best, verdict=what, arrivals=every)
            elif (last.origin, last.verdict) == (best, what):
                shot = last
            else:
                shot = Shot(key=key, version=last.version + 1, origin=best, verdict=what, arrivals=every)
            seen.add(shot.key)
            if self._shots.get(shot.key) != shot:
                changed.append(shot)
        for key in sorted(before - seen):
            last = self._shots[key]
            if last.verdict.label != WITHDRAWN:
                changed.append(replace(last, version=last.version + 1, verdict=withdrawn(last.verdict)))
        for shot in changed:
            self._publish(shot)
        return changed

    def _last(self, arrivals: Sequence[Arrival], taken: set[str]) -> Shot | None:
        """The published shot that a located one is the next version of: that which it shares most arrivals with."""
        shared: dict[str, int] = {}
        for a in arrivals:
            key = self._owner.get(a.id)
            if key is not None and key not in taken:
                shared[key] = shared.get(key, 0) + 1
        return self._shots[min(shared, key=lambda k: (-shared[k], k))] if shared else None

    def _looked_again(
        self,
        key: str,
        shot: tuple[list[Arrival], Explained],
        among: Sequence[Arrival],
        origin: Origin,
        used: Sequence[Arrival],
    ) -> tuple[list[Arrival], Origin]:
        """What nodes found again for this shot and may keep (not what is `used` already), and the origin with it.

        Nothing for a round of a burst: its place beside the other rounds is known better than an onset could tell.
        """
        if shot[1].burst >= 0:
            return [], origin
        known = {r.node for r in origin.residuals}
        found = free((a for a in self._again.get(key, {}).values() if a.node not in known), used)
        while found:
            better = self._origins([shot], among, found, np.array([origin.x, origin.y]))[0]
            if (stay := kept(origin, better, found)) == found:
                return found, better
            found = stay
        return [], origin

    def _origins(
        self,
        shots: Sequence[tuple[list[Arrival], Explained]],
        among: Sequence[Arrival],
        found: Sequence[Arrival] = (),
        begin: Array | None = None,
    ) -> list[Origin]:
        """Where each explained shot was, all solved at once, with what was `found` again for them.

        Sought at the places that association found, or at `begin` (2,) m, of one shot.
        """
        if not shots:
            return []
        told = []
        for own, one in shots:
            borrowed = (_moved(among[i], shift) for i, shift in one.borrowed)
            shifts = one.shifts or (0.0,) * len(own)
            told.append([*(_moved(a, s) for a, s in zip(own, shifts, strict=True)), *borrowed, *found])
        airs = [self.air] * len(shots)
        near = np.array([one.place for _, one in shots]) if begin is None else begin[None]
        silent = [self._silent(heard, one) for heard, (_, one) in zip(told, shots, strict=True)]
        origins = origins_of(told, airs, self.settings.priors, near, silent)
        return [with_rivals(origin, one.rivals) for origin, (_, one) in zip(origins, shots, strict=True)]

    def _silent(self, heard: Sequence[Arrival], shot: Explained) -> Array:
        """Places (S, 3) m of the stations in reach of a shot that are not among those that heard it."""
        nodes, places = np.array(list(self._places)), np.array(list(self._places.values()))
        within = np.hypot(*(places[:, :2] - shot.place).T) < self.settings.search.hearing_m
        return np.asarray(places[within & ~np.isin(nodes, [a.node for a in heard])])

    def _high(self, shots: Sequence[tuple[list[Arrival], Explained]], origins: Sequence[Origin]) -> list[float]:
        """Log-odds that each shot was high over the roofs; NaN where nothing tells, or no node has an opinion of it."""
        asked = [n for n, (arrivals, _) in enumerate(shots) if any(a.probabilities for a in arrivals)]
        odds = [math.nan] * len(shots)
        told = aloft(
            [shots[n][0] for n in asked],
            [origins[n] for n in asked],
            [self.air] * len(asked),
            self.settings.priors,
        )
        for n, one in zip(asked, told, strict=True):
            odds[n] = one
        return odds

    def _moving(self, shots: Sequence[tuple[list[Arrival], Explained]]) -> dict[int, list[Reason]]:
        """By burst: that its shooter moved, where that is sure."""
        found = {}
        for burst in {one.burst for _, one in shots if one.burst >= 0}:
            rounds = [shot for shot in shots if shot[1].burst == burst]
            nodes = sorted({a.node for arrivals, _ in rounds for a in arrivals})
            epoch_ns = min(a.time_ns for arrivals, _ in rounds for a in arrivals)
            times = np.full((len(rounds), len(nodes)), np.nan)
            for r, (arrivals, one) in enumerate(rounds):
                for a, shift in zip(arrivals, one.shifts, strict=True):
                    times[r, nodes.index(a.node)] = (a.time_ns - epoch_ns) * 1e-9 + shift
            places = np.array([self._places[node] for node in nodes])
            was = motion(places, rounds[0][1].place, times, self.air.speed_ms)
            if was is not None and was.sure:
                found[burst] = [moved(was)]
        return found

    def _publish(self, shot: Shot) -> None:
        last = self._shots.get(shot.key)
        for a in last.arrivals if last is not None else ():
            if self._owner.get(a.id) == shot.key:
                del self._owner[a.id]
        self._shots[shot.key] = shot
        if shot.verdict.label != WITHDRAWN:
            self._owner.update({a.id: shot.key for a in shot.arrivals})


def locate(
    arrivals: Sequence[Arrival], air: Air, stations: Iterable[Station] = (), settings: NetworkSettings | None = None
) -> list[Shot]:
    """The shots that explain all arrivals together: a network fed once."""
    network = Network(air, settings)
    network.feed(arrivals, stations)
    network.flush()
    return network.shots()


def locate_associated(arrivals: Sequence[Arrival], air: Air) -> Shot:
    """The one shot that all arrivals are of. Raises InputError where they cannot give a place."""
    if not arrivals:
        raise InputError("arrivals is empty; expected at least 3")
    origin = origin_of(arrivals, air)
    what = verdict(arrivals, origin, cues(arrivals, origin, NOBODY, aloft([arrivals], [origin], [air])[0]))
    return Shot(key=key_of(arrivals), version=1, origin=origin, verdict=what, arrivals=tuple(arrivals))


def _moved(arrival: Arrival, seconds: float) -> Arrival:
    return replace(arrival, time_ns=arrival.time_ns + round(seconds * NS)) if seconds else arrival


def key_of(arrivals: Sequence[Arrival]) -> str:
    """The key of a shot that is published first: made of its arrivals."""
    return hashlib.sha256("\n".join(sorted(a.id for a in arrivals)).encode()).hexdigest()[:16]


def _apart(known: tuple[float, float, float] | None, place: tuple[float, float, float]) -> bool:
    return known is not None and math.dist(known, place) > MOVED_M

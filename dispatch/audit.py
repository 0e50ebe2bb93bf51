"""The journal for those who audit: read a page at a time, and checked as a whole, beside a running centre."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dispatch.keeping.record import KIND, Deletion
from dispatch.store.journal import KeptLine, lines_from
from recordings.chain import BEGINNING, Line, altered, chained, left_digest

BLANK = ""  # what is left of a line that ended as a whole
AT_ONCE = 5000  # lines read in one transaction: nothing waits long for an audit


@dataclass(kw_only=True)
class Check:
    """What came of a check: how many lines, which are not what their digest says, where the chain does not hold.

    A line may be `erased`, as a whole or of names and words: it is `unrecorded` where no record of it, signed by the
    centre, says that this is what was left. A line is `broken` where its digest does not follow from the one before it:
    something was taken away, put in or changed. `end` is the chain's digest after the last line: who noted it earlier
    can tell that nothing was cut off.
    """

    centre_key: Ed25519PublicKey
    lines: int = 0
    last: int = 0
    altered: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    end: str = BEGINNING
    _erased: dict[int, str] = field(default_factory=dict)
    _recorded: dict[int, str] = field(default_factory=dict)
    _blank: list[tuple[int, int]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all is as it was written."""
        return not (self.altered or self.broken or self.unrecorded)

    @property
    def erased(self) -> int:
        """How many lines lost something."""
        return len(self._erased)

    @property
    def unrecorded(self) -> list[int]:
        """The lines, of those taken so far, whose erasure no signed record tells; known once all are taken."""
        runs = sorted(self._blank)
        starts = [first for first, _ in runs]
        return [
            number
            for number, left in self._erased.items()
            if not (_inside(number, starts, runs) if left == BLANK else self._recorded.get(number) == left)
        ]

    def take(self, lines: list[KeptLine]) -> None:
        """Go on with the lines that follow."""
        self.altered += altered(kept.line for kept in lines)
        for kept in lines:
            if kept.line.id != self.last + 1 or chained(self.end, kept.line.content) != kept.digest:
                self.broken.append(kept.line.id)
            self._erasure(kept.line)
            self.lines, self.last, self.end = self.lines + 1, kept.line.id, kept.digest

    def _erasure(self, line: Line) -> None:
        if not line.told:
            self._erased[line.id] = BLANK
        elif line.erased:
            self._erased[line.id] = left_digest(line)
        elif line.kind == KIND:
            try:
                told = msgspec.json.decode(line.data, type=Deletion)
            except msgspec.DecodeError:
                told = None
            if told is None or not told.by_key(self.centre_key):
                self.altered.append(line.id)
            else:
                self._recorded |= told.left
                self._blank += told.blank


def _inside(number: int, starts: list[int], runs: list[tuple[int, int]]) -> bool:
    at = bisect_right(starts, number) - 1
    return at >= 0 and number <= runs[at][1]


def next_lines(last: int) -> Callable[[sa.Connection], list[KeptLine]]:
    """Reads the lines after one, as many as are checked at once."""
    return lambda connection: lines_from(connection, last, AT_ONCE)

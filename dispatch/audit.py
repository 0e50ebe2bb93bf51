"""The journal for those who audit: read a page at a time, and checked as a whole, beside a running centre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from dispatch.store.journal import KeptLine, lines_from
from recordings.chain import BEGINNING, altered, chained

AT_ONCE = 5000  # lines read in one transaction: nothing waits long for an audit


@dataclass(kw_only=True)
class Check:
    """What came of a check: how many lines, which are not what their digest says, where the chain does not hold.

    A line is `broken` where its digest does not follow from the one before it: something was taken away, put in or
    changed. `end` is the chain's digest after the last line: who noted it earlier can tell that nothing was cut off.
    """

    lines: int = 0
    last: int = 0
    altered: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    end: str = BEGINNING

    @property
    def good(self) -> bool:
        """Whether all is as it was written."""
        return not (self.altered or self.broken)

    def take(self, lines: list[KeptLine]) -> None:
        """Go on with the lines that follow."""
        self.altered += altered(kept.line for kept in lines)
        for kept in lines:
            if kept.line.id != self.last + 1 or chained(self.end, kept.line.content) != kept.digest:
                self.broken.append(kept.line.id)
            self.lines, self.last, self.end = self.lines + 1, kept.line.id, kept.digest


def next_lines(last: int) -> Callable[[sa.Connection], list[KeptLine]]:
    """Reads the lines after one, as many as are checked at once."""
    return lambda connection: lines_from(connection, last, AT_ONCE)

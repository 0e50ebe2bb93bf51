"""Write docs/scorecard.md and its picture: `make scorecard`. Needs the real recordings beside the project."""

from __future__ import annotations

import sys

from acoustic.classify import Model
from benchmarks._shared import PITTSBURGH, POSITIONS, REPOSITORY, skipped
from recordings import models
from recordings.method import Settings
from recordings.scoring.card import score
from recordings.scoring.picture import card_svg
from recordings.scoring.words import markdown

DOCS = REPOSITORY / "docs"
HEAD = """# Scorecard

What this version makes of labelled recordings that it can be shown with, by `make scorecard`; the same is measured on
your own by [`tocsin score`](analyse/score.md).

**Location, detection, latency**: the *ShotSpotter Sample Live Fire Test Data* (Calhoun et al. 2021, arXiv
2108.07377), © ShotSpotter, Inc., CC BY 4.0; five firing positions, 8-bit recordings of ten seconds. In sample: settings
were tried on these positions; [how well they carry over](understand/localisation.md) is measured by leaving each
position out. The surveyed places are known to ± 2.5 m, by which ellipses are widened before they are held to them.
Ninety tests share five places, so intervals (in brackets, 5th to 95th percentile) are over resamples of the positions.

**Class**: *UrbanSound8K* (Salamon, Jacoby and Bello 2014, CC BY-NC 3.0), of which nothing was ever trained or tuned on.
Clips are cut from video and often compressed; intervals are over resamples of its recordings.
"""


def main() -> int:
    """Score, write; return 1 where the recordings are absent."""
    if not POSITIONS:
        print(skipped()["skipped"], file=sys.stderr)
        return 1
    paths = [PITTSBURGH, PITTSBURGH.parent / "impulses" / "manifest.csv"]
    card = score(paths, Model.from_bytes(models.default()), Settings(), part="evaluate")
    (DOCS / "scorecard.svg").write_text(card_svg(card))
    lines = [HEAD, *markdown(card, picture="scorecard.svg"), f"Method `{card.method}`."]
    (DOCS / "scorecard.md").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The public page's files: one page a language, the same as JSON and CSV, and how they look."""

from __future__ import annotations

import csv
import io
from datetime import date
from xml.sax.saxutils import escape

import msgspec

from dispatch.figures.intervals import Share
from dispatch.public.figures import Public, Row
from dispatch.public.words import PUBLIC_WORDS
from recordings.report.html import facts, table
from recordings.report.language import PAPERS, Language
from recordings.report.style import STYLE

PAGES = {"en": "index.html", "fr": "fr.html"}
OWN_STYLE = """
h2::before { content: none }
dl { grid-template-columns: minmax(8rem, 18rem) 1fr }
td:first-child { white-space: nowrap }
@media (max-width: 40rem) { dl { display: block } dd { margin-bottom: .6rem } }
"""
COLUMNS = ("month", "zone", "alerts", "confirmed", "false", "unconfirmed", "unknown", "open", "missed")


def files(figures: Public, made: date) -> dict[str, bytes]:
    """Every file by its name."""
    return {
        **{PAGES[language]: _page(figures, made, language).encode() for language in PAPERS},
        "style.css": (STYLE + OWN_STYLE).encode(),
        "figures.json": msgspec.json.format(msgspec.json.encode(figures)) + b"\n",
        "figures.csv": _csv(figures).encode(),
    }


def _page(figures: Public, made: date, language: str) -> str:
    w = Language(language, PUBLIC_WORDS)
    title = escape(w("public.title", site=figures.site))
    other = next(code for code in PAPERS if code != language)
    day = made.strftime("%Y-%m-%d" if language == "en" else "%d/%m/%Y")
    rows = [[escape(str(cell)) for cell in _cells(row)] for row in figures.rows]
    outcomes = table([w(f"public.{name}") for name in COLUMNS], rows, numbers=range(2, len(COLUMNS)))
    shares = [(w(f"public.{name}"), _share(getattr(figures, name), w)) for name in ("undecided", "precision", "recall")]
    months = [[m.month, str(m.evidence), str(m.deletions)] for m in figures.months]
    kept = table([w(f"public.{name}") for name in ("month", "evidence", "deletions")], months, numbers=(1, 2))
    nothing = f"<p>{w('public.none')}</p>"
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8"/>',
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
            f'<title>{title}</title>\n<link rel="stylesheet" href="style.css"/>\n</head>\n<body>',
            f'<header><h1>{title}</h1><p class="under">{w("public.under", made=day)} ',
            f'<a href="{PAGES[other]}" lang="{other}" hreflang="{other}">{w("public.other")}</a></p></header>',
            _section(w("public.outcomes"), f"<p>{w('public.outcomes_note')}</p>", outcomes if rows else nothing),
            _section(w("public.well"), facts(shares)),
            _section(w("public.kept"), kept if months else nothing),
            _section(w("public.is"), f"<p>{w('public.is_note')}</p>"),
            f'<p class="small">{w("public.data")} <a href="figures.json">JSON</a>, <a href="figures.csv">CSV</a></p>',
            "</body>\n</html>\n",
        ]
    )


def _section(title: str, *parts: str) -> str:
    return "\n".join([f"<section><h2>{title}</h2>", *parts, "</section>"])


def _share(one: Share, w: Language) -> str:
    if one.value is None or one.low is None or one.high is None:
        return w("public.no_share")
    value, low, high = (f"{w.number(100 * share)}\u00a0%" for share in (one.value, one.low, one.high))
    return w("public.share", value=value, count=str(one.count), of=str(one.of), low=low, high=high)


def _csv(figures: Public) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in figures.rows)
    return out.getvalue()


def _cells(row: Row) -> list[str | int]:
    return [getattr(row, name) for name in COLUMNS]

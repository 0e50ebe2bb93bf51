"""The log as CSV, as a page, and as a PDF of that page."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from xml.sax.saxutils import escape

from dispatch.daylog.rows import DayLog, Row
from dispatch.daylog.words import LOG_WORDS
from recordings.report.html import facts, table
from recordings.report.language import Language
from recordings.report.style import STYLE

FORMULA = ("=", "+", "-", "@", "\t", "\r")
OWN_STYLE = """
h2::before { content: none }
td { overflow-wrap: anywhere }
td:nth-child(-n+4), th { white-space: nowrap }
td:nth-child(4) { white-space: normal; min-width: 5.5rem }
dl { grid-template-columns: 15rem 1fr }
"""


def log_csv(log: DayLog, language: str) -> str:
    """One line a row, times with their offset; separated as the language's spreadsheets expect."""
    w, out = Language(language, LOG_WORDS), io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "fr" else ",", lineterminator="\r\n")
    writer.writerow(w(name) for name in ("line", "log.time", "event", "log.kind", "log.who", "what"))
    for row in log.rows:
        at = row.at.isoformat(timespec="milliseconds")
        writer.writerow([row.line, at, row.event or "", row.kind, _harmless(row.who), _harmless(row.what)])
    return out.getvalue()


def log_html(log: DayLog, site: str, made: datetime, language: str) -> str:
    """The page."""
    w = Language(language, LOG_WORDS)
    day = log.day.strftime("%Y-%m-%d" if language == "en" else "%d/%m/%Y")
    title = escape(w("log.title", day=day))
    foot = f'"{w("log.page", day=day)} " counter(page) " {w("of")} " counter(pages)'
    running = f"@page {{ @bottom-right {{ content: {foot} }} }}"
    counts = [
        (w(f"log.{name}"), str(getattr(log, name))) for name in ("alerts", "closed", "open", "incoming", "missed")
    ]
    told = made.astimezone(log.local)
    stamp = told.strftime("%Y-%m-%d %H:%M:%S %z" if language == "en" else "%d/%m/%Y %H:%M:%S %z")
    head = [w(name) for name in ("line", "log.time", "event", "log.who", "what")]
    body = table(head, [_cells(row) for row in log.rows], numbers=(0, 2)) if log.rows else f"<p>{w('log.nothing')}</p>"
    end = ""
    if log.rows:
        end = f"<p>{w('log.end', line=str(log.last_line))}<br/><code>{log.digest}</code></p>"
    under = escape(w("log.under", site=site, zone=str(log.local)))
    iso = told.isoformat(timespec="seconds")
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8"/>',
            f'<meta name="dcterms.created" content="{iso}"/><meta name="dcterms.modified" content="{iso}"/>',
            f"<title>{title}</title>\n<style>{STYLE}{OWN_STYLE}{running}</style>\n</head>\n<body>",
            f'<header><h1>{title}</h1><p class="under">{under}</p></header>',
            facts([*counts, (w("log.made"), stamp)]),
            body,
            f'<p class="small">{w("log.note")}</p>{end}',
            "</body>\n</html>\n",
        ]
    )


def _cells(row: Row) -> list[str]:
    return [
        str(row.line),
        row.at.strftime("%H:%M:%S"),
        "" if row.event is None else str(row.event),
        escape(row.who),
        escape(row.what),
    ]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text

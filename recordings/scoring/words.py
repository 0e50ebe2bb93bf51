"""A scorecard as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recordings.scoring.card import Card
from recordings.scoring.location import LEVELS, WITHIN_M


def markdown(card: Card, differences: Mapping[str, Sequence[float]] | None = None, picture: str = "") -> Iterator[str]:
    """Lines; `picture`: the file that stands beside them; `differences`: from an earlier card."""
    if picture:
        yield from (f"![The figures below as curves]({picture})", "")
    if card.location:
        yield from _location(card)
    if card.detection:
        d = card.detection
        rows = [
            ("recordings", _n(d["files"])),
            ("arrivals of shots found within 15 ms", _pct(d["shot_arrivals_found_pct"])),
        ]
        if d["reported_pulses_found_pct"] is not None:
            rows.append(("loud pulses that the deployed system reported, found", _pct(d["reported_pulses_found_pct"])))
        rows += [
            ("onset against the arrival, median", f"{_n(d['offset_median_ms'])} ms"),
            ("its spread (1.48 × median absolute deviation)", f"{_n(d['offset_mad_sd_ms'])} ms"),
            ("impulses a minute", _n(d["onsets_per_minute"])),
        ]
        yield from _table("Detection", rows)
    if card.latency:
        t = card.latency
        rows = [
            ("shots told before the recording ends", _pct(t["told_live_pct"])),
            ("from discharge to the first place, median", f"{_n(t['median_s'])} s"),
            ("95th percentile", f"{_n(t['p95_s'])} s"),
        ]
        yield from _table("Latency, without computer and radio", rows)
    if card.arrivals:
        yield from _arrivals(card.arrivals)
    if card.classes:
        yield from _classes(card.classes)
    if differences:
        yield from ("## Against the earlier run", "", "| | points | 90 % interval |", "|-|-|-|")
        yield from (f"| {k} | {v:+.1f} | {low:+.1f} to {high:+.1f} |" for k, (v, low, high) in differences.items())
        yield ""


def _location(card: Card) -> Iterator[str]:
    m = card.location
    rows = [("shots fired", _n(m["shots"])), ("found", _n(m["found"])), ("false", _n(m["false"]))]
    for metres in WITHIN_M:
        name = f"within_{metres}_pct"
        span = card.intervals_90.get(name)
        told = f" ({span[0]:.1f}–{span[1]:.1f})" if span else ""
        rows.append((f"within {metres} m", f"{_pct(m[name])}{told}"))
    rows += [
        ("error, median", f"{_n(m['median_m'])} m"),
        ("error, 95th percentile of those found", f"{_n(m['p95_of_found_m'])} m"),
        ("rounds of a burst about their median place, 95th percentile", f"{_n(m['within_burst_p95_m'])} m"),
    ]
    held = card.ellipses_hold_pct
    rows += [(f"{100 * level:g} % ellipse holds the place", _pct(held.get(f"{100 * level:g}"))) for level in LEVELS]
    yield from _table("Location", rows)
    yield from ("| | shots | found | false | within 15 m |", "|-|-|-|-|-|")
    for group, c in m["per_position"].items():
        yield f"| {group} | {c['shots']} | {c['found']} | {c['false']} | {c['within_15']} |"
    yield ""


def _arrivals(told: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Location from the arrivals that came with the recordings", "")
    yield from (
        "| sensors of one shot | sets | within 10 m | within 15 m | median | said to be ambiguous |",
        "|-|-|-|-|-|-|",
    )
    for nodes, f in told["one_shot"].items():
        shares = (_pct(f[name]) for name in ("within_10_pct", "within_15_pct"))
        row = (nodes, _n(f["n"]), *shares, f"{_n(f['median_m'])} m", _pct(f["flagged_ambiguous_pct"]))
        yield f"| {' | '.join(row)} |"
    m = told["every_pulse"]
    rows = [
        ("shots fired, found, false", f"{m['shots']}, {m['found']}, {m['false']}"),
        ("within 10 m", _pct(m["within_10_pct"])),
        ("within 15 m", _pct(m["within_15_pct"])),
        ("error, median", f"{_n(m['median_m'])} m"),
    ]
    yield ""
    yield from _table("Location from every pulse of an incident", rows)


def _classes(c: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        ("clips, of them shots", f"{c['clips']}, {c['shots']}"),
        ("area under the ROC curve", f"{c['auc']:.3f}"),
        ("calibration error of the probability", f"{c['calibration_error']:.3f}"),
        ("shots called shots", _pct(c["shots_called_pct"])),
        ("other sounds called shots", _pct(c["others_called_pct"])),
    ]
    yield from _table("Class", rows)
    yield from ("| source of shots | clips | recall at 1 % false | 90 % interval | at 5 % |", "|-|-|-|-|-|")
    for source, s in c["shots_by_source"].items():
        low, high = s["recall_at_1pct_90"]
        yield f"| {source} | {s['n']} | {s['recall_at_1pct']:.2f} | {low:.2f}–{high:.2f} | {s['recall_at_5pct']:.2f} |"
    yield from ("", "| other sounds | clips | called shots |", "|-|-|-|")
    yield from (f"| {kind} | {o['n']} | {_pct(o['called_pct'])} |" for kind, o in c["others_by_class"].items())
    yield ""


def _table(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f"## {title}", "", "| | |", "|-|-|")
    yield from (f"| {name} | {value} |" for name, value in rows)
    yield ""


def _pct(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def _n(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.2f}"

"""Labels on a recording's own time: Raven selection tables, Audacity label tracks, CSV, and JSON lines.

Each form keeps what it can; `lost` says in words what it cannot.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acoustic.errors import InputError

BEGIN, END, LOW, HIGH = "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"
RAVEN_OWN = ("Selection", "View", "Channel", BEGIN, END, LOW, HIGH)
FILE, ANNOTATION = "Begin File", "Annotation"
CSV_COLUMNS = ("file", "channel", "begin_s", "end_s", "low_hz", "high_hz", "label")
LARGEST_S = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Something marked in a file: from `begin_s` to `end_s` after its first sample (an instant where they are equal),
    in one `channel` (from 0; None: all), within a band (None: whole); `extra` columns of other programs.
    """

    begin_s: float
    end_s: float
    text: str = ""
    file: str = ""
    channel: int | None = None
    band_hz: tuple[float, float] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


def read_raven(text: str) -> list[Label]:
    """A selection table. Raven shows a sound twice, as waveform and as spectrogram: one label a selection and channel.

    Raises InputError naming row and column.
    """
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    found: dict[tuple[str, ...], Label] = {}
    for number, row in enumerate(rows, 1):
        where = f"row {number}"
        begin_s = _number(row.get(BEGIN), f"{where}: {BEGIN}")
        end_s = _number(row.get(END), f"{where}: {END}")
        band = (_maybe(row.get(LOW), f"{where}: {LOW}"), _maybe(row.get(HIGH), f"{where}: {HIGH}"))
        channel = _maybe(row.get("Channel"), f"{where}: Channel")
        extra = {k: v for k, v in row.items() if k and v and k not in (*RAVEN_OWN, FILE, ANNOTATION)}
        label = Label(
            begin_s=begin_s,
            end_s=end_s,
            text=row.get(ANNOTATION) or "",
            file=row.get(FILE) or "",
            channel=None if channel is None else int(channel) - 1,
            band_hz=None if None in band or band == (0.0, 0.0) else (band[0] or 0.0, band[1] or 0.0),
            extra=extra,
        )
        _check(label, where)
        key = (row.get("Selection") or str(number), row.get("Channel") or "", row.get(FILE) or "")
        if key not in found or label.band_hz is not None:
            found[key] = label
    return list(found.values())


def raven(labels: Sequence[Label]) -> str:
    """A selection table that Raven opens. What is in no band covers all of it."""
    extra = sorted({name for one in labels for name in one.extra})
    lines = [[*RAVEN_OWN, FILE, ANNOTATION, *extra]]
    for number, one in enumerate(labels, 1):
        low, high = one.band_hz or (0.0, 0.0)
        lines.append(
            [
                str(number),
                "Spectrogram 1",
                str(1 if one.channel is None else one.channel + 1),
                *(_seconds(s) for s in (one.begin_s, one.end_s)),
                *(_plain(f) for f in (low, high)),
                _line(one.file),
                _line(one.text),
                *(_line(one.extra.get(name, "")) for name in extra),
            ]
        )
    return "".join("\t".join(line) + "\n" for line in lines)


def read_audacity(text: str) -> list[Label]:
    """A label track; a second line that begins with a backslash is its band. Raises InputError naming the line."""
    found: list[Label] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if cells[0] == "\\":
            if not found or len(cells) < 3:
                raise InputError(f"line {number} is {line[:80]!r}; expected a band under a label")
            low, high = (_number(cell, f"line {number}") for cell in cells[1:3])
            band = None if low < 0.0 or high < 0.0 else (low, high)
            last = found[-1]
            found[-1] = Label(begin_s=last.begin_s, end_s=last.end_s, text=last.text, band_hz=band)
        elif len(cells) < 2:
            raise InputError(f"line {number} is {line[:80]!r}; expected begin, end and label with tabs between")
        else:
            begin_s, end_s = (_number(cell, f"line {number}") for cell in cells[:2])
            found.append(Label(begin_s=begin_s, end_s=end_s, text="\t".join(cells[2:])))
        _check(found[-1], f"line {number}")
    return found


def audacity(labels: Sequence[Label]) -> str:
    """A label track that Audacity imports."""

    def lines() -> Iterator[str]:
        for one in labels:
            yield f"{_seconds(one.begin_s)}\t{_seconds(one.end_s)}\t{_line(one.text)}\n"
            if one.band_hz is not None:
                yield f"\\\t{_plain(one.band_hz[0])}\t{_plain(one.band_hz[1])}\n"

    return "".join(lines())


def read_label_csv(text: str) -> list[Label]:
    """CSV with a heading. Raises InputError naming row and column."""
    found = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 1):
        where = f"row {number}"
        begin_s = _number(row.get("begin_s"), f"{where}: begin_s")
        end_s = _maybe(row.get("end_s"), f"{where}: end_s")
        band = (_maybe(row.get("low_hz"), f"{where}: low_hz"), _maybe(row.get("high_hz"), f"{where}: high_hz"))
        channel = _maybe(row.get("channel"), f"{where}: channel")
        label = Label(
            begin_s=begin_s,
            end_s=begin_s if end_s is None else end_s,
            text=row.get("label") or "",
            file=row.get("file") or "",
            channel=None if channel is None else int(channel),
            band_hz=None if None in band else (band[0] or 0.0, band[1] or 0.0),
            extra={k: v for k, v in row.items() if k and v and k not in CSV_COLUMNS},
        )
        _check(label, where)
        found.append(label)
    return found


def label_csv(labels: Sequence[Label]) -> str:
    """CSV with a heading, every field kept."""
    extra = sorted({name for one in labels for name in one.extra})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*CSV_COLUMNS, *extra])
    for one in labels:
        band = [_plain(f) for f in one.band_hz] if one.band_hz else ["", ""]
        channel = "" if one.channel is None else str(one.channel)
        times = [_seconds(one.begin_s), _seconds(one.end_s)]
        writer.writerow([one.file, channel, *times, *band, one.text, *(one.extra.get(name, "") for name in extra)])
    return out.getvalue()


def read_label_lines(text: str) -> list[Label]:
    """JSON lines as `tocsin detect` and `tocsin classify` print them. Raises InputError naming the line."""
    return list(map(_of_line, enumerate(filter(str.strip, text.splitlines()), 1)))


def label_lines(labels: Sequence[Label]) -> str:
    """JSON lines: `onset_s` for an instant, `begin_s` and `end_s` for a stretch; what is not told is left out."""

    def told(one: Label) -> dict[str, Any]:
        instant = one.begin_s == one.end_s
        times = {"onset_s": one.begin_s} if instant else {"begin_s": one.begin_s, "end_s": one.end_s}
        parts: dict[str, Any] = {"file": one.file, "channel": one.channel, **times, "label": one.text}
        parts |= {"band_hz": one.band_hz, **one.extra}
        return {name: value for name, value in parts.items() if value not in (None, "")}

    return "".join(json.dumps(told(one), ensure_ascii=False) + "\n" for one in labels)


def _of_line(numbered: tuple[int, str]) -> Label:
    number, line = numbered
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"line {number} is not JSON: {error}") from error
    where = f"line {number}"
    begin = row.get("onset_s", row.get("begin_s")) if isinstance(row, dict) else None
    begin_s = _number(begin, f"{where}: onset_s")
    band = row.get("band_hz")
    own = ("file", "channel", "onset_s", "begin_s", "end_s", "label", "band_hz")
    label = Label(
        begin_s=begin_s,
        end_s=_number(row.get("end_s", begin_s), f"{where}: end_s"),
        text=str(row.get("label", "")),
        file=str(row.get("file", "")),
        channel=None if row.get("channel") is None else int(_number(row["channel"], f"{where}: channel")),
        band_hz=None if band is None else (_number(band[0], where), _number(band[1], where)),
        extra={k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items() if k not in own},
    )
    _check(label, where)
    return label


def kind_of(text: str) -> str | None:
    """Which of READERS reads a text, by its beginning; None where none does."""
    first, _, _ = text.lstrip().partition("\n")
    if first.startswith("{"):
        return "jsonl"
    if BEGIN in first:
        return "raven"
    if "," in first and "begin_s" in first:
        return "csv"
    return "audacity" if "\t" in first else None


READERS: Mapping[str, Callable[[str], list[Label]]] = {
    "raven": read_raven,
    "audacity": read_audacity,
    "csv": read_label_csv,
    "jsonl": read_label_lines,
}
WRITERS: Mapping[str, Callable[[Sequence[Label]], str]] = {
    "raven": raven,
    "audacity": audacity,
    "csv": label_csv,
    "jsonl": label_lines,
}


def lost(labels: Sequence[Label], form: str) -> list[str]:
    """What a form cannot keep of these labels, in sentences."""

    def count(what: str, has: Callable[[Label], bool]) -> Iterable[str]:
        number = sum(map(has, labels))
        return [f"{form} has no place for {what}: lost for {number} of {len(labels)} labels"] if number else []

    said: list[str] = []
    if form == "audacity":
        said += count("a channel", lambda one: one.channel is not None)
        said += count("a file's name", lambda one: bool(one.file))
        said += count("other columns", lambda one: bool(one.extra))
    if form == "raven":
        said += count("a label of all channels (written as channel 1)", lambda one: one.channel is None)
    if form in ("raven", "audacity"):
        said += count("line breaks and tabs", lambda one: _line(one.text) != one.text)
    return said


def _check(label: Label, where: str) -> None:
    if not 0.0 <= label.begin_s <= label.end_s <= LARGEST_S:
        raise InputError(f"{where} is from {label.begin_s:g} to {label.end_s:g} s; expected a begin before an end")
    if label.channel is not None and not 0 <= label.channel < 65_536:
        raise InputError(f"{where} is of channel {label.channel}; expected one from the first on")
    if label.band_hz is not None and not 0.0 <= label.band_hz[0] <= label.band_hz[1]:
        raise InputError(f"{where} is from {label.band_hz[0]:g} to {label.band_hz[1]:g} Hz; expected low before high")


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where} is {str(value)[:40]!r}; expected a number")
    return number


def _maybe(value: Any, where: str) -> float | None:
    return None if value in (None, "") else _number(value, where)


def _seconds(value: float) -> str:
    return f"{value:.9f}"


def _plain(value: float) -> str:
    return f"{value:.3f}"


def _line(text: str) -> str:
    return " ".join(text.split("\t")).replace("\n", " ").replace("\r", " ")

"""The report as one HTML page that needs nothing else: in the order in which a court reads."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pymap3d import enu2geodetic

from recordings.decisions import Spot
from recordings.evidence.contents import Evidence
from recordings.evidence.sealed import Globe
from recordings.evidence.verify import Finding
from recordings.report.figures import plan, residuals
from recordings.report.history import lines_table, versions_table
from recordings.report.html import bullets, facts, table
from recordings.report.language import Language
from recordings.report.people import People
from recordings.report.rounds import ABSENT, SILENT, USED, Heard, Round, clocks, models, others, rounds_of
from recordings.report.sound import Cut, clips_of, cuts
from recordings.report.sound_figure import sounds
from recordings.report.style import STYLE
from recordings.report.words import WORDS

SOURCES = (
    ("source_times", "Calhoun et al. 2021, arXiv 2108.07377"),
    ("source_starts", "Bancroft 1985; Schau & Robinson 1987"),
    ("source_outliers", "Box & Tiao 1968"),
    ("source_ellipse", "Hotelling 1931; Gelman et al., Bayesian Data Analysis"),
    ("source_shock", "Whitham 1952; Maher 2007"),
    ("source_classes", "Genest & Zidek 1986"),
    ("source_air", "ISO 9613-1"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that was verified: its contents, the file's SHA-256 (hex), what was found, where on the globe it was if
    the sealed part was opened, and the sound of each round, by its number, if its recordings were at hand.
    """

    evidence: Evidence
    sha256: str
    findings: Sequence[Finding]
    globe: Globe | None = None
    sounds: Mapping[int, Sequence[Cut]] = field(default_factory=dict)


def report_html(checked: Checked, language: str) -> str:
    """The page, in one of `language.LANGUAGES`; the same bytes for the same bundle, findings and key."""
    return _Report(checked, Language(language)).page()


class _Report:
    def __init__(self, checked: Checked, words: Language) -> None:
        self.checked, self.evidence, self.words = checked, checked.evidence, words
        self.rounds = rounds_of(checked.evidence)
        self.sounds = checked.sounds or cuts(self.evidence, self.rounds, clips_of(self.evidence))
        self.number = {r.shot.key: r.number for r in self.rounds}
        self.subject = checked.evidence.subject
        self.people = People(checked.evidence.chain.lines, words, self.found if checked.globe else None)
        self.made_for = words("whoever_replays") if self.subject.replay_of else escape(self.subject.made_for)
        self.first = escape(checked.evidence.nodes[0].id)
        self.globe = checked.globe if checked.globe is not None and checked.globe.lat is not None else None

    def page(self) -> str:
        w = self.words
        title = w("title", number=str(self.subject.number))
        made = datetime.fromtimestamp(self.subject.made_ns // 10**9, UTC).isoformat()
        running = f'@page {{ @bottom-right {{ content: "{w("page", number=str(self.subject.number))} " counter(page) '
        running += f'" {w("of")} " counter(pages) }} }}'
        sections = [
            self.front(),
            self.happened(),
            self.sure(),
            self.unknown(),
            self.where(),
            self.arrivals(),
            self.history(),
            self.method(),
            self.recompute(),
        ]
        return "\n".join(
            [
                f'<!DOCTYPE html>\n<html lang="{w.code}">\n<head>\n<meta charset="utf-8"/>',
                '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
                f'<meta name="dcterms.created" content="{made}"/><meta name="dcterms.modified" content="{made}"/>',
                f"<title>{title}</title>\n<style>{STYLE}{running}</style>\n</head>\n<body>",
                *sections,
                "</body>\n</html>\n",
            ]
        )

    def front(self) -> str:
        w, s = self.words, self.subject
        told = [
            (w("event"), f"{s.number} <code>{escape(s.event)}</code>"),
            (w("made_for"), self.made_for),
            (w("made"), f"{w.date(s.made_ns)} {w.clock(s.made_ns)[:8]} UTC"),
            (w("file_digest"), f"<code>{self.checked.sha256}</code>"),
        ]
        parts = [
            f'<header><h1>{w("title", number=str(s.number))}</h1><p class="under">{w("subtitle")}</p>',
            facts(told),
        ]
        if any(r.shot.exercise for r in self.rounds):
            parts.append(f'<div class="wrong"><p>{w("exercise")}</p></div>')
        if self.checked.globe is not None:
            parts.append(f'<p class="note">{w("confidential")}</p>')
        if wrong := [escape(w.finding(f.text)) for f in self.checked.findings if not f.good]:
            parts.append(f'<div class="wrong" role="alert"><p>{w("not_whole")}</p>{bullets(wrong)}</div>')
        return "\n".join([*parts, "</header>"])

    def happened(self) -> str:
        w = self.words
        if not self.rounds:
            return self.section("happened", f"<p>{w('no_round')}</p>")
        first, last = self.rounds[0].shot, self.rounds[-1].shot
        labels = list(dict.fromkeys(w.label(r.shot.verdict.label) for r in self.rounds))
        said = {"label": escape(", ".join(labels))}
        if len(self.rounds) == 1:
            sentences = [w("one_round", **said)]
        else:
            span_s = (last.origin.time_ns - first.origin.time_ns) * 1e-9
            span = f"{w.number(span_s, 1)}\u00a0s"
            sentences = [w("rounds", count=str(len(self.rounds)), span=span, **said)]
        o = first.origin
        time = f"<strong>{w.instant(o.time_ns)}\u00a0UTC</strong>"
        sigma = f"±\u00a0{w.sigma_ms(o.time_sigma_s)}"
        sentences.append(
            w("first_at" if len(self.rounds) > 1 else "one_at", time=time, sigma=sigma, where=self.place(o.x, o.y))
        )
        used = len(self.rounds[0].nodes(USED))
        sentences.append(w("heard_by", used=str(used), nodes=str(len(self.evidence.nodes))))
        if gone := len({v.shot.key for v in self.evidence.versions} - set(self.number)):
            sentences.append(w("not_among", count=str(gone)))
        verdicts = [(w("machine"), "<br/>".join(escape(self.verdict(r)) for r in self.rounds)), *self.people.facts()]
        return self.section("happened", f"<p>{' '.join(sentences)}</p>", facts(verdicts))

    def sure(self) -> str:
        w = self.words
        level = self.rounds[0].shot.origin.ellipse.level if self.rounds else 0.9
        good = sum(f.good for f in self.checked.findings)
        paragraphs = [
            w("sure_place", level=w.percent(level), chance=w.number(100 * (1 - level))),
            w("sure_measured"),
            w("sure_class"),
            w("sure_checked", good=str(good), all=str(len(self.checked.findings))),
        ]
        rows = [
            [
                str(r.number),
                escape(w.label(r.shot.verdict.label)),
                w.percent(r.shot.verdict.probability),
                self.size(r),
                "<br/>".join(escape(w.reason(reason)) for reason in r.shot.verdict.reasons),
            ]
            for r in self.rounds
        ]
        head = [w("round"), w("verdict"), "P", w("ellipse"), w("why")]
        return self.section("sure", *(f"<p>{p}</p>" for p in paragraphs), table(head, rows))

    def unknown(self) -> str:
        w, air = self.words, self.evidence.method.air
        items = [w("who"), w("weapon"), w("played"), w("missed")]
        for r in self.rounds:
            o = r.shot.origin
            for p in o.also:
                away = math.hypot(p.x - o.x, p.y - o.y)
                towards = w.quarter(math.degrees(math.atan2(p.x - o.x, p.y - o.y)))
                items.append(w("also", round=str(r.number), distance=w.metres(away), quarter=towards))
            if len(r.nodes(USED)) <= 3:
                items.append(w("unchecked", round=str(r.number), nodes=str(len(r.nodes(USED)))))
        if self.rounds and not any(r.shot.origin.ambiguous for r in self.rounds):
            items.append(w("no_also"))
        items += [w("height"), self.said("surveyed"), w("clocks", told=self.clocks())]
        if air.wind_east_ms is None or air.wind_north_ms is None:
            items.append(w("wind"))
        if air.temperature_c is None and air.speed_of_sound_ms is None:
            items.append(w("temperature"))
        if more := others(self.evidence, self.rounds):
            items.append(w("others", count=str(more)))
        return self.section("unknown", bullets([*items, self.said("left_out")]))

    def clocks(self) -> str:
        w, told, nodes = self.words, clocks(self.evidence), len(self.evidence.nodes)
        said = [] if told.sigma_s is None else [w("clocks_told", sigma=w.sigma_ms(told.sigma_s))]
        if told.untold:
            said.append(w("clocks_untold", untold=str(told.untold), nodes=str(nodes)))
        return " ".join(said)

    def where(self) -> str:
        w = self.words
        level = w.percent(self.rounds[0].shot.origin.ellipse.level if self.rounds else 0.9)
        head = [w("round"), w("time"), w("place"), w("ellipse"), w("nodes")]
        rows = []
        for r in self.rounds:
            o = r.shot.origin
            time = f"{w.date(o.time_ns)}<br/>{w.clock(o.time_ns)} ±\u00a0{w.sigma_ms(o.time_sigma_s)}"
            place = "<br/>".join(w.side(o.x, o.y))
            if self.globe is not None:
                place += f"<br/>{self.on_globe(self.globe, o.x, o.y)}"
            rows.append([str(r.number), time, place, self.size(r), str(len(r.nodes(USED)))])
        figure = (
            f"<figure>{plan(self.evidence.nodes, self.rounds, w)}<figcaption>{w('plan_caption')}</figcaption></figure>"
        )
        return self.section(
            "where",
            f"<p>{w('where_note', node=self.first, level=level)} {self.first_node()}</p>",
            table(head, rows),
            figure,
        )

    def first_node(self) -> str:
        w = self.words
        if self.checked.globe is None:
            return w("sealed", node=self.first, made_for=self.made_for)
        if self.globe is None:
            return w("no_globe")
        lat, lon = self.on_globe(self.globe, 0.0, 0.0).split(", ")
        return w("on_globe", node=self.first, lat=lat, lon=lon)

    def on_globe(self, globe: Globe, east_m: float, north_m: float) -> str:
        """WGS-84 degrees, to 1e-5 (a metre), of a place from the first node."""
        x, y, z = globe.first_node
        lat, lon, _ = enu2geodetic(x + east_m, y + north_m, z, globe.lat, globe.lon, globe.height_m)
        return f"{float(lat):.5f}°, {float(lon):.5f}°".replace("-", "\u2212")

    def arrivals(self) -> str:
        w, path_s = self.words, self.evidence.method.settings.priors.path_s
        sound = "sound_shown" if self.checked.sounds else self.kind("no_sound")
        parts = [f"<p>{w('arrivals_note', path=w.ms(path_s, 1))}</p><p>{w(sound)}</p>"]
        head = [w(key) for key in ("node", "distance", "arrived", "sigma", "residual", "bearing", "fate")]
        for r in self.rounds:
            title = w("round_title", round=str(r.number), time=f"{w.clock(r.shot.origin.time_ns)} UTC")
            parts.append(
                f"<h3>{title}</h3><figure>{residuals(r, path_s, w)}"
                f"<figcaption>{w('chart_caption')}</figcaption></figure>"
            )
            parts.append(table(head, [self.arrival(h) for h in r.heard], numbers=(1, 3, 4, 5)))
            if heard := self.sounds.get(r.number):
                caption = w("sound_caption", count=str(len(heard)))
                parts.append(f"<figure>{sounds(r, heard, w)}<figcaption>{caption}</figcaption></figure>")
            told = [(fate, escape(", ".join(r.nodes(fate)))) for fate in (SILENT, ABSENT) if r.nodes(fate)]
            parts += [f'<p class="small">{w(fate, nodes=names)}</p>' for fate, names in told]
        return self.section("arrivals", *parts)

    def arrival(self, heard: Heard) -> list[str]:
        w, a, residual = self.words, heard.arrival, heard.residual
        bearing = "–" if a.azimuth_deg is None else w.bearing(*a.bearing_deg)
        if not residual.refused:
            fate = w("used_borrowed" if heard.borrowed else "used_again" if a.again else "used")
        elif residual.refused.endswith(" ms off"):
            fate = w("refused_off", off=w.late_ms(residual.residual_s))
        else:
            fate = w("refused", why=escape(residual.refused))
        return [
            f'<span class="whole">{escape(a.node)}</span>',
            w.metres(heard.distance_m),
            "–" if heard.borrowed else w.clock(a.time_ns),
            w.sigma_ms(a.sigma_s),
            w.late_ms(residual.residual_s),
            bearing,
            fate,
        ]

    def history(self) -> str:
        w = self.words
        return self.section(
            "history",
            f"<p>{self.said('history_note')}</p>{versions_table(self.evidence, self.number, w)}",
            f"<h3>{self.said('chain')}</h3><p>{self.said('chain_note')}</p>",
            lines_table(self.evidence, self.number, self.people, w),
        )

    def found(self, spot: Spot) -> str:
        """A place of finds, which the chain tells in the centre's metres."""
        east, north, _ = self.checked.globe.first_node if self.checked.globe else (0.0, 0.0, 0.0)
        return self.place((spot.x or 0.0) - east, (spot.y or 0.0) - north)

    def method(self) -> str:
        w, m = self.words, self.evidence.method
        celsius = m.air.temperature_c
        temperature = w("temperature_none")
        if m.air.speed_of_sound_ms is not None:
            temperature = w("speed_given")
        elif celsius is not None:
            temperature = w("temperature_at", celsius=f"{w.number(celsius)}\u00a0°C")
        solver = ", ".join(dict.fromkeys(r.shot.origin.solver for r in self.rounds)) or "–"
        air = w(
            "air",
            speed=f"{w.number(m.air.speed_ms)}\u00a0m/s",
            temperature=temperature,
            program=escape(m.program),
            solver=escape(solver),
        )
        paragraphs = "".join(f"<p>{self.said(f'method_{n}')}</p>" for n in range(1, 6))
        sources = bullets([escape(w(key, ref=ref)) for key, ref in SOURCES])
        return self.section(
            "method", paragraphs, f"<p>{air}</p><h3>{w('sources')}</h3>{sources}<p>{w('sources_note')}</p>"
        )

    def recompute(self) -> str:
        w, m = self.words, self.evidence.method
        of_replay = bool(self.subject.replay_of)
        file = f"{self.subject.event}.tocsin.zip" if of_replay else f"event-{self.subject.number}.tocsin.zip"
        sound = " --recordings FOLDER" if of_replay else ""
        commands = [
            (f"sha256sum {file}", w("command_digest")),
            (f"tocsin verify {file} --centre-key KEY", self.said("command_verify")),
            (f"tocsin verify {file} --open", w("command_open")),
            (f"tocsin report {file} --language {w.code}{sound}", self.said("command_report")),
        ]
        shell = "\n".join(f"<dt><code>{line}</code></dt><dd>{what}</dd>" for line, what in commands)
        told = [
            (w("file_digest"), self.checked.sha256),
            (self.said("centre_key"), base64.b64encode(self.subject.centre_key).decode()),
            (w("method_digest"), m.digest),
            (w("code_digest"), m.code),
            (w("libraries"), ", ".join(f"{name} {version}" for name, version in sorted(m.libraries.items()))),
            (w("models"), ", ".join(name or w("model_none") for name in models(self.evidence))),
            (self.said("chain_end"), self.evidence.chain.end),
        ]
        found = [
            f"<strong>{w('good' if f.good else 'bad')}</strong> {escape(w.finding(f.text))}"
            for f in self.checked.findings
        ]
        return self.section(
            "recompute",
            f'<p>{w("recompute_note", program=escape(m.program))}</p><dl class="commands">{shell}</dl>',
            f"<h3>{w('findings')}</h3>{bullets(found)}",
            f"<h3>{w('digests')}</h3>",
            facts([(name, f"<code>{escape(value)}</code>") for name, value in told]),
        )

    def said(self, key: str) -> str:
        """A sentence in the form that suits the bundle."""
        return self.words(self.kind(key))

    def kind(self, key: str) -> str:
        """The key of a sentence's form for a replay, or for a bundle with clips, where it has one and this is such."""
        form = f"{key}_replay" if self.subject.replay_of else f"{key}_clips" if self.evidence.clips else key
        return form if form in WORDS else key

    def section(self, key: str, *parts: str) -> str:
        return "\n".join([f'<section id="{key}"><h2>{self.words(key)}</h2>', *parts, "</section>"])

    def place(self, east_m: float, north_m: float) -> str:
        east, north = self.words.side(east_m, north_m)
        return self.words("place_words", east=east, north=north, node=self.first)

    def size(self, one: Round) -> str:
        w, e = self.words, one.shot.origin.ellipse
        azimuth = w.degrees(e.azimuth_deg % 180)
        return w("ellipse_size", long=w.extent(2 * e.semi_major_m), wide=w.extent(2 * e.semi_minor_m), azimuth=azimuth)

    def verdict(self, one: Round) -> str:
        w, v = self.words, one.shot.verdict
        said = {"label": w.label(v.label), "probability": w.percent(v.probability)}
        return w("round_verdict", round=str(one.number), **said)

"""The report of a bundle: what a court reads, in its order, in two languages, of checked evidence alone."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import stat
import string
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from localisation.arrivals import Ellipse, Place, Reason, Residual, Shot
from localisation.verdict import withdrawn
from recordings.evidence import verify
from recordings.evidence.sealed import Globe
from recordings.evidence.verify import Finding, differences, opened, verify_bundle
from recordings.report.document import Checked, report_html
from recordings.report.figures import plan
from recordings.report.language import LANGUAGES, Language
from recordings.report.printed import report_pdf
from recordings.report.rounds import USED, Round, rounds_of
from recordings.report.spanish import SPANISH
from recordings.report.words import WORDS
from tests.conftest import REPOSITORY

BUNDLE = Path(__file__).with_name("bundles") / "version-1.zip"
KEY = "ronc-fsh2-zzrf-5q73-7jq4-afym-aih7-qf3i"
EXPECTED_PAGES = range(4, 7)
ORDER = ("happened", "sure", "unknown", "where", "arrivals", "history", "method", "recompute")
VOID = {"meta", "br"}
SCRIPT = "<script>alert(1)</script>"
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def checked() -> Checked:
    evidence, findings = verify_bundle(BUNDLE)
    assert evidence is not None
    return Checked(evidence, "ab" * 32, findings)


class Page(HTMLParser):
    """Its tags, each closed in its turn, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sections: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "section":
            self.sections.append(dict(attrs)["id"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += " ".join(data.split()) + " "


def report(*arguments: str | Path, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    line = [sys.executable, "-m", "tocsin", "report", *map(str, arguments)]
    return subprocess.run(line, input=text, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def with_shot(checked: Checked, shot: Shot) -> Checked:
    return replace(checked, evidence=replace(checked.evidence, relocated=(shot,)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_what_a_court_asks_in_its_order(checked: Checked, language: str) -> None:
    html = report_html(checked, language)
    page = Page(html)
    assert tuple(page.sections) == ORDER
    assert f'<html lang="{language}">' in html
    words = Language(language)
    for key in (*ORDER, "no_human", "who", "weapon", "played", "surveyed", "no_sound"):
        assert words(key) in html
    assert "the project's tests" in html
    assert html.count("<svg") == html.count('role="img" aria-label="') == 2


def test_place_and_time_are_rounded_to_what_is_known(checked: Checked) -> None:
    """The round was fired 110 m east and 70 m north of the first node; its ellipse has half-axes of 4.9 and 4.1 m."""
    english, french, spanish = (Page(report_html(checked, code)).text for code in LANGUAGES)
    assert "2026-11-24 12:00:26.514 UTC (± 4.8 ms), 110 m east and 70 m north of node roof-1" in english
    assert "24/11/2026 12:00:26,514 UTC (± 4,8 ms), à 110 m à l’est et 70 m au nord du capteur roof-1" in french
    assert "24/11/2026 12:00:26,514 UTC (± 4,8 ms), 110 m al este y 70 m al norte del sensor roof-1" in spanish
    assert "10 m × 9 m, long axis to 86°" in english
    assert not re.search(r"\d\.\d{2,} m\b", english)
    assert not re.search(r"\d,\d{2,} m\b", french + spanish)


def test_the_accuracy_it_claims_is_the_one_that_was_measured() -> None:
    measured = " ".join((REPOSITORY / "CHANGELOG.md").read_text().split())
    for text, figures in zip(WORDS["sure_measured"], ("93 to 97 %", "93 à 97 %", "93 a 97 %"), strict=True):
        assert figures in text
        assert "179" in text
    assert "five firing positions, 179 shots, in sample" in measured
    assert "the 90 % ellipse holds the survey (± 2.5 m) in 93 to 97 %" in measured


def test_a_withdrawn_shot_is_no_round_and_stays_in_the_table(checked: Checked) -> None:
    evidence = checked.evidence
    last = evidence.versions[-1]
    gone = replace(last.shot, version=3, verdict=withdrawn(last.shot.verdict))
    versions = (*evidence.versions, msgspec.structs.replace(last, shot=gone))
    text = Page(report_html(replace(checked, evidence=replace(evidence, versions=versions)), "en")).text
    assert "No sound stands" in text
    assert "withdrawn, Later arrivals explained the sounds otherwise" in text


def test_every_arrival_is_told_with_its_residual(checked: Checked) -> None:
    (shot,) = checked.evidence.relocated
    *used, last = shot.origin.residuals
    late = Residual(arrival=last.arrival, node=last.node, residual_s=0.0873, refused="+87 ms off")
    origin = replace(shot.origin, residuals=(*used, late))
    text = Page(report_html(with_shot(checked, replace(shot, origin=origin)), "fr")).text
    for arrival in shot.arrivals:
        assert f" {arrival.node} " in text
    assert "écartée : +87,3 ms, plus que la méthode ne peut expliquer" in text
    assert "4 des 5 capteurs" in text


def test_a_second_place_is_drawn_and_said(checked: Checked) -> None:
    (shot,) = checked.evidence.relocated
    o = shot.origin
    origin = replace(o, ambiguous=True, also=(Place(x=o.x - 100.0, y=o.y),))
    html = report_html(with_shot(checked, replace(shot, origin=origin)), "en")
    assert "100\u00a0m from the one given, towards the west" in html
    assert "second place" in html
    assert Language("en")("no_also") not in html


def test_names_cannot_break_out_of_the_page(checked: Checked) -> None:
    evidence = checked.evidence
    (shot,) = evidence.relocated
    arrivals = tuple(replace(a, node=SCRIPT) for a in shot.arrivals)
    residuals = tuple(replace(r, node=SCRIPT, refused=SCRIPT) for r in shot.origin.residuals[:1])
    verdict = replace(shot.verdict, label=SCRIPT, reasons=(Reason(code=SCRIPT, values={}, text=SCRIPT),))
    origin = replace(shot.origin, residuals=(*residuals, *shot.origin.residuals[1:]), solver=SCRIPT)
    line = msgspec.structs.replace(evidence.chain.lines[0], kind=SCRIPT, data=SCRIPT)
    method = msgspec.structs.replace(evidence.method, program=SCRIPT, code=SCRIPT, libraries={SCRIPT: SCRIPT})
    hostile = replace(
        evidence,
        subject=msgspec.structs.replace(evidence.subject, made_for=SCRIPT, event=SCRIPT),
        nodes=(*evidence.nodes[:1], msgspec.structs.replace(evidence.nodes[1], id=SCRIPT)),
        reports=evidence.reports[:1],
        relocated=(replace(shot, origin=origin, arrivals=arrivals, verdict=verdict),),
        chain=msgspec.structs.replace(evidence.chain, lines=(line, *evidence.chain.lines[1:])),
        method=method,
    )
    html = report_html(replace(checked, evidence=hostile, findings=[Finding(False, SCRIPT)]), "en")
    assert "script" not in Page(html).tags
    assert html.count("&lt;script&gt;") >= 10


def test_nothing_says_where_on_the_globe_it_was_unless_opened(checked: Checked) -> None:
    closed = report_html(checked, "en")
    assert not re.search(r"44\.8|0\.57|0\.58", closed)
    globe, _ = opened(checked.evidence, KEY)
    open_html = report_html(replace(checked, globe=globe), "en")
    assert "44.84000°, −0.58000°" in open_html
    assert "44.84063°, −0.57861°" in open_html, "110 m east and 70 m north of it, by WGS-84's radii there"


def test_a_centre_without_a_place_on_the_globe_is_told(checked: Checked) -> None:
    globe = Globe(lat=None, lon=None, height_m=None, first_node=(0.0, 0.0, 0.0), versions=())
    assert Language("fr")("no_globe") in report_html(replace(checked, globe=globe), "fr")


def test_what_is_wrong_stands_on_the_first_page(checked: Checked) -> None:
    wrong = replace(checked, findings=[*checked.findings, Finding(False, "line 7 of the centre's chain was changed")])
    html = report_html(wrong, "fr")
    box = html.index('class="wrong"')
    assert box < html.index('id="happened"')
    assert "la ligne 7 de la chaîne du centre a été modifiée" in html[box:]
    assert 'class="wrong"' not in report_html(checked, "fr")


def test_where_every_round_was_withdrawn_it_says_so(checked: Checked) -> None:
    nothing = replace(checked, evidence=replace(checked.evidence, relocated=()))
    page = Page(report_html(nothing, "en"))
    assert "No sound stands" in page.text
    assert tuple(page.sections) == ORDER


def test_french_sets_its_spaces_and_its_comma(checked: Checked) -> None:
    html = re.sub(r"<style>.*?</style>|<code>.*?</code>|<svg.*?</svg>", "", report_html(checked, "fr"), flags=re.DOTALL)
    text = re.sub(r"<[^>]+>|&\w+;", "", html)
    assert not re.search(r"[^\u00a0\d][:!?](?:\s|$)| [;:!?»]|« ", text)
    assert "0,1\u00a0ms" in text
    assert not re.search(r"\d\.\d+\u00a0(?:ms?|s|%)", text)
    assert "'" not in text.replace(checked.evidence.subject.made_for, "")


@pytest.mark.parametrize("key", WORDS)
def test_every_sentence_is_in_each_language_with_the_same_parts(key: str) -> None:
    parts = [sorted({name for _, name, _, _ in string.Formatter().parse(text) if name}) for text in WORDS[key]]
    assert len(parts) == len(LANGUAGES)
    assert parts.count(parts[0]) == len(parts)
    assert all(text.strip() for text in WORDS[key])


def test_no_sentence_is_left_over_in_spanish() -> None:
    assert set(SPANISH) == set(WORDS)


def test_every_code_that_the_program_gives_is_translated() -> None:
    codes = set()
    for room in ("localisation", "dispatch"):
        for file in (REPOSITORY / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason":
                    codes |= {
                        str(k.value.value)
                        for k in node.keywords
                        if k.arg == "code" and isinstance(k.value, ast.Constant)
                    }
    assert {"nodes_agree", "moved", "two_shooters"} <= codes
    assert {f"reason.{code}" for code in codes} == {key for key in WORDS if key.startswith("reason.")}


def test_a_reason_of_a_newer_program_is_told_in_its_own_words() -> None:
    for code in ("unheard_of", "moving"):
        assert Language("fr").reason(Reason(code=code, values={}, text="as it said")) == "as it said"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_finding_is_told_in_each_language(checked: Checked, language: str) -> None:
    """Those of this bundle, those of a changed shot, and each sentence in the source of `verify`."""
    (shot,) = checked.evidence.relocated
    o = shot.origin
    ellipse = Ellipse(semi_major_m=9.0, semi_minor_m=1.0, azimuth_deg=0.0)
    origin = replace(o, x=o.x + 1.0, time_ns=o.time_ns - 5_000_000, ellipse=ellipse, residuals=o.residuals[1:])
    verdict = replace(shot.verdict, label="other")
    changed = list(differences([shot], [replace(shot, origin=origin, verdict=verdict)]))
    changed += [*differences([shot], []), *differences([], [shot])]
    assert len(changed) == 7
    texts = [f.text for f in checked.findings] + [f"computed anew, {sentence}" for sentence in changed]
    texts += [f"computed anew, as another program may, {sentence}" for sentence in changed]
    texts += [f"as published, before all was known: {sentence}" for sentence in changed]
    texts += [f.text for f in opened(checked.evidence, KEY)[1]] + [*sentences_of_verify()]
    translated = Language(language)
    for text in texts:
        assert translated.finding(text) != Language("en").finding(text), text
        for number in re.findall(r"\b\d[\d.]*\b", text):
            decimal = re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", number)
            assert decimal in translated.finding(text), text


def sentences_of_verify() -> Iterator[str]:
    """What it may find in a bundle whose signatures are good, with 1 for every value."""
    first = (verify._replayed, verify._signatures, verify._clips, verify._chain)
    for part in (*first, verify._heard, verify._places, verify._program, verify._summary):
        for node in ast.walk(ast.parse(inspect.getsource(part))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                told = node.args[1]
                pieces = told.values if isinstance(told, ast.JoinedStr) else [told]
                text = "".join(str(p.value) if isinstance(p, ast.Constant) else "1" for p in pieces)
                if "sentence" not in ast.unparse(told):
                    yield text


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "a.html", "b.html"):
        done = report(BUNDLE, "--language", "fr", "--out", tmp_path / name, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "✓ computed anew, " in done.stdout
    for kind in ("pdf", "html"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
        assert stat.S_IMODE((tmp_path / f"a.{kind}").stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "a.pdf", "b.html", "b.pdf"]


def test_the_pdf_has_its_language_title_and_numbered_pages(checked: Checked) -> None:
    reader = PdfReader(BytesIO(report_pdf(report_html(checked, "fr"))))
    assert len(reader.pages) in EXPECTED_PAGES
    assert reader.metadata is not None
    assert reader.metadata.title == "Rapport sur l’événement 1"
    assert str(reader.root_object["/Lang"]) == "fr"
    assert f"page 2 sur {len(reader.pages)}" in reader.pages[1].extract_text()


@pytest.mark.parametrize("quarter", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_no_name_lies_over_the_frame_of_the_close_plan(checked: Checked, quarter: tuple[int, int]) -> None:
    evidence = checked.evidence
    o = evidence.relocated[0].origin
    x, y = o.x + 18.0 * quarter[0], o.y + 14.0 * quarter[1]
    beside = msgspec.structs.replace(evidence.nodes[0], id="beside", x=x, y=y)
    svg = plan([*evidence.nodes, beside], [with_fate(r, "beside") for r in rounds_of(evidence)], Language("en"))
    framed = re.search(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" [^>]*stroke-dasharray', svg)
    name = re.search(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">beside</text>', svg)
    assert framed is not None
    assert name is not None
    x, y, side = map(float, framed.groups())
    long = 6.0 * 5.5  # six letters of 10.5 px Arial
    left = float(name[1]) - (long if name[3] == "end" else 0.0)
    top = float(name[2]) - 7.5
    assert left > x + side or left + long < x or top > y + side or top + 7.5 < y


def with_fate(one: Round, node: str) -> Round:
    return replace(one, fates={**one.fates, node: USED})


def test_the_key_opens_the_places_on_the_globe(tmp_path: Path) -> None:
    done = report(BUNDLE, "--open", folder=tmp_path, text=KEY + "\n")
    assert done.returncode == 0, done.stderr
    assert "44.84000°" in (tmp_path / "event-1.report.en.html").read_text()
    wrong = report(BUNDLE, "--open", "--out", "w.html", folder=tmp_path, text=KEY[:-1] + "2\n")
    assert wrong.returncode == 2
    assert "the key does not open this bundle's sealed part" in wrong.stderr
    assert not (tmp_path / "w.html").exists()


def test_a_damaged_bundle_gives_no_report(tmp_path: Path) -> None:
    whole = bytearray(BUNDLE.read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "damaged.zip").write_bytes(whole)
    done = report("damaged.zip", "--out", "r.html", folder=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["damaged.zip"]


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    for arguments, said in (
        ((BUNDLE, "--out", "r.docx"), "--out is 'r.docx'; expected a name that ends in .html or .pdf"),
        ((BUNDLE, "--out", "absent/r.html"), "report absent/r.html cannot be written: No such file or directory"),
        (("absent.zip",), "bundle absent.zip cannot be read: No such file or directory"),
        (("/dev/zero",), "/dev/zero is no file; expected one, whose SHA-256 the report tells"),
    ):
        done = report(*arguments, folder=tmp_path)
        assert (done.returncode, done.stderr) == (2, f"tocsin report: {said}\n")


def test_without_weasyprint_html_works_and_pdf_says_what_it_needs(tmp_path: Path) -> None:
    code = "import sys; sys.modules['weasyprint'] = None; import tocsin; sys.exit(tocsin.main(sys.argv[1:]))"
    for name, expected in (("r.html", 0), ("r.pdf", 2)):
        line = [sys.executable, "-c", code, "report", str(BUNDLE), "--out", str(tmp_path / name)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        assert done.returncode == expected
    assert done.stderr.startswith("tocsin report: a PDF needs WeasyPrint")
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


@pytest.mark.browser
def test_a_browser_shows_it_without_a_word_of_complaint(checked: Checked, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH: run `make test`, which installs Debian's")
    file = tmp_path / "r.html"
    file.write_text(report_html(checked, "fr"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("request", lambda r: None if r.url == file.as_uri() else wrong.append(r.url))
        page.goto(file.as_uri())
        assert page.title() == "Rapport sur l’événement 1"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing runs off a telephone's screen"
        browser.close()
    assert wrong == []

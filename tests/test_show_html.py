"""HTML is self-contained, escaped, and stays of bounded size."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from curvedx.errors import CurvedxError
from curvedx.show import report as page
from curvedx.show.html import fragment
from curvedx.show.report import write_report
from curvedx.show.tally import Tally
from helpers_diagnosis import curve, diagnosis, finding, healthy_curve, overfitting, unassessed

EVIL = "<script>alert('x')</script>&\"'"
VOID = {"meta", "rect", "line", "polyline", "br"}


class Balanced(HTMLParser):
    """Fails on a tag that closes another than the last opened one; keeps what was seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def evil() -> str:
    dx = overfitting(
        name=EVIL,
        findings=(finding(title=EVIL, sentence=EVIL, fixes=(EVIL,), channel=EVIL),),
        caveats=(EVIL,),
        unassessed={EVIL: EVIL},
        headline={EVIL: 0.6, "healthy": 0.4},
    )
    return fragment(dx.to_dict(), dx.curve)


@pytest.mark.parametrize("dx", [diagnosis(), overfitting(), unassessed()], ids=["healthy", "overfitting", "unassessed"])
def test_a_fragment_is_well_formed_and_holds_nothing_from_outside(dx: object) -> None:
    html = dx._repr_html_()  # type: ignore[attr-defined]
    seen = Balanced(html)
    assert not {"script", "link", "img", "iframe"} & set(seen.tags)
    assert not any(key in ("src", "href", "id") or key.startswith("on") for key, _ in seen.attributes)
    assert "http" not in html


def test_everything_from_the_run_is_escaped() -> None:
    html = evil()
    assert "script" not in Balanced(html).tags
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 7


def test_every_style_rule_is_scoped() -> None:
    style = re.search(r"<style>(.*?)</style>", fragment(diagnosis().to_dict(), healthy_curve()), re.S)
    assert style
    selectors = [s for rule in re.findall(r"([^{}]+)\{", style[1]) for s in rule.split(",")]
    assert all(selector.strip().startswith(".curvedx") for selector in selectors)


def test_the_picture_numbers_the_findings_and_keeps_a_spike_of_one_step() -> None:
    values = np.ones(50_000)
    values[31_000] = 9.0
    run = curve({"train_loss": values})
    dx = diagnosis(curve=run, findings=(finding(onset=31_000.0),), label="loss_spikes")
    html = fragment(dx.to_dict(), run)
    assert ">1</text>" in html
    heights = [float(y) for line in re.findall(r'points="([^"]+)"', html) for y in re.findall(r",([\d.]+)", line)]
    assert min(heights) == pytest.approx(18.0)
    assert len(html) < 30_000


def test_numbers_of_findings_that_begin_together_are_written_as_one() -> None:
    found = tuple(finding(onset=onset) for onset in (4000.0, 4010.0, 9000.0))
    run = curve({"train_loss": np.linspace(2.0, 1.0, 10_000)})
    html = fragment(diagnosis(curve=run, label="overfitting", findings=found).to_dict(), run)
    said = re.findall(r'text-anchor="middle"[^>]*>([^<]*)</text>', html)
    assert said == ["1, 2", "3"]
    assert html.count("<line ") == 3


def test_values_that_are_not_finite_are_gaps_marked_at_the_edge() -> None:
    values = np.linspace(2, 1, 100)
    values[40:60] = np.nan
    run = curve({"train_loss": values})
    html = fragment(diagnosis(curve=run).to_dict(), run)
    assert "<title>not finite</title>" in html
    assert "nan" not in html.lower().replace("finance", "")


@pytest.mark.parametrize(
    "values",
    [[np.nan] * 10, [1.0], [], [5.0] * 60, [1e308, -1e308] * 30, [1e-300, 1e300] * 30],
    ids=["all NaN", "one point", "none", "constant", "largest floats", "widest span"],
)
def test_every_curve_has_a_fragment(values: list[float]) -> None:
    run = curve({"train_loss": values})
    html = fragment(diagnosis(curve=run, points=len(values), span=None).to_dict(), run)
    Balanced(html)
    assert "nan" not in html
    assert "inf" not in html.replace("info", "")


def test_the_page_puts_problems_first_and_counts_headlines(tmp_path: Path) -> None:
    out = tmp_path / "sub" / "report.html"
    fatal = overfitting(name="the-worst", label="divergence", findings=(finding(severity="error"),))
    write_report([diagnosis(), overfitting(), fatal, unassessed()], out, title=f"My {EVIL}", skipped=[("a.csv", EVIL)])
    html = out.read_text()
    seen = Balanced(html)
    assert "<script" not in html
    assert seen.tags.count("svg") == 4
    assert "4 runs: 1 all right, 2 not all right, 1 not assessed" in html
    places = [html.index(f"<strong>{name}</strong>") for name in ("the-worst", "run-17", "short", "run-1")]
    assert places == sorted(places)
    assert "a.csv: &lt;script&gt;" in html
    assert "prefers-color-scheme" in html


def test_an_empty_archive_has_a_page(tmp_path: Path) -> None:
    write_report([], tmp_path / "r.html", title="none")
    Balanced((tmp_path / "r.html").read_text())
    assert "0 runs" in (tmp_path / "r.html").read_text()


def test_a_large_archive_pictures_only_runs_with_findings_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PICTURES_FOR_ALL", 5)
    fine, bad = diagnosis(), overfitting()
    write_report([fine] * 5 + [bad] * 3 + [fine] * 2, tmp_path / "r.html", title="large")
    html = (tmp_path / "r.html").read_text()
    assert html.count("<svg") == 3
    assert "7 runs, the least grave, have a line each" in html


def test_the_page_stays_bounded_and_keeps_the_gravest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "SECTIONS", 3)
    monkeypatch.setattr(page, "_LISTED", 4)
    grave = overfitting(name="grave", findings=(finding(severity="error"),))
    write_report([overfitting()] * 20 + [grave], tmp_path / "r.html", title="huge", skipped=[("f", "e")] * 9)
    html = (tmp_path / "r.html").read_text()
    assert html.count("<svg") == 3
    assert html.index("<strong>grave</strong>") < html.index("<strong>run-17</strong>")
    assert html.count("<li><strong>run-17</strong>") == 4
    assert "and 5 more" in html


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CurvedxError, match="cannot be written"):
        write_report([], tmp_path / "file" / "r.html", title="x")


def test_the_tally_names_the_worst_first_and_holds_a_bounded_number() -> None:
    tally = Tally()
    for index in range(30):
        tally.add(overfitting().to_dict(), f"run/{index}")
    tally.add(overfitting(findings=(finding(severity="error"),)).to_dict(), "the/worst")
    tally.add(diagnosis().to_dict(), "fine")
    tally.fail("a.csv: empty")
    tally.fail("config.json: no loss", is_run=False)
    text = tally.render()
    assert text.splitlines()[0] == (
        "32 runs: 1 all right, 31 not all right; 1 could not be read; 1 file without a loss passed over"
    )
    listed = text.partition("Worst first:\n")[2].splitlines()
    assert listed[0].endswith("the/worst")
    assert listed[1].endswith("run/0")
    assert sum("run/" in line for line in listed) == 9
    assert "  a.csv: empty" in text

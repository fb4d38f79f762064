"""A diagnosis as a piece of HTML: for notebooks, and one section of the archive's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Curve
from curvedx.show import words
from curvedx.show.svg import BROKEN, TRAIN, VALIDATION, sparkline
from curvedx.show.thin import broken
from curvedx.show.words import Report

STYLE = """
.curvedx{font:14px/1.45 system-ui,sans-serif;max-width:50rem}
.curvedx p,.curvedx ul,.curvedx ol,.curvedx dl{margin:.3em 0}
.curvedx dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em .8em}
.curvedx dt{opacity:.7}.curvedx dd{margin:0}.curvedx dd ul{margin:0;padding-left:1.1em}
.curvedx .curvedx-faint{opacity:.7;font-size:.9em}
.curvedx .curvedx-key{display:inline-block;width:1.6em;border-top:2px solid;vertical-align:middle;margin:0 .3em 0 .8em}
"""
"""Every rule is scoped to `.curvedx`, so a notebook's or a page's own style is left alone."""


def fragment(report: Report, curve: Curve) -> str:
    """Write one self-contained piece of HTML: verdict, picture, findings, doubts.

    No script, no outside resource; all text from the run is escaped; colours suit light and dark pages.

    Parameters
    ----------
    report
        What `Diagnosis.to_dict` returned.
    curve
        What was judged.
    """
    said = escape(f"{report['name'] or 'this run'}: {words.verdict(report)}")
    return f'<style>{STYLE}</style><div class="curvedx"><p><strong>{said}</strong></p>{body(report, curve)}</div>'


def body(report: Report, curve: Curve | None) -> str:
    """Write what stands below the verdict; without a curve there is no picture. Needs `STYLE` around it."""
    return "".join(_body(report, curve))


def _body(report: Report, curve: Curve | None) -> Iterator[str]:
    yield f'<p class="curvedx-faint">{escape(words.extent(report))}</p>'
    if curve is not None and len(curve):
        yield sparkline(report, curve) + _key(curve)
    if advice := words.advice(report):
        yield f"<p>{escape(advice)}</p>"
    if report["findings"]:
        yield f"<ol>{''.join(map(_finding, report['findings']))}</ol>"
    if report["normal"]:
        yield f"<p>Normal here:</p><ul>{_items(map(words.normal, report['normal']))}</ul>"
    rows = [
        ("Measured", words.measured(report)),
        ("Best checkpoint", words.checkpoint(report)),
        ("Cannot exclude", words.rivals(report)),
    ]
    if any(said for _, said in rows):
        yield f"<dl>{''.join(_row(term, escape(said)) for term, said in rows if said)}</dl>"
    if report["caveats"]:
        yield f"<p>Take with care:</p><ul>{_items(report['caveats'])}</ul>"
    if gaps := words.gaps(report):
        items = _items(f"{names}: {reason}" for reason, names in gaps)
        yield f'<details class="curvedx-faint"><summary>Not assessed: {len(report["unassessed"])} of '
        yield f"{len(report['probabilities'])} patterns</summary><ul>{items}</ul></details>"


def _key(curve: Curve) -> str:
    entries = [("train loss", TRAIN, "solid")]
    if curve.get(VAL_LOSS) is not None:
        entries.append(("validation loss", VALIDATION, "dashed"))
    if any(broken(c) for c in (curve[TRAIN_LOSS], curve.get(VAL_LOSS)) if c is not None):
        entries.append(("not finite", BROKEN, "double"))
    keys = "".join(
        f'<span class="curvedx-key" style="border-color:{colour};border-top-style:{line}"></span>{name}'
        for name, colour, line in entries
    )
    return f'<p class="curvedx-faint">{keys}</p>'


def _finding(finding: Report) -> str:
    facts = filter(None, [words.when(finding), words.percent(finding["probability"]), finding["severity"]])
    said = f"<strong>{escape(finding['title'])}</strong> ({escape(', '.join(facts))})"
    rows = ""
    if finding["causes"]:
        rows += _row("Most likely", escape(finding["causes"][0]["cause"]))
        if finding["causes"][0]["moved"] == "up":
            rows += _row("Because", escape(finding["causes"][0]["because"]))
        rows += _row("To check", escape(finding["causes"][0]["check"]))
    if finding["fixes"]:
        rows += _row("What to do", f"<ul>{_items(finding['fixes'][:3])}</ul>")
    if finding["look_alikes"]:
        alike = _items(f"{words.alike(one)}: {one['tell']}" for one in finding["look_alikes"][:2])
        rows += _row("Looks alike", f"<ul>{alike}</ul>")
    return f"<li>{said}<p>{escape(finding['sentence'])}</p>{f'<dl>{rows}</dl>' if rows else ''}</li>"


def _row(term: str, said: str) -> str:
    return f"<dt>{term}</dt><dd>{said}</dd>"


def _items(said: Iterable[str]) -> str:
    return "".join(f"<li>{escape(one)}</li>" for one in said)

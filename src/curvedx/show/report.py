"""An archive as one self-contained HTML page: it works offline, without a script, and stays of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

from curvedx.diagnosis.result import Diagnosis
from curvedx.errors import CurvedxError
from curvedx.show import words
from curvedx.show.html import STYLE, body
from curvedx.show.page import CLOSING, opening
from curvedx.show.tally import Tally, gravity
from curvedx.show.words import Report

PICTURES_FOR_ALL = 500
"""Up to so many runs each run has a picture; beyond, only those with findings."""

SECTIONS = 1000
"""At most so many runs have a section of their own, the gravest first."""

_LISTED = 2000
_TABLES = """
table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left;border-bottom:1px solid var(--edge)}
td:first-child,th:first-child{text-align:right;font-variant-numeric:tabular-nums}
details.run{border:1px solid var(--edge);border-radius:6px;margin:.5em 0;padding:.4em .8em;overflow-wrap:anywhere}
details.run>summary{cursor:pointer}.error{color:var(--bad)}.warning{color:var(--warn)}.good{color:var(--good)}
li{overflow-wrap:anywhere}
"""


@dataclass
class _Run:
    """One run of the page; what it shows is dropped when graver runs fill the page."""

    report: Report
    inside: str | None


def write_report(
    diagnoses: Iterable[Diagnosis],
    path: str | PathLike[str],
    *,
    title: str,
    skipped: Iterable[tuple[str, str]] = (),
) -> None:
    """Write the page of an archive.

    Parameters
    ----------
    diagnoses
        The runs, in any order; consumed one by one, so a generator does not hold every curve in memory.
    path
        The HTML file.
    title
        What the archive is called.
    skipped
        Files that gave no run, each with the reason; read after the last diagnosis.

    Raises
    ------
    CurvedxError
        If the file cannot be written.
    """
    tally, runs = Tally(), list[_Run]()
    for diagnosis in diagnoses:
        report = diagnosis.to_dict()
        tally.add(report, diagnosis.name)
        if tally.runs == PICTURES_FOR_ALL + 1:
            _forget(run for run in runs if not run.report["findings"])
        pictured = tally.runs <= PICTURES_FOR_ALL or report["findings"]
        runs.append(_Run(_brief(report), body(report, diagnosis.curve) if pictured else None))
        if len(runs) % (2 * SECTIONS) == 0:
            runs.sort(key=_order)
            _forget(runs[SECTIONS:])
    runs.sort(key=_order)
    _forget(runs[SECTIONS:])
    page = "".join(_page(title, tally, runs, list(skipped)))
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise CurvedxError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error


def _brief(report: Report) -> Report:
    kept = ("name", "label", "confidence", "ok", "severity", "strangeness", "points", "span")
    return {**{key: report[key] for key in kept}, "findings": [f["pattern"] for f in report["findings"]]}


def _forget(runs: Iterable[_Run]) -> None:
    for run in runs:
        run.inside = None


def _order(run: _Run) -> tuple[int, float, str]:
    severity, confidence = gravity(run.report)
    # Among runs that are all right the least sure come first: a look pays off most there.
    return -severity, -confidence if severity else confidence, run.report["name"]


def _page(title: str, tally: Tally, runs: list[_Run], skipped: list[tuple[str, str]]) -> Iterator[str]:
    yield opening(title, _TABLES + STYLE)
    failed = f"; what gave no run ({len(skipped)}) is listed at the end" if skipped else ""
    yield f"<p>{escape(tally.sentence())}{failed}.</p>"
    if tally.labels:
        yield "<table><thead><tr><th>runs</th><th>headline</th></tr></thead><tbody>"
        for name, count in tally.labels.most_common():
            yield f"<tr><td>{count}</td><td>{escape(words.label(name))}</td></tr>"
        yield "</tbody></table>"
    shown = [run for run in runs if run.inside is not None]
    listed = [run for run in runs if run.inside is None]
    yield "<h2>Runs, those with problems first</h2>" if shown else ""
    for index, run in enumerate(shown):
        yield _section(run, first=index == 0)
    if listed:
        yield "<h2>Runs without a picture</h2>"
        yield f"<p>To keep this page small, {len(listed)} runs, the least grave, have a line each"
        yield f" and only the first {_LISTED} of them.</p>" if len(listed) > _LISTED else ".</p>"
        yield f"<ul>{''.join(f'<li>{_summary(run.report)}</li>' for run in listed[:_LISTED])}</ul>"
    if skipped:
        yield "<h2>Files that gave no run</h2><ul>"
        yield from (
            f"<li>{escape(source)}: {escape(_without(source, reason))}</li>" for source, reason in skipped[:_LISTED]
        )
        yield f"<li>and {len(skipped) - _LISTED} more</li>" if len(skipped) > _LISTED else ""
        yield "</ul>"
    yield CLOSING


def _section(run: _Run, *, first: bool) -> str:
    opened = " open" if first else ""
    inside = f'<div class="curvedx">{run.inside}</div>'
    return f'<details class="run"{opened}><summary>{_summary(run.report)}</summary>{inside}</details>'


def _summary(report: Report) -> str:
    look = report["severity"] if report["severity"] in ("error", "warning") else "good" if report["ok"] else ""
    name, verdict = escape(report["name"] or "this run"), escape(words.verdict(report))
    return f'<strong>{name}</strong>: <span class="{look}">{verdict}</span>'


def _without(source: str, reason: str) -> str:
    """Messages begin with the file they are about; beside its name that would say it twice."""
    return reason.removeprefix(f"{source}: ")

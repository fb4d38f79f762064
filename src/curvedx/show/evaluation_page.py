"""What `evaluate` measured, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from curvedx.show import words
from curvedx.show.evaluation import LABEL_ROWS, NOTE, Measured, estimate, extent, figures
from curvedx.show.page import CLOSING, opening
from curvedx.show.reliability import diagram

_LISTED = 1000
_STYLE = """
body{max-width:74rem}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9em}
td,th{padding:.25em .9em .25em 0;text-align:left;border-bottom:1px solid var(--edge);vertical-align:top}
td{font-variant-numeric:tabular-nums;white-space:nowrap}thead th{vertical-align:bottom}
tbody th{font-weight:normal;min-width:8.5rem}
.pictures{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0;flex:1 1 17rem;max-width:21rem}
figcaption{font-weight:600}.confusion td,.confusion th{padding:.2em .5em;border:1px solid var(--edge)}
.confusion td{text-align:right;min-width:1.6em}.confusion tbody th{min-width:0;white-space:nowrap}
.confusion thead th{writing-mode:vertical-rl;text-align:left}
.right{font-weight:700}.wrong{color:var(--bad)}.faint{opacity:.7}li{overflow-wrap:anywhere;margin:.4em 0}
"""


def page(result: Measured, title: str) -> str:
    """Write the page of an evaluation: figures, reliability, labels, confusion, and the runs that were misjudged.

    Parameters
    ----------
    result
        What `evaluate.report.compare` returned.
    title
        What was measured; names of runs and this title are text, not HTML.
    """
    return "".join(_page(result, title))


def _page(result: Measured, title: str) -> Iterator[str]:
    systems = result["systems"]
    name, first = next(iter(systems.items()))
    yield opening(title, _STYLE)
    yield f"<p>{escape(str(result['model'] or name))} on {escape(extent(result))}.</p>"
    yield _table(["", *systems], figures(result))
    yield "<h2>Do its probabilities come true?</h2>"
    yield '<p>Points on the dashed line are calibrated. The bars count the cases.</p><div class="pictures">'
    yield _picture("Headline", first["headline"]["reliability"], "confidence of the headline", "share that was right")
    yield _picture("All labels", first["calibration"]["reliability"], "probability of a label", "share present")
    yield "</div><h2>Label by label</h2>"
    yield _table(["label", "runs", "F1", *(head for head, _ in LABEL_ROWS)], _labels(first))
    yield f'<p class="faint">{escape(NOTE.replace("`", ""))}</p>'
    yield from _confusion(first["headline"]["confusion"])
    yield from _misjudged(result["misjudged"])
    yield CLOSING


def _picture(title: str, bins: list[dict[str, Any]], said: str, true: str) -> str:
    inside = diagram(bins, said=said, true=true) if bins else "<p>Nothing was scored.</p>"
    return f"<figure><figcaption>{escape(title)}</figcaption>{inside}</figure>"


def _labels(system: Measured) -> Iterator[list[str]]:
    for label, row in system["labels"].items():
        figures = (show(system, label) for _, show in LABEL_ROWS)
        yield [words.label(label), str(row["support"]), estimate(row["f1"]), *figures]


def _confusion(confusion: Measured) -> Iterator[str]:
    labels = confusion["labels"]
    yield "<h2>Which headline is taken for which</h2>"
    if not labels:
        yield "<p>Nothing was scored.</p>"
        return
    yield '<p>Rows are true, columns are said.</p><div class="wide"><table class="confusion"><thead><tr><th></th>'
    yield "".join(f'<th scope="col">{escape(words.label(name))}</th>' for name in labels) + "</tr></thead><tbody>"
    for true, runs in zip(labels, confusion["runs"], strict=True):
        yield f'<tr><th scope="row">{escape(words.label(true))}</th>'
        for said, count in zip(labels, runs, strict=True):
            look = "right" if said == true else "wrong"
            yield f'<td class="{look}">{count}</td>' if count else "<td></td>"
        yield "</tr>"
    yield "</tbody></table></div>"


def _misjudged(runs: list[dict[str, Any]]) -> Iterator[str]:
    yield "<h2>Runs that were misjudged, the surest errors first</h2>"
    if not runs:
        yield "<p>None.</p>"
        return
    yield "<p>In brackets the probability that was given.</p><ul>"
    for run in runs[:_LISTED]:
        sure = "" if run["confidence"] is None else f" ({words.percent(run['confidence'])})"
        true, said = words.label(run["true_headline"] or "not sure"), words.label(run["said_headline"]) + sure
        errors = "; ".join(map(_error, run["errors"]))
        yield f'<li><strong>{escape(run["run"])}</strong> <span class="faint">{escape(run["cluster"])}</span><br>'
        yield f"headline {escape(said)}, true {escape(true)}<br>{escape(errors)}</li>"
    yield "</ul>"
    yield f"<p>and {len(runs) - _LISTED} more</p>" if len(runs) > _LISTED else ""


def _error(error: Measured) -> str:
    what = "missed" if error["kind"] == "missed" else "wrongly named"
    sure = "" if error["probability"] is None else f" ({words.percent(error['probability'])})"
    return f"{words.label(error['label'])} {what}{sure}"


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'

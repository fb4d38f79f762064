"""Fill the measured parts of the documentation: ``python benchmarks/readme.py RUNS.parquet LABELS.csv``.

The example, the picture, the tables of results and `docs/results.md`: on the test half of the fault lab, and on the
labelled public runs given.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from curvedx.diagnosis.classify import classify_curve, classify_curves
from curvedx.evaluate import evaluate, load
from curvedx.readers import read
from curvedx.readers.labelled import LabelledRun
from curvedx.show.evaluation import markdown

TOP = Path(__file__).parents[1]
EXAMPLE = "data/logs/hf/overfitting/trainer_state.json"
ROWS = (
    "macro-F1, labels seen 5 times",
    "headline accuracy",
    "runs without a problem flagged",
    "headline calibration error",
    "the same if confidences came true: by chance",
    "conformal sets at 0.9: coverage",
    "macro-F1, model minus this",
)

BESIDE = """Beside the released model, {model}, stands what needs no model. *Definitions as rules* applies the
definitions of the labels, the same by which the generator labels what it draws, to trend, noise and events estimated
from the log. *One rule a label* is what somebody would write in a minute."""

LAB = """The test half of the [fault lab](../data/lab/README.md): small models really trained, most with a fault put in.
No run of it, nor of its tasks and architectures, was trained, calibrated or selected on. The labels are what two of
three votes say: one was measured by the definitions on every step of the training and reviewed, so *definitions as
rules* is not independent of them; the others were cast by eye, blind to fault and model.
Reproduce it with `curvedx evaluate data/lab/runs.parquet --labels data/lab/labels.csv --half test`."""

PUBLIC = """Public runs labelled by eye, by two annotators and a third. None was trained or calibrated on, but they were
looked at to learn why the model was wrong, and while the rules were written: these are development figures."""


def example() -> str:
    """Return what the command line prints of the sample log."""
    return f"```\n$ curvedx classify {EXAMPLE}\n{classify_curve(read(TOP / EXAMPLE))}\n```"


def fill(page: Path, name: str, content: str) -> None:
    """Replace a generated block of a page."""
    text = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
    filled, count = re.subn(pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"{page}: {count} blocks '{name}'; expected one")
    page.write_text(filled, encoding="utf-8")


def results(runs: list[LabelledRun]) -> tuple[str, list[str], str]:
    """Return the whole evaluation, its main lines, and the runs whose headline is wrong."""
    found = evaluate(runs, classify_curves([run.curve for run in runs]))
    full = markdown(found)
    lines = full.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("|  | model"))
    rows = (line for line in lines if line.startswith(tuple(f"| {row} " for row in ROWS)))
    return full, [lines[0], "", *lines[head : head + 2], *rows], wrong(found["misjudged"])


def wrong(misjudged: list[dict[str, Any]]) -> str:
    """Return the runs whose headline is wrong as a table."""
    rows = [
        f"| `{one['run']}` | {one['true_headline']} | {one['said_headline']} | {one['confidence']:.2f} "
        f"| {told(one['errors'])} |"
        for one in misjudged
        if one["true_headline"] not in (None, one["said_headline"]) and one["confidence"] is not None
    ]
    return "\n".join(["| run | true headline | said | confidence | labels |", "| --- | --- | --- | --- | --- |", *rows])


def told(errors: list[dict[str, Any]]) -> str:
    """Return labels missed and wrongly named with their probabilities."""
    return ", ".join(f"{one['kind']} {one['label']} ({one['probability']:.2f})" for one in errors)


def main(arguments: list[str]) -> None:
    """Write the blocks, the picture and the page of results."""
    readme = TOP / "README.md"
    fill(readme, "example", example())
    dx = classify_curve(read(TOP / EXAMPLE))
    dx.plot().savefig(TOP / "docs" / "overfitting.png", dpi=140)
    lab = TOP / "data" / "lab"
    page = ["# Measured on real runs", "", BESIDE.format(model=dx.model)]
    for name, title, told, runs in (
        (
            "lab results",
            "Really trained runs of the fault lab",
            LAB,
            load(lab / "runs.parquet", lab / "labels.csv", half="test"),
        ),
        ("public results", "Public runs", PUBLIC, load(*arguments)),
    ):
        full, main_lines, misjudged = results(runs)
        fill(readme, name, "\n".join(main_lines))
        page += ["", f"## {title}", "", told, "", full.rstrip(), "", "### Headlines that are wrong", "", misjudged]
    (TOP / "docs" / "results.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/readme.py RUNS.parquet LABELS.csv")
    main(sys.argv[1:])

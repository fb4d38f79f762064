"""Fill the measured parts of the documentation: ``python benchmarks/readme.py [RUNS.parquet LABELS.csv]``.

Without arguments only the example and the picture are made anew; with labelled real runs also the table of results
and `docs/results.md`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from curvedx.diagnosis.classify import classify_curve, classify_curves
from curvedx.evaluate import evaluate, load
from curvedx.readers import read
from curvedx.show.evaluation import markdown

TOP = Path(__file__).parents[1]
EXAMPLE = "data/logs/hf/overfitting/trainer_state.json"
ROWS = (
    "macro-F1, labels seen 5 times",
    "headline accuracy",
    "runs without a problem flagged",
    "headline calibration error",
    "conformal sets at 0.9: coverage",
    "macro-F1, model minus this",
)

BESIDE = """Beside it stands what needs no model. *Definitions as rules* applies the definitions of the labels, the same
by which the generator labels what it draws, to trend, noise and events estimated from the log; the estimates were
looked at on these runs while they were written. *One rule a label* is what somebody would write in a minute."""


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


def main(arguments: list[str]) -> None:
    """Write the blocks, the picture and the page of results."""
    readme = TOP / "README.md"
    fill(readme, "example", example())
    dx = classify_curve(read(TOP / EXAMPLE))
    dx.plot().savefig(TOP / "docs" / "overfitting.png", dpi=140)
    if not arguments:
        return
    runs_path, labels_path = arguments
    runs = load(runs_path, labels_path)
    full = markdown(evaluate(runs, classify_curves([run.curve for run in runs])))
    lines = full.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("|  | model"))
    table = [*lines[head : head + 2], *(line for line in lines if line.startswith(tuple(f"| {row} " for row in ROWS)))]
    fill(
        readme, "results", "\n".join([lines[0], "", *table, "", "The whole table: [docs/results.md](docs/results.md)."])
    )
    opening = f"The released model, {dx.model}, on public runs labelled by eye. {BESIDE}"
    (TOP / "docs" / "results.md").write_text(f"# Measured on real runs\n\n{opening}\n\n{full}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

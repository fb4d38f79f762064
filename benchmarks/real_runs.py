"""Score the released model on labelled runs: ``python benchmarks/real_runs.py RUNS LABELS``."""

from __future__ import annotations

import sys

from curvedx.diagnosis.classify import classify_curves
from curvedx.evaluate import evaluate, load
from curvedx.show.evaluation import markdown


def main(runs_path: str, labels_path: str) -> None:
    """Print the model beside all baselines as Markdown."""
    runs = load(runs_path, labels_path)
    sys.stdout.write(markdown(evaluate(runs, classify_curves([run.curve for run in runs]))))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/real_runs.py RUNS.parquet LABELS.csv")
    main(sys.argv[1], sys.argv[2])

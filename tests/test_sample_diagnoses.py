"""The sample logs, really trained and really logged, are judged as a person judges them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from curvedx.catalogue import patterns
from curvedx.diagnosis.classify import classify_curve
from curvedx.diagnosis.result import Diagnosis
from curvedx.readers import read

LOGS = Path(__file__).parents[1] / "data" / "logs"


@cache
def judged() -> list[tuple[str, frozenset[str], frozenset[str], Diagnosis]]:
    """Run, labels present, labels not to be scored, and the diagnosis, for each sample log."""
    with (LOGS / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        (
            row["run"],
            frozenset(filter(None, row["present"].split(";"))),
            frozenset(filter(None, row["grey"].split(";"))),
            classify_curve(read(LOGS / row["path"])),
        )
        for row in rows
    ]


def test_most_labels_of_the_sample_logs_are_found() -> None:
    asked = [
        (run, label, dx)
        for run, present, _, dx in judged()
        for label in sorted(present)
        if patterns()[label].kind != "healthy"
    ]
    missed = [(run, label) for run, label, dx in asked if label not in {f.pattern for f in dx.findings}]
    assert len(asked) == 26
    assert len(missed) <= 5, missed


@pytest.mark.parametrize("run", ["hf-healthy", "nanogpt"])
def test_a_healthy_sample_log_is_all_right(run: str) -> None:
    (dx,) = [dx for name, _, _, dx in judged() if name == run]
    assert dx.ok, dx.label


def test_few_problems_are_found_that_no_person_sees() -> None:
    wrong = [
        (run, f.pattern, round(f.probability, 2))
        for run, present, grey, dx in judged()
        for f in dx.findings
        if f.kind == "problem" and f.pattern not in present | grey
    ]
    assert len(wrong) <= 2, wrong

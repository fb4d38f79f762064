"""Votes: what three say of the labels of a run, each apart from the others.

The first vote was measured and reviewed, the second is an annotator's who knew nothing of the run, and so is the third,
asked where the first two differ. What two say holds; where no two agree the label is grey.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from curvedx.catalogue import HEALTHY, patterns
from curvedx.errors import ReadError
from curvedx.lab.labels import Label, labelled

YES, NO, UNSURE = "yes", "no", "unsure"

COLUMNS = ("first", "first_unsure", "second", "second_unsure", "third", "third_unsure", "third_not")
"""Labels joined by ``;``. The third was asked of single labels, and says no as expressly as yes."""


def read(path: Path) -> dict[str, tuple[Label, str]]:
    """Read what was voted, run by run, and return what is said of each run and why.

    Raises
    ------
    ReadError
        If a label is unknown or a run is named twice.
    """
    found: dict[str, tuple[Label, str]] = {}
    if not path.exists():
        return found
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["run_id"]
            said = {column: {label for label in row[column].split(";") if label} for column in COLUMNS}
            if unknown := sorted(set().union(*said.values()) - set(patterns())):
                raise ReadError(f"{path}: unknown label {unknown[0]!r} of {name}; known are {', '.join(patterns())}")
            if name in found:
                raise ReadError(f"{path}: {name} is voted on twice; keep one row")
            found[name] = decided(said), row["why"]
    return found


def decided(said: Mapping[str, set[str]]) -> Label:
    """Return what two of three say; `said` has the labels of each of `COLUMNS`."""
    verdict = {label: _majority(_votes(said, label)) for label in set().union(*said.values()) - {HEALTHY}}
    return labelled(*({label for label, vote in verdict.items() if vote == wanted} for wanted in (YES, UNSURE)))


def _votes(said: Mapping[str, set[str]], label: str) -> list[str]:
    votes = [
        YES if label in said[voter] else UNSURE if label in said[f"{voter}_unsure"] else NO
        for voter in ("first", "second")
    ]
    asked = {"third": YES, "third_unsure": UNSURE, "third_not": NO}
    return votes + [vote for column, vote in asked.items() if label in said[column]]


def _majority(votes: list[str]) -> str:
    vote, count = Counter(votes).most_common(1)[0]
    return vote if count > 1 else UNSURE

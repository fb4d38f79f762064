"""Measure diagnoses against runs whose labels are known, beside trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvedx.diagnosis.result import Diagnosis
    from curvedx.readers.labelled import LabelledRun

__all__ = ["evaluate", "load"]


def evaluate(runs: Sequence[LabelledRun], diagnoses: Sequence[Diagnosis]) -> dict[str, Any]:
    """Score diagnoses, one for each run in the same order, beside every baseline; see `report.compare`."""
    from curvedx.evaluate import report  # noqa: PLC0415 - the room is loaded when it is used

    return report.compare(runs, diagnoses)


def load(
    runs_path: str | PathLike[str], labels_path: str | PathLike[str], *, half: str | None = None
) -> list[LabelledRun]:
    """Read runs in long-form Parquet and their labels in CSV; see `readers.labelled.load`."""
    from curvedx.readers import labelled  # noqa: PLC0415 - pyarrow only when it is used

    return labelled.load(runs_path, labels_path, half=half)

"""Labelled runs: long-form Parquet of what was logged, and a CSV of what each run shows."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from curvedx.catalogue import patterns
from curvedx.curve import Curve, FloatArray
from curvedx.errors import ReadError

RUN_COLUMNS = ("run_id", "channel", "step", "value")

_Series = dict[str, list[tuple[FloatArray, FloatArray]]]


@dataclass(frozen=True, kw_only=True)
class LabelledRun:
    """One run and what careful annotators say of it."""

    curve: Curve
    """What was logged; its name is the run id."""
    present: frozenset[str]
    """Labels that hold, ``"healthy"`` among them; empty where nothing is sure."""
    grey: frozenset[str]
    """Labels that could be argued either way; they are not scored for this run."""
    cluster: str
    """Runs of one cluster (a repository) are alike and are resampled together."""
    not_a_loss: bool
    """The signal is no loss: no label is scored, a caveat is expected."""
    onsets: Mapping[str, tuple[float, ...]]
    """Steps at which a label begins, where the annotators gave them."""


def load(
    runs_path: str | PathLike[str], labels_path: str | PathLike[str], *, half: str | None = None
) -> list[LabelledRun]:
    """Read labelled runs, in the order of the labels file.

    Parameters
    ----------
    runs_path
        Parquet with the columns run_id, channel, step, value; rows of a run may lie anywhere. It is read batch by
        batch, and only runs that have labels are kept.
    labels_path
        CSV with the columns run_id and present, and optionally grey, onsets, owner_repo and not_a_loss. Labels are
        joined by ``;``, onsets read ``label@step`` with several steps joined by ``|``. Without owner_repo each run is
        its own cluster.
    half
        Only runs of which the column half says this, such as ``"test"``; None takes all.

    Raises
    ------
    ReadError
        If a column is missing, a label is unknown, an entry cannot be read, or a labelled run has no rows.
    """
    labels = _labels(Path(labels_path), half)
    series = _series(Path(runs_path), labels)
    for name in labels:
        if name not in series:
            raise ReadError(
                f"{runs_path}: no rows of run {name!r}, which {labels_path} labels; add its rows or remove its label"
            )
    return [LabelledRun(curve=_curve(name, series.pop(name)), **labels[name]) for name in labels]


def _curve(name: str, series: _Series) -> Curve:
    joined: dict[str, Any] = {
        channel: (np.concatenate([s for s, _ in parts]), np.concatenate([v for _, v in parts]))
        for channel, parts in series.items()
    }
    return Curve(joined, name)


def _series(path: Path, wanted: Collection[str]) -> dict[str, _Series]:
    """Collect the steps and values of each wanted run and channel, in the order of the file."""
    from pyarrow import ArrowInvalid  # noqa: PLC0415 - heavy, and only needed here
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - heavy, and only needed here

    found: dict[str, _Series] = defaultdict(lambda: defaultdict(list))
    try:
        file = ParquetFile(path)
    except FileNotFoundError as error:
        raise ReadError(f"{path}: no such file; give the Parquet file of the runs") from error
    except ArrowInvalid as error:
        raise ReadError(f"{path}: not a Parquet file ({error}); write the runs as Parquet") from error
    with file:
        missing = [c for c in RUN_COLUMNS if c not in file.schema_arrow.names]
        if missing:
            raise ReadError(
                f"{path}: no column {missing[0]!r} (found {', '.join(file.schema_arrow.names)}); "
                f"expected {', '.join(RUN_COLUMNS)}"
            )
        for batch in file.iter_batches(columns=list(RUN_COLUMNS)):
            ids = np.array([str(v) for v in batch["run_id"].to_pylist()], dtype=object)
            channels = np.array([str(v) for v in batch["channel"].to_pylist()], dtype=object)
            steps, values = (_floats(path, name, batch[name]) for name in ("step", "value"))
            edges = np.flatnonzero((ids[1:] != ids[:-1]) | (channels[1:] != channels[:-1])) + 1
            for low, high in zip([0, *edges], [*edges, len(ids)], strict=True):
                if low < high and ids[low] in wanted:
                    found[ids[low]][channels[low]].append((steps[low:high], values[low:high]))
    return found


def _floats(path: Path, name: str, column: object) -> FloatArray:
    try:
        return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise ReadError(f"{path}: column {name!r} holds no numbers ({error}); write it as float64") from error


def _labels(path: Path, half: str | None) -> dict[str, dict[str, Any]]:
    """Read the fields of each labelled run of a half, all but its curve, by run id."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror}); give the CSV file of the labels") from error
    table = csv.DictReader(text.splitlines())
    for column in ("run_id", "present", *(() if half is None else ("half",))):
        if column not in (table.fieldnames or ()):
            raise ReadError(f"{path}: no column {column!r} (found {', '.join(table.fieldnames or ())}); add it")
    found: dict[str, dict[str, Any]] = {}
    halves = set()
    for row in table:
        name, at = row["run_id"], f"{path} line {table.line_num}"
        if name in found:
            raise ReadError(f"{at}: run {name!r} is labelled twice; keep one row")
        halves.add(row.get("half"))
        if half is not None and row["half"] != half:
            continue
        found[name] = {
            "present": _known(at, row["present"]),
            "grey": _known(at, row.get("grey")),
            "cluster": row.get("owner_repo") or name,
            "not_a_loss": _truth(at, row.get("not_a_loss")),
            "onsets": MappingProxyType(_onsets(at, row.get("onsets"))),
        }
    if half is not None and not found:
        known = ", ".join(sorted(map(repr, halves)))
        raise ReadError(f"{path}: no run of half {half!r} (found {known}); name one of these")
    return found


def _known(at: str, cell: str | None) -> frozenset[str]:
    names = frozenset(name.strip() for name in (cell or "").split(";") if name.strip())
    if unknown := sorted(names - set(patterns())):
        raise ReadError(f"{at}: unknown label {unknown[0]!r}; known are {', '.join(patterns())}")
    return names


def _truth(at: str, cell: str | None) -> bool:
    word = (cell or "").strip().lower()
    if word not in ("", "false", "0", "true", "1"):
        raise ReadError(f"{at}: not_a_loss is {cell!r}; expected true or false")
    return word in ("true", "1")


def _onsets(at: str, cell: str | None) -> dict[str, tuple[float, ...]]:
    found = {}
    for part in filter(None, (cell or "").split(";")):
        name, _, steps = part.strip().partition("@")
        try:
            found[next(iter(_known(at, name)))] = tuple(float(step) for step in steps.split("|"))
        except (ValueError, StopIteration) as error:
            raise ReadError(f"{at}: onset {part!r} cannot be read; expected label@step or label@step|step") from error
    return found

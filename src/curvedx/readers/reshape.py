"""Tables that hold several runs, or a metric a row, brought to one table a run with a metric a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from curvedx.errors import ReadError
from curvedx.readers.log import Column, IntArray, Rows
from curvedx.readers.roles import Columns, plain, resolve

_TAG = ("tag", "metric", "metric_name", "key", "variable", "name")
_VALUE = ("value", "metric_value", "float_value", "scalar", "simple_value")
_RUN = ("run", "run_id", "run_name", "run_uuid")
_SPLIT = ("mode", "split", "phase", "stage", "subset", "set")
_SPLITS = {
    "train": "",
    "training": "",
    "val": "val/",
    "valid": "val/",
    "validation": "val/",
    "eval": "val/",
    "test": "test/",
}
_EXPORT = re.compile(r"(?P<run>.+) - (?P<metric>.+?)(?P<bound>__MIN|__MAX)?", re.DOTALL)


def runs_of(table: Rows, columns: Columns) -> list[Rows]:
    """Split a table into runs with a metric a column.

    Raises
    ------
    ReadError
        If the run column that was named does not exist, or the value column of a long table holds text.
    """
    if exported := _exported(table):
        return exported
    return [_unsplit(_wide(run)) for run in _by_run(table, columns)]


def _exported(table: Rows) -> list[Rows] | None:
    """Take apart a chart exported by W&B, whose columns are called ``<run> - <metric>``."""
    matches = {name: match for name in table.columns if (match := _EXPORT.fullmatch(name))}
    shared = {name: column for name, column in table.columns.items() if name not in matches}
    if not matches or len(shared) > 2:
        return None
    runs: dict[str, dict[str, Column]] = {}
    for name, match in matches.items():
        # The bounds are those of a bin of the chart, not of the run.
        if not match["bound"] and plain(match["metric"]) != "step":
            runs.setdefault(match["run"], {})[match["metric"]] = table.columns[name]
    return [replace(table, name=run, columns=shared | own) for run, own in runs.items()]


def _by_run(table: Rows, columns: Columns) -> list[Rows]:
    name = resolve(columns.run, table.columns, "Columns(run=NAME)", table.source)
    name = name or next((each for each in table.columns if plain(each) in _RUN), None)
    if name is None:
        return [table]
    labels = _labels(table.columns[name])
    rest = {key: column for key, column in table.columns.items() if key != name}
    if len(labels) < 2:
        return [replace(table, columns=rest)]
    return [
        replace(table, name=label, columns={key: _only(column, rows) for key, column in rest.items()})
        for label, rows in labels.items()
    ]


def _wide(table: Rows) -> Rows:
    """Give each metric of a long table (step, tag, value) a column."""
    tag = next((n for n in _by_words(table, _TAG) if table.columns[n].texts is not None), None)
    value = next(iter(_by_words(table, _VALUE)), None)
    if tag is None or value is None:
        return table
    values = table.columns[value]
    if values.bad:
        row, text = values.bad
        raise ReadError(f"{table.source}: row {row + 1} of column {value!r} is {text!r}; expected a number or nan")
    shared = {key: column for key, column in table.columns.items() if key not in (tag, value)}
    return replace(
        table, columns=shared | {label: _only(values, rows) for label, rows in _labels(table.columns[tag]).items()}
    )


def _unsplit(table: Rows) -> Rows:
    """Name the metrics of validation rows apart where a column such as ``mode`` tells them from train rows."""
    for name in _by_words(table, _SPLIT):
        labels = _labels(table.columns[name])
        if len(labels) < 2 or not {label.lower() for label in labels} <= _SPLITS.keys():
            continue
        columns: dict[str, Column] = {}
        for key, column in table.columns.items():
            if key == name:
                continue
            for label, rows in labels.items():
                part = _only(column, rows)
                prefix = _SPLITS[label.lower()] if "loss" in key or "acc" in key else ""
                if len(part.rows) or part.bad:
                    known = columns.get(prefix + key)
                    columns[prefix + key] = _joined(known, part) if known else part
        return replace(table, columns=columns)
    return table


def _by_words(table: Rows, words: Sequence[str]) -> list[str]:
    return [name for word in words for name in table.columns if plain(name) == word]


def _labels(column: Column) -> dict[str, IntArray]:
    """Return the distinct labels of a column, in order, each with its rows."""
    if column.texts is None:
        kinds, inverse = np.unique(column.values, return_inverse=True)
        return {f"{kind:g}": column.rows[inverse == at] for at, kind in enumerate(kinds)}
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(column.texts):
        if text is not None:
            rows.setdefault(text, []).append(row)
    return {label: np.array(members, dtype=np.int64) for label, members in rows.items()}


def _only(column: Column, rows: IntArray) -> Column:
    inside = np.isin(column.rows, rows)
    bad = column.bad if column.bad and column.bad[0] in rows else None
    return replace(column, rows=column.rows[inside], values=column.values[inside], bad=bad)


def _joined(one: Column, other: Column) -> Column:
    rows = np.concatenate([one.rows, other.rows])
    order = np.argsort(rows, kind="stable")
    return replace(
        one, rows=rows[order], values=np.concatenate([one.values, other.values])[order], bad=one.bad or other.bad
    )

"""Frames: pandas, which says 'not logged' and 'not a number' with one NaN, and everything that speaks Arrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvedx.errors import ReadError
from curvedx.readers.log import Column, IntArray, Rows, column_of
from curvedx.readers.reshape import runs_of
from curvedx.readers.roles import Columns, guess, is_clock

Mask = NDArray[np.bool_]


def logs_in(frame: Any, name: str, columns: Columns) -> list[Rows]:
    """Turn a frame into tables, one a run.

    Raises
    ------
    ReadError
        If it is no frame, or has no row.
    """
    label = name or "frame"
    is_pandas = type(frame).__module__.split(".")[0] == "pandas" and hasattr(frame, "columns")
    if not is_pandas and not hasattr(frame, "__arrow_c_stream__"):
        raise ReadError(f"{label}: a {type(frame).__name__}; expected a pandas, polars or pyarrow frame")
    cells = _of_pandas(frame) if is_pandas else _of_arrow(frame)
    if not any(len(column.rows) or column.bad for column in cells.values()):
        raise ReadError(f"{label}: a frame without a row")
    runs = runs_of(Rows(source=label, name=name, columns=cells), columns)
    return [_settled(run, columns) for run in runs] if is_pandas else runs


def _of_arrow(frame: Any) -> dict[str, Column]:
    import pyarrow as pa  # noqa: PLC0415 - only where a frame is given

    from curvedx.readers.arrow import columns_of_arrow  # noqa: PLC0415 - only where a frame is given

    return columns_of_arrow(pa.table(frame))


def _of_pandas(frame: Any) -> dict[str, Column]:
    cells = {str(key): _series(frame.iloc[:, at]) for at, key in enumerate(frame.columns)}
    index = frame.index
    numbered = type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1 and index.name is None
    key = str(index.name or "index")
    if not numbered and key not in cells and getattr(index, "nlevels", 1) == 1:
        cells = {key: column_of(index.tolist())} | cells
    return cells


def _series(series: Any) -> Column:
    if getattr(series.dtype, "kind", "O") in "fiub" and isinstance(series.dtype, np.dtype):
        values = series.to_numpy().astype(np.float64)
        return Column(rows=np.arange(len(values)), values=values)
    absent = series.isna().tolist()
    return column_of([None if gone else item for item, gone in zip(series.tolist(), absent, strict=True)])


def _settled(table: Rows, columns: Columns) -> Rows:
    """Decide for each NaN of a pandas frame whether the run logged it."""
    numeric = {key: column for key, column in table.columns.items() if column.bad is None}
    loss = guess({k: len(c.rows) + (c.bad is not None) for k, c in table.columns.items()}, columns, table.source).loss
    if loss not in numeric:
        return table
    settled = {key: _thinned(column) for key, column in numeric.items() if key != loss}
    metrics = [column for key, column in settled.items() if not is_clock(key)]
    kept, dropped = _logged_losses(numeric[loss], metrics)
    notes = []
    if dropped:
        notes.append(
            f"{dropped} NaN in {loss!r} taken as not logged: those rows hold other metrics, as in a sparse table"
        )
    return replace(table, columns={**table.columns, **settled, loss: kept}, caveats=(*table.caveats, *notes))


def _thinned(column: Column) -> Column:
    """Drop the NaN of a column that holds a value only every so many rows; in a dense one they were logged."""
    held = np.flatnonzero(~np.isnan(column.values))
    if len(held) == len(column.values) or (len(held) > 2 and np.median(np.diff(held)) < 2):
        return column
    return _at(column, held)


def _logged_losses(loss: Column, metrics: list[Column]) -> tuple[Column, int]:
    nan = np.isnan(loss.values)
    held = loss.rows[~nan]
    if not nan.any() or not len(held):
        return loss, 0
    absent = np.zeros(len(nan), dtype=bool)
    for metric in metrics:
        valued = metric.rows[~np.isnan(metric.values)]
        alone = nan & np.isin(loss.rows, valued)
        if _is_sparse(loss.rows, loss.rows[alone], held, valued):
            absent |= alone
    return _at(loss, np.flatnonzero(~absent)), int(absent.sum())


def _is_sparse(rows: IntArray, alone: IntArray, held: IntArray, valued: IntArray) -> bool:
    """Tell whether the rows where only this metric has a value are a habit of the logger and not a failure.

    They are where the metric is never logged with a loss; or hardly ever, and losses come after; or where
    the loss is logged on a minority of the rows, and comes back after a gap.
    """
    if not len(alone):
        return False
    together = np.isin(held, valued).mean()
    returns = bool((alone < held[-1]).any())
    often = len(alone) >= 2 and returns
    return bool(together == 0 or (often and together < 0.2) or (often and len(held) * 2 <= len(rows)))


def _at(column: Column, kept: IntArray) -> Column:
    return replace(column, rows=column.rows[kept], values=column.values[kept])

"""What a reader hands on, before anyone has said which column is the loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray

IntArray = NDArray[np.int64]

MISSING = frozenset({"", "na", "n/a", "null", "none", "<na>"})
"""Cells that say 'not logged', in lower case. The text nan is not among them: it is what the run logged."""

_PRINTED = re.compile(r"\b(?:tensor|Array|array|(?:np|numpy)\.float\d+)\(([-+.\w]+)(?:,[^()]*)?\)")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table, without the cells that were not logged."""

    rows: IntArray
    """The row of each value, counted from 0, ascending."""
    values: FloatArray
    """The values; NaN and infinity are what the run logged."""
    bad: tuple[int, str] | None = None
    """Row and text of the first cell that is no number; a column with one is no channel."""
    texts: Sequence[str | None] | None = None
    """Every cell as text, where the column is not numeric."""
    nulls: int = 0
    """Cells that say null in so many words, which some writers put for NaN."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A log that is a table: columns share their rows, and one of them may hold the step."""

    source: str
    """The file, for messages."""
    name: str
    """The run."""
    columns: Mapping[str, Column]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Series:
    """One tag with steps of its own; ``steps`` is None where the log numbers nothing."""

    steps: FloatArray | None
    values: FloatArray


@dataclass(frozen=True, kw_only=True)
class Log:
    """A log that is a set of tags, each with its own steps."""

    source: str
    """The file, for messages."""
    name: str
    """The run."""
    series: Mapping[str, Series]
    caveats: tuple[str, ...] = ()
    restarts: tuple[float, ...] = ()
    """Steps at which a counter began again and was taken as going on."""


def number(cell: str) -> float | None:
    """Read a cell as a number, None where it is none; ``nan``, ``inf`` and ``Infinity`` are numbers."""
    try:
        return float(bare(cell))
    except ValueError:
        return None


def bare(text: str) -> str:
    """Write numbers that a library printed with their type, such as ``np.float64(0.5)``, without it."""
    return _PRINTED.sub(r"\1", text) if "(" in text else text


def column_of(cells: Sequence[object]) -> Column:
    """Make a column of raw cells: None and the words of `MISSING` were not logged, text that is a number is one."""
    rows: list[int] = []
    values: list[float] = []
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        if isinstance(cell, str):
            text = cell.strip()
            if text.lower() in MISSING:
                continue
            value = number(text)
        else:
            value = _plain(cell)
        if value is None:
            texts = [None if item is None else str(item).strip() for item in cells]
            return Column(rows=_ints(rows), values=np.array(values), bad=(row, str(cell).strip()), texts=texts)
        rows.append(row)
        values.append(value)
    return Column(rows=_ints(rows), values=np.array(values, dtype=np.float64))


def columns_of(records: Sequence[Mapping[str, object]]) -> dict[str, Column]:
    """Turn records, each with the keys it happens to hold, into columns in order of first appearance."""
    names = dict.fromkeys(key for record in records for key in record)
    columns: dict[str, Column] = {}
    for name in names:
        column = column_of([record.get(name) for record in records])
        nulls = sum(name in record and record[name] is None for record in records)
        columns[name] = replace(column, nulls=nulls) if nulls else column
    return columns


def _plain(cell: object) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]  # whatever offers __float__
    except (TypeError, ValueError):
        return None
    except OverflowError:
        return float("inf")


def _ints(rows: list[int]) -> IntArray:
    return np.array(rows, dtype=np.int64)


def found(names: Mapping[str, object] | Sequence[str], limit: int = 12) -> str:
    """List names for a message, quoted, not more than `limit` of them."""
    shown = [repr(name) for name in list(names)[:limit]]
    return ", ".join(shown) + (f" and {len(names) - limit} more" if len(names) > limit else "") or "nothing"

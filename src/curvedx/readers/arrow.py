"""Arrow tables as columns: a null was not logged, NaN was."""

from __future__ import annotations

from typing import Any

import numpy as np

from curvedx.readers.log import Column, IntArray, column_of


def columns_of_arrow(table: Any) -> dict[str, Column]:
    """Turn a ``pyarrow.Table`` into columns; of two columns of one name the later is numbered."""
    columns: dict[str, Column] = {}
    for at, given in enumerate(table.column_names):
        name, twin = given.strip(), 2
        while name in columns:
            name, twin = f"{given.strip()} ({twin})", twin + 1
        columns[name] = _column(table.column(at))
    return columns


def _column(column: Any) -> Column:
    import pyarrow as pa  # noqa: PLC0415 - only where a table is read
    import pyarrow.compute as pc  # noqa: PLC0415 - only where a table is read

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    ):
        valid = pc.is_valid(column).to_numpy()
        rows: IntArray = np.flatnonzero(valid)
        values = pc.cast(column.drop_null(), pa.float64(), safe=False).to_numpy()
        return Column(rows=rows, values=np.array(values, dtype=np.float64))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return column_of(column.to_pylist())
    rows = np.flatnonzero(pc.is_valid(column).to_numpy())
    if not len(rows):
        return Column(rows=rows, values=np.empty(0))
    return Column(rows=rows[:0], values=np.empty(0), bad=(int(rows[0]), f"a {kind}"))

"""Delimited text as columns: an empty cell was not logged, the text nan was."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from curvedx.errors import ReadError
from curvedx.readers.log import Column, column_of, number
from curvedx.readers.registry import HEAD
from curvedx.readers.source import decoded, encoding_of, text_of

_DELIMITERS = (",", "\t", ";", "|")
_NULLS = ["", "NA", "N/A", "na", "n/a", "null", "NULL", "None", "none", "<NA>"]


def csv_columns(source: Path | str, label: str) -> tuple[dict[str, Column], list[str]]:
    """Read a delimited file (a path) or text (a string) and say what was skipped or repaired.

    Raises
    ------
    ReadError
        If there is no row, or it is no text.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            head_bytes = file.read(HEAD)
        encoding = encoding_of(head_bytes, label)
        head = decoded(head_bytes, label)
    else:
        head, encoding = source[:HEAD], "utf-8"
    lines = [line for line in head.split("\n") if line.strip()][:3]
    delimiter = delimiter_of(lines)
    notes: list[str] = []
    try:
        names = next(csv.reader(lines[:1], delimiter=delimiter))
        headed = not all(number(cell) is not None for cell in names)
        columns = _by_arrow(source, encoding, delimiter, headed=headed)
        if columns is None:
            text = text_of(source) if isinstance(source, Path) else source
            columns, notes = _by_rows(text, delimiter, headed=headed)
    except csv.Error as error:
        raise ReadError(
            f"{label}: not a table ({error}); expected one row a line, cells set apart by commas"
        ) from error
    if not any(len(column.rows) or column.bad for column in columns.values()):
        raise ReadError(
            f"{label}: a header ({', '.join(map(repr, columns))}) and no row; has the run logged anything yet?"
        )
    return (columns, notes) if headed else _named(columns, notes)


def _named(columns: dict[str, Column], notes: list[str]) -> tuple[dict[str, Column], list[str]]:
    """Name the columns of a table without a header, where there is no doubt: a count, and beside it the loss."""
    first, *others = columns.values()
    if not others:
        return {"loss": first}, [*notes, "one column without a name: taken as the train loss"]
    whole = first.bad is None and np.isfinite(first.values).all() and (np.floor(first.values) == first.values).all()
    if not whole or len(first.rows) < 2 or not (np.diff(first.values) > 0).all():
        return columns, notes
    if len(others) == 1:
        note = "two columns without names: the first counts up and was taken as steps, the other as the train loss"
        return {"step": first, "loss": others[0]}, [*notes, note]
    return {"step" if column is first else name: column for name, column in columns.items()}, notes


def delimiter_of(lines: Sequence[str]) -> str:
    """Tell what separates the cells: what occurs as often in the first lines, and most often."""
    counts = {each: [line.count(each) for line in lines] for each in _DELIMITERS}
    steady = {each: found[0] for each, found in counts.items() if found and min(found) == max(found) > 0}
    usual = steady or {each: found[0] for each, found in counts.items() if found and found[0]}
    return max(usual, key=lambda each: usual[each]) if usual else ","


def _by_arrow(source: Path | str, encoding: str, delimiter: str, *, headed: bool) -> dict[str, Column] | None:
    """Read a regular table fast; None where rows differ in length, repeat the header or are no UTF-8."""
    import pyarrow as pa  # noqa: PLC0415 - only where a table is read
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - only where a table is read

    from curvedx.readers.arrow import columns_of_arrow  # noqa: PLC0415 - only where a table is read

    given = str(source) if isinstance(source, Path) else io.BytesIO(source.encode())
    try:
        table = arrow_csv.read_csv(
            given,
            read_options=arrow_csv.ReadOptions(encoding=encoding, autogenerate_column_names=not headed),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                null_values=_NULLS, true_values=[], false_values=[], strings_can_be_null=True
            ),
        )
        columns = columns_of_arrow(table)
    except (pa.ArrowException, UnicodeError, ValueError):
        return None
    if any(column.bad and column.bad[1] == name for name, column in columns.items()):
        return None
    return columns if headed else {f"column {at}": column for at, column in enumerate(columns.values(), 1)}


def _by_rows(text: str, delimiter: str, *, headed: bool) -> tuple[dict[str, Column], list[str]]:
    """Read an irregular table row by row."""
    notes: list[str] = []
    rows = [
        row for row in csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter) if any(map(str.strip, row))
    ]
    header = [cell.strip() for cell in rows.pop(0)] if headed else [f"column {at + 1}" for at in range(len(rows[0]))]
    body = [row for row in rows if [cell.strip() for cell in row] != header]
    if len(body) < len(rows):
        notes.append(f"the header is repeated {len(rows) - len(body)} time(s) inside the file")
    if body and len(body[-1]) < len(header) and not text.endswith("\n"):
        body.pop()
        notes.append("the last row is truncated and was left out")
    short = sum(len(row) < len(header) for row in body)
    long = sum(len(row) > len(header) for row in body)
    if short:
        notes.append(
            f"{short} row(s) with fewer cells than the header; the cells after the last were taken as not logged"
        )
    if long:
        notes.append(f"{long} row(s) with more cells than the header; the cells beyond it were left out")
    names: dict[str, int] = {}
    for at, given in enumerate(header):
        name, twin = given, 2
        while name in names:
            name, twin = f"{given} ({twin})", twin + 1
        names[name] = at
    return {name: column_of([row[at] if at < len(row) else None for row in body]) for name, at in names.items()}, notes

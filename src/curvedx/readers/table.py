"""Tables: CSV, TSV, JSON, JSONL and Parquet, wide or long, of one run or several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

from curvedx.errors import NoLossError, ReadError
from curvedx.readers import jsontext
from curvedx.readers.csvtext import csv_columns
from curvedx.readers.log import Log, Rows, Series, column_of, columns_of
from curvedx.readers.reshape import runs_of
from curvedx.readers.roles import Columns, step_candidates
from curvedx.readers.source import run_name, text_of

_PARQUET = b"PAR1"
_SAVED_FROM_TENSORBOARD = {"Wall time", "Step", "Value"}


def read_path(path: Path, columns: Columns) -> list[Log | Rows]:
    """Read a table file, of the kind its first bytes say."""
    with path.open("rb") as file:
        first = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if first.startswith(_PARQUET):
        return [*runs_of(_parquet(path), columns)]
    if first.startswith((b"{", b"[")):
        return logs_in_json(text_of(path), str(path), run_name(path), columns)
    return [*runs_of(rows_in_csv(path), columns)]


def rows_in_csv(path: Path) -> Rows:
    """Read a delimited file as one table."""
    cells, notes = csv_columns(path, str(path))
    if set(cells) == _SAVED_FROM_TENSORBOARD:
        # Which scalar it is only the name of the file says: run-<run>-tag-<tag>.csv, or what its user called it.
        tag = path.stem.rpartition("-tag-")[2]
        cells = {tag: cells["Value"], "Step": cells["Step"]}
    return Rows(source=str(path), name=run_name(path), columns=cells, caveats=tuple(notes))


def logs_in_json(text: str, source: str, name: str, columns: Columns) -> list[Log | Rows]:
    """Read records, one a line or in a list, or lists by name."""
    document, notes = jsontext.parse(text, source)
    return logs_in_document(document, source, name, columns, tuple(notes))


def logs_in_document(
    document: object, source: str, name: str, columns: Columns, notes: tuple[str, ...] = ()
) -> list[Log | Rows]:
    """Find the log in a parsed JSON document.

    Raises
    ------
    ReadError
        If nothing in it looks like one.
    """
    if isinstance(document, Mapping):
        inner = [value for value in document.values() if _is_records(value)]
        lists = _lists(document)
        if not inner and lists:
            return [_by_name(lists, source, name, notes)]
        document = max(inner, key=len) if inner else [document]
    if (
        isinstance(document, list)
        and document
        and all(isinstance(item, int | float) or item is None for item in document)
    ):
        return [_by_name({"loss": document}, source, name, (*notes, "a bare list: taken as the train loss"))]
    if not _is_records(document):
        raise NoLossError(
            f"{source}: JSON without records or lists of numbers; expected one object a row or lists by name"
        )
    records = [jsontext.flat(item) for item in document if isinstance(item, Mapping)]
    table = Rows(source=source, name=name, columns=columns_of(records), caveats=notes)
    return [*runs_of(table, columns)]


def _parquet(path: Path) -> Rows:
    import pyarrow as pa  # noqa: PLC0415 - only where a table is read
    from pyarrow import parquet  # noqa: PLC0415 - only where a table is read

    from curvedx.readers.arrow import columns_of_arrow  # noqa: PLC0415 - only where a table is read

    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise ReadError(f"{path}: damaged Parquet ({error}); was it cut off while written?") from error
    return Rows(source=str(path), name=run_name(path), columns=columns_of_arrow(table))


def _is_records(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and sum(isinstance(item, Mapping) for item in value) * 2 > len(value)


def _lists(document: Mapping[str, object], prefix: str = "") -> dict[str, list[object] | Series]:
    """Collect lists of values by name; nested names are joined, ``{"steps": [...], "values": [...]}`` is one."""
    lists: dict[str, list[object] | Series] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            steps, values = value.get("steps"), value.get("values")
            if isinstance(steps, list) and isinstance(values, list) and len(steps) == len(values):
                at, read = column_of(steps), column_of(values)
                if at.bad is None and read.bad is None and len(at.rows) == len(steps):
                    lists[name] = Series(steps=at.values[read.rows], values=read.values)
            elif prefix.count("/") < 4:
                lists |= _lists(value, f"{name}/")
        elif isinstance(value, list) and value and not isinstance(value[0], list | Mapping):
            lists[name] = value
    return lists


def _by_name(lists: Mapping[str, list[object] | Series], source: str, name: str, notes: tuple[str, ...]) -> Log | Rows:
    """Make a table of lists of one length; where lengths differ only those as long as the step list have steps."""
    plain = {key: item for key, item in lists.items() if isinstance(item, list)}
    counters = step_candidates(plain)
    if len(plain) == len(lists) and len({len(item) for item in plain.values()}) == 1:
        if not counters:
            plain["epoch"] = list(range(len(next(iter(plain.values())))))
        cells = {key: column_of(item) for key, item in plain.items()}
        return Rows(source=source, name=name, columns=cells, caveats=notes)
    counter = plain.pop(counters[0]) if counters else []
    steps = column_of(counter)
    series = {key: item for key, item in lists.items() if isinstance(item, Series)}
    for key, item in plain.items():
        column = column_of(item)
        if column.bad is None:
            fits = len(item) == len(steps.rows)
            series[key] = Series(steps=steps.values[column.rows] if fits else None, values=column.values)
    return Log(source=source, name=name, series=series, caveats=notes)

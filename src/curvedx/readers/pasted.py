"""Pasted text: which of the text formats it is."""

from __future__ import annotations

import csv

from curvedx.errors import ReadError
from curvedx.readers import text as console
from curvedx.readers.csvtext import csv_columns, delimiter_of
from curvedx.readers.hf_trainer import rows_in as hf_rows_in
from curvedx.readers.log import MISSING, Log, Rows, number
from curvedx.readers.reshape import runs_of
from curvedx.readers.roles import Columns
from curvedx.readers.table import logs_in_json


def logs_in(text: str, name: str, columns: Columns) -> list[Log | Rows]:
    """Tell JSON, tables and console output apart and read them.

    Raises
    ------
    ReadError
        If there is nothing in the text, or nothing that reads as a log.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise ReadError(f"{name}: nothing to read; paste or pipe a log")
    if "\0" in text:
        raise ReadError(f"{name}: binary, not text; give the file by its path instead")
    if '"log_history"' in text:
        return [hf_rows_in(text, name, name, columns)]
    if text.lstrip().startswith(("{", "[")) and not text.lstrip().startswith(("{'", "[0]\t", "[0] ")):
        try:
            return logs_in_json(text, name, name, columns)
        except ReadError:
            # A console prints brackets too; what is then no log says so in the words of the console reader.
            if text.lstrip().startswith('{"'):
                raise
    if _is_table(text):
        cells, notes = csv_columns(text.lstrip("\n"), name)
        return [*runs_of(Rows(source=name, name=name, columns=cells, caveats=tuple(notes)), columns)]
    return [console.rows_in(text, name, name, columns)]


def _is_table(text: str) -> bool:
    """Tell whether the second line has as many cells as the first, most of them numbers or empty."""
    lines = [line for line in text[: 1 << 16].split("\n") if line.strip()][:3]
    delimiter = delimiter_of(lines)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return False
    if len(rows) < 2 or len({len(row) for row in rows[:2]}) != 1:
        return False
    good = sum(number(cell) is not None or cell.strip().lower() in MISSING for cell in rows[1])
    return good * 2 >= len(rows[1]) and good > 0

"""Keras: files of the CSVLogger, and History dumped as JSON."""

from __future__ import annotations

from pathlib import Path

from curvedx.readers.log import Log, Rows
from curvedx.readers.roles import Columns
from curvedx.readers.table import read_path as read_table


def read_path(path: Path, columns: Columns) -> list[Log | Rows]:
    """Read either; missing cells (``NA``), lists by name and an epoch that starts again are what tables know."""
    return read_table(path, columns)

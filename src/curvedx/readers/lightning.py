"""PyTorch Lightning's CSVLogger: sparse rows, train and validation apart, counted by the optimizer step."""

from __future__ import annotations

from pathlib import Path

from curvedx.readers.log import Rows
from curvedx.readers.roles import Columns
from curvedx.readers.source import run_name
from curvedx.readers.table import rows_in_csv


def read_path(path: Path, columns: Columns) -> list[Rows]:
    """Read a metrics.csv; ``x_step`` and ``x_epoch`` are settled by the general guess, which takes the denser."""
    del columns
    table = rows_in_csv(path)
    return [Rows(source=table.source, name=run_name(path), columns=table.columns, caveats=table.caveats)]

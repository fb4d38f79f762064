"""Ultralytics YOLO: results.csv, which logs the components of the loss and never their sum."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np

from curvedx.readers.log import Column, Rows
from curvedx.readers.roles import Columns
from curvedx.readers.table import rows_in_csv


def read_path(path: Path, columns: Columns) -> list[Rows]:
    """Read a results.csv; the losses of train and of validation are summed where no total was logged."""
    table = rows_in_csv(path)
    cells = dict(table.columns)
    notes = list(table.caveats)
    for split, asked in (("train", columns.loss), ("val", columns.val_loss)):
        parts = [name for name in cells if name.startswith(f"{split}/") and name.endswith("loss")]
        if asked is not None or len(parts) < 2 or f"{split}/loss" in cells:
            continue
        if any(cells[name].bad for name in parts):
            continue
        cells[f"{split}_loss"] = _sum([cells[name] for name in parts])
        notes.append(f"{split} loss is the sum of {', '.join(parts)}")
    return [replace(table, columns=cells, caveats=tuple(notes))]


def _sum(parts: list[Column]) -> Column:
    """Add columns row by row; a row counts where every part was logged."""
    rows = reduce(np.intersect1d, [part.rows for part in parts])
    with np.errstate(invalid="ignore", over="ignore"):
        total = sum(part.values[np.isin(part.rows, rows)] for part in parts)
    return Column(rows=rows, values=np.asarray(total, dtype=np.float64))

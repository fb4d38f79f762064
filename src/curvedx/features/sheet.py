"""`Sheet`: the views of many curves, blocks of equal length together, so that one call measures many views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray

Rows = NDArray[np.intp]
"""Numbers of the curves that the rows of a matrix belong to."""

Views = dict[str, FloatArray]
"""The views of one curve by name."""


class Layout:
    """Where each view has its place: views of one length stand together in a block."""

    def __init__(self, lengths: Mapping[str, int]) -> None:
        self.blocks: dict[int, list[str]] = {}
        self._place: dict[str, tuple[int, int]] = {}
        for name, length in lengths.items():
            block = self.blocks.setdefault(length, [])
            self._place[name] = (length, len(block))
            block.append(name)

    def place(self, name: str) -> tuple[int, int]:
        """Return the length of a view and its slot in the block of that length."""
        return self._place[name]

    def __contains__(self, name: object) -> bool:
        return name in self._place


class Sheet:
    """The views of `count` curves; a view that a curve lacks is NaN and marked as absent."""

    def __init__(self, layout: Layout, count: int) -> None:
        self.layout = layout
        self.count = count
        self._views = {n: np.full((count, len(names), n), np.nan) for n, names in layout.blocks.items()}
        self._has = {n: np.zeros((count, len(names)), dtype=bool) for n, names in layout.blocks.items()}

    @classmethod
    def of(cls, layout: Layout, rows: Sequence[Views]) -> Sheet:
        """Return a sheet of ready views, one mapping a curve."""
        sheet = cls(layout, len(rows))
        for row, found in enumerate(rows):
            for name, values in found.items():
                sheet.put(name, np.array([row]), values[np.newaxis])
        return sheet

    def put(self, name: str, rows: Rows, values: FloatArray) -> None:
        """Fill in one view of some curves: one row of `values` for each number in `rows`."""
        length, slot = self.layout.place(name)
        self._views[length][rows, slot] = values
        self._has[length][rows, slot] = True

    def take(self, length: int, slots: NDArray[np.intp]) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return some views of one length of every curve, and which of them are there.

        Returns
        -------
        Values (curves, views, length) and a mask (curves, views).
        """
        return self._views[length][:, slots], self._has[length][:, slots]

    def row(self, number: int) -> Views:
        """Return the views that one curve has."""
        return {
            name: self._views[length][number, slot].copy()
            for length, names in self.layout.blocks.items()
            for slot, name in enumerate(names)
            if self._has[length][number, slot]
        }


@dataclass(frozen=True)
class Part:
    """Some curves of a sheet, in the order of the rows of what is put in."""

    sheet: Sheet
    rows: Rows

    def put(self, name: str, values: FloatArray) -> None:
        """Fill in one view: one row of `values` a curve."""
        self.sheet.put(name, self.rows, values)

    def of(self, chosen: Rows) -> Part:
        """Return the part of some of these curves."""
        return Part(self.sheet, self.rows[chosen])


@dataclass(frozen=True)
class Points:
    """One channel of those curves of a part that logged equally many points of it."""

    chosen: Rows
    """Which curves of the part these are."""
    steps: FloatArray
    """One row a curve, as `values`."""
    values: FloatArray

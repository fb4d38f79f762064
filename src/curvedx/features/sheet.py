"""`Sheet`: the views of many curves, blocks of equal length together, so that one call measures many views."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray
from curvedx.features.bins import squash

Rows = NDArray[np.intp]
"""Numbers of the curves that the rows of a matrix belong to."""

Views = dict[str, FloatArray]
"""The views of one curve by name."""


class Layout:
    """Where each view has its place: views of one length stand together in a block."""

    def __init__(self, lengths: Mapping[str, int], unbounded: Collection[str] = ()) -> None:
        """Lay out views.

        Parameters
        ----------
        lengths
            Every view with its length.
        unbounded
            Views that can be of any size, which are compressed: linear near zero, logarithmic far out.
        """
        self.blocks: dict[int, list[str]] = {}
        self._place: dict[str, tuple[int, int]] = {}
        for name, length in lengths.items():
            block = self.blocks.setdefault(length, [])
            self._place[name] = (length, len(block))
            block.append(name)
        self.unbounded = frozenset(unbounded)

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
                length, slot = layout.place(name)
                sheet.put(length, np.array([row]), np.array([slot]), values)
        return sheet

    def put(self, length: int, rows: Rows, slots: Rows, values: FloatArray) -> None:
        """Fill in views of one length.

        Parameters
        ----------
        rows, slots
            Numbers of the curves, and places of the views in their block.
        values
            An array (curves, views, length).
        """
        self._views[length][rows[:, np.newaxis], slots] = values
        self._has[length][rows[:, np.newaxis], slots] = True

    def take(self, length: int, slots: NDArray[np.intp]) -> tuple[Rows, NDArray[np.intp], FloatArray]:
        """Return some views of one length of every curve that has them.

        Returns
        -------
        One entry a view that is there: the number of its curve, which of `slots` it is, and its values as a row.
        """
        curve, view = self._has[length][:, slots].nonzero()
        return curve, view, self._views[length][curve, slots[view]]

    def row(self, number: int) -> Views:
        """Return the views that one curve has."""
        return {
            name: self._views[length][number, slot].copy()
            for length, names in self.layout.blocks.items()
            for slot, name in enumerate(names)
            if self._has[length][number, slot]
        }


class Part:
    """Some curves of a sheet, in the order of the rows of what is put in.

    Used as a context: what was put in is compressed where it is unbounded, and reaches the sheet, at the end of the
    outermost one.
    """

    def __init__(self, sheet: Sheet, rows: Rows) -> None:
        self._sheet, self._rows = sheet, rows
        self._found: dict[tuple[int, bool], list[tuple[int, FloatArray]]] = {}
        self._within = 0

    def put(self, name: str, values: FloatArray) -> None:
        """Fill in one view: one row of `values` a curve."""
        length, slot = self._sheet.layout.place(name)
        self._found.setdefault((length, name in self._sheet.layout.unbounded), []).append((slot, values))

    def of(self, chosen: Rows) -> Part:
        """Return the part of some of these curves, each named once; of all of them, in their order, it is this one."""
        return self if len(chosen) == len(self._rows) else Part(self._sheet, self._rows[chosen])

    def __enter__(self) -> Self:
        self._within += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._within -= 1
        if self._within:
            return
        for (length, unbounded), found in self._found.items():
            slots, values = zip(*found, strict=True)
            together = np.concatenate(values, axis=1).reshape(len(self._rows), len(slots), length)
            self._sheet.put(length, self._rows, np.array(slots), squash(together) if unbounded else together)
        self._found.clear()


@dataclass(frozen=True)
class Points:
    """One channel of those curves of a part that logged equally many points of it."""

    chosen: Rows
    """Which curves of the part these are."""
    steps: FloatArray
    """One row a curve, as `values`."""
    values: FloatArray

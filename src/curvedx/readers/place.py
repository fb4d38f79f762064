"""Which step each row of a table stands at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from curvedx.curve import FloatArray
from curvedx.readers.log import Column, IntArray, column_of
from curvedx.readers.roles import step_candidates

_OF_TOTAL = re.compile(r"\d+\s*/\s*\d+")


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The step column, with what has to be added where it began again."""

    rows: IntArray
    values: FloatArray
    breaks: IntArray
    """Rows at which the count begins again."""
    offsets: FloatArray
    """What all rows from there on count more."""
    restarts: tuple[float, ...]
    """The steps at which it went on."""
    ends: tuple[float, ...]
    """The steps after which it began again, as logged."""

    def steps_of(self, column: Column) -> tuple[FloatArray, int]:
        """Return the step of each value of a column, and how many of its rows carry none.

        Those stand at the last step before them, or at the first where none is before.
        """
        at = np.searchsorted(self.rows, column.rows, side="right") - 1
        unplaced = int((self.rows[np.maximum(at, 0)] != column.rows).sum())
        steps = self.values[np.maximum(at, 0)].copy()
        # In a table sorted by metric, a metric that comes wholly after the break has not begun again.
        if len(self.breaks) and len(column.rows) and column.rows[0] < self.breaks[0]:
            stretch = np.searchsorted(self.breaks, column.rows, side="right")
            steps += np.append(0.0, self.offsets)[stretch]
        return steps, unplaced


def without_totals(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Read step columns that say of how many, such as ``"601/2161"``, as the steps they hold."""
    settled = dict(columns)
    for name in step_candidates(columns):
        texts = columns[name].texts
        if texts is not None and all(text is None or _OF_TOTAL.fullmatch(text) for text in texts):
            settled[name] = column_of([text and text.split("/")[0] for text in texts])
    return settled


def choose(numeric: Mapping[str, Column], loss: Column) -> str | None:
    """Choose what numbers the points: the best name that tells the rows of the loss apart at all."""
    for name in step_candidates(numeric):
        column = numeric[name]
        shared = column.values[np.isin(column.rows, loss.rows) & np.isfinite(column.values)]
        if len(shared) and (len(loss.rows) == 1 or shared.min() < shared.max()):
            return name
    return None


def counter(column: Column, loss: Column) -> Counter:
    """Read a step column; where the steps of the loss go back to their very start, it counts on.

    `Curve` does the same for a channel by itself, but a channel with one point a stretch cannot show that it began
    again, so that a table, whose rows all share one counter, is settled here.
    """
    finite = np.isfinite(column.values)
    rows, values = column.rows[finite], column.values[finite]
    own = np.isin(rows, loss.rows)
    own_rows, steps = rows[own], values[own]
    again = np.flatnonzero(np.diff(steps) < 0) + 1
    again = again[steps[again] <= steps[0]] if len(steps) else again
    breaks: list[int] = []
    offsets: list[float] = []
    paces = np.diff(steps[: again[0]]) if len(again) else np.empty(0)
    pace = float(np.median(paces[paces > 0])) if (paces > 0).any() else 1.0
    total = 0.0
    for at in again:
        between = np.flatnonzero((rows > own_rows[at - 1]) & (rows <= own_rows[at]) & (values < steps[at - 1]))
        breaks.append(int(rows[between[0]]))
        total += float(steps[at - 1] + pace - steps[at])
        offsets.append(total)
    return Counter(
        rows=rows,
        values=values,
        breaks=np.array(breaks, dtype=np.int64),
        offsets=np.array(offsets),
        restarts=tuple(float(steps[at] + offset) for at, offset in zip(again, offsets, strict=True)),
        ends=tuple(float(steps[at - 1]) for at in again),
    )

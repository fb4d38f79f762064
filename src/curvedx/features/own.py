"""The few calculators of our own, in batch form; `reference` gives each in tsfresh's custom-feature form.

Each takes a matrix of views, one row a curve, and returns one number a row.
"""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.features.calculators import Numbers

PER_ROW = {"value_at": ("at",), "gain": ("start", "stop"), "swings": ("least",), "peak_spacing": ("share",)}
"""Parameters that may differ from row to row: one number, or an array of one number a row."""

FEW = 24
"""Rows from which on it pays to count swings column by column."""


def value_at(x: FloatArray, at: Numbers) -> FloatArray:
    """Return the value at a share of the length, 0 the first and 1 the last."""
    return np.asarray(x[np.arange(len(x)), np.rint(np.asarray(at) * (x.shape[1] - 1)).astype(np.intp)])


def gain(x: FloatArray, start: Numbers, stop: Numbers) -> FloatArray:
    """Return how far the values fall between two places."""
    return value_at(x, start) - value_at(x, stop)


def rise_from_minimum(x: FloatArray) -> FloatArray:
    """Return how far the last value stands above the lowest."""
    return np.asarray(x[:, -1] - x.min(axis=1))


def won_back_after_peak(x: FloatArray) -> FloatArray:
    """Return how far the last value lies below the highest from the minimum on."""
    after = np.where(np.arange(x.shape[1]) >= x.argmin(axis=1)[:, None], x, -np.inf)
    return np.asarray(after.max(axis=1) - x[:, -1])


def steepest(x: FloatArray, width: int) -> FloatArray:
    """Return the largest fall over a stretch of this width."""
    return np.asarray((x[:, :-width] - x[:, width:]).max(axis=1))


def steepest_share(x: FloatArray, width: int) -> FloatArray:
    """Return the largest fall over a stretch of this width as a share of the range; 0 for a constant."""
    span = x.max(axis=1) - x.min(axis=1)
    return np.asarray(np.divide(steepest(x, width), span, out=np.zeros(len(x)), where=span > 0))


def knee(x: FloatArray, width: int) -> FloatArray:
    """Return the sharpest bend from falling to level.

    At every place of the first two thirds, the fall over the stretch before less ten times the fall over the stretch
    after: positive where a fall stops at once, and the larger the more it had brought.
    """
    last = 2 * x.shape[1] // 3
    before = x[:, : last - width] - x[:, width:last]
    after = np.abs(x[:, width:last] - x[:, 2 * width : last + width])
    return np.asarray((before - 10.0 * after).max(axis=1))


def swings(x: FloatArray, least: Numbers) -> FloatArray:
    """Return the number of swings, up or down, of at least this size (a zigzag count)."""
    least = np.broadcast_to(np.asarray(least, dtype=np.float64), (len(x),))
    if len(x) < FEW:
        return np.array([_swings_of_one(row.tolist(), size) for row, size in zip(x, least.tolist(), strict=True)])
    count = np.zeros(len(x))
    high, low = x[:, 0].copy(), x[:, 0].copy()
    direction = np.zeros(len(x), dtype=np.int8)
    for column in np.ascontiguousarray(x.T):
        np.maximum(high, column, out=high)
        np.minimum(low, column, out=low)
        up = (direction <= 0) & (column - low >= least)
        down = (direction >= 0) & (high - column >= least) & ~up
        turned = up | down
        if turned.any():
            count += turned
            direction[up], direction[down] = 1, -1
            high[turned], low[turned] = column[turned], column[turned]
    return count


def _swings_of_one(values: list[float], least: float) -> float:
    """Count the swings of one row by the same comparisons, which for few rows is faster than arrays are."""
    count, direction = 0.0, 0
    high = low = values[0]
    for value in values:
        if value > high:
            high = value
        elif value < low:
            low = value
        if direction <= 0 and value - low >= least:
            count, direction, high, low = count + 1.0, 1, value, value
        elif direction >= 0 and high - value >= least:
            count, direction, high, low = count + 1.0, -1, value, value
    return count


def peak_spacing(x: FloatArray, share: Numbers) -> FloatArray:
    """Return how even the distances between peaks are: their standard deviation over their mean.

    A peak is a local maximum above this share of the highest. With fewer than three peaks the value is 2, more uneven
    than chance.
    """
    out = np.full(len(x), 2.0)
    limit = np.asarray(share) * x.max(axis=1)
    tops = x > np.maximum(limit, 0.0)[:, np.newaxis]
    tops[:, 1:] &= x[:, 1:] > x[:, :-1]
    tops[:, :-1] &= x[:, :-1] >= x[:, 1:]
    rows, places = tops.nonzero()
    within = rows[1:] == rows[:-1]
    row, distance = rows[1:][within], (places[1:] - places[:-1])[within]
    # Sums of whole numbers are exact: even distances have no spread at all, in any order.
    count, total, squares = (np.bincount(row, distance**power, minlength=len(x)) for power in (0, 1, 2))
    enough = count >= 2
    out[enough] = np.sqrt((count * squares - total * total)[enough]) / total[enough]
    return out

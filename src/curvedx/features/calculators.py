"""tsfresh's calculators in batch form: each takes a matrix of views and returns one number a row.

The definition of each is tsfresh's own (https://tsfresh.readthedocs.io, "Overview on extracted features"); the tests
hold them equal.
"""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.features.bins import quantiles
from curvedx.measures import clipped
from curvedx.measures import mean as row_mean

PER_ROW = {
    "quantile": ("q",),
    "count_above": ("t",),
    "count_below": ("t",),
    "number_crossing_m": ("m",),
    "autocorrelation": ("lag",),
    "mean_n_absolute_max": ("number_of_maxima",),
}
"""Parameters that may differ from row to row: one number, or an array of one number a row."""

EPSILON = float(np.finfo(np.float64).eps)

CONSTANT = 1e-8
"""Variance up to which tsfresh takes a series for a constant."""

Numbers = FloatArray | float
"""One number, or one a row."""


def _column(values: Numbers) -> FloatArray:
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def maximum(x: FloatArray) -> FloatArray:
    """Return the largest value."""
    return np.asarray(x.max(axis=1))


def minimum(x: FloatArray) -> FloatArray:
    """Return the smallest value."""
    return np.asarray(x.min(axis=1))


def mean(x: FloatArray) -> FloatArray:
    """Return the mean."""
    return row_mean(x)


def quantile(x: FloatArray, q: Numbers) -> FloatArray:
    """Return a quantile, linearly interpolated."""
    places = np.broadcast_to(_column(q) * (x.shape[1] - 1), (len(x), 1))
    return quantiles(np.sort(x, axis=1), places)[:, 0]


def skewness(x: FloatArray) -> FloatArray:
    """Return the adjusted Fisher-Pearson skewness G1; NaN for a constant, rounding of its mean aside."""
    n = x.shape[1]
    centred = x - row_mean(x)[:, np.newaxis]
    square = centred * centred
    variance = row_mean(square)
    varies = variance > (EPSILON * np.abs(x).max(axis=1)) ** 2
    moment = row_mean(square * centred)
    g1 = np.divide(moment, variance * np.sqrt(variance), out=np.full(len(x), np.nan), where=varies)
    return np.asarray(g1 * np.sqrt(n * (n - 1.0)) / (n - 2.0))


def first_location_of_maximum(x: FloatArray) -> FloatArray:
    """Return the relative place of the first maximum."""
    return np.asarray(x.argmax(axis=1) / x.shape[1])


def last_location_of_maximum(x: FloatArray) -> FloatArray:
    """Return the relative place behind the last maximum."""
    return np.asarray(1.0 - x[:, ::-1].argmax(axis=1) / x.shape[1])


def count_above(x: FloatArray, t: Numbers) -> FloatArray:
    """Return the share of values at or above t."""
    return np.asarray((x >= _column(t)).sum(axis=1) / x.shape[1])


def count_below(x: FloatArray, t: Numbers) -> FloatArray:
    """Return the share of values at or below t."""
    return np.asarray((x <= _column(t)).sum(axis=1) / x.shape[1])


def mean_n_absolute_max(x: FloatArray, number_of_maxima: Numbers) -> FloatArray:
    """Return the mean of the n largest absolute values."""
    count = _column(number_of_maxima)
    falling = np.sort(np.abs(x), axis=1)[:, : -int(count.max()) - 1 : -1]
    counted = np.where(np.arange(falling.shape[1]) < count, falling, 0.0)
    return np.asarray(counted.sum(axis=1) / count[:, 0])


def number_crossing_m(x: FloatArray, m: Numbers) -> FloatArray:
    """Return how often the values cross m."""
    above = x > _column(m)
    return np.asarray((above[:, 1:] != above[:, :-1]).sum(axis=1).astype(np.float64))


def autocorrelation(x: FloatArray, lag: Numbers) -> FloatArray:
    """Return the autocorrelation at a lag; NaN for a constant."""
    lags = np.broadcast_to(np.asarray(lag), (len(x),))
    centred = x - row_mean(x)[:, np.newaxis]
    variance = row_mean(centred * centred)
    total = np.empty(len(x))
    for apart in np.unique(lags).tolist():
        rows = lags == apart
        part = centred[rows]
        total[rows] = (part[:, :-apart] * part[:, apart:]).sum(axis=1)
    found = np.full(len(x), np.nan)
    return np.asarray(np.divide(total, (x.shape[1] - lags) * variance, out=found, where=variance > CONSTANT))


def linear_trend(x: FloatArray, attr: str) -> FloatArray:
    """Return the slope or the correlation of the straight line through the values; no correlation (NaN) if constant."""
    t = np.arange(x.shape[1]) - (x.shape[1] - 1.0) / 2.0
    centred = x - row_mean(x)[:, np.newaxis]
    # A sum row by row rather than a matrix product, so that a row's value does not depend on how many rows there are.
    covariance = (centred * t).sum(axis=1)
    power = float((t * t).sum())
    if attr == "slope":
        return np.asarray(covariance / power)
    if attr == "rvalue":
        scale = np.sqrt(power * x.shape[1] * row_mean(centred * centred))
        # Where the variance is too small for a float, a slope may not be.
        flat = np.where(covariance / x.shape[1] == 0.0, np.nan, 0.0)
        return clipped(np.divide(covariance, scale, out=flat, where=scale > 0), -1.0, 1.0)
    raise ValueError(f"linear_trend: attr is {attr!r}; only 'slope' and 'rvalue' are computed in batch")

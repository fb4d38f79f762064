"""tsfresh's calculators in batch form: each takes a matrix of views and returns one number a row.

The definition of each is tsfresh's own (https://tsfresh.readthedocs.io, "Overview on extracted features"); the tests
hold them equal.
"""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.features.bins import quantiles
from curvedx.measures import median as of_middle

PER_ROW = {
    "quantile": ("q",),
    "count_above": ("t",),
    "count_below": ("t",),
    "number_crossing_m": ("m",),
    "mean_n_absolute_max": ("number_of_maxima",),
    "ratio_beyond_r_sigma": ("r",),
}
"""Parameters that may differ from row to row: one number, or an array of one number a row."""

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
    return np.asarray(x.mean(axis=1))


def median(x: FloatArray) -> FloatArray:
    """Return the median."""
    return of_middle(x)


def standard_deviation(x: FloatArray) -> FloatArray:
    """Return the standard deviation of the population."""
    return np.asarray(x.std(axis=1))


def quantile(x: FloatArray, q: Numbers) -> FloatArray:
    """Return a quantile, linearly interpolated."""
    places = np.broadcast_to(_column(q) * (x.shape[1] - 1), (len(x), 1))
    return quantiles(np.sort(x, axis=1), places)[:, 0]


def _moments(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred, (centred**2).mean(axis=1)


def _standard_moment(x: FloatArray, order: int) -> FloatArray:
    """Return a central moment in standard deviations; NaN for a constant, rounding of its mean aside."""
    centred, variance = _moments(x)
    varies = variance > (np.finfo(np.float64).eps * np.abs(x).max(axis=1)) ** 2
    moment = (centred**order).mean(axis=1)
    return np.asarray(np.divide(moment, variance ** (order / 2), out=np.full(len(x), np.nan), where=varies))


def skewness(x: FloatArray) -> FloatArray:
    """Return the adjusted Fisher-Pearson skewness G1; NaN for a constant."""
    n = x.shape[1]
    return np.asarray(_standard_moment(x, 3) * np.sqrt(n * (n - 1.0)) / (n - 2.0))


def kurtosis(x: FloatArray) -> FloatArray:
    """Return the adjusted Fisher-Pearson kurtosis G2; NaN for a constant."""
    n = x.shape[1]
    return np.asarray((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (_standard_moment(x, 4) - 3.0) + 6.0))


def first_location_of_maximum(x: FloatArray) -> FloatArray:
    """Return the relative place of the first maximum."""
    return np.asarray(x.argmax(axis=1) / x.shape[1])


def first_location_of_minimum(x: FloatArray) -> FloatArray:
    """Return the relative place of the first minimum."""
    return np.asarray(x.argmin(axis=1) / x.shape[1])


def last_location_of_maximum(x: FloatArray) -> FloatArray:
    """Return the relative place behind the last maximum."""
    return np.asarray(1.0 - x[:, ::-1].argmax(axis=1) / x.shape[1])


def last_location_of_minimum(x: FloatArray) -> FloatArray:
    """Return the relative place behind the last minimum."""
    return np.asarray(1.0 - x[:, ::-1].argmin(axis=1) / x.shape[1])


def count_above(x: FloatArray, t: Numbers) -> FloatArray:
    """Return the share of values at or above t."""
    return np.asarray((x >= _column(t)).mean(axis=1))


def count_below(x: FloatArray, t: Numbers) -> FloatArray:
    """Return the share of values at or below t."""
    return np.asarray((x <= _column(t)).mean(axis=1))


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


def autocorrelation(x: FloatArray, lag: int) -> FloatArray:
    """Return the autocorrelation at a lag; NaN for a constant."""
    centred, variance = _moments(x)
    total = (centred[:, :-lag] * centred[:, lag:]).sum(axis=1)
    flat = np.isclose(variance, 0.0)
    return np.asarray(np.divide(total, (x.shape[1] - lag) * variance, out=np.full(len(x), np.nan), where=~flat))


def fft_coefficient(x: FloatArray, coeff: int, attr: str) -> FloatArray:
    """Return the absolute value of a Fourier coefficient."""
    if attr != "abs":
        raise ValueError(f"fft_coefficient: attr is {attr!r}; only 'abs' is computed in batch")
    # Row by row, so that a row's value does not depend on how many rows there are, as a matrix product's would.
    return np.asarray(np.abs(np.fft.rfft(x, axis=1)[:, coeff]))


def cid_ce(x: FloatArray, normalize: bool) -> FloatArray:
    """Return the complexity estimate: the length of the line of differences, of the standardised values if asked."""
    out = np.sqrt((np.diff(x, axis=1) ** 2).sum(axis=1))
    if not normalize:
        return np.asarray(out)
    deviation = x.std(axis=1)
    return np.asarray(np.divide(out, deviation, out=np.zeros_like(out), where=deviation > 0))


def time_reversal_asymmetry_statistic(x: FloatArray, lag: int) -> FloatArray:
    """Return the mean of x(t+2l)^2 x(t+l) - x(t+l) x(t)^2."""
    a, b, c = x[:, : -2 * lag], x[:, lag:-lag], x[:, 2 * lag :]
    return np.asarray((c * c * b - b * a * a).mean(axis=1))


def linear_trend(x: FloatArray, attr: str) -> FloatArray:
    """Return the slope or the correlation of the straight line through the values; no correlation (NaN) if constant."""
    t = np.arange(x.shape[1]) - (x.shape[1] - 1.0) / 2.0
    # A sum row by row rather than a matrix product, for the same reason as in `fft_coefficient`.
    covariance = ((x - x.mean(axis=1, keepdims=True)) * t).sum(axis=1)
    power = float((t * t).sum())
    if attr == "slope":
        return np.asarray(covariance / power)
    if attr == "rvalue":
        scale = np.sqrt(power * x.shape[1]) * x.std(axis=1)
        # Where the variance is too small for a float, a slope may not be.
        flat = np.where(covariance / x.shape[1] == 0.0, np.nan, 0.0)
        return np.asarray(np.clip(np.divide(covariance, scale, out=flat, where=scale > 0), -1.0, 1.0))
    raise ValueError(f"linear_trend: attr is {attr!r}; only 'slope' and 'rvalue' are computed in batch")


def ratio_beyond_r_sigma(x: FloatArray, r: Numbers) -> FloatArray:
    """Return the share of values more than r standard deviations from the mean."""
    return np.asarray(
        (np.abs(x - x.mean(axis=1, keepdims=True)) > _column(r) * x.std(axis=1, keepdims=True)).mean(axis=1)
    )


def number_peaks(x: FloatArray, n: int) -> FloatArray:
    """Return the number of peaks: values above their n neighbours on either side."""
    inner = x[:, n:-n]
    peak = np.ones(inner.shape, dtype=bool)
    for k in range(1, n + 1):
        peak &= (inner > x[:, n - k : x.shape[1] - n - k]) & (inner > x[:, n + k : x.shape[1] - n + k])
    return np.asarray(peak.sum(axis=1).astype(np.float64))

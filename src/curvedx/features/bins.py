"""Channels of many curves as at most 512 bins that keep minimum, mean and maximum, and the filters that work on them.

Everything here takes a matrix, one row a curve, and works along its rows; no value depends on the other rows. Bins
bound the cost of everything that follows, and a one-step spike in 100,000 steps survives in its bin's maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from curvedx.curve import FloatArray

MOST = 512
"""Most bins of a channel; shorter channels have a bin a point."""

LARGEST = 1e100
"""Losses of a larger size are taken as of this one, so that sums and products of them stay finite."""

WINDOWS = 1 << 16
"""Values that the windows of a running median hold at once: as many as stay in the cache."""


@dataclass(frozen=True)
class Bins:
    """Minimum, mean and maximum of equal stretches of points."""

    low: FloatArray
    mean: FloatArray
    high: FloatArray
    each: int
    """Points in a bin; the last one may hold fewer."""

    @property
    def count(self) -> int:
        """Bins of each curve."""
        return len(self.mean[0])

    def at_points(self, values: FloatArray, points: int) -> FloatArray:
        """Give each of the first `points` points the value of its bin."""
        return values if self.each == 1 else np.repeat(values, self.each, axis=1)[:, :points]


def bin_values(values: FloatArray) -> Bins:
    """Sum up finite values, in order, in at most `MOST` bins."""
    count = values.shape[1]
    each = -(-count // MOST)
    if each <= 1:
        return Bins(values, values, values, 1)
    starts = np.arange(0, count, each)
    counts = np.minimum(each, count - starts)
    return Bins(
        np.minimum.reduceat(values, starts, axis=1),
        np.add.reduceat(values, starts, axis=1) / counts,
        np.maximum.reduceat(values, starts, axis=1),
        each,
    )


def padded(values: FloatArray, before: int, after: int) -> FloatArray:
    """Repeat the first value `before` times and the last one `after` times."""
    rows, count = values.shape
    out = np.empty((rows, before + count + after))
    out[:, :before] = values[:, :1]
    out[:, before : before + count] = values
    out[:, before + count :] = values[:, -1:]
    return out


def running_median(values: FloatArray, width: int) -> FloatArray:
    """Return the median over a centred window of odd width; the ends are repeated outwards."""
    rows, count = values.shape
    width = min(width | 1, (count - 1) | 1)
    if width < 3:
        return values
    half = width // 2
    wide = padded(values, half, half)
    if width == 3:
        a, b, c = wide[:, :-2], wide[:, 1:-1], wide[:, 2:]
        return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    windows = sliding_window_view(wide, width, axis=1)
    out = np.empty((rows, count))
    chunk = max(1, WINDOWS // (count * width))
    for at in range(0, rows, chunk):
        out[at : at + chunk] = np.partition(windows[at : at + chunk], half, axis=2)[:, :, half]
    return out


def running_mean(values: FloatArray, width: int) -> FloatArray:
    """Return the mean over a centred window of odd width; the ends are repeated outwards."""
    count = values.shape[1]
    width = min(width | 1, (count - 1) | 1)
    if width < 3:
        return values
    half = width // 2
    total = padded(values, half + 1, half)
    total[:, 0] = 0.0
    np.cumsum(total, axis=1, out=total)
    return (total[:, width:] - total[:, :-width]) / width


def smooth(values: FloatArray) -> FloatArray:
    """Smooth as the definitions say: a running median over about 3 % (5 points at least), then an average.

    Channels of fewer than 20 points keep all but single outliers.
    """
    count = values.shape[1]
    width = 3 if count < 20 else max(5, round(0.03 * count))
    return running_mean(running_median(values, width), max(1, width // 2))


@lru_cache(maxsize=4096)
def _edges(count: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    edges = np.arange(length) * count // length
    return edges, np.diff(np.append(edges, count)).astype(np.float64)


@lru_cache(maxsize=4096)
def _nearest(count: int, length: int) -> NDArray[np.intp]:
    return np.asarray(np.minimum((np.arange(length) + 0.5) * count / length, count - 1).astype(np.intp))


@lru_cache(maxsize=4096)
def _even(count: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    return between(np.linspace(0.0, count - 1.0, length), count)


@lru_cache(maxsize=4096)
def _geometric(count: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    return between(np.geomspace(1.0, float(count), length) - 1.0, count)


def between(places: FloatArray, count: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the point to the left of each place among `count` points, and how far the place lies beyond it."""
    left = np.clip(places.astype(np.intp), 0, max(count - 2, 0))
    return left, places - left


def interpolated(values: FloatArray, left: NDArray[np.intp], beyond: FloatArray) -> FloatArray:
    """Return the values at places given as by `between`, on straight lines between the points."""
    if values.shape[1] == 1:
        return np.repeat(values, np.shape(left)[-1], axis=1)
    if left.ndim == 1:
        low, high = values[:, left], values[:, left + 1]
    else:
        low, high = np.take_along_axis(values, left, axis=1), np.take_along_axis(values, left + 1, axis=1)
    return low + beyond * (high - low)


def stretch(values: FloatArray, length: int) -> FloatArray:
    """Resample a smooth series to a length: means of stretches, or straight lines between few points."""
    count = values.shape[1]
    if count >= 2 * length:
        edges, widths = _edges(count, length)
        return np.add.reduceat(values, edges, axis=1) / widths
    return interpolated(values, *_even(count, length))


def peaks(values: FloatArray, length: int) -> FloatArray:
    """Resample a series of extremes to a length: the largest of each stretch, or each of few points repeated.

    Of no points at all nothing stands out: zeros.
    """
    count = values.shape[1]
    if count == 0:
        return np.zeros((len(values), length))
    if count >= length:
        return np.maximum.reduceat(values, _edges(count, length)[0], axis=1)
    return values[:, _nearest(count, length)]


def stretch_log(values: FloatArray, length: int) -> FloatArray:
    """Resample a smooth series at places evenly spread over the logarithm of the point number."""
    return interpolated(values, *_geometric(values.shape[1], length))


def quantiles(ordered: FloatArray, places: FloatArray) -> FloatArray:
    """Return what lies at fractional places of ascending rows, on straight lines between the values."""
    low = places.astype(np.intp)
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, np.minimum(low + 1, ordered.shape[1] - 1), axis=1)
    return below + (places - low) * (above - below)


def squash(values: FloatArray) -> FloatArray:
    """Compress what can be of any size: linear near zero, logarithmic far out (the inverse hyperbolic sine)."""
    size = np.minimum(np.abs(values), 1e12)
    return np.asarray(np.copysign(np.log(size + np.sqrt(size * size + 1.0)), values))

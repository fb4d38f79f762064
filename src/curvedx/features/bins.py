"""Channels of many curves as at most 256 bins that keep minimum, mean and maximum, and the filters that work on them.

Everything here takes a matrix, one row a curve, and works along its rows; no value depends on the other rows. Bins
bound the cost of everything that follows, and a one-step spike in 100,000 steps survives in its bin's maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray

MOST = 256
"""Most bins of a channel; shorter channels have a bin a point."""

FEW = 24
"""Values in a bin up to which bins are summed up side by side rather than one after the other."""

WINDOWS = 1 << 16
"""Values that the windows of a running median hold at once: as many as stay in the cache."""

FEWEST_ROWS = 3
"""Rows up to which the many calls of a larger network cost more than they save."""

NETWORKS = {
    width: tuple((int(pair[0]), int(pair[1])) for pair in exchanges.split())
    for width, exchanges in {
        3: "01 12 01",
        5: "01 34 03 14 12 23 12",
        7: "05 03 16 24 01 35 26 23 36 45 14 13 34",
        9: "12 45 78 01 34 67 12 45 78 03 58 47 36 14 25 47 42 64 42",
    }.items()
}
"""Exchanges that bring the median of so many values to the middle place (Smith 1996; Devillard 1998)."""


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
        count: int = self.mean.shape[1]
        return count

    def at_points(self, values: FloatArray, points: int) -> FloatArray:
        """Give each of the first `points` points the value of its bin."""
        return values if self.each == 1 else np.repeat(values, self.each, axis=1)[:, :points]


def bin_values(values: FloatArray) -> Bins:
    """Sum up finite values, in order, in at most `MOST` bins."""
    count = values.shape[1]
    each = -(-count // MOST)
    if each <= 1:
        return Bins(values, values, values, 1)
    return Bins(_of_each(np.minimum, values, each), bin_means(values), _of_each(np.maximum, values, each), each)


def bin_means(values: FloatArray) -> FloatArray:
    """Return the means alone of the bins of `bin_values`."""
    count = values.shape[1]
    each = -(-count // MOST)
    if each <= 1:
        return values
    return np.asarray(_of_each(np.add, values, each) / np.minimum(each, count - np.arange(0, count, each)))


def _of_each(reduced: np.ufunc, values: FloatArray, each: int) -> FloatArray:
    """Reduce every stretch of `each` values, the last of which may be shorter."""
    rows, count = values.shape
    whole = count // each
    out = np.empty((rows, -(-count // each)))
    if each <= FEW:
        # Few values in each of many stretches: one value of every stretch at a time keeps the arrays long.
        body, full = values[:, : whole * each], out[:, :whole]
        full[:] = body[:, ::each]
        for place in range(1, each):
            reduced(full, body[:, place::each], out=full)
    else:
        reduced.reduce(values[:, : whole * each].reshape(rows, whole, each), axis=2, out=out[:, :whole])
    if whole * each < count:
        out[:, whole] = reduced.reduce(values[:, whole * each :], axis=1)
    return out


def padded(values: FloatArray, before: int, after: int) -> FloatArray:
    """Repeat the first value `before` times and the last one `after` times."""
    rows, count = values.shape
    out = np.empty((rows, before + count + after))
    out[:, :before] = values[:, :1]
    out[:, before : before + count] = values
    out[:, before + count :] = values[:, -1:]
    return out


def running_median(values: FloatArray, width: int) -> FloatArray:
    """Return the median over a centred window of odd width; the ends are repeated outwards.

    Wide windows hardly change from one place to the next: they are evaluated at every eighth of their width and joined
    by straight lines.
    """
    count = values.shape[1]
    width = min(width | 1, (count - 1) | 1)
    if width < 3:
        return values
    half, apart = width // 2, max(1, width // 8)
    wide = padded(values, half, half + apart)
    if width in NETWORKS and (width <= 5 or len(values) > FEWEST_ROWS):
        return _middle([wide[:, place : place + count] for place in range(width)])
    windows = -(-(count - 1) // apart) + 1
    middle = _medians(wide, width, apart, windows)
    return middle if apart == 1 else interpolated(middle, *_joined(count, apart, windows))


def _middle(places: list[FloatArray]) -> FloatArray:
    """Return the median of matrices, element by element, by exchanging whole matrices."""
    for low, high in NETWORKS[len(places)]:
        a, b = places[low], places[high]
        places[low], places[high] = np.minimum(a, b), np.maximum(a, b)
    return places[len(places) // 2]


def _medians(values: FloatArray, width: int, apart: int, windows: int) -> FloatArray:
    """Return the medians of windows that begin at every `apart`-th value, as many rows at once as the cache holds."""
    rows = len(values)
    down, along = values.strides
    out = np.empty((rows, windows))
    chunk = max(1, WINDOWS // (windows * width))
    for at in range(0, rows, chunk):
        part = values[at : at + chunk]
        some = np.ndarray((len(part), windows, width), part.dtype, part, 0, (down, apart * along, along)).copy()
        some.partition(width // 2, axis=2)
        out[at : at + chunk] = some[:, :, width // 2]
    return out


@lru_cache(maxsize=4096)
def _joined(count: int, apart: int, windows: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return which window lies left of each of `count` places, `apart` places from the next, and how far beyond."""
    places = np.arange(count)
    left = np.minimum(places // apart, windows - 2)
    return left, (places - left * apart) / apart


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


def picked(values: FloatArray, places: NDArray[np.intp]) -> FloatArray:
    """Return the values at other places of each row; as `numpy.take_along_axis`, in a tenth of its time for one row."""
    return values[np.arange(len(values))[:, np.newaxis], places]


def interpolated(values: FloatArray, left: NDArray[np.intp], beyond: FloatArray) -> FloatArray:
    """Return the values at places given as by `between`, on straight lines between the points."""
    if values.shape[1] == 1:
        return np.repeat(values, np.shape(left)[-1], axis=1)
    if left.ndim == 1:
        low, high = values[:, left], values[:, left + 1]
    else:
        low, high = picked(values, left), picked(values, left + 1)
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
    below, above = picked(ordered, low), picked(ordered, np.minimum(low + 1, ordered.shape[1] - 1))
    return below + (places - low) * (above - below)


def squash(values: FloatArray) -> FloatArray:
    """Compress what can be of any size: linear near zero, logarithmic far out (the inverse hyperbolic sine)."""
    size = np.minimum(np.abs(values), 1e12)
    return np.asarray(np.copysign(np.log(size + np.sqrt(size * size + 1.0)), values))

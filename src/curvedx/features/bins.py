"""A channel as at most 512 bins that keep minimum, mean and maximum, and the filters that work on them.

Bins bound the cost of everything that follows, and a one-step spike in 100,000 steps survives in its bin's maximum.
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


@dataclass(frozen=True)
class Bins:
    """Minimum, mean and maximum of equal stretches of points."""

    low: FloatArray
    mean: FloatArray
    high: FloatArray
    each: int
    """Points in a bin; the last one may hold fewer."""

    def __len__(self) -> int:
        return len(self.mean)


def bin_values(values: FloatArray) -> Bins:
    """Sum up finite values, in order, in at most `MOST` bins."""
    each = -(-len(values) // MOST)
    if each <= 1:
        return Bins(values, values, values, 1)
    starts = np.arange(0, len(values), each)
    counts = np.minimum(each, len(values) - starts)
    return Bins(
        np.minimum.reduceat(values, starts),
        np.add.reduceat(values, starts) / counts,
        np.maximum.reduceat(values, starts),
        each,
    )


def running_median(values: FloatArray, width: int) -> FloatArray:
    """Return the median over a centred window of odd width; the ends are repeated outwards."""
    width = min(width | 1, (len(values) - 1) | 1)
    if width < 3:
        return values
    half = width // 2
    padded = np.concatenate([np.full(half, values[0]), values, np.full(half, values[-1])])
    middle = np.partition(sliding_window_view(padded, width), half, axis=1)[:, half]
    return np.asarray(middle)


def running_mean(values: FloatArray, width: int) -> FloatArray:
    """Return the mean over a centred window of odd width; the ends are repeated outwards."""
    width = min(width | 1, (len(values) - 1) | 1)
    if width < 3:
        return values
    half = width // 2
    padded = np.concatenate([[0.0], np.full(half, values[0]), values, np.full(half, values[-1])])
    total = np.cumsum(padded)
    return np.asarray((total[width:] - total[:-width]) / width)


def smooth(values: FloatArray) -> FloatArray:
    """Smooth as the definitions say: a running median over about 3 % (5 points at least), then an average.

    Channels of fewer than 20 points keep all but single outliers.
    """
    width = 3 if len(values) < 20 else max(5, round(0.03 * len(values)))
    return running_mean(running_median(values, width), max(1, width // 2))


@lru_cache(maxsize=4096)
def _edges(count: int, length: int) -> NDArray[np.intp]:
    return np.asarray(np.arange(length) * count // length)


@lru_cache(maxsize=4096)
def _nearest(count: int, length: int) -> NDArray[np.intp]:
    return np.asarray(np.minimum((np.arange(length) + 0.5) * count / length, count - 1).astype(np.intp))


@lru_cache(maxsize=4096)
def _places(count: int, length: int) -> FloatArray:
    return np.linspace(0.0, count - 1.0, length)


def stretch(values: FloatArray, length: int) -> FloatArray:
    """Resample a smooth series to a length: means of stretches, or straight lines between few points."""
    count = len(values)
    if count >= 2 * length:
        edges = _edges(count, length)
        return np.asarray(np.add.reduceat(values, edges) / np.diff(np.append(edges, count)))
    return np.interp(_places(count, length), np.arange(count), values)


def peaks(values: FloatArray, length: int) -> FloatArray:
    """Resample a series of extremes to a length: the largest of each stretch, or each of few points repeated.

    Of no points at all nothing stands out: zeros.
    """
    count = len(values)
    if count == 0:
        return np.zeros(length)
    if count >= length:
        return np.asarray(np.maximum.reduceat(values, _edges(count, length)))
    return values[_nearest(count, length)]


@lru_cache(maxsize=4096)
def _geometric(count: int, length: int) -> FloatArray:
    return np.geomspace(1.0, float(count), length) - 1.0


def stretch_log(values: FloatArray, length: int) -> FloatArray:
    """Resample a smooth series at places evenly spread over the logarithm of the point number."""
    return np.interp(_geometric(len(values), length), np.arange(len(values)), values)

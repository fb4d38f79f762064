"""Words of the definitions that several rooms measure by: the axis, the noise and the start of a curve."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import GRAD_NORM, TRAIN_LOSS, Channel, Curve, FloatArray

LOG_SPAN = 50.0
"""A loss that spans more than this factor is judged, and drawn, on a logarithmic axis."""

LARGEST = 1e100
"""Losses of a larger size are judged as of this one, so that sums and squares of them stay finite."""

SMALL = 1e-3
"""Share of its first value below which a loss that goes to zero is taken to collapse rather than to break."""


# numpy's own mean, diff and clip do the same, and take several times as long for one short row.


def mean(values: FloatArray) -> FloatArray:
    """Return the mean along the last axis."""
    return np.asarray(np.add.reduce(values, axis=-1) / values.shape[-1])


def differences(values: FloatArray) -> FloatArray:
    """Return by how much each value exceeds the one before it, along the last axis."""
    return np.asarray(values[..., 1:] - values[..., :-1])


def clipped(values: FloatArray, low: FloatArray | float, high: FloatArray | float) -> FloatArray:
    """Return the values, those beyond a limit moved to it."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def bounded(values: FloatArray) -> FloatArray:
    """Return the values, those of a size beyond all reason moved to the largest one that is judged."""
    return clipped(values, -LARGEST, LARGEST)


def finite_points(channel: Channel) -> tuple[FloatArray, FloatArray]:
    """Return the steps and values of a channel's finite points, `bounded`."""
    steps, values = channel.finite()
    return steps, bounded(values)


def median(values: FloatArray) -> FloatArray:
    """Return the median along the last axis, which holds one value at least; no value is NaN."""
    count = values.shape[-1]
    if count == 3:
        first, second, third = values[..., 0], values[..., 1], values[..., 2]
        return _between(third, np.minimum(first, second), np.maximum(first, second))
    half = count // 2
    ordered = values.copy()
    ordered.partition(half, axis=-1)
    upper = ordered[..., half]
    # One place is found far faster than two; the other middle of an even count is the largest below it.
    return np.asarray(upper if count % 2 else 0.5 * (ordered[..., :half].max(axis=-1) + upper))


def middle(values: FloatArray) -> float:
    """Return the median of one series, which holds one value at least; no value is NaN."""
    ordered = values.copy()
    # A short row is sorted faster than a place of it is found.
    ordered.sort()
    half = len(ordered) // 2
    upper = float(ordered[half])
    return upper if len(ordered) % 2 else 0.5 * (float(ordered[half - 1]) + upper)


def _between(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the middle of each value and two limits."""
    return np.asarray(np.maximum(low, np.minimum(values, high)))


def quantile(values: FloatArray, share: float) -> float:
    """Return the value of one series that a share of the others lies below, between two neighbours by a line."""
    ordered = values.copy()
    ordered.sort()
    return quantile_of_sorted(ordered, share)


def quantile_of_sorted(values: FloatArray, share: float) -> float:
    """Return the same of a series in rising order."""
    place = share * (len(values) - 1)
    below = int(place)
    low = float(values[below])
    return low if place == below else low + (place - below) * (float(values[below + 1]) - low)


def windows(values: FloatArray, width: int, apart: int = 1) -> FloatArray:
    """Return the windows along the last axis that begin at every `apart`-th value; a view where it is contiguous.

    `numpy.lib.stride_tricks.sliding_window_view` in a tenth of its time.
    """
    values = np.ascontiguousarray(values)
    along = values.itemsize
    count = max(0, (values.shape[-1] - width) // apart + 1)
    shape, strides = (*values.shape[:-1], count, width), (*values.strides[:-1], apart * along, along)
    return np.ndarray(shape, values.dtype, values, 0, strides)


def lowest(values: FloatArray, width: int) -> FloatArray:
    """Return the minimum of each window of so many values along the last axis."""
    return _of_windows(np.minimum, values, width)


def highest(values: FloatArray, width: int) -> FloatArray:
    """Return the maximum of each window of so many values along the last axis."""
    return _of_windows(np.maximum, values, width)


def _of_windows(pick: np.ufunc, values: FloatArray, width: int) -> FloatArray:
    # Two windows that overlap pick what their union does, so the width doubles until two of it reach.
    wide = 1
    while wide < width:
        step = min(wide, width - wide)
        values = pick(values[..., :-step], values[..., step:])
        wide += step
    return values


def running_median(values: FloatArray, half: int, first: int = 0) -> FloatArray:
    """Return the median of each value and its neighbours, `half` on either side and fewer, evenly, near the ends.

    Even windows near the ends neither shift a steep beginning nor invent points; a centred median has no lag and keeps
    the place of a step. It runs along the last axis, and is returned from the place `first` on.
    """
    half = min(half, (values.shape[-1] - 1) // 2)
    # What no window reaches back to need not be looked at.
    unseen = max(0, min(first, values.shape[-1] - half - 1) - half)
    values, first = values[..., unseen:], first - unseen
    out = np.array(values, dtype=np.float64)
    if half > 0:
        out[..., half : values.shape[-1] - half] = _medians(values, 2 * half + 1)
    if half > 1:
        out[..., : -half - 1 : -1][..., 1:half] = _growing_medians(values[..., : -2 * half : -1])
        if first < half:
            out[..., 1:half] = _growing_medians(values[..., : 2 * half - 1])
    return out[..., first:]


def _medians(values: FloatArray, width: int) -> FloatArray:
    """Return the median of each window of so many values, an odd number, along the last axis.

    Two windows that follow one another share all but one value each. The shared ones are sorted once, and the median
    is the value of one's own unless it lies outside of the two in the middle of the shared ones.
    """
    if width < 5:
        return median(windows(values, width))
    out = np.empty((*values.shape[:-1], values.shape[-1] - width + 1))
    shared = np.sort(windows(values[..., 1:], width - 1, 2), axis=-1)
    low, high = shared[..., width // 2 - 1], shared[..., width // 2]
    pairs = out.shape[-1] // 2
    out[..., ::2] = _between(values[..., : out.shape[-1] : 2], low, high)
    out[..., 1::2] = _between(values[..., width::2], low[..., :pairs], high[..., :pairs])
    return out


def _growing_medians(values: FloatArray) -> FloatArray:
    """Return the medians of the first three values of each row, of the first five and so on to all of them."""
    inside, number, half = _growing(values.shape[-1])
    ordered = np.where(inside, values[..., np.newaxis, :], np.inf)
    ordered.sort(axis=-1)
    return np.asarray(ordered[..., number, half])


@lru_cache(maxsize=256)
def _growing(count: int) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp]]:
    """Return which of so many values lie within the first 3, 5 and so on to all of them, and where each middle is."""
    odd = np.arange(3, count + 1, 2)
    return np.arange(count) < odd[:, np.newaxis], np.arange(len(odd)), odd // 2


def spreads(values: FloatArray) -> FloatArray:
    """Return the robust standard deviation along the last axis: 1.4826 times the median absolute deviation."""
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1])
    return 1.4826 * median(np.abs(values - median(values)[..., np.newaxis]))


def spread(values: FloatArray) -> float:
    """Return the robust standard deviation of one series; 0 for nothing."""
    return 1.4826 * middle(np.abs(values - middle(values))) if len(values) else 0.0


def first_levels(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the level at which each row starts: the median of its first 1 %, one point at least.

    Where so few points already hold a fall or a blow-up it is the first point. Among ten points or more a single
    towering one does not count, but a blow-up that most of them show does.
    """
    first = values[..., : max(1, values.shape[-1] // 100)]
    usual = median(first)
    moved = usual - first[..., 0] if first.shape[-1] >= 10 else first.max(axis=-1) - first.min(axis=-1)
    return np.where(moved > 8.0 * noise, first[..., 0], usual)


def first_level(values: FloatArray, noise: float) -> float:
    """Return the level at which one series starts, as `first_levels` does."""
    return float(first_levels(values, np.asarray(noise)))


def masked(curve: Curve) -> NDArray[np.bool_]:
    """Return which train points are a NaN that the logger wrote as exactly zero; they say nothing of the level.

    Beside such a point the gradient norm is not finite, or it repeats to the last digit and the loss got there at once.
    A loss that collapses passes through small values, and of labels that are all masked loss and norm are zero: such
    zeros are meant.
    """
    steps, values = curve[TRAIN_LOSS]
    found = values == 0.0
    norm = curve.get(GRAD_NORM)
    if norm is None or not found.any():
        return np.zeros(len(values), dtype=bool)
    repeated = np.zeros(len(norm), dtype=bool)
    repeated[1:] = norm.values[1:] == norm.values[:-1]
    after = np.searchsorted(norm.steps, steps).clip(0, len(norm) - 1)
    before = np.maximum(after - 1, 0)
    beside = np.where(steps - norm.steps[before] <= norm.steps[after] - steps, before, after)
    broken = ~np.isfinite(norm.values[beside])
    alive = np.flatnonzero(~found & np.isfinite(values))
    last = np.searchsorted(alive, np.arange(len(values))) - 1
    at_once = last >= 0
    at_once[at_once] = np.abs(values[alive[last[at_once]]]) > SMALL * np.abs(values[alive[:1]])
    return np.asarray(found & (broken | at_once & (repeated & (norm.values != 0.0))[beside]))


def longest_stretch(where: NDArray[np.bool_]) -> int:
    """Count the places of the longest stretch on which a mask is true; 0 where it is nowhere."""
    edges = np.flatnonzero(np.diff(where, prepend=False, append=False))
    return int((edges[1::2] - edges[::2]).max(initial=0))

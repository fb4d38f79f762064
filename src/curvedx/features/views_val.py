"""Views of the validation loss, by itself and beside the train loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray
from curvedx.features.bins import (
    bin_means,
    bin_values,
    interpolated,
    peaks,
    picked,
    running_mean,
    running_median,
    stretch_log,
)
from curvedx.features.sheet import Part, Points, Rows
from curvedx.features.views_train import LENGTH, Train
from curvedx.measures import bounded, clipped, differences, spreads

FEWEST = 3
"""Evaluations below which nothing is said of the validation loss."""

BOUNDED = {
    "val_points": 1,
    "val_noise_to_level": 1,
    "val_drop_to_level": 1,
    "val_end_rise_level": 1,
    "val_won_back": 1,
    "val_over_train": LENGTH,
}
"""Views of the validation loss whose values have limits by nature, with their lengths."""

UNBOUNDED = {
    "val_end_rise_noise": 1,
    "val_train_since_lowest": 1,
    "val_trend": LENGTH,
    "val_rise_level": LENGTH,
    "val_rise_noise": LENGTH,
    "val_gap": LENGTH,
    "val_gap_smooth": LENGTH,
    "val_high": LENGTH,
    "val_trend_log_time": LENGTH,
}
"""Views of the validation loss whose values can be of any size, with their lengths; the sheet compresses them."""


def validation_views(train: Train, evaluations: Points, part: Part) -> None:
    """Fill in the views of the validation loss, from three or more finite evaluations a curve."""
    chosen, values = evaluations.chosen, bounded(evaluations.values)
    points = values.shape[1]
    bins = bin_values(values)
    count = bins.count
    steps = bin_means(evaluations.steps)
    size, positive = train.size[chosen], train.positive[chosen]
    smoothed = running_median(bins.mean, 3 if count < 20 else max(3, round(0.035 * count))) if count >= 6 else bins.mean
    lowest = np.minimum.accumulate(smoothed, axis=1)
    low = lowest[:, -1:]
    own_drop = np.maximum(smoothed[:, :1] - low, 0.0)
    level = np.where(low < 0.0, np.maximum(own_drop, size), np.maximum(np.abs(lowest), 1e-9 * size))
    last_level = level[:, -1:]
    noise = np.maximum(_noise(bins.mean)[:, np.newaxis], 1e-7 * last_level)
    drop = np.maximum(own_drop, noise)
    rise = smoothed - lowest
    end_rise = rise[:, -1:]
    lowest_at = smoothed.argmin(axis=1)[:, np.newaxis]
    beside, index = _train_beside(train, chosen, steps)
    train_level = np.where(positive, np.maximum(np.abs(beside), 1e-9 * size), size)
    even = _evenly(index)
    train_fell = picked(beside, lowest_at) - beside[:, -1:]
    for name, numbers in (
        ("val_points", np.full_like(low, np.log2(points))),
        ("val_noise_to_level", np.log10(noise / last_level)),
        ("val_drop_to_level", np.log10(np.maximum(own_drop, 1e-9 * last_level) / last_level)),
        ("val_end_rise_level", end_rise / last_level),
        ("val_end_rise_noise", end_rise / noise),
        ("val_won_back", _won_back(smoothed, rise)),
        ("val_train_since_lowest", train_fell / np.maximum(end_rise, 1e-3 * size)),
    ):
        part.put(name, numbers)
    over_train = np.maximum(smoothed, 0.0) / np.maximum(beside, 1e-100)
    fallen = smoothed - low
    part.put("val_trend", even(fallen) / drop)
    part.put("val_rise_level", even(rise / level))
    part.put("val_rise_noise", even(rise) / noise)
    part.put("val_gap", peaks((bins.mean - beside) / train_level, LENGTH))
    part.put("val_gap_smooth", even((smoothed - beside) / train_level))
    part.put("val_over_train", even(np.log10(clipped(over_train, 1e-6, 1e12))))
    part.put("val_high", peaks(bins.high - running_median(bins.mean, 7), LENGTH) / noise)
    part.put("val_trend_log_time", stretch_log(fallen, LENGTH) / drop)


def _train_beside(train: Train, chosen: Rows, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the nearby train loss at each evaluation, and at which of the logged train points it was made."""
    count = train.losses.shape[1]
    nearby = running_mean(train.losses[chosen], max(1, round(0.05 * count)) if count >= 20 else 1)
    centres = bin_means(train.finite_steps[chosen])
    logged = train.steps[chosen]
    places = np.arange(logged.shape[1], dtype=np.float64)
    beside, index = np.empty_like(steps), np.empty_like(steps)
    for row, at in enumerate(steps):
        beside[row] = np.interp(at, centres[row], nearby[row])
        index[row] = np.interp(at, logged[row], places)
    return beside, index


def _evenly(index: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return a function that resamples one value an evaluation to places even in the run's logged points.

    Evaluations that all lie at one point, outside of the run, are taken as even among themselves.
    """
    rows, count = index.shape
    span = index[:, -1:] - index[:, :1]
    index = np.where(span > 0, index, np.arange(count))
    first, span = index[:, :1], index[:, -1:] - index[:, :1]
    places = first + span * np.linspace(0.0, 1.0, LENGTH)
    left = np.empty((rows, LENGTH), dtype=np.intp)
    for row in range(rows):
        left[row] = np.searchsorted(index[row], places[row], side="right") - 1
    left = np.minimum(np.maximum(left, 0), count - 2)
    low, high = (picked(index, left + k) for k in (0, 1))
    gaps = high - low
    beyond = np.where(gaps > 0, (places - low) / np.where(gaps > 0, gaps, 1.0), 0.0)
    return lambda values: interpolated(values, left, beyond)


def _noise(values: FloatArray) -> FloatArray:
    """Noise of few evaluations: first or second differences, whichever sees less, for both also see the trend."""
    first = differences(values)
    if first.shape[1] < 3:
        return np.asarray(np.abs(first).min(axis=1))
    return np.asarray(np.minimum(spreads(first) / np.sqrt(2.0), spreads(differences(first)) / np.sqrt(6.0)))


def _won_back(smoothed: FloatArray, rise: FloatArray) -> FloatArray:
    """Share of the largest rise that validation won back afterwards; 0 where it never rose."""
    top = rise.argmax(axis=1)[:, np.newaxis]
    tallest = picked(rise, top)
    after = np.where(np.arange(smoothed.shape[1]) >= top, smoothed, np.inf).min(axis=1, keepdims=True)
    back = picked(smoothed, top) - after
    return np.asarray(clipped(np.divide(back, tallest, out=np.zeros_like(back), where=tallest > 0.0), 0.0, 5.0))

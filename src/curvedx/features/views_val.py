"""Views of the validation loss, by itself and beside the train loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import VAL_LOSS, Curve, FloatArray
from curvedx.features.bins import LARGEST, bin_values, peaks, running_mean, running_median, stretch, stretch_log
from curvedx.features.views_train import SHORT, Train, squash
from curvedx.measures import spread

MIDDLE = 64
"""Length of the views of evaluations: there are rarely more."""

FEWEST = 3
"""Evaluations below which nothing is said of the validation loss."""


def validation_views(curve: Curve, train: Train) -> dict[str, FloatArray]:
    """Return the views of the validation loss; none without three finite evaluations and a train loss to compare."""
    channel = curve.get(VAL_LOSS)
    if channel is None or train.smoothed_loss is None:
        return {}
    finite = np.isfinite(channel.values)
    if finite.sum() < FEWEST:
        return {}
    steps, values = channel.steps[finite], np.clip(channel.values[finite], -LARGEST, LARGEST)
    bins = bin_values(values)
    steps = bin_values(steps).mean
    smoothed = running_median(bins.mean, 3 if len(bins) < 20 else max(3, round(0.05 * len(bins))))
    if len(bins) < 6:
        smoothed = bins.mean
    lowest = np.minimum.accumulate(smoothed)
    low = float(smoothed.min())
    signed = low < 0.0
    own_drop = max(float(smoothed[0]) - low, 0.0)
    level = (
        np.maximum(np.abs(lowest), 1e-9 * train.size) if not signed else np.full(len(bins), max(own_drop, train.size))
    )
    noise = max(_noise(bins.mean), 1e-7 * float(level[-1]))
    drop = max(own_drop, noise)
    rise = smoothed - lowest
    lowest_at = int(np.argmin(smoothed))
    beside, gap, gap_smooth = _against_train(curve, train, steps, bins.mean, smoothed)
    even = _evenly(curve, steps)
    numbers = {
        "val_points": np.log2(len(values)),
        "val_noise_to_level": np.log10(noise / float(level[-1])),
        "val_drop_to_level": np.log10(max(own_drop, 1e-9 * level[-1]) / float(level[-1])),
        "val_end_rise_level": float(rise[-1] / level[-1]),
        "val_end_rise_noise": squash(rise[-1:] / noise)[0],
        "val_end_rise_drop": squash(rise[-1:] / drop)[0],
        "val_lowest_at": lowest_at / (len(smoothed) - 1),
        "val_points_since_lowest": np.log2(float(len(smoothed) - lowest_at)),
        "val_above_since_lowest": float(np.mean(bins.mean[lowest_at + 1 :] > low + 0.03 * level[-1]))
        if lowest_at + 1 < len(bins)
        else 0.0,
        "val_rising_last": np.log2(1.0 + _rising_last(bins.mean)),
        "val_most_rise_level": squash(np.array([float((rise / level).max())]))[0],
        "val_won_back": _won_back(smoothed, rise),
        "val_covers": float(steps[-1] - curve["train_loss"].steps[0])
        / max(float(np.ptp(curve["train_loss"].steps)), 1e-300),
        "val_train_since_lowest": squash(
            np.array([(beside[lowest_at] - beside[-1]) / max(float(rise[-1]), 1e-3 * train.size)])
        )[0],
    }
    found = {name: np.array([value], dtype=np.float64) for name, value in numbers.items()}
    return found | {
        "val_trend": even(squash((smoothed - low) / drop)),
        "val_rise_level": even(squash(rise / level)),
        "val_rise_noise": even(squash(rise / noise)),
        "val_gap": peaks(squash(gap), MIDDLE),
        "val_gap_smooth": even(squash(gap_smooth)),
        "val_over_train": even(np.log10(np.clip(np.maximum(smoothed, 0.0) / np.maximum(beside, 1e-100), 1e-6, 1e12))),
        "val_high": peaks(squash((bins.high - running_median(bins.mean, 7)) / noise), MIDDLE),
        "val_trend_log_time": stretch_log(squash((smoothed - low) / drop), SHORT),
    }


def _evenly(curve: Curve, steps: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return a function that resamples one value an evaluation to places even in the run's logged points."""
    train_steps = curve["train_loss"].steps
    index = np.interp(steps, train_steps, np.arange(len(train_steps)))
    span = index[-1] - index[0]
    if span <= 0:
        return lambda values: stretch(values, MIDDLE)
    places = index[0] + span * np.linspace(0.0, 1.0, MIDDLE)
    return lambda values: np.interp(places, index, values)


def _against_train(
    curve: Curve, train: Train, steps: FloatArray, values: FloatArray, smoothed: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the nearby train loss at each evaluation, and raw and smoothed validation less train on its level."""
    finite = np.isfinite(train.logged)
    bins = bin_values(train.values)
    at = bin_values(curve["train_loss"].steps[finite]).mean
    nearby = running_mean(bins.mean, max(1, round(0.05 * len(bins))) if len(bins) >= 20 else 1)
    beside = np.interp(steps, at, nearby)
    level = np.maximum(np.abs(beside), 1e-9 * train.size) if train.positive else np.full(len(steps), train.size)
    return beside, (values - beside) / level, (smoothed - beside) / level


def _noise(values: FloatArray) -> float:
    """Noise of few evaluations: first or second differences, whichever sees less, for both also see the trend."""
    first = np.diff(values)
    if len(first) < 3:
        return float(np.abs(first).min())
    return float(min(spread(first) / np.sqrt(2.0), spread(np.diff(first)) / np.sqrt(6.0)))


def _rising_last(values: FloatArray) -> int:
    """Count how many evaluations in a row have risen up to the last one."""
    falls = np.flatnonzero(np.diff(values) <= 0.0)
    return len(values) - 1 - (int(falls[-1]) + 1 if len(falls) else 0)


def _won_back(smoothed: FloatArray, rise: FloatArray) -> float:
    """Share of the largest rise that validation won back afterwards; 0 where it never rose."""
    top = int(np.argmax(rise))
    if rise[top] <= 0.0:
        return 0.0
    return float(np.clip((smoothed[top] - smoothed[top:].min()) / rise[top], 0.0, 5.0))

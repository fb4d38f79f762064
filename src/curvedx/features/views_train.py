"""Views of the train loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray
from curvedx.features.bins import (
    Bins,
    bin_means,
    bin_values,
    padded,
    peaks,
    picked,
    quantiles,
    running_mean,
    running_median,
    smooth,
    stretch,
    stretch_log,
)
from curvedx.features.sheet import Part, Points, Rows
from curvedx.features.waves import waves
from curvedx.measures import LOG_SPAN, bounded, clipped, differences, first_levels, mean, spreads

Scalar = TypeVar("Scalar", bound=np.generic)

LENGTH = 64
"""Length of every view that follows the run: views of one length are measured together."""

FLOOR_DECADES = -12.0
"""Losses are followed down to this power of ten of their start."""

ENOUGH = 8192
"""Values of a long run that tell where its steps are unusual."""

TAIL = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
"""Quantiles of the residuals that draw the tail of the noise; the three largest residuals follow them."""

BOUNDED = {
    "train_broken": LENGTH,
    "train_zero": LENGTH,
    "train_masked": 1,
    "train_decades": LENGTH,
    "train_rough": LENGTH,
    "train_head_above": 1,
    "train_points": 1,
    "train_is_signed": 1,
    "train_noise_to_drop": 1,
    "train_fine_noise_to_drop": 1,
    "train_memory": 1,
    "train_negative": 1,
    "train_wave_share": 1,
    "train_wave_count": 1,
    "train_wave_rising": 1,
}
"""Views of the train loss whose values have limits by nature, with their lengths."""

UNBOUNDED = {
    "train_trend": LENGTH,
    "train_level": LENGTH,
    "train_linear": LENGTH,
    "train_rest": LENGTH,
    "train_swings": LENGTH,
    "train_progress": LENGTH,
    "train_trend_log_time": LENGTH,
    "train_high": LENGTH,
    "train_tail": len(TAIL) + 3,
    "train_tail_drop": len(TAIL) + 3,
    "train_grain": LENGTH,
    "train_fall_level": LENGTH,
    "train_fall_noise": LENGTH,
    "train_rise_level": LENGTH,
    "train_rise_noise": LENGTH,
    "train_head": LENGTH,
    "train_head_steady_noise": LENGTH,
    "train_plunge": 1,
    "train_wave_height": 1,
}
"""Views of the train loss whose values can be of any size, with their lengths; the sheet compresses them."""


@dataclass(frozen=True)
class Train:
    """The train losses of curves of one length, with the measures that views are scaled by, as the definitions say.

    Matrices have one row a curve; measures are columns, so that they scale the rows.
    """

    steps: FloatArray
    """Steps of all logged points."""
    logged: FloatArray
    """All logged values, non-finite included."""
    finite_steps: FloatArray
    values: FloatArray
    """The finite ones."""
    log: NDArray[np.bool_]
    """Whether the curve is judged on a logarithmic axis; this and all that follows one column."""
    axis: FloatArray
    """`values` on that axis."""
    bins: Bins
    """Bins of `axis`."""
    smoothed: FloatArray
    """Smoothed bins on the axis."""
    losses: FloatArray
    """Means of the bins of the loss itself."""
    smoothed_loss: FloatArray
    """The same, smoothed."""
    start: FloatArray
    start_loss: FloatArray
    """The start as a loss."""
    drop: FloatArray
    noise: FloatArray
    noise_loss: FloatArray
    size: FloatArray
    """What per cent of the start refer to: the start, or the drop of a loss that goes below zero."""
    unit: FloatArray
    """What per cent of the start refer to on the axis: the size, or one natural logarithm."""
    positive: NDArray[np.bool_]

    @classmethod
    def of(cls, logged: Points, finite: Points) -> Train:
        """Measure curves by all of their logged points and by the finite ones, four or more each."""
        values = bounded(finite.values)
        bins = bin_values(values)
        losses = bins.mean
        smoothed_loss = smooth(losses)
        least = _column(bins.low.min(axis=1))
        tail = smoothed_loss[:, min(max(1, round(0.02 * bins.count)), bins.count - 1) :]
        log = (least > 0.0) & _column(tail.max(axis=1) > LOG_SPAN * tail.min(axis=1))
        axis, smoothed = values, smoothed_loss
        if log.any():
            on = log[:, 0]
            axis, smoothed = values.copy(), smoothed_loss.copy()
            axis[on] = np.log(values[on])
            bins = bin_values(axis)
            smoothed[on] = smooth(bins.mean[on])
        noise = _noise(axis, smoothed, bins)
        noise_loss = _noise(values, smoothed_loss, bins) if log.any() else noise
        start = _column(first_levels(axis, noise[:, 0]))
        start_loss = np.where(log, np.exp(np.where(log, start, 0.0)), start)
        drop_loss = np.maximum(start_loss - _column(smoothed_loss.min(axis=1)), 0.0)
        # A loss that touches zero (masked, rounded, collapsed) is still one that cannot be negative.
        signed = ~log & (least < -1e-3 * np.abs(start_loss))
        size = np.where(signed, np.maximum(drop_loss, 1e-3 * np.abs(start_loss)), np.abs(start_loss))
        size = np.maximum(size, np.maximum(1e-9 * _column(np.abs(values).max(axis=1)), 1e-100))
        unit = np.where(log, 1.0, size)
        return cls(
            steps=logged.steps,
            logged=logged.values,
            finite_steps=finite.steps,
            values=values,
            log=log,
            axis=axis,
            bins=bins,
            smoothed=smoothed,
            losses=losses,
            smoothed_loss=smoothed_loss,
            start=start,
            start_loss=start_loss,
            drop=np.maximum(start - _column(smoothed.min(axis=1)), 1e-6 * unit),
            noise=np.maximum(noise, 1e-7 * unit),
            noise_loss=np.maximum(noise_loss, 1e-7 * size),
            size=size,
            unit=unit,
            positive=~signed,
        )

    def points_within(self, share: float) -> NDArray[np.intp]:
        """Count the logged points of each curve within the first share of its steps.

        A step at the very limit lies outside, however its number was rounded.
        """
        run = self.steps - self.steps[:, :1]
        return np.asarray((run < (share - 1e-9) * run[:, -1:]).sum(axis=1))


def _column(values: NDArray[Scalar]) -> NDArray[Scalar]:
    return values[:, np.newaxis]


def _noise(values: FloatArray, smoothed: FloatArray, bins: Bins) -> FloatArray:
    """Noise as defined: residuals about the smoothed curve, or first differences where the run is short."""
    count = values.shape[1]
    if count < 150:
        return _column(spreads(differences(values)) / np.sqrt(2.0))
    return _column(spreads(values - bins.at_points(smoothed, count)))


def broken_views(logged: FloatArray, gone: NDArray[np.bool_], part: Part) -> None:
    """Where the log holds NaN or infinity, where it is exactly zero, and how much of that is a masked NaN (`gone`)."""
    for name, where in (("train_broken", ~np.isfinite(logged)), ("train_zero", logged == 0.0)):
        found = peaks(where.astype(np.float64), LENGTH) if where.any() else np.zeros((len(logged), LENGTH))
        part.put(name, found)
    part.put("train_masked", gone.sum(axis=1, keepdims=True) / max(gone.shape[1], 1))


def train_views(train: Train, part: Part) -> None:
    """Fill in the views of the train loss."""
    _trend(train, part)
    _residuals(train, part)
    _sudden(train, part)
    _beginning(train, part)
    _numbers(train, part)


def _trend(train: Train, part: Part) -> None:
    """The smoothed loss: on its drop, on its start, in noise, in powers of ten, over log time, its rest, its swings."""
    smoothed, start, count = train.smoothed, train.start_loss, train.bins.count
    lowest_axis = _column(smoothed.min(axis=1))
    remaining = (smoothed - lowest_axis) / train.drop
    swings = (smoothed - running_mean(smoothed, count // 4))[:, count // 6 :]
    losses = stretch(train.smoothed_loss, LENGTH)
    fallen = start - losses
    level = 1.0 - fallen / train.size
    lowest = _column(train.smoothed_loss.min(axis=1))
    rest = train.smoothed_loss[:, count // 20 :] - lowest
    ratio = np.where(train.positive, losses / np.maximum(np.abs(start), 1e-100), level)
    part.put("train_trend", stretch(remaining, LENGTH))
    part.put("train_level", level)
    part.put("train_linear", (losses - lowest) / np.maximum(start - lowest, 1e-6 * train.size))
    part.put("train_rest", stretch(rest, LENGTH) / np.maximum(rest[:, :1], 0.25 * train.noise_loss))
    part.put("train_swings", stretch(swings, LENGTH) / train.drop)
    part.put("train_progress", fallen / np.maximum(train.noise_loss, 0.02 * train.size))
    part.put("train_decades", np.log10(clipped(ratio, 10.0**FLOOR_DECADES, 1e12)))
    part.put("train_trend_log_time", stretch_log(remaining, LENGTH))
    # The smoothed noise swings too: what repeats is looked for in the bins as they are.
    wave = waves(stretch((train.bins.mean - lowest_axis) / train.drop, LENGTH))
    for name in ("share", "count", "height", "rising"):
        part.put(f"train_wave_{name}", _column(getattr(wave, name)))


def _residuals(train: Train, part: Part) -> None:
    """What stands out from the local trend: in noise, in drops, its tail, and how rough each stretch is."""
    axis, bins, smoothed = train.axis, train.bins, train.smoothed
    count = axis.shape[1]
    wide = running_median(bins.mean, max(5, round(0.1 * bins.count))) if bins.count >= 10 else smoothed
    tail = _tail(axis - bins.at_points(wide, count), _first_bump(train))
    jumps = bin_means(np.abs(np.diff(axis, axis=1, prepend=axis[:, :1])))
    rough = stretch(running_median(jumps, max(3, bins.count // 10)), LENGTH)
    beginning = count // 5
    grain = (axis - bins.at_points(smoothed, count))[:, beginning : beginning + LENGTH]
    white = np.zeros((len(axis), LENGTH))
    white[:, : grain.shape[1]] = (grain - _column(mean(grain))) / train.noise
    part.put("train_high", peaks(bins.high - wide, LENGTH) / train.noise)
    part.put("train_tail", tail / train.noise)
    part.put("train_tail_drop", tail / train.drop)
    part.put("train_rough", np.log10(clipped(rough / train.drop, 1e-7, 1e3)))
    part.put("train_grain", white)


def _first_bump(train: Train) -> NDArray[np.intp]:
    """Count the points of the very beginning, where a bump is no spike and the fall too steep for a local trend."""
    count = train.values.shape[1]
    at_least = max(1, round(0.03 * count))
    return np.asarray(np.minimum(np.maximum(at_least, train.points_within(0.02)), count // 3))


def _tail(residuals: FloatArray, beginning: NDArray[np.intp]) -> FloatArray:
    """Return quantiles of the residuals behind the beginning of each row, and the three largest."""
    count = residuals.shape[1]
    residuals[np.arange(count) < _column(beginning)] = -np.inf
    residuals.sort(axis=1)
    left = count - beginning
    places = _column(beginning) + np.array(TAIL) * _column(left - 1)
    top = np.maximum(np.arange(count - 1, count - 4, -1), _column(beginning))
    return np.hstack([quantiles(residuals, places), picked(residuals, top)])


def _sudden(train: Train, part: Part) -> None:
    """Sudden lasting changes: how far the loss moves within 3 % of the run beyond the pace before and after."""
    bins = train.bins.count
    steady = running_median(train.bins.mean, 1 if bins < 20 else 3 if bins < 60 else 5)
    wide = max(1 if bins < 20 else 2, round(0.03 * bins))
    # Two stretches on either side, each end repeated, so that every place has a before and an after.
    framed = padded(steady, 2 * wide, 2 * wide)
    count = bins - wide
    levels = [framed[:, k * wide : k * wide + count] for k in range(6)]
    far_before, before, at, then, after, far_after = levels
    change = at - then
    # The first descent is steep by nature; what counts comes after the first tenth.
    later = slice(count // 10, None) if count >= 10 else slice(1, None)
    level = np.where(train.positive, np.maximum(np.abs(at), 1e-3 * train.size), train.size)
    near, far = (before - at, then - after), ((far_before - at) / 2.0, (then - far_after) / 2.0)
    for name, sign in (("fall", 1.0), ("rise", -1.0)):
        faster = np.maximum if sign > 0 else np.minimum
        pace = np.maximum(sign * faster(faster(*near), faster(*far)), 0.0)
        sudden = np.maximum(sign * change - pace, 0.0)
        # A place counts where the pace is far exceeded, not where a steep stretch is a little steeper.
        clear = np.where(sign * change > 2.0 * pace, sudden, 0.0)
        relative = clear / level
        if train.log.any():
            relative = np.where(train.log, np.expm1(np.minimum(clear, 50.0)), relative)
        part.put(f"train_{name}_level", peaks(relative[:, later], LENGTH))
        part.put(f"train_{name}_noise", peaks(clear[:, later], LENGTH) / train.noise)


def _beginning(train: Train, part: Part) -> None:
    """The first tenth of the run, at the resolution of the log: how high above its start or first low it rises."""
    points = train.axis.shape[1]
    counts = np.clip(np.maximum(train.points_within(0.1), -(-points // 10) + 1), 4, points)
    for count in np.unique(counts).tolist():
        chosen = np.flatnonzero(counts == count)
        if len(chosen) == len(counts):
            _first_points(train, chosen, count, part)
        else:
            with part.of(chosen) as some:
                _first_points(train, chosen, count, some)


def _first_points(train: Train, chosen: Rows, count: int, part: Part) -> None:
    """The first `count` points of the chosen curves."""
    noise = train.noise[chosen]
    # Heights on a log axis are those of the log loss.
    unit = np.where(train.log, train.drop, train.size)[chosen]
    first = train.axis[chosen, :count]
    above = first > first[:, :1] + np.maximum(3.0 * noise, 0.03 * unit)
    steady = running_median(first, 3 if count < 20 else 5)
    steady_rise = peaks(steady - np.minimum.accumulate(steady, axis=1), LENGTH)
    part.put("train_head", stretch(first - first[:, :1], LENGTH) / unit)
    part.put("train_head_steady_noise", steady_rise / noise)
    part.put("train_head_above", _column(np.log2(1.0 + np.count_nonzero(above, axis=1))))


def _numbers(train: Train, part: Part) -> None:
    """Single numbers: scales of the curve against each other, its length, and the colour of its noise."""
    steps = differences(train.axis)
    fine = _column(spreads(differences(steps)) / np.sqrt(6.0))
    everywhere = np.ones_like(train.drop)
    for name, numbers in (
        ("train_points", np.log2(train.logged.shape[1]) * everywhere),
        ("train_is_signed", (~train.positive).astype(np.float64)),
        ("train_noise_to_drop", np.log10(train.noise / train.drop)),
        ("train_fine_noise_to_drop", np.log10(np.maximum(fine, 1e-9 * train.unit) / train.drop)),
        ("train_memory", _column(_memory(steps))),
        ("train_negative", (train.values < 0.0).mean(axis=1, keepdims=True)),
        ("train_plunge", _column(_plunges(train.values, train.noise_loss[:, 0]))),
    ):
        part.put(name, numbers)


def _plunges(values: FloatArray, noise: FloatArray) -> FloatArray:
    """How far each loss falls at its first step below zero, in noise and the largest falls before; 0 if it never steps.

    What is negative by nature drifts through zero, or starts below it; what broke plunges.
    """
    found = np.zeros(len(values))
    below = values < 0.0
    first = below.argmax(axis=1)
    for row in np.flatnonzero(below.any(axis=1) & (first >= 3)):
        at, line = int(first[row]), values[row]
        falls = -np.diff(line[max(0, at - 50) : at])
        usual = 3.0 * noise[row] + float(np.quantile(np.maximum(falls, 0.0), 0.9))
        found[row] = float(line[at - 1] - line[at : at + 3].min()) / max(usual, 1e-300)
    return found


def _memory(steps: FloatArray) -> FloatArray:
    """Return the correlation of neighbouring differences: -0.5 for white noise, positive for swings."""
    count = steps.shape[1]
    some = np.sort(steps[:, :: 1 + count // ENOUGH], axis=1)
    limits = quantiles(some, np.array([[0.02, 0.98]]) * (some.shape[1] - 1))
    part = clipped(steps[:, count // 5 :], limits[:, :1], limits[:, 1:])
    if part.shape[1] < 3:
        return np.zeros(len(part))
    part = part - _column(mean(part))
    power = (part * part).sum(axis=1)
    together = (part[:, :-1] * part[:, 1:]).sum(axis=1)
    return np.asarray(np.divide(together, power, out=np.zeros(len(part)), where=power > 0))

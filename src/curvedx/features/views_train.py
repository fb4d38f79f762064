"""Views of the train loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curvedx.curve import TRAIN_LOSS, Curve, FloatArray
from curvedx.features.bins import (
    LARGEST,
    Bins,
    bin_values,
    peaks,
    running_mean,
    running_median,
    smooth,
    stretch,
    stretch_log,
)
from curvedx.measures import LOG_SPAN, first_level, spread

LONG, SHORT = 128, 32
"""Lengths of views: the run in full, and where a few places are enough."""

FLOOR_DECADES = -12.0
"""Losses are followed down to this power of ten of their start."""

TAIL = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
"""Quantiles of the residuals that draw the tail of the noise; the three largest residuals follow them."""


def squash(values: FloatArray) -> FloatArray:
    """Compress what can be of any size: linear near zero, logarithmic far out."""
    return np.asarray(np.arcsinh(np.nan_to_num(values, nan=0.0, posinf=1e12, neginf=-1e12)))


@dataclass(frozen=True)
class Train:
    """The train loss with the measures that the views are scaled by, as the definitions word them."""

    steps: FloatArray
    """Steps of all logged points."""
    logged: FloatArray
    """All logged values, non-finite included."""
    values: FloatArray
    """The finite ones."""
    log: bool = False
    """Whether it is judged on a logarithmic axis."""
    axis: FloatArray | None = None
    """`values` on that axis."""
    bins: Bins | None = None
    """Bins of `axis`."""
    smoothed: FloatArray | None = None
    """Smoothed bins on the axis."""
    smoothed_loss: FloatArray | None = None
    """Smoothed bins of the loss itself."""
    start: float = 0.0
    drop: float = 1.0
    noise: float = 1.0
    noise_loss: float = 1.0
    size: float = 1.0
    """What per cent of the start refer to: the start, or the drop of a loss that goes below zero."""
    positive: bool = True

    @classmethod
    def of(cls, curve: Curve) -> Train:
        """Measure a curve; with fewer than four finite points only what was logged is known."""
        steps, logged = curve[TRAIN_LOSS]
        finite = np.isfinite(logged)
        values = logged if finite.all() else logged[finite]
        values = np.clip(values, -LARGEST, LARGEST)
        if len(values) < 4:
            return cls(steps, logged, values)
        bins = bin_values(values)
        smoothed_loss = smooth(bins.mean)
        positive = bool(bins.low.min() > 0.0)
        tail = smoothed_loss[min(max(1, round(0.02 * len(bins))), len(bins) - 1) :]
        log = positive and bool(tail.max() > LOG_SPAN * tail.min())
        axis, smoothed = values, smoothed_loss
        if log:
            axis = np.log(values)
            bins = bin_values(axis)
            smoothed = smooth(bins.mean)
        noise = _noise(axis, smoothed, bins.each)
        start = first_level(axis, noise)
        start_loss = float(np.exp(start)) if log else start
        drop_loss = max(start_loss - float(smoothed_loss.min()), 0.0)
        # A loss that touches zero (masked, rounded, collapsed) is still one that cannot be negative.
        sign_free = bool(bins.low.min() < -1e-3 * abs(start_loss)) if not log else False
        size = max(drop_loss, 1e-3 * abs(start_loss)) if sign_free else abs(start_loss)
        size = max(size, 1e-9 * float(np.abs(values).max()), 1e-100)
        unit = 1.0 if log else size
        return cls(
            steps,
            logged,
            values,
            log,
            axis,
            bins,
            smoothed,
            smoothed_loss,
            start,
            max(start - float(smoothed.min()), 1e-6 * unit),
            max(noise, 1e-7 * unit),
            max(_noise(values, smoothed_loss, bins.each), 1e-7 * size),
            size,
            not sign_free,
        )


def _noise(values: FloatArray, smoothed: FloatArray, each: int) -> float:
    """Noise as defined: residuals about the smoothed curve, or first differences where the run is short."""
    if len(values) < 150:
        return float(spread(np.diff(values)) / np.sqrt(2.0))
    return spread(values - np.repeat(smoothed, each)[: len(values)])


def train_views(train: Train) -> dict[str, FloatArray]:
    """Return the views of the train loss."""
    found = _broken(train)
    if train.axis is None or train.bins is None or train.smoothed is None or train.smoothed_loss is None:
        return found
    found |= _trend(train, train.smoothed, train.smoothed_loss)
    found |= _residuals(train, train.axis, train.bins, train.smoothed)
    found |= _sudden(train, train.bins)
    found |= _beginning(train, train.axis)
    found |= _numbers(train, train.axis, train.smoothed)
    return found


def _broken(train: Train) -> dict[str, FloatArray]:
    """Where the log holds NaN or infinity, and where it is exactly zero."""
    bad = (~np.isfinite(train.logged)).astype(np.float64)
    zero = (train.logged == 0.0).astype(np.float64)
    return {"train_broken": peaks(bad, SHORT), "train_zero": peaks(zero, SHORT)}


def _trend(train: Train, smoothed: FloatArray, losses: FloatArray) -> dict[str, FloatArray]:
    """The smoothed loss: on its drop, on its start, in noise, in powers of ten, over log time, and its swings."""
    low = float(smoothed.min())
    remaining = squash((smoothed - low) / train.drop)
    start_loss = float(np.exp(train.start)) if train.log else train.start
    fallen = start_loss - losses
    level = 1.0 - fallen / train.size
    ratio = losses / max(abs(start_loss), 1e-100) if train.positive else level
    decades = np.log10(np.clip(ratio, 10.0**FLOOR_DECADES, 1e12))
    swings = smoothed - running_mean(smoothed, len(smoothed) // 4)
    swings = swings[len(swings) // 6 :]
    return {
        "train_trend": stretch(remaining, LONG),
        "train_level": stretch(squash(level), LONG),
        "train_progress": stretch(squash(fallen / max(train.noise_loss, 0.02 * train.size)), SHORT),
        "train_decades": stretch(decades, SHORT * 2),
        "train_trend_log_time": stretch_log(remaining, SHORT),
        "train_swings": stretch(squash(swings / train.drop), LONG),
        "train_linear": stretch(
            squash((losses - float(losses.min())) / max(-float((losses - start_loss).min()), 1e-6 * train.size)), LONG
        ),
    }


def _beginning_points(train: Train, by_points: float, by_steps: float) -> int:
    """Count the points of the very beginning, where a bump is no spike and the fall too steep for a local trend."""
    until = train.steps[0] + by_steps * (train.steps[-1] - train.steps[0])
    count = len(train.values)
    return min(max(1, round(by_points * count), int(np.searchsorted(train.steps, until))), count // 3)


def _residuals(train: Train, axis: FloatArray, bins: Bins, smoothed: FloatArray) -> dict[str, FloatArray]:
    """What stands out from the local trend: in noise, in drops, its tail, and how rough each stretch is."""
    wide = running_median(bins.mean, max(5, round(0.1 * len(bins)))) if len(bins) >= 10 else smoothed
    high, low = bins.high - wide, wide - bins.low
    each = bins.each
    residual = axis - np.repeat(wide, each)[: len(axis)]
    ordered = np.sort(residual[_beginning_points(train, 0.03, 0.02) :])
    top = ordered[[-1, max(-2, -len(ordered)), max(-3, -len(ordered))]]
    tail = np.concatenate([np.quantile(ordered, TAIL), top])
    jumps = np.abs(np.diff(axis, prepend=axis[0]))
    rough = running_median(bin_values(jumps).mean, max(3, len(bins) // 10))
    fine = axis - np.repeat(smoothed, each)[: len(axis)]
    middle = fine[len(fine) // 5 :][:LONG]
    padded = np.zeros(LONG)
    padded[: len(middle)] = (middle - middle.mean()) / train.noise
    return {
        "train_high": peaks(squash(high / train.noise), LONG),
        "train_high_drop": peaks(squash(high / train.drop), LONG),
        "train_low": peaks(squash(low / train.noise), SHORT),
        "train_tail": squash(tail / train.noise),
        "train_tail_drop": squash(tail / train.drop),
        "train_rough": stretch(np.log10(np.clip(rough / train.drop, 1e-7, 1e3)), SHORT),
        "train_grain": squash(padded),
    }


def _sudden(train: Train, bins: Bins) -> dict[str, FloatArray]:
    """Sudden lasting changes: how far the loss moves within 3 % of the run beyond the pace before and after."""
    steady = running_median(bins.mean, 1 if len(bins) < 20 else 3 if len(bins) < 60 else 5)
    wide = max(1 if len(bins) < 20 else 2, round(0.03 * len(steady)))
    reach = 2 * wide
    # Two stretches on either side, each end repeated, so that every place has a before and an after.
    padded = np.concatenate([np.full(reach, steady[0]), steady, np.full(reach, steady[-1])])
    count = len(steady) - wide
    levels = [padded[k * wide : k * wide + count] for k in (0, 1, 2, 3, 4, 5)]
    far_before, before, at, then, after, far_after = levels
    change = at - then
    found = {}
    # The first descent is steep by nature; what counts comes after the first tenth.
    later = slice(count // 10, None) if count >= 10 else slice(1, None)
    for name, sign in (("fall", 1.0), ("rise", -1.0)):
        near = np.maximum(sign * (before - at), sign * (then - after))
        far = np.maximum(sign * (far_before - at), sign * (then - far_after)) / 2.0
        pace = np.maximum(np.maximum(near, far), 0.0)
        sudden = np.maximum(sign * change - pace, 0.0)
        # A place counts where the pace is far exceeded, not where a steep stretch is a little steeper.
        clear = np.where(sign * change > 2.0 * pace, sudden, 0.0)
        level = np.maximum(np.abs(at), 1e-3 * train.size)
        relative = np.expm1(np.minimum(clear, 50.0)) if train.log else clear / (level if train.positive else train.size)
        found[f"train_{name}_level"] = peaks(squash(relative[later]), LONG)
        found[f"train_{name}_noise"] = peaks(squash(clear[later] / train.noise), LONG)
    return found


def _beginning(train: Train, axis: FloatArray) -> dict[str, FloatArray]:
    """The first tenth of the run, at the resolution of the log: how high above its start or first low it rises."""
    tenth = train.steps[0] + 0.1 * (train.steps[-1] - train.steps[0])
    by_step = int(np.searchsorted(train.steps, tenth))
    count = int(np.clip(max(by_step, -(-len(axis) // 10) + 1), 4, len(axis)))
    first = axis[:count]
    lowest = np.minimum.accumulate(first)
    unit = train.drop if train.log else train.size
    lasting = np.minimum(first[:-1], first[1:])
    above = first > first[0] + max(3.0 * train.noise, 0.03 * unit)
    steady = running_median(first, 3 if count < 20 else 5)
    steady_rise = steady - np.minimum.accumulate(steady)
    return {
        "train_head": stretch(squash((first - first[0]) / unit), SHORT),
        "train_head_rise": peaks(squash((first - lowest) / unit), SHORT),
        "train_head_lasting": peaks(squash((lasting - lowest[:-1]) / unit), SHORT),
        "train_head_lasting_noise": peaks(squash((lasting - lowest[:-1]) / train.noise), SHORT),
        "train_head_steady": peaks(squash(steady_rise / unit), SHORT),
        "train_head_steady_noise": peaks(squash(steady_rise / train.noise), SHORT),
        "train_head_above": np.array([np.log2(1.0 + np.count_nonzero(above))]),
        "train_head_points": np.array([float(count)]),
    }


def _numbers(train: Train, axis: FloatArray, smoothed: FloatArray) -> dict[str, FloatArray]:
    """Single numbers: scales of the curve against each other, its length, and the colour of its noise."""
    differences = np.diff(axis)
    second = np.diff(differences)
    unit = 1.0 if train.log else train.size
    fine = spread(second) / np.sqrt(6.0)
    numbers = {
        "train_points": np.log2(len(train.logged)),
        "train_is_log": float(train.log),
        "train_is_signed": float(not train.positive),
        "train_noise_to_drop": np.log10(train.noise / train.drop),
        "train_noise_to_size": np.log10(train.noise / unit),
        "train_fine_noise_to_drop": np.log10(max(fine, 1e-9 * unit) / train.drop),
        "train_drop_to_size": np.log10(train.drop / unit),
        "train_ends_above_start": squash(np.array([(smoothed[-1] - train.start) / train.drop]))[0],
        "train_memory": _memory(differences),
        "train_distinct": len(np.unique(train.values[:2000])) / min(len(train.values), 2000),
        "train_negative": float(np.mean(train.values < 0.0)),
        "train_plunge": squash(np.array([_plunge(train.values, train.noise_loss)]))[0],
    }
    return {name: np.array([value], dtype=np.float64) for name, value in numbers.items()}


def _plunge(values: FloatArray, noise: float) -> float:
    """How far the loss falls at its first step below zero, in noise and the largest falls before; 0 if it never steps.

    What is negative by nature drifts through zero, or starts below it; what broke plunges.
    """
    below = np.flatnonzero(values < 0.0)
    if not len(below) or below[0] < 3:
        return 0.0
    at = int(below[0])
    falls = -np.diff(values[max(0, at - 50) : at])
    usual = 3.0 * noise + float(np.quantile(np.maximum(falls, 0.0), 0.9))
    return float(values[at - 1] - values[at : at + 3].min()) / max(usual, 1e-300)


def _memory(differences: FloatArray) -> float:
    """Return the correlation of neighbouring differences: -0.5 for white noise, positive for swings."""
    part = np.clip(differences[len(differences) // 5 :], *np.quantile(differences, (0.02, 0.98)))
    part = part - part.mean()
    power = float(part @ part)
    return float(part[:-1] @ part[1:]) / power if power > 0 and len(part) >= 3 else 0.0

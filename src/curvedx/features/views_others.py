"""Views of the learning rate, the gradient norm, the loss of each task and the accuracy of each class."""

from __future__ import annotations

import numpy as np

from curvedx.curve import CLASS_ACCURACY, TASK_LOSS, Curve
from curvedx.features.bins import bin_means, peaks, running_median, smooth, stretch
from curvedx.features.sheet import Part, Points
from curvedx.features.views_train import LENGTH
from curvedx.measures import bounded, clipped, median

BOUNDED = {
    "lr_share": LENGTH,
    "lr_cut": LENGTH,
    "grad_broken": LENGTH,
    "grad_infinite_end": 1,
    "grad_rise": 1,
    "grad_fall": 1,
    "grad_end": 1,
    "grad_trend": LENGTH,
    "class_worst": LENGTH,
    "class_others": LENGTH,
    "class_worst_late_high": 1,
}
"""Views of these channels whose values have limits by nature, with their lengths."""

UNBOUNDED = {
    "task_trend": LENGTH,
    "task_lost": 1,
}
"""Views of these channels whose values can be of any size, with their lengths; the sheet compresses them."""

FEWEST_RATES, FEWEST_NORMS = 2, 4
"""Finite points below which nothing is said of the learning rate or the course of the gradient norm."""


def rate_views(rates: Points, part: Part) -> None:
    """Fill in the learning rate on its peak, and its cuts."""
    bins = bin_means(np.abs(rates.values))
    peak = bins.max(axis=1, keepdims=True)
    share = bins / np.maximum(peak, 1e-300)
    decades = np.log10(np.maximum(share, 1e-6))
    change = np.diff(decades, axis=1, prepend=decades[:, :1])
    part.put("lr_share", stretch(share, LENGTH))
    part.put("lr_cut", peaks(np.maximum(-change, 0.0), LENGTH))


def gradient_health_views(norms: Points, part: Part) -> None:
    """Fill in where the gradient norm broke, from all that was logged of it."""
    values = norms.values
    ends = np.isinf(values[:, -max(1, values.shape[1] // 20) :])
    part.put("grad_broken", peaks((~np.isfinite(values)).astype(np.float64), LENGTH))
    part.put("grad_infinite_end", ends.mean(axis=1, keepdims=True))


def gradient_views(norms: Points, part: Part) -> None:
    """Fill in the gradient norm in powers of ten, absolute and against its own middle, where finite and not zero."""
    decades = smooth(bin_means(np.log10(clipped(np.abs(norms.values), 1e-12, 1e12))))
    count = decades.shape[1]
    early = median(decades[:, count // 10 : max(count // 10 + 1, count // 3)])[:, np.newaxis]
    end = median(decades[:, -max(1, count // 20) :])[:, np.newaxis]
    part.put("grad_rise", decades[:, -1:] - decades[:, count // 10 :].min(axis=1, keepdims=True))
    part.put("grad_fall", decades[:, : max(4, count // 5)].max(axis=1, keepdims=True) - end)
    part.put("grad_end", end)
    part.put("grad_trend", stretch(clipped(decades - early, -8.0, 8.0), LENGTH))


def task_views(curve: Curve, part: Part) -> None:
    """Fill in the loss of the task that lost most of what it had learned, on its own drop."""
    worst, most = None, -np.inf
    for channel in curve.family(TASK_LOSS).values():
        values = channel.values[np.isfinite(channel.values)]
        if len(values) < 4:
            continue
        smoothed = smooth(bin_means(bounded(values)[np.newaxis]))[0]
        at = int(np.argmin(smoothed))
        drop = max(float(smoothed[: at + 1].max() - smoothed[at]), 1e-3 * abs(float(smoothed[0])), 1e-100)
        lost = float(np.median(smoothed[-max(1, len(smoothed) // 20) :]) - smoothed[at]) / drop
        real = drop > 0.02 * abs(float(smoothed[0]))
        if real and lost > most:
            worst, most = (smoothed - smoothed[at]) / drop, lost
    if worst is not None:
        part.put("task_trend", stretch(worst[np.newaxis], LENGTH))
        part.put("task_lost", np.array([[most]]))


def class_views(curve: Curve, part: Part) -> None:
    """Fill in the accuracy of the class that stays lowest over the last half, and the mean of the others."""
    found = []
    for channel in curve.family(CLASS_ACCURACY).values():
        values = channel.values[np.isfinite(channel.values)]
        if len(values) >= 2:
            share = values / 100.0 if values.max() > 1.5 else values
            found.append(stretch(bin_means(share[np.newaxis]), LENGTH)[0])
    if len(found) < 2:
        return
    matrix = np.array(found)
    half = matrix[:, LENGTH // 2 :]
    worst = int(np.argmin(median(half)))
    others = np.delete(matrix, worst, axis=0).mean(axis=0)
    part.put("class_worst", clipped(running_median(matrix[[worst]], 3), 0.0, 1.0))
    part.put("class_others", clipped(others, 0.0, 1.0)[np.newaxis])
    part.put("class_worst_late_high", half[[worst]].max(axis=1, keepdims=True))

"""Views of the learning rate, the gradient norm, the loss of each task and the accuracy of each class."""

from __future__ import annotations

import numpy as np

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, Curve, FloatArray
from curvedx.features.bins import LARGEST, bin_values, peaks, running_median, smooth, stretch
from curvedx.features.views_train import SHORT, Train, squash


def rate_views(curve: Curve) -> dict[str, FloatArray]:
    """Return the learning rate on its peak, its cuts and restarts, and its decay over the last fifth."""
    channel = curve.get(LR)
    if channel is None:
        return {}
    values = channel.values[np.isfinite(channel.values)]
    if len(values) < 2:
        return {}
    bins = bin_values(np.abs(values)).mean
    peak = max(float(bins.max()), 1e-300)
    share = bins / peak
    decades = np.log10(np.maximum(share, 1e-6))
    change = np.diff(decades, prepend=decades[0])
    late = share[-max(1, len(share) // 5)]
    numbers = {
        "lr_late_decay": float(np.log10(max(float(share[-1]), 1e-6)) - np.log10(max(float(late), 1e-6))),
        "lr_is_zero": float(bins.max() == 0.0),
        "lr_restarts": float(np.count_nonzero(change[len(change) // 10 + 1 :] > 0.15)),
    }
    found = {name: np.array([value]) for name, value in numbers.items()}
    return found | {"lr_share": stretch(share, SHORT), "lr_cut": peaks(np.maximum(-change, 0.0), SHORT)}


def gradient_views(curve: Curve, train: Train) -> dict[str, FloatArray]:
    """Return the gradient norm in powers of ten: absolute, against its own middle, and where it broke."""
    channel = curve.get(GRAD_NORM)
    if channel is None or train.smoothed_loss is None:
        return {}
    values = channel.values
    finite = np.isfinite(values)
    zero = values == 0.0
    loss_zero = np.interp(channel.steps, train.steps, (train.logged == 0.0).astype(np.float64)) > 0.5
    dead = loss_zero & (~finite | zero)
    found = {
        "grad_broken": peaks((~finite).astype(np.float64), SHORT),
        "grad_infinite_end": np.array([float(np.mean(np.isinf(values[-max(1, len(values) // 20) :])))]),
        "grad_dead_with_loss": np.array([float(np.mean(dead))]),
        "grad_zero": np.array([float(np.mean(zero))]),
    }
    usable = finite & ~zero
    if usable.sum() < 4:
        return found
    known = np.abs(values[usable])
    decades = smooth(bin_values(np.log10(np.clip(known, 1e-12, 1e12))).mean)
    count = len(decades)
    early = float(np.median(decades[count // 10 : max(count // 10 + 1, count // 3)]))
    after = decades[count // 10 :]
    numbers = {
        "grad_distinct": len(np.unique(known[:2000])) / min(len(known), 2000),
        "grad_rise": float(decades[-1] - after.min()),
        "grad_lasting_rise": float(np.median(decades[-max(1, count // 20) :]) - early),
        "grad_fall": float(decades[: max(4, count // 5)].max() - np.median(decades[-max(1, count // 20) :])),
        "grad_end": float(np.median(decades[-max(1, count // 20) :])),
        "grad_loss_left": float(
            np.clip(np.median(train.smoothed_loss[-max(1, len(train.smoothed_loss) // 20) :]) / train.size, -5.0, 50.0)
        ),
    }
    found |= {name: np.array([value]) for name, value in numbers.items()}
    return found | {"grad_trend": stretch(np.clip(decades - early, -8.0, 8.0), SHORT * 2)}


def task_views(curve: Curve) -> dict[str, FloatArray]:
    """Return the loss of the task that lost most of what it had learned, on its own drop."""
    worst, most = None, -np.inf
    for channel in curve.family(TASK_LOSS).values():
        values = channel.values[np.isfinite(channel.values)]
        if len(values) < 4:
            continue
        smoothed = smooth(bin_values(np.clip(values, -LARGEST, LARGEST)).mean)
        at = int(np.argmin(smoothed))
        drop = max(float(smoothed[: at + 1].max() - smoothed[at]), 1e-3 * abs(float(smoothed[0])), 1e-100)
        lost = float(np.median(smoothed[-max(1, len(smoothed) // 20) :]) - smoothed[at]) / drop
        real = drop > 0.02 * abs(float(smoothed[0]))
        if real and lost > most:
            worst, most = (smoothed - smoothed[at]) / drop, lost
    if worst is None:
        return {}
    return {
        "task_trend": stretch(squash(worst), SHORT),
        "task_lost": squash(np.array([most])),
    }


def class_views(curve: Curve) -> dict[str, FloatArray]:
    """Return the accuracy of the class that stays lowest over the last half, and the mean of the others."""
    rows = []
    for channel in curve.family(CLASS_ACCURACY).values():
        values = channel.values[np.isfinite(channel.values)]
        if len(values) >= 2:
            share = values / 100.0 if values.max() > 1.5 else values
            rows.append(stretch(bin_values(share).mean, SHORT))
    if len(rows) < 2:
        return {}
    matrix = np.array(rows)
    half = matrix[:, SHORT // 2 :]
    worst = int(np.argmin(np.median(half, axis=1)))
    others = np.delete(matrix, worst, axis=0).mean(axis=0)
    return {
        "class_worst": np.clip(running_median(matrix[worst], 3), 0.0, 1.0),
        "class_others": np.clip(others, 0.0, 1.0),
        "class_worst_late_high": np.array([float(half[worst].max())]),
    }

"""The definitions of the labels that need another channel beside the train loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import middle, quantile
from curvedx.synth.definitions import divergence, flat_line
from curvedx.synth.definitions_base import once, quartered
from curvedx.synth.grey import both, either, over, under
from curvedx.synth.truth import Truth


def overfitting(run: Truth) -> float | None:
    """Validation ends above its minimum, by level, noise and drop, after a lasting rise; train stays low."""
    if run.val is None or run.val_y is None or run.val_t is None or len(run.val) < 3:
        return None
    val = run.val
    lowest = int(val.argmin())
    count = len(val)
    end = middle(val[-max(1, count // 20) :])
    low = float(val[lowest])
    rise = end - low
    level = abs(low) if run.positive else max(float(val[0] - low), run.size * 0.1)
    noise = run.val_noise
    rising = float(count - 1 - lowest)
    span = (run.val_t[-1] - run.val_t[lowest]) / max(run.val_t[-1] - run.val_t[0], 1e-9)
    own_drop = max(float(val[0]) - low, 0.0)
    train_low = run.level(run.loss_trend, -0.1) - float(np.interp(run.val_t[lowest], run.t, run.loss_trend))
    return both(
        over(rise, 0.05 * level),
        over(rise, 3.0 * noise),
        over(rise, 0.03 * own_drop),
        either(over(rising, 2.6), over(span, 0.2)),
        under(max(train_low, 0.0), max(0.5 * rise, 0.02 * run.size)),
        1.0 - divergence(run),
        1.0 - (grokking(run) or 0.0),
    )


def val_below_train(run: Truth) -> float | None:
    """After the first 10 %, at least 70 % of five or more evaluations lie 5 % below the nearby train loss."""
    if run.val_y is None or run.val_t is None or len(run.val_t) < 5:
        return None
    later = slice(int(run.val_t.searchsorted(run.val_t[0] + 0.1 * (run.val_t[-1] - run.val_t[0]))), None)
    if run.failed:
        return 0.0
    # The mean of the nearby train loss: heavy tails lift it above what is usual.
    nearby = run.loss_clean + _nearby_mean(run.y - run.loss_clean, max(5, round(0.1 * run.count)))
    train = np.interp(run.val_t[later], run.t, nearby)
    level = np.abs(train) if run.positive else np.full(len(train), run.size)
    below = (train - run.val_y[later]) / np.maximum(level, 1e-300)
    # The depth that 70 % of the evaluations reach has to exceed 5 %.
    return over(quantile(below, 0.3), 0.05)


def _nearby_mean(values: FloatArray, wide: int) -> FloatArray:
    """Return the mean of as many values around each, fewer at the ends."""
    half, count = wide // 2, len(values)
    total = np.zeros(count + 2 * half + 1)
    np.add.accumulate(values, out=total[half + 1 : half + 1 + count])
    total[half + 1 + count :] = total[half + count]
    return np.asarray((total[2 * half + 1 :] - total[:count]) / _wide(count, half))


@lru_cache(maxsize=64)
def _wide(count: int, half: int) -> FloatArray:
    """Return how many of so many places lie within a distance of each."""
    at = np.arange(float(count))
    return np.asarray(np.minimum(at + half + 1, count) - np.maximum(at - half, 0))


@once
def grokking(run: Truth) -> float | None:
    """Train near its floor early, validation high at least three times as long, then down by more than half."""
    if run.val is None or run.val_t is None or len(run.val) < 5:
        return None
    trend = run.trend
    floor = run.lowest
    near = floor + 0.1 * (run.start - floor)
    if run.log:
        # On a log axis "near its floor" is what the linear plot shows: a tenth of the start.
        near = max(near, run.start - 2.3)
    early = float(run.t[int((trend <= near).argmax())])
    val = run.val
    first = float(val[0])
    high = 0.7 * min(first, float(val.max()))
    still = (val >= high).nonzero()[0]
    if not len(still) or still[-1] >= len(val) - 1:
        return 0.0
    late = float(run.val_t[still[-1]])
    before = middle(val[max(0, still[-1] - 3) : still[-1] + 1])
    end = float(val[still[-1] :].min())
    learned = over(run.start_linear / max(float(run.loss_trend.min()), 1e-300), 4.0) if run.positive else 0.0
    return both(
        over(late / max(early, 0.5 / run.count), 3.0),
        over(before / max(end, 1e-300), 2.0),
        over(late, 0.025),
        learned,
        over(before / max(float(np.interp(late, run.t, run.loss_trend)), 1e-300), 3.0),
    )


def double_descent(run: Truth) -> float | None:
    """Validation falls, rises by more than 10 % of its level, and falls again by most of that rise or more."""
    if run.val is None or run.val_t is None or len(run.val) < 6:
        return None
    val = run.val
    best = 0.0
    prefix = np.minimum.accumulate(val)
    rises = val - prefix
    peak = int(rises.argmax())
    low_at = int(val[: peak + 1].argmin())
    low, top = float(val[low_at]), float(val[peak])
    if top > low and low_at >= 1:
        level = abs(low) if run.positive else max(float(val[0] - low), run.size * 0.1)
        again = float(val[peak:].min())
        fell = float(val[0]) - low
        train_low = float(np.interp(run.val_t[low_at], run.t, run.loss_trend))
        # A train loss that is logged after the evaluation tells of the same rise.
        until = run.val_t[min(peak + 1, len(val) - 1)]
        meanwhile = run.loss_clean[run.t.searchsorted(run.val_t[low_at]) : run.t.searchsorted(until, "right")]
        train_top = float(meanwhile.max(initial=train_low))
        best = both(
            over(top - low, 0.1 * level),
            over(top - low, 4.0 * run.val_noise),
            over((top - again) / (top - low), 0.7),
            over(fell, 0.1 * level),
            over(float(np.count_nonzero(val > low + 0.5 * (top - low))), 1.6),
            under(max(train_top - train_low, 0.0), 0.3 * (top - low)),
        )
    return both(best, 1.0 - (grokking(run) or 0.0))


def catastrophic_forgetting(run: Truth) -> float | None:
    """The loss of one task, after it had fallen, rises by more than half of its drop and stays up."""
    if len(run.tasks) < 2:
        return None
    return max(_forgotten(loss, run.size) for loss in run.tasks.values())


def _forgotten(loss: FloatArray, size: float) -> float:
    lowest = int(loss.argmin())
    drop = float(loss[: lowest + 1].max() - loss[lowest])
    end = middle(loss[-max(1, len(loss) // 20) :])
    return both(over(drop, 0.05 * size), over((end - float(loss[lowest])) / max(drop, 1e-300), 0.5))


def exploding_gradients(run: Truth) -> float | None:
    """After the first 10 % the gradient norm rises tenfold and stays, or is infinite; the loss does not fall."""
    if run.grad is None:
        return None
    begin = max(1, int(run.t.searchsorted(0.1)))
    grad = run.grad[begin:]
    if len(grad) < 5 or np.isnan(grad).any():
        return 0.0
    tail = max(3, len(grad) // 20)
    end = middle(grad[-tail:])
    if np.isinf(end):
        return 1.0
    # The rise begins where the norm is last seen near its lowest.
    least = float(grad.min())
    lowest = int((grad <= least + 0.1).nonzero()[0][-1])
    rise = end - least
    early = middle(grad[: max(1, len(grad) // 10)])
    loss_fell = float(run.loss_trend[begin + lowest]) - run.end_linear
    return both(over(rise, 1.0), over(end - early + 1.0, 1.0), under(max(loss_fell, 0.0), 0.1 * run.size))


def vanishing_gradients(run: Truth) -> float | None:
    """The gradient norm falls a hundredfold or lies below 1e-5 while the loss is still above half of its start."""
    if run.grad is None:
        return None
    grad = run.grad
    if not np.isfinite(grad).all():
        return 0.0
    wide = max(1, run.count // 20)
    end = middle(grad[-wide:])
    early = max(middle(part) for part in quartered(grad[: max(4, run.count // 5)]))
    level = run.end_linear / run.size if run.positive else 1.0
    return both(
        either(over(early - end, 2.0), over(-end, 5.0) if end < 0 else 0.0),
        over(level, 0.5),
        1.0 - divergence(run),
        1.0 if grad.max() > grad.min() else 1.0 - flat_line(run),
    )


def dead_class(run: Truth) -> float | None:
    """One class stays below 5 % over the last half while the mean of the others exceeds 50 %."""
    if len(run.classes) < 2:
        return None
    matrix = np.array(list(run.classes.values()))
    half = matrix[:, matrix.shape[1] // 2 :]
    worst = int(half.mean(axis=1).argmin())
    others = float(np.mean(np.delete(half, worst, axis=0)[:, -max(1, half.shape[1] // 2) :]))
    # A single sample of a small class is not the class.
    learned = max(float(half[worst].mean()), middle(half[worst][-max(1, half.shape[1] // 5) :]))
    return both(under(learned, 0.05), over(others, 0.5))


CHANNEL_REGISTER: dict[str, Callable[[Truth], float | None]] = {
    f.__name__: f
    for f in (
        overfitting,
        val_below_train,
        grokking,
        double_descent,
        catastrophic_forgetting,
        exploding_gradients,
        vanishing_gradients,
        dead_class,
    )
}

"""What the generator knows of a run it drew, estimated from the log of a run nobody drew.

`degrees` applies the definitions of the labels to a logged curve. Each definition is written once, on a `Truth`; here
a `Truth` is filled with estimates: the trend by `smoothing`, the failure by what the log hides, the restarts and
decays of the schedule by the learning rate that was logged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curvedx.catalogue import assessable, unassessed
from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.measures import masked, median
from curvedx.synth.definitions import REGISTER
from curvedx.synth.definitions_channels import CHANNEL_REGISTER
from curvedx.synth.logger import FEWEST
from curvedx.synth.smoothing import median_line, smooth_line, smoothed, smoothed_between
from curvedx.synth.truth import Truth

BoolArray = NDArray[np.bool_]

HUGE = 1e100
"""Losses beyond it are judged as it: their squares would overflow."""

INFINITE = 300.0
"""Log10 of a gradient norm that stands for infinity."""

NOTHING = 1e-30
"""A gradient norm of zero is judged as this."""

KEPT = 8192
"""Points of a long log that are judged, one of each stretch of neighbours: the most unusual, or the middle one."""


def degrees(curve: Curve) -> dict[str, float | None]:
    """Return the degree of each label, estimated from the log alone.

    Parameters
    ----------
    curve
        A logged run of any length.

    Returns
    -------
    dict
        Per label, how likely a careful reader would call it present; None where a channel that it needs was not logged
        or has too few points, and everywhere below 8 train points.
    """
    cannot = unassessed(curve) if len(curve) >= FEWEST else {p.name for p in assessable()}
    known = {} if len(cannot) == len(assessable()) else _measured(truth(curve))
    return {p.name: None if p.name in cannot else known[p.name] for p in assessable()}


def _measured(run: Truth) -> dict[str, float | None]:
    with np.errstate(all="ignore"):
        return {name: measure(run) for name, measure in (REGISTER | CHANNEL_REGISTER).items()}


def truth(curve: Curve) -> Truth:
    """Return what the log of a run tells of what the generator would know of it."""
    train = curve[TRAIN_LOSS]
    first, span = float(train.steps[0]), max(float(np.ptp(train.steps)), 1e-300)
    broken = _broken(curve)
    seen = ~broken if (~broken).sum() >= 4 else np.isfinite(train.values)
    if seen.sum() < 4:
        # Nothing was seen of it but the failure.
        seen = np.ones(len(train), dtype=bool)
    y = np.clip(np.nan_to_num(train.values[seen], nan=0.0), -HUGE, HUGE)
    kept = _kept(y)
    y, steps = y[kept], train.steps[seen][kept]
    t = (steps - first) / span
    rate = _rate(curve, steps)
    restarts = [] if rate is None else _restarts(rate)
    found = smoothed_between(y, restarts) if len(restarts) >= 2 else smoothed(y)
    val_t, val_y, val = _validation(curve, first, span)
    tasks = {name: _known(channel) for name, channel in curve.family(TASK_LOSS).items()}
    return Truth(
        t=t,
        y=y,
        loss_clean=found.clean,
        # What a task switch explains comes back as training goes on: it is no event.
        loss_trend=found.line if len(tasks) >= 2 else found.trend,
        positive=bool(y.min() >= -0.001 * abs(y[0])),
        rate=rate,
        rate_explains=(rate is not None and _decays(rate)) or bool(restarts) or len(tasks) >= 2,
        explained_switch=len(tasks) >= 2,
        failed=float(broken.any()),
        restarts=tuple(t[restarts].tolist()),
        val_t=val_t,
        val_y=val_y,
        val=val,
        tasks={name: smoothed(loss).trend for name, loss in tasks.items() if len(loss)},
        classes=_classes(curve),
        grad=_gradient(curve, steps),
    )


def _kept(y: FloatArray) -> NDArray[np.intp]:
    """Thin a long log, so that events stay and it takes no more time than the longest drawn run."""
    each = -(-len(y) // KEPT)
    if each == 1:
        return np.arange(len(y))
    stretches = y[: len(y) // each * each].reshape(-1, each)
    apart = np.abs(stretches - median(stretches)[:, np.newaxis])
    unusual = apart.max(axis=1) > 6.0 * 1.4826 * np.median(median(apart))
    starts = np.arange(len(stretches)) * each
    return np.asarray(starts + np.where(unusual, apart.argmax(axis=1), each // 2))


def _broken(curve: Curve) -> BoolArray:
    """Tell which train points are a numerical failure: not finite, a masked zero, or garbage below zero."""
    train = curve[TRAIN_LOSS]
    lost = ~np.isfinite(train.values) | masked(curve)
    return lost | _below_zero(np.where(lost, np.nan, train.values))


def _below_zero(values: FloatArray) -> BoolArray:
    """Tell which points lie below zero where the loss cannot: it got there by a leap, not by drifting."""
    below = values < 0.0
    first = int(np.argmax(below))
    before = values[:first][np.isfinite(values[:first])]
    if not below.any() or len(before) < 4:
        return np.zeros(len(values), dtype=bool)
    found = smoothed(before)
    level = float(found.trend[-1])
    recent = float(found.trend[-max(3, len(before) // 20)])
    # A leap goes farther than noise, and than the trend went over the stretch before it, which kept clear of zero.
    leap = level - float(values[first])
    # What falls through zero faster and faster goes on as fast; garbage stays where it is, or scatters.
    after = values[first : first + 4]
    falls = np.nan_to_num(after[:-1] - after[1:], nan=0.0)
    goes_on = float(falls.max(initial=0.0)) if (falls >= 0.0).all() else 0.0
    leaps = leap > max(6.0 * found.noise, 3.0 * (recent - level), 3.0 * goes_on)
    clear = level > max(3.0 * found.noise, 0.02 * before[0])
    return below if leaps and clear else np.zeros(len(values), dtype=bool)


def _known(channel: Channel) -> FloatArray:
    return np.clip(channel.values[np.isfinite(channel.values)], -HUGE, HUGE)


def _rate(curve: Curve, steps: FloatArray) -> FloatArray | None:
    """Return the logged learning rate at each train point, as a multiple of its peak."""
    channel = curve.get(LR)
    if channel is None:
        return None
    finite = np.isfinite(channel.values)
    if not finite.any() or float(channel.values[finite].max()) <= 0.0:
        return None
    at = np.clip(np.searchsorted(channel.steps[finite], steps, side="right") - 1, 0, None)
    values = channel.values[finite][at]
    return np.asarray(values / values.max())


def _decays(rate: FloatArray) -> bool:
    """Tell whether the rate decays over the last fifth of the run."""
    return bool(rate[-1] < 0.7 * rate[min(len(rate) - 1, int(0.8 * len(rate)))])


def _restarts(rate: FloatArray) -> list[int]:
    """Return the points at which the rate begins to rise again by a fifth of its peak or more, having fallen as far."""
    rises = rate[1:] >= rate[:-1]
    # Only where it turns can it be lowest or highest.
    turning = [0, *(np.flatnonzero(rises[1:] != rises[:-1]) + 1).tolist(), len(rate) - 1]
    found: list[int] = []
    top = low = 0
    for at in turning:
        value = rate[at]
        if rate[low] < rate[top] - 0.2:
            # It has fallen since its last top: look for the next rise.
            if value <= rate[low]:
                low = at
            elif value > rate[low] + 0.2:
                found.append(low)
                top = low = at
        elif value >= rate[top]:
            top = low = at
        elif value < rate[low]:
            low = at
    return found


def _validation(
    curve: Curve, first: float, span: float
) -> tuple[FloatArray, FloatArray, FloatArray] | tuple[None, None, None]:
    channel = curve.get(VAL_LOSS)
    if channel is None:
        return None, None, None
    finite = np.isfinite(channel.values)
    if finite.sum() < 2:
        return None, None, None
    values = np.clip(channel.values[finite], -HUGE, HUGE)
    kept = _kept(values)
    values = values[kept]
    return (channel.steps[finite][kept] - first) / span, values, smooth_line(values)


def _gradient(curve: Curve, steps: FloatArray) -> FloatArray | None:
    """Return the smoothed log10 gradient norm at the given steps; infinite where it stays infinite."""
    channel = curve.get(GRAD_NORM)
    if channel is None:
        return None
    known = ~np.isnan(channel.values)
    if known.sum() < 2:
        return np.full(len(steps), np.nan)
    with np.errstate(divide="ignore"):
        logs = np.log10(np.clip(np.abs(channel.values[known]), NOTHING, 10.0**INFINITE))
    smooth = median_line(logs, 0.03)
    grad = np.interp(steps, channel.steps[known], smooth)
    return np.where(grad >= INFINITE, np.inf, grad)


def _classes(curve: Curve) -> dict[str, FloatArray]:
    """Return the smoothed accuracy of each class, at the steps of the class logged most often."""
    family = {name: c for name, c in curve.family(CLASS_ACCURACY).items() if np.isfinite(c.values).any()}
    if not family:
        return {}
    steps = max(family.values(), key=len).steps
    found = {}
    for name, channel in family.items():
        finite = np.isfinite(channel.values)
        values = channel.values[finite]
        smooth = median_line(values, 0.1)
        found[name] = np.interp(steps, channel.steps[finite], smooth)
    return found

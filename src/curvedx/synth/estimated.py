"""What the generator knows of a run it drew, estimated from the log of a run nobody drew.

`degrees` applies the definitions of the labels to a logged curve. Each definition is written once, on a `Truth`; here
a `Truth` is filled with estimates: the trend by `smoothing`, the failure by what the log hides, the restarts and
decays of the schedule by the learning rate that was logged. Logs are read one by one, then the series of all of them
are smoothed together, and the definitions are measured on one run after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from curvedx.catalogue import assessable, unassessed
from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.measures import bounded, clipped, finite_points, masked, median
from curvedx.synth.logger import FEWEST
from curvedx.synth.register import DEFINITIONS
from curvedx.synth.smoothing import Smoothed, joined, median_lines, smoothed, stretches, taken_apart
from curvedx.synth.truth import Truth, finite

BoolArray = NDArray[np.bool_]

INFINITE = 300.0
"""Log10 of a gradient norm that stands for infinity."""

NOTHING = 1e-30
"""A gradient norm of zero is judged as this."""

KEPT = 8192
"""Points of a long log that are judged, one of each stretch of neighbours: the most unusual, or the middle one."""


@dataclass(frozen=True, kw_only=True)
class _Log:
    """What the log of a run says before any of its series is smoothed."""

    t: FloatArray
    y: FloatArray
    steps: FloatArray
    """Train steps, as many as `t`."""
    failed: bool
    rate: FloatArray | None
    restarts: list[int]
    """Points of the train loss at which the rate begins to rise again."""
    val: tuple[FloatArray, FloatArray] | None
    """Positions and losses."""
    norm: tuple[FloatArray, FloatArray] | None
    """Steps, and log10 gradient norms: infinite ones are `INFINITE`, and fewer than two are a NaN."""
    switched: bool
    """Whether it was trained on several tasks."""
    tasks: dict[str, FloatArray]
    classes: dict[str, Channel]
    evaluated: FloatArray
    """Steps of the class that was logged most often."""

    @property
    def losses(self) -> list[FloatArray]:
        """Series to be taken apart: the train loss, between restarts where it waves, and the loss of each task."""
        train = stretches(self.y, self.restarts) if self.waving else [self.y]
        return [*train, *self.tasks.values()]

    @property
    def waving(self) -> bool:
        """Whether the train loss is smooth between restarts alone."""
        return len(self.restarts) >= 2


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
    return all_degrees([curve])[0]


def all_degrees(curves: Sequence[Curve]) -> list[dict[str, float | None]]:
    """Return `degrees` of each curve; those of one do not depend on the others."""
    names = [p.name for p in assessable()]
    open_to = [_open_to(curve, names) for curve in curves]
    runs = iter(truths([curve for curve, asked in zip(curves, open_to, strict=True) if asked]))
    found = [_measured(next(runs), asked) if asked else {} for asked in open_to]
    return [{name: one.get(name) for name in names} for one in found]


def _open_to(curve: Curve, names: Sequence[str]) -> list[str]:
    """Return the labels of which this log can tell."""
    if len(curve) < FEWEST:
        return []
    cannot = unassessed(curve)
    return [name for name in names if name not in cannot]


def _measured(run: Truth, names: Sequence[str]) -> dict[str, float | None]:
    with np.errstate(all="ignore"):
        return {name: DEFINITIONS[name](run) for name in names}


def truth(curve: Curve) -> Truth:
    """Return what the log of a run tells of what the generator would know of it."""
    return truths([curve])[0]


def truths(curves: Sequence[Curve]) -> list[Truth]:
    """Return `truth` of each curve; that of one does not depend on the others."""
    logs = [_read(curve) for curve in curves]
    apart, lines = taken_apart(
        [series for log in logs for series in log.losses], [log.val[1] for log in logs if log.val is not None]
    )
    norms = median_lines([log.norm[1] for log in logs if log.norm is not None], 0.03)
    classes = median_lines([values for log in logs for _, values in log.classes.values()], 0.1)
    # Each takes its own, in the order in which they were asked for.
    each = iter(apart), iter(lines), iter(norms), iter(classes)
    return [_filled(log, *each) for log in logs]


def _read(curve: Curve) -> _Log:
    train = curve[TRAIN_LOSS]
    first, span = float(train.steps[0]), max(float(train.steps[-1]) - float(train.steps[0]), 1e-300)
    broken = _broken(curve)
    steps, y = train
    if failed := bool(broken.any()):
        seen = ~broken if np.count_nonzero(~broken) >= 4 else np.isfinite(y)
        # Where nothing was seen of it but the failure, all of it is judged.
        steps, y = (steps[seen], y[seen]) if np.count_nonzero(seen) >= 4 else (steps, np.nan_to_num(y, nan=0.0))
    y = bounded(y)
    kept = _kept(y)
    y, steps = y[kept], steps[kept]
    rate = _rate(curve, steps)
    tasks = curve.family(TASK_LOSS)
    classes = {name: c for name, c in curve.family(CLASS_ACCURACY).items() if np.isfinite(c.values).any()}
    return _Log(
        t=(steps - first) / span,
        y=y,
        steps=steps,
        failed=failed,
        rate=rate,
        restarts=[] if rate is None else _restarts(rate),
        val=_validation(curve, first, span),
        norm=_norm(curve),
        switched=len(tasks) >= 2,
        tasks={name: loss for name, channel in tasks.items() if len(loss := finite_points(channel)[1])},
        classes={name: channel.finite() for name, channel in classes.items()},
        evaluated=max((channel.steps for channel in classes.values()), key=len, default=steps),
    )


def _filled(
    log: _Log,
    apart: Iterator[Smoothed],
    lines: Iterator[FloatArray],
    norms: Iterator[FloatArray],
    classes: Iterator[FloatArray],
) -> Truth:
    """Return what is known of a run; it takes its own from what was smoothed, in the order of the log."""
    train = list(islice(apart, len(log.losses) - len(log.tasks)))
    found = joined(train) if log.waving else train[0]
    rate = log.rate
    return Truth(
        t=log.t,
        y=log.y,
        loss_clean=found.clean,
        # What a task switch explains comes back as training goes on: it is no event.
        loss_trend=found.line if log.switched else found.trend,
        positive=bool(log.y.min() >= -0.001 * abs(log.y[0])),
        rate=rate,
        rate_explains=(rate is not None and _decays(rate)) or bool(log.restarts) or log.switched,
        explained_switch=log.switched,
        failed=float(log.failed),
        restarts=tuple(log.t[log.restarts].tolist()),
        val_t=None if log.val is None else log.val[0],
        val_y=None if log.val is None else log.val[1],
        val=None if log.val is None else next(lines),
        tasks={name: next(apart).trend for name in log.tasks},
        classes={name: _at(log.evaluated, steps, next(classes)) for name, (steps, _) in log.classes.items()},
        grad=None if log.norm is None else _gradient(_at(log.steps, log.norm[0], next(norms))),
    )


def _gradient(norm: FloatArray) -> FloatArray:
    """Return a smoothed log10 gradient norm, infinite where it stays infinite."""
    high = norm >= INFINITE
    return np.where(high, np.inf, norm) if high.any() else norm


def _kept(y: FloatArray) -> NDArray[np.intp] | slice:
    """Thin a long log, so that events stay and it takes no more time than the longest drawn run."""
    each = -(-len(y) // KEPT)
    if each <= 1:
        return slice(None)
    stretches = y[: len(y) // each * each].reshape(-1, each)
    apart = np.abs(stretches - median(stretches)[:, np.newaxis])
    unusual = apart.max(axis=1) > 6.0 * 1.4826 * np.median(median(apart))
    starts = np.arange(len(stretches)) * each
    return np.asarray(starts + np.where(unusual, apart.argmax(axis=1), each // 2))


def _broken(curve: Curve) -> BoolArray:
    """Tell which train points are a numerical failure: not finite, a masked zero, or garbage below zero."""
    train = curve[TRAIN_LOSS]
    if train.values.min(initial=np.inf) > 0.0 and train.values.max(initial=0.0) < np.inf:
        return np.zeros(len(train), dtype=bool)
    lost = ~np.isfinite(train.values) | masked(curve)
    return lost | _below_zero(np.where(lost, np.nan, train.values))


def _below_zero(values: FloatArray) -> BoolArray:
    """Tell which points lie below zero where the loss cannot: it got there by a leap, not by drifting."""
    below = values < 0.0
    first = int(below.argmax())
    before = finite(values[:first])
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


def _rate(curve: Curve, steps: FloatArray) -> FloatArray | None:
    """Return the logged learning rate at each train point, as a multiple of its peak."""
    channel = curve.get(LR)
    if channel is None:
        return None
    known, values = channel.finite()
    if not len(values) or float(values.max()) <= 0.0:
        return None
    if not _same(known, steps):
        values = values[np.maximum(known.searchsorted(steps, side="right") - 1, 0)]
    return np.asarray(values / values.max())


def _same(some: FloatArray, others: FloatArray) -> bool:
    """Tell whether a channel was logged at these very steps, as most are: nothing has to be looked for."""
    return some is others or (len(some) == len(others) and bool((some == others).all()))


def _at(steps: FloatArray, known: FloatArray, values: FloatArray) -> FloatArray:
    """Return values known at some steps at the given ones, on the lines between them."""
    return values if _same(steps, known) else np.interp(steps, known, values)


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


def _validation(curve: Curve, first: float, span: float) -> tuple[FloatArray, FloatArray] | None:
    channel = curve.get(VAL_LOSS)
    if channel is None:
        return None
    steps, values = finite_points(channel)
    if len(values) < 2:
        return None
    kept = _kept(values)
    return (steps[kept] - first) / span, values[kept]


def _norm(curve: Curve) -> tuple[FloatArray, FloatArray] | None:
    channel = curve.get(GRAD_NORM)
    if channel is None:
        return None
    steps, values = channel
    lost = np.isnan(values)
    if lost.any():
        steps, values = steps[~lost], values[~lost]
    if len(values) < 2:
        return np.zeros(1), np.full(1, np.nan)
    return steps, np.log10(clipped(np.abs(values), NOTHING, 10.0**INFINITE))

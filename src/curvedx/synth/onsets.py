"""Where each label that a drawn curve shows begins, as the log shows it.

A recipe knows where it put something in; the log shows it at the next row, later where it sets in gently, or never.
So an onset is measured on the latent curve, as the degree of the label is, and the recipe's place is taken where an
event has one. Each is a logged row: the first that is changed by an event, the turning point where a curve turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.definitions_base import turns
from curvedx.synth.definitions_events import noise_around
from curvedx.synth.truth import Truth

FOOT = 0.01
"""Share of a rise that still counts as its foot."""

DEAD = 0.05
"""Accuracy below which a class is dead."""

WHOLE = ("sawtooth", "undertrained")
"""Labels that are true of a whole run."""

Marks = Mapping[str, Sequence[float]]
"""Positions at which the recipes put something in, by pattern."""

Rows = Sequence[int]


def begins(
    names: Iterable[str], run: Truth, marks: Marks, steps: FloatArray, evaluated: FloatArray | None
) -> dict[str, tuple[float, ...]]:
    """Return the steps at which labels begin.

    Parameters
    ----------
    names
        The labels that are present.
    run
        What is known of the drawn run.
    marks
        The recipes' places, on the axis of ``run.t``.
    steps, evaluated
        Steps of the train points of `run` and of its evaluations.

    Returns
    -------
    dict
        Only labels of which a place is known.
    """
    found: dict[str, tuple[float, ...]] = {}
    for name in names:
        if name in TRAIN:
            found[name] = _steps(steps, TRAIN[name](run))
        elif name in MARKED and name in marks:
            found[name] = _steps(steps, MARKED[name](run, marks[name]))
        elif name in EVALUATED and evaluated is not None:
            found[name] = _steps(evaluated, EVALUATED[name](run))
    return {name: places for name, places in found.items() if places}


def _steps(steps: FloatArray, rows: Rows) -> tuple[float, ...]:
    return tuple(float(steps[row]) for row in sorted(set(rows)) if 0 <= row < len(steps))


def foot(values: FloatArray) -> int:
    """Return the last row before the rise to the later maximum that is still at the minimum, within 1 % of the rise."""
    low = int(np.argmin(values))
    top = low + int(np.argmax(values[low:]))
    return int(np.flatnonzero(values[: top + 1] <= values[low] + FOOT * (values[top] - values[low]))[-1])


def flat_line(_run: Truth) -> Rows:
    """The first row: it never learned."""
    return [0]


def divergence(run: Truth) -> Rows:
    """The last row at the lowest loss."""
    return [foot(run.trend)]


def oscillation(run: Truth) -> Rows:
    """The first trough from which the loss swings up by 70 % of its usual swing."""
    rows = turns(run.trend, 0.2 * run.drop_)
    heights = np.diff(run.trend[rows])
    usual = float(np.median(np.abs(heights[1:]))) if len(heights) > 1 else 0.0
    return [row for row, up in zip(rows, heights, strict=False) if up > 0 and up >= 0.7 * usual][:1]


def loss_spikes(run: Truth) -> Rows:
    """The first row of each jump that the definition counts."""
    height = run.y_axis - run.trend
    height[~np.isfinite(height)] = 0.0
    limit = max(6.0 * run.noise, 0.1 * run.reach)
    later = height[run.after_first_bump :]
    ordinary = later[later <= limit]
    # Each stands clear of the ordinary largest residuals, as the tallest does.
    limit = max(limit, 2.0 * float(np.quantile(ordinary, 0.99))) if len(ordinary) else limit
    tall = np.flatnonzero(height > limit)
    tall = tall[tall >= run.after_first_bump]
    tall = np.array([row for row in tall.tolist() if height[row] > 6.0 * noise_around(height, row)], dtype=np.intp)
    apart = np.diff(tall, prepend=-run.count) > max(1, run.count // 200)
    return [int(row) for row in tall[apart]]


def warmup_spike(run: Truth) -> Rows:
    """The first row that is up by a tenth of the bump."""
    early = min(max(3, int(np.searchsorted(run.t, 0.1)), round(0.1 * run.count)), run.count - 1)
    clean = run.clean[: early + 1]
    peak = int(np.argmax(clean - np.minimum.accumulate(clean)))
    low = int(np.argmin(clean[: peak + 1]))
    return [low + int(np.argmax(clean[low:] > clean[low] + 0.1 * (clean[peak] - clean[low])))]


def level_jump(run: Truth) -> Rows:
    """The first row of the largest rise that is kept and won back in part."""
    return [jump.place for jump in run.rises if jump.kept > 0.4 and jump.won_back > 0.2][:1]


def vanishing_gradients(run: Truth) -> Rows:
    """The last row at the highest norm before the lowest; the first where it is low from the beginning."""
    if run.grad is None or not np.isfinite(run.grad).all():
        return []
    lowest = int(np.argmin(run.grad))
    before = run.grad[: lowest + 1]
    top, fall = float(before.max()), float(before.max() - before[-1])
    return [int(np.flatnonzero(before >= top - FOOT * fall)[-1])] if fall > 1.0 else [0]


def catastrophic_forgetting(run: Truth) -> Rows:
    """The first row behind the lowest loss of each task that loses half of its drop."""
    rows = []
    for loss in run.tasks.values():
        low = int(np.argmin(loss))
        drop = float(np.max(loss[: low + 1]) - loss[low])
        end = float(np.median(loss[-max(1, len(loss) // 20) :]))
        if drop > 0.05 * run.size and end - float(loss[low]) > 0.5 * drop:
            rows.append(min(foot(loss) + 1, len(loss) - 1))
    return rows


def _at(run: Truth, places: Sequence[float]) -> list[int]:
    """Return the first rows at or after places; a run that breaks off before one has none."""
    return [int(row) for row in np.searchsorted(run.t, np.asarray(places) - 1e-9) if row < run.count]


def _after(run: Truth, places: Sequence[float]) -> list[int]:
    """Return the first rows after places, which are the first that show what sets in there."""
    return [int(row) for row in np.searchsorted(run.t, np.asarray(places) + 1e-9) if row < run.count]


def plateau(run: Truth, marks: Sequence[float]) -> Rows:
    """The row at the knee."""
    return _at(run, marks[:1])


def collapse_to_zero(run: Truth, marks: Sequence[float]) -> Rows:
    """The first row of the fall."""
    return _after(run, marks[:1])


def exploding_gradients(run: Truth, marks: Sequence[float]) -> Rows:
    """The last row before the norm climbs."""
    return [max(0, row - 1) for row in _after(run, marks[:1])]


def schedule_waves(run: Truth, marks: Sequence[float]) -> Rows:
    """The last row of each cycle but the last, from which the loss rises."""
    return [row - 1 for row in _after(run, marks) if row > 0]


def step_drops(run: Truth, marks: Sequence[float]) -> Rows:
    """The first row of each drop that the definition counts."""
    begins = np.array(_after(run, marks))
    rows = []
    for place, degree in run.drops():
        # A fall that takes a while is steepest behind the place at which it was put in.
        near = begins[(begins <= place + 1) & (begins >= place - run.wide - 1)]
        if degree > 0.5:
            rows.append(int(near[-1]) if len(near) else place)
    return rows


def epoch_staircase(run: Truth, marks: Sequence[float]) -> Rows:
    """The first row of each epoch after the first tenth at which the loss is seen to fall, the first steep ones too."""
    rows = []
    for row in _after(run, marks):
        before = float(run.trend[max(0, row - 1)])
        fall = before - float(run.trend[min(row + run.wide, run.count - 1)])
        if row >= 0.1 * run.count and fall > max(4.0 * run.noise, 0.015 * run.local(before)):
            rows.append(row)
    return rows


def overfitting(run: Truth) -> Rows:
    """The evaluation with the lowest validation loss."""
    return [] if run.val is None else [int(np.argmin(run.val))]


def grokking(run: Truth) -> Rows:
    """The first evaluation after the highest at which half of the height is lost."""
    if run.val is None:
        return []
    top = int(np.argmax(run.val))
    later = run.val[top:]
    return [top + int(np.argmax(later <= 0.5 * (later[0] + later.min())))]


def double_descent(run: Truth) -> Rows:
    """The evaluation at the peak between the two descents."""
    if run.val is None:
        return []
    return [int(np.argmax(run.val - np.minimum.accumulate(run.val)))]


def val_below_train(run: Truth) -> Rows:
    """The first evaluation below train from which on at least 70 % are."""
    if run.val is None or run.val_t is None:
        return []
    below = run.val < np.interp(run.val_t, run.t, run.loss_clean)
    share = np.cumsum(below[::-1])[::-1] / np.arange(len(below), 0, -1)
    return [int(row) for row in np.flatnonzero(below & (share >= 0.7))[:1]]


def dead_class(run: Truth) -> Rows:
    """The evaluation from which the worst class stays below 5 %."""
    if len(run.classes) < 2:
        return []
    matrix = np.array(list(run.classes.values()))
    worst = matrix[int(np.argmin(matrix[:, matrix.shape[1] // 2 :].max(axis=1)))]
    alive = np.flatnonzero(worst >= DEAD)
    return [int(alive[-1]) + 1 if len(alive) else 0]


Measure = Callable[[Truth], Rows]

TRAIN: Mapping[str, Measure] = MappingProxyType(
    {
        f.__name__: f
        for f in (
            flat_line, divergence, oscillation, loss_spikes, warmup_spike, level_jump, vanishing_gradients,
            catastrophic_forgetting,
        )
    }
)  # fmt: skip
"""Labels that begin at a train point which the latent curve tells."""

MARKED: Mapping[str, Callable[[Truth, Sequence[float]], Rows]] = MappingProxyType(
    {
        f.__name__: f
        for f in (plateau, collapse_to_zero, exploding_gradients, schedule_waves, step_drops, epoch_staircase)
    }
)
"""Labels that begin at a train point beside the place at which a recipe put something in."""

EVALUATED: Mapping[str, Measure] = MappingProxyType(
    {f.__name__: f for f in (overfitting, grokking, double_descent, val_below_train, dead_class)}
)
"""Labels that begin at an evaluation."""

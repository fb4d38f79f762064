"""The generalisation gap: how far the validation loss lies above the train loss, and whether that widens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.errors import CurvedxError
from curvedx.measures import finite_points, spread

FEWEST = 5
"""Evaluations with a gap below which nothing is said of its trend."""

MATERIAL = 0.05
"""Share of the validation loss that the gap has to change by, over the stretch looked at, to be called a change."""

SURE = 3.0
"""Standard errors that the change has to exceed."""

_LINES = 400
"""Evaluations between which slopes are taken; more are first averaged."""

Verdict = Literal["widening", "stable", "closing"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The generalisation gap of one run, evaluation by evaluation."""

    name: str
    """The run's name."""
    steps: FloatArray = field(repr=False, compare=False)
    """Steps of the finite evaluations that have train loss nearby."""
    values: FloatArray = field(repr=False, compare=False)
    """Validation loss minus the mean of the nearby train loss, at these steps."""
    verdict: Verdict | None
    """What the gap does in the later half of the run; None with fewer than five evaluations."""
    level: float | None
    """The gap now: the median over the last fifth of the evaluations; None without any."""
    trend: float | None
    """By how much it changes from `since` to the end, along the median of all slopes; None without a verdict."""
    percent: float | None
    """The trend in per cent of the validation loss now (of its range, for losses below zero)."""
    uncertainty: float | None
    """Standard error of the trend, from the scatter of the gap."""
    since: float | None
    """The step from which the trend is taken."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "level": self.level,
            "trend": self.trend,
            "percent": self.percent,
            "uncertainty": self.uncertainty,
            "since": self.since,
            "steps": self.steps.tolist(),
            "values": self.values.tolist(),
        }

    def __str__(self) -> str:
        from curvedx.show.tools_text import render_gap  # noqa: PLC0415 - results must not import what renders them

        return render_gap(self.to_dict())


def generalization_gap(curve: Curve | Mapping[str, Any]) -> Gap:
    """Measure how far the validation loss lies above the train loss, and whether the gap widens.

    A gap that is there and stays is expected; one that widens is what overfitting looks like from the moment it
    begins, before the validation loss itself turns; one that closes is what regularisation that wins looks like. Where
    validation lies below train (dropout, augmentation), wider means further below.

    Parameters
    ----------
    curve
        A `Curve`, or a mapping of channels with ``train_loss`` and ``val_loss``, as `classify_curve` takes it.

    Returns
    -------
    Gap
        The series, its level, its trend over the later half of the evaluations (five at least; Theil 1950, Sen 1968:
        the median slope, which single evaluations do not move) and the verdict. It is called widening or closing
        where the trend exceeds both 5 % of the validation loss and three standard errors.

    Raises
    ------
    CurvedxError
        If there is no train or no validation loss.

    Notes
    -----
    Nearby is what was logged nearer to an evaluation than to its neighbours, and at the ends as far on one side as on
    the other. Where the train loss is logged less often than that, it is read off the line between its points.
    """
    run = _curve(curve)
    val = run.get(VAL_LOSS)
    if val is None:
        found = ", ".join(map(repr, run.channels))
        raise CurvedxError(f"{run.name or 'curve'}: no {VAL_LOSS!r} channel (found {found}); a gap needs both losses")
    steps, losses = finite_points(val)
    beside = nearby_mean(run[TRAIN_LOSS], steps)
    has = np.isfinite(beside)
    steps, losses, values = steps[has], losses[has], (losses - beside)[has]
    steps.flags.writeable = values.flags.writeable = False
    late = len(values) - max(FEWEST, (len(values) + 1) // 2)
    if late < 0:
        level = float(np.median(values[-1:])) if len(values) else None
        return Gap(
            name=run.name,
            steps=steps,
            values=values,
            verdict=None,
            level=level,
            trend=None,
            percent=None,
            uncertainty=None,
            since=None,
        )
    last = max(1, len(values) // 5)
    base = float(np.median(losses[-last:])) if losses.min() > 0.0 else float(np.ptp(losses))
    level = float(np.median(values[-last:]))
    trend, error = _trend(steps[late:], values[late:])
    clear = abs(trend) > max(SURE * error, MATERIAL * base)
    wider = abs(level) > abs(level - trend)
    return Gap(
        name=run.name,
        steps=steps,
        values=values,
        verdict="stable" if not clear else "widening" if wider else "closing",
        level=level,
        trend=trend,
        percent=100.0 * trend / base if base > 0.0 else None,
        uncertainty=error,
        since=float(steps[late]),
    )


def nearby_mean(channel: Channel, at: FloatArray) -> FloatArray:
    """Return the mean of the finite values nearer to each step than to its neighbours; NaN off the channel's span.

    Parameters
    ----------
    channel
        What is averaged.
    at
        Ascending steps.
    """
    steps, values = finite_points(channel)
    if not len(at) or not len(steps):
        return np.full(len(at), np.nan)
    middles = (at[1:] + at[:-1]) / 2.0
    # One stretch at either end is as long on its outer side as on its inner one: an average over all that went before
    # the first evaluation would hold the steepest part of the run.
    edges = np.concatenate([[2 * at[0] - middles[0]], middles, [2 * at[-1] - middles[-1]]]) if len(at) > 1 else at[:0]
    line = np.interp(at, steps, values, left=np.nan, right=np.nan)
    if not len(edges):
        return line
    places = np.searchsorted(steps, edges)
    return np.array(
        [values[a:b].mean() if b > a else between for a, b, between in zip(places[:-1], places[1:], line, strict=True)]
    )


def _curve(given: Curve | Mapping[str, Any]) -> Curve:
    if isinstance(given, Curve):
        return given
    if isinstance(given, Mapping):
        return Curve(dict(given))
    raise CurvedxError(
        f"generalization_gap: a {type(given).__name__} holds one series at most; give a Curve or a mapping with "
        f"{TRAIN_LOSS!r} and {VAL_LOSS!r}"
    )


def _trend(steps: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Return the change along the median slope from the first step to the last, and its standard error."""
    count = len(values)
    parts = np.array_split(np.arange(count), min(count, _LINES))
    x, y = (np.array([float(series[part].mean()) for part in parts]) for series in (steps, values))
    first, second = np.triu_indices(len(x), 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    noise = spread(np.diff(values)) / np.sqrt(2.0)
    span = float(steps[-1] - steps[0])
    # Of a least-squares line through evenly spaced points with this noise; the median slope is nearly as sharp.
    return slope * span, float(noise * np.sqrt(12.0 * (count - 1) / (count * (count + 1))))

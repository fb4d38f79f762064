"""What every picture needs to be small and legible: fewer points, a smoothed line, the right axis."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from curvedx.curve import Channel, FloatArray
from curvedx.measures import LOG_SPAN
from curvedx.tools.smooth import smooth as average

_SMOOTH_FROM = 200
"""On fewer points a moving average of about ten lags visibly behind the curve."""


def thin(channel: Channel, limit: int) -> tuple[FloatArray, FloatArray]:
    """Keep at most `limit` points, among them every bin's lowest, highest and first non-finite one.

    Returns
    -------
    steps, values
        In order; a spike of a single step and a single NaN both survive.
    """
    steps, values = channel
    if len(steps) <= limit:
        return steps, values
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    edges = np.linspace(0, len(steps), max(1, limit // 3) + 1).astype(int)
    keep = np.zeros(len(steps), dtype=bool)
    for a, b in pairwise(edges):
        keep[a + low[a:b].argmin()] = keep[a + high[a:b].argmax()] = True
        if not finite[a:b].all():
            keep[a + finite[a:b].argmin()] = True
    return steps[keep], values[keep]


def smooth(channel: Channel, *, log: bool, alpha: float = 0.9) -> Channel | None:
    """Smooth by a debiased exponential moving average, on the axis on which it will be drawn.

    Returns
    -------
    Channel or None
        NaN wherever the input is not finite; None where there are too few points for smoothing to help.
    """
    steps, values = channel
    if len(values) < _SMOOTH_FROM:
        return None
    source = np.log(values, where=values > 0, out=np.full(len(values), np.nan)) if log else values
    out = average(source, alpha)
    return Channel(steps, np.exp(out) if log else out)


def wants_log(channels: Iterable[Channel]) -> bool:
    """Tell whether the finite values are all positive and span more than `LOG_SPAN`."""
    finite = np.concatenate([np.empty(0), *(c.values[np.isfinite(c.values)] for c in channels)])
    return bool(len(finite) and finite.min() > 0 and finite.max() / LOG_SPAN > finite.min())


def broken(channel: Channel) -> list[tuple[float, float]]:
    """Return the first and last step of every stretch of non-finite values."""
    bad = np.flatnonzero(~np.isfinite(channel.values))
    if not len(bad):
        return []
    runs = np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1)
    return [(float(channel.steps[run[0]]), float(channel.steps[run[-1]])) for run in runs]

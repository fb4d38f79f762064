"""Facts of the learning rate over the whole run."""

from __future__ import annotations

import numpy as np

from curvedx.diagnosis.explain import CUT_TO
from curvedx.diagnosis.facts.ground import Ground, percent, ratio

CONSTANT = 0.999


def largest(run: Ground) -> float | None:
    """Return the largest learning rate."""
    return None if run.rate is None else float(run.rate.values.max())


def last(run: Ground) -> float | None:
    """Return the last learning rate as a share of the largest."""
    return None if run.rate is None else ratio(float(run.rate.values[-1]), run.peak_rate)


def zero(run: Ground) -> float | None:
    """Return the share of the points at which the learning rate is exactly zero, in per cent."""
    return None if run.rate is None else percent(run.rate.values == 0.0)


def warmup(run: Ground) -> float | None:
    """Return the share of the run after which the learning rate first stands at its peak, in per cent."""
    if run.rate is None or run.peak_rate <= 0.0 or run.length <= 0.0:
        return None
    first = int(np.argmax(run.rate.values >= CONSTANT * run.peak_rate))
    return 100.0 * max(0.0, float(run.rate.steps[first]) - run.span[0]) / run.length


def cuts(run: Ground) -> float | None:
    """Count the places at which the learning rate falls by a third or more between two logged points.

    By three times as much as between the points before and after: a smooth decay has no such place, nor has its end.
    """
    if run.rate is None or len(run.rate) < 5:
        return None
    values = run.rate.values
    fall = values[:-1] - values[1:]
    beside = np.abs(fall)
    sharp = (fall[1:-1] > 3.0 * np.maximum(beside[:-2], beside[2:])) & (values[2:-1] < CUT_TO * values[1:-2])
    return float(np.count_nonzero(sharp & (values[2:-1] > 0.0)))


def restarts(run: Ground) -> float | None:
    """Count the times the learning rate climbs, by a tenth of its peak or more, after it had fallen."""
    if run.rate is None or len(run.rate) < 5:
        return None
    values, size = run.rate.values, 0.1 * run.peak_rate
    fallen = np.maximum.accumulate(values) - values > size
    if not fallen.any():
        return 0.0
    later = values[int(np.argmax(fallen)) :]
    if not bool((later - np.minimum.accumulate(later) > size).any()):
        return 0.0
    found, high, low, falling = 0, later[0], later[0], True
    # Cycles shorter than a thousandth of the run are not told apart.
    for value in later[:: max(1, len(later) // 2000)].tolist():
        high, low = max(high, value), min(low, value)
        if not falling and high - value > size:
            falling, low = True, value
        elif falling and value - low > size:
            falling, high = False, value
            found += 1
    return float(found)

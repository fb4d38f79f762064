"""Degrees between no and yes: every threshold is the middle of a grey zone, not a cliff."""

import math

import numpy as np

from curvedx.curve import FloatArray

WIDTH = 0.15
"""Logistic width of the grey zone in the log of the measure: 1.4 times the threshold is present with degree 0.9."""


def over(measure: float, threshold: float) -> float:
    """Degree to which a measure exceeds a threshold."""
    if threshold <= 0.0:
        return float(measure > 0.0)
    if not measure > 0.0:
        return 0.0
    # The ratio is the same in any unit, to the last digit.
    ratio = measure / threshold
    short = -math.log(ratio) / WIDTH if ratio > 0.0 else 60.0
    return 1.0 / (1.0 + math.exp(60.0 if short > 60.0 else short)) if short > -60.0 else 1.0


def all_over(measures: FloatArray, threshold: float) -> FloatArray:
    """Return the degree of `over` for each of many measures; `threshold` is positive."""
    short = np.log(np.maximum(measures / threshold, 1e-300)) / -WIDTH
    return np.where(measures > 0.0, 1.0 / (1.0 + np.exp(np.minimum(short, 60.0))), 0.0)


def under(measure: float, threshold: float) -> float:
    """Degree to which a measure stays below a threshold."""
    return 1.0 - over(measure, threshold)


def both(*degrees: float) -> float:
    """Degree to which all hold."""
    return min(degrees)


def either(*degrees: float) -> float:
    """Degree to which at least one holds."""
    return max(degrees)

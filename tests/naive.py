"""Quantities of the library as plain loops over one series, to be read against their definitions."""

import math
from collections.abc import Sequence
from itertools import pairwise

Series = Sequence[float]


def value_at(x: Series, at: float) -> float:
    """Value at a share of the length."""
    return x[round(at * (len(x) - 1))]


def gain(x: Series, start: float, stop: float) -> float:
    """How far the values fall from one place to another."""
    return value_at(x, start) - value_at(x, stop)


def rise_from_minimum(x: Series) -> float:
    """Last value above the lowest."""
    lowest = x[0]
    for value in x:
        lowest = min(lowest, value)
    return x[-1] - lowest


def won_back_after_peak(x: Series) -> float:
    """Highest value from the first minimum on, above the last value."""
    at = 0
    for i, value in enumerate(x):
        if value < x[at]:
            at = i
    highest = x[at]
    for value in x[at:]:
        highest = max(highest, value)
    return highest - x[-1]


def steepest_share(x: Series, width: int) -> float:
    return steepest(x, width) / (max(x) - min(x)) if max(x) > min(x) else 0.0


def steepest(x: Series, width: int) -> float:
    """Largest fall from one place to the place `width` further on."""
    most = -math.inf
    for i in range(len(x) - width):
        most = max(most, x[i] - x[i + width])
    return most


def knee(x: Series, width: int) -> float:
    """Largest fall before a place less ten times the change after it, over the places of the first two thirds."""
    most = -math.inf
    for at in range(width, 2 * len(x) // 3):
        before = x[at - width] - x[at]
        after = abs(x[at] - x[at + width])
        most = max(most, before - 10.0 * after)
    return most


def swings(x: Series, least: float) -> float:
    """Count the turns of a zigzag line that ignores what is smaller than `least`.

    A swing is complete once the values have come `least` away from the extreme they reached since the last swing; the
    next one has to go the other way.
    """
    count = 0
    since = [x[0]]
    last = ""
    for value in x:
        since.append(value)
        if last != "up" and value - min(since) >= least:
            last, count, since = "up", count + 1, [value]
        elif last != "down" and max(since) - value >= least:
            last, count, since = "down", count + 1, [value]
    return float(count)


def peak_spacing(x: Series, share: float) -> float:
    """Divide the deviation of the distances between tall local maxima by their mean; 2 with fewer than three."""
    highest = max(x)
    places = []
    for i, value in enumerate(x):
        left = x[i - 1] if i > 0 else -math.inf
        right = x[i + 1] if i + 1 < len(x) else -math.inf
        if value > left and value >= right and value > share * highest and value > 0:
            places.append(i)
    if len(places) < 3:
        return 2.0
    gaps = [b - a for a, b in pairwise(places)]
    mean = sum(gaps) / len(gaps)
    return math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) / mean

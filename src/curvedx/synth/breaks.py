"""Places at which a noisy series steps to another level at once, across which no smoothing may reach.

The height of a step is what the lines through the points before and after it leave between them. One that falls
steeply leaves more the longer the lines are; at a step all of them, the shortest included, agree on its height within
the noise. A bend leaves a third of what the slopes of the lines differ by over their length, at most: only what is
more than that is a step.
"""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.straight import Sums

LINES = (5, 8, 12, 18, 27, 40, 60)
"""Points of the lines on either side, each by half longer than the last."""

LONGEST = 0.25
"""Share of the series that the longest of them spans."""

AGREE = 1.5
"""Standard deviations within which lines agree on a height."""

CLEAR = 6.0
"""How many times its own standard deviation a height has to be beyond what a bend explains. The noise of real logs
remembers, and what wanders with it looks like a step."""

APART = 4
"""Points between two steps, at least."""


def breaks(values: FloatArray, noise: FloatArray) -> list[list[int]]:
    """Return the first point after each step, one list for each row.

    Parameters
    ----------
    values
        One series a row.
    noise
        Standard deviation of the noise at each of their points.
    """
    count = values.shape[1]
    clear = np.zeros(values.shape)
    if count * LONGEST < LINES[0]:
        return [[] for _ in values]
    noise = np.maximum(noise, np.maximum(1e-12 * np.abs(values).max(axis=1, keepdims=True), 1e-300))
    sums = Sums.of(values).bare
    change = np.zeros(values.shape)
    np.subtract(values[:, 1:], values[:, :-1], out=change[:, 1:])
    low, high = _around(change, AGREE * np.sqrt(2.0) * noise)
    steps = np.ones(values.shape, dtype=bool)
    for long in LINES:
        if long > LONGEST * count:
            break
        # Where lines of this length would reach beyond an end, the shorter ones decide.
        inside = np.s_[:, long : count - long + 1]
        height, bend = _heights(sums, long)
        unsure = np.sqrt(2.0 * _gain(long)) * noise[inside]
        lower, higher = _around(height, AGREE * unsure)
        np.maximum(low[inside], lower, out=low[inside])
        np.minimum(high[inside], higher, out=high[inside])
        steps[inside] &= low[inside] <= high[inside]
        found = np.where(steps[inside], (np.abs(height) - bend) / unsure, 0.0)
        np.maximum(clear[inside], found, out=clear[inside])
    return [_clearest(row) if row.max() > CLEAR else [] for row in clear]


def _around(middle: FloatArray, reach: FloatArray) -> tuple[FloatArray, FloatArray]:
    return middle - reach, middle + reach


def _heights(sums: FloatArray, long: int) -> tuple[FloatArray, FloatArray]:
    """Return how far the lines through so many points before and after each place lie apart between the two.

    And the most that a bend on either side could leave there.
    """
    level, moment = sums
    place = np.arange(long, level.shape[1] - long)
    before = level[:, long:-long] - level[:, : -2 * long]
    after = level[:, 2 * long :] - level[:, long:-long]
    turn_before = moment[:, long:-long] - moment[:, : -2 * long] - (place - 0.5 * (long + 1)) * before
    turn_after = moment[:, 2 * long :] - moment[:, long:-long] - (place + 0.5 * (long - 1)) * after
    # Half a point beyond their ends lines lie 6 / (long² - 1) of these turns off their means, and a third of what their
    # slopes bring over their length is 4 / (long² - 1) of the turns.
    height = (after - before) / long - 6.0 / (long**2 - 1.0) * (turn_before + turn_after)
    return height, 4.0 / (long**2 - 1.0) * np.abs(turn_after - turn_before)


def _gain(long: int) -> float:
    """Return the variance of a line through so many points of unit noise, half a point beyond its end."""
    return (1.0 + 3.0 * long**2 / (long**2 - 1.0)) / long


def _clearest(clear: FloatArray) -> list[int]:
    """Return the places of the clearest steps, none near a clearer one."""
    found = []
    while clear[at := int(clear.argmax())] > CLEAR:
        found.append(at)
        clear[max(0, at - APART) : at + APART + 1] = 0.0
    return sorted(found)

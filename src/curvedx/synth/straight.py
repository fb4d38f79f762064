"""The widest straight stretches of a series: the lines through them are its trend.

The line through the widest stretch on which no narrower one says otherwise within the noise is the intersection of
confidence intervals of Goldenshluger and Nemirovski (1997). Everything works along the last axis, one row a series.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import mean, running_median

SURE = (1.2, 0.25)
"""Standard deviations within which a stretch counts as straight, and how many more for each decade of points."""

WIDEST = 0.25
"""Half of the widest stretch that a local line spans, as a share of the run."""


def straightened(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return at each place the line through the widest stretch on which no narrower one says otherwise."""
    count = values.shape[-1]
    if count < 3:
        return values
    limit = (SURE[0] + SURE[1] * np.log10(count)) * noise
    best, low, high = values.copy(), values - limit, values + limit
    straight = np.ones(values.shape, dtype=bool)
    sums = Sums.of(values)
    for half in _widths(count):
        line, gain = sums.line(half)
        reach = gain * limit
        np.maximum(low, line - reach, out=low)
        np.minimum(high, line + reach, out=high)
        straight &= low <= high
        np.copyto(best, line, where=straight)
    # Single places at which chance stopped the widening stand out; a step does not.
    return running_median(best, 1) if count >= 50 else best


@lru_cache(maxsize=512)
def _widths(count: int) -> tuple[int, ...]:
    """Return the halves of the stretches that are tried, each by half wider than the last."""
    found = [1]
    while found[-1] <= max(2, WIDEST * count):
        found.append(found[-1] + 1 if found[-1] < 3 else round(1.5 * found[-1]))
    return tuple(found[:-1])


@lru_cache(maxsize=512)
def _stretches(count: int, half: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return of the stretch around each place: its middle, its length, a moment's weight, and the noise it leaves."""
    at = np.arange(count)
    first, last = np.maximum(at - half, 0), np.minimum(at + half, count - 1) + 1
    many = (last - first).astype(np.float64)
    middle = 0.5 * (first + last - 1)
    off = at - middle
    weight = off / (many * (many**2 - 1.0) / 12.0)
    return middle, many, weight, np.sqrt(1.0 / many + off * weight)


@dataclass(frozen=True)
class Sums:
    """Sums of series up to each place, from which lines through any stretch follow."""

    level: FloatArray
    values: FloatArray
    """Sums of the values less their level; as many as there are places stand again before the first and the last."""
    moments: FloatArray
    """Sums of these times their places."""

    @classmethod
    def of(cls, values: FloatArray) -> Sums:
        """Sum up series along the last axis."""
        count = values.shape[-1]
        level = mean(values)[..., np.newaxis]
        above = values - level
        sums = np.zeros((2, *values.shape[:-1], 3 * count + 1))
        np.add.accumulate(above, axis=-1, out=sums[0, ..., count + 1 : 2 * count + 1])
        np.add.accumulate(above * np.arange(count), axis=-1, out=sums[1, ..., count + 1 : 2 * count + 1])
        sums[..., 2 * count + 1 :] = sums[..., 2 * count, np.newaxis]
        return cls(level, sums[0], sums[1])

    def line(self, half: int) -> tuple[FloatArray, FloatArray]:
        """Fit a line to each value's neighbourhood; return its height there and the share of noise that is left."""
        count = self.values.shape[-1] // 3
        middle, many, weight, gain = _stretches(count, half)
        reach = min(half, count)
        last, first = slice(count + reach + 1, 2 * count + reach + 1), slice(count - reach, 2 * count - reach)
        total = self.values[..., last] - self.values[..., first]
        moment = self.moments[..., last] - self.moments[..., first]
        moment -= middle * total
        moment *= weight
        total /= many
        total += self.level
        total += moment
        return total, gain

"""The widest straight stretches of a series: the lines through them are its trend.

The line through the widest stretch on which no narrower one says otherwise within the noise is the intersection of
confidence intervals of Goldenshluger and Nemirovski (1997). Everything works along the last axis, one row a series.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import mean, running_median

SURE = (1.2, 0.25)
"""Standard deviations within which a stretch counts as straight, and how many more for each decade of points."""

WIDEST = 0.25
"""Half of the widest stretch that a local line spans, as a share of the run."""


TOGETHER = 1 << 13
"""Values whose lines are fitted at once: as many as stay in the nearest cache."""


def straightened(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return at each place the line through the widest stretch on which no narrower one says otherwise."""
    rows, count = values.shape
    if count < 3:
        return values
    limit = (SURE[0] + SURE[1] * np.log10(count)) * noise
    many = max(1, TOGETHER // count)
    parts = [_widest(values[at : at + many], limit[at : at + many]) for at in range(0, rows, many)]
    best = parts[0] if len(parts) == 1 else np.concatenate(parts)
    # Single places at which chance stopped the widening stand out; a step does not.
    return running_median(best, 1) if count >= 50 else best


def _widest(values: FloatArray, limit: FloatArray) -> FloatArray:
    best, low, high = values, values - limit, values + limit
    edge, straight = np.empty(values.shape), np.empty(values.shape, dtype=bool)
    for line, gain in Sums.of(values).lines(_halves(values.shape[-1])):
        reach = gain * limit
        np.maximum(low, np.subtract(line, reach, out=edge), out=low)
        np.minimum(high, np.add(line, reach, out=reach), out=high)
        # What all lines so far agree on only shrinks: where nothing is left of it, nothing comes back.
        best = np.where(np.less_equal(low, high, out=straight), line, best)
    return best


@lru_cache(maxsize=512)
def _halves(count: int) -> tuple[int, ...]:
    """Return the halves of the stretches that are tried, each by half wider than the last."""
    found = [1]
    while found[-1] <= max(2, WIDEST * count):
        found.append(found[-1] + 1 if found[-1] < 3 else round(1.5 * found[-1]))
    return tuple(found[:-1])


@lru_cache(maxsize=64)
def _stretches(count: int, halves: tuple[int, ...]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return of the stretches around each place, one row a half, what their lines are made with.

    Their middles, their lengths, the weights of the moments, and the shares of noise that are left.
    """
    at, half = np.arange(count), np.array(halves)[:, np.newaxis]
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
    sums: FloatArray
    """Sums of the values less their level, and of these times their places.

    As many zeros as there are places stand before the first sum, and the last stands as often behind it.
    """

    @classmethod
    def of(cls, values: FloatArray) -> Sums:
        """Sum up series along the last axis."""
        count = values.shape[-1]
        level = mean(values)[..., np.newaxis]
        above = values - level
        sums = np.zeros((2, *values.shape[:-1], 3 * count + 1))
        np.add.accumulate(above, axis=-1, out=sums[0, ..., count + 1 : 2 * count + 1])
        above *= np.arange(count)
        np.add.accumulate(above, axis=-1, out=sums[1, ..., count + 1 : 2 * count + 1])
        sums[..., 2 * count + 1 :] = sums[..., 2 * count, np.newaxis]
        return cls(level, sums)

    @property
    def bare(self) -> FloatArray:
        """The sums up to each place, none and all of the values included, without what stands around them."""
        count = self.sums.shape[-1] // 3
        return self.sums[..., count : 2 * count + 1]

    def lines(self, halves: tuple[int, ...]) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Fit lines to each value's neighbourhoods that reach so far to either side, one reach after another.

        Yields
        ------
        The heights of the lines at each value, which hold until the next are asked for, and the shares of noise that
        are left.
        """
        count = self.sums.shape[-1] // 3
        ends = np.empty((*self.sums.shape[:-1], count))
        line, moment = ends
        turned = np.empty(line.shape)
        for half, middle, many, weight, gain in zip(halves, *_stretches(count, halves), strict=True):
            reach = min(half, count)
            last, first = count + reach + 1, count - reach
            np.subtract(self.sums[..., last : last + count], self.sums[..., first : first + count], out=ends)
            moment -= np.multiply(middle, line, out=turned)
            moment *= weight
            line /= many
            line += self.level
            line += moment
            yield line, gain

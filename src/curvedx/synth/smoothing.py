"""Trend, short events and noise of a logged loss, told apart as a careful reader tells them apart.

A running median over about 3 % of the run tells which points stand out. With these brought back, the trend is at each
place the line through the widest stretch on which the curve is straight within its noise (intersection of confidence
intervals: Goldenshluger and Nemirovski 1997). So a knee and a step stay sharp, and a long smooth stretch is smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray
from curvedx.measures import (
    LOG_SPAN,
    clipped,
    differences,
    mean,
    median,
    quantile,
    running_median,
    spread,
    windows,
)

BINS = 256
"""A long log is smoothed in so many bins, or up to twice as many."""

SMOOTHING = 0.03
"""Share of the run that the running median spans."""

SHORT_EVENT = 0.1
"""Share of the run within which a short event has come back."""

CROWDED = 0.25
"""Rises that take more of the run than this are no isolated events."""

SURE = (1.2, 0.25)
"""Standard deviations within which a stretch counts as straight, and how many more for each decade of points."""

WIDEST = 0.25
"""Half of the widest stretch that a local line spans, as a share of the run."""

FEW = 4
"""Fewer points than this are no stretch of their own."""

ALONG = 0.35
"""Correlation of neighbouring points beyond which what a running median takes off is no noise."""

LOCAL = 25
"""Half of the stretch, in points, on which noise is measured, at least."""

THIRD = 0.4307
"""The lower third of the sizes of standard normal values."""


@dataclass(frozen=True, kw_only=True)
class Smoothed:
    """A loss taken apart; arrays have one value a point."""

    trend: FloatArray
    """Without noise and short events."""
    line: FloatArray
    """Without noise and events of single points."""
    clean: FloatArray
    """Without noise."""
    noise: float
    """Robust standard deviation of what was taken off."""


def smoothed(values: FloatArray) -> Smoothed:
    """Take apart a finite series of losses.

    It is smoothed on a log axis where it spans more than a factor of 50, as it would be plotted.
    """
    log = _on_log_axis(values)
    axis = np.log(values) if log else values
    smooth, noise = _smooth(axis)
    line = _line_of(axis, smooth)
    trend = _spread_out(_without_bumps(smooth, noise), len(axis))
    clean = _with_events(axis, line, float(np.ptp(trend)))
    if log:
        trend, line, clean = np.exp(trend), np.exp(line), np.exp(clean)
    return Smoothed(trend=trend, line=line, clean=clean, noise=spread(values - clean))


def smooth_line(values: FloatArray) -> FloatArray:
    """Return a series without noise and events of single points, at the resolution of its bins."""
    if _on_log_axis(values):
        return np.exp(_spread_out(_smooth(np.log(values))[0], len(values)))
    return _spread_out(_smooth(values)[0], len(values))


def _on_log_axis(values: FloatArray) -> bool:
    if values.min() <= 0.0:
        return False
    rough = _rough(binned(values))
    tail = rough[min(max(1, round(0.02 * len(rough))), len(rough) - 1) :]
    return bool(tail.max() > LOG_SPAN * tail.min())


def smoothed_between(values: FloatArray, breaks: Sequence[int]) -> Smoothed:
    """Take apart a series whose stretches between known breaks are each smooth; what comes back is no event."""
    edges = [0, *(at for at in breaks if FEW <= at <= len(values) - FEW), len(values)]
    parts = [smoothed(values[a:b]) for a, b in pairwise(edges) if a < b]
    line = np.concatenate([part.line for part in parts])
    clean = np.concatenate([part.clean for part in parts])
    return Smoothed(trend=line, line=line, clean=clean, noise=spread(values - clean))


def _smooth(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the bins without noise, and the noise of each."""
    few = binned(values)
    # Where neighbours stand out together, the wider median would level swings.
    rough = running_median(few, 1) if _memory(few) > ALONG else _rough(few)
    noise = _noise(few)
    smooth = _straightened(clipped(few, rough - 2.0 * noise, rough + 2.0 * noise), noise)
    # A line may overshoot where the curve bends; no trend lies outside of what was logged.
    return clipped(smooth, float(few.min()), float(few.max())), noise


def _memory(values: FloatArray) -> float:
    """Return the correlation of neighbouring deviations from a slow course over the last two thirds; 0 for few."""
    count = len(values)
    if count < 20:
        return 0.0
    apart = (values - running_median(values, count // 10))[count // 3 :]
    apart = clipped(apart, *(np.array([-3.0, 3.0]) * spread(apart)))
    apart -= mean(apart)
    power = float(apart @ apart)
    return float(apart[1:] @ apart[:-1]) / power if power > 0.0 else 0.0


def _line_of(values: FloatArray, smooth: FloatArray) -> FloatArray:
    """Return smooth bins at all points, the beginning of a long log at the resolution of the log."""
    line = _spread_out(smooth, len(values))
    if len(values) > len(smooth):
        # What happens in the first few hundred steps of a long log happens within a few of its bins.
        line[: BINS // 2] = _smooth(values[:BINS])[0][: BINS // 2]
    return line


def _with_events(values: FloatArray, clean: FloatArray, drop: float) -> FloatArray:
    """Put back what a median hides: points far above the curve, and those above it beside them."""
    above = values - clean
    noise = max(spread(above), 0.005 * drop, 1e-12 * float(np.abs(clean).max()))
    ordinary = quantile(above[above <= 6.0 * noise], 0.99)
    tall, high = above > max(6.0 * noise, 2.0 * ordinary), above > 2.5 * noise
    event = tall.copy()
    event[1:] |= high[1:] & tall[:-1]
    event[:-1] |= high[:-1] & tall[1:]
    return np.where(event, values, clean)


def median_line(values: FloatArray, share: float) -> FloatArray:
    """Return the running median over a share of the run, three points at least, of the bins of a long log."""
    few = binned(values)
    return _spread_out(running_median(few, max(1, round(0.5 * share * len(few)))), len(values))


def binned(values: FloatArray) -> FloatArray:
    """Return the medians of bins of equal numbers of points, or the values themselves where they are few."""
    each = max(1, len(values) // BINS)
    return values if each == 1 else median(values[: len(values) // each * each].reshape(-1, each))


def _spread_out(bins: FloatArray, count: int) -> FloatArray:
    """Return the bins' values at each of the points they were made of."""
    each = count // len(bins)
    if each == 1:
        return bins.copy()
    return np.interp(np.arange(count), np.arange(len(bins)) * each + (each - 1) / 2.0, bins)


def _rough(values: FloatArray) -> FloatArray:
    # Among few points a median of five would level what is no noise; bumps are looked for anyway.
    return running_median(values, max(1 if len(values) < 50 else 2, round(0.5 * SMOOTHING * len(values))))


def _noise(values: FloatArray) -> FloatArray:
    """Return the local standard deviation of the noise, from second and third differences, which a trend hardly moves.

    The lower third of the differences tells it, so that events in up to half of the neighbourhood do not.
    """
    count = len(values)
    if count < 5:
        return np.zeros(count)
    twice = differences(differences(values))
    second, third = np.abs(twice) / np.sqrt(6.0), np.abs(differences(twice)) / np.sqrt(20.0)
    return np.minimum(_usual(second, count), _usual(third, count))


def _usual(sizes: FloatArray, count: int) -> FloatArray:
    """Return the local scale of normally distributed values, given their sizes, at `count` places."""
    half = max(LOCAL, round(0.1 * count))
    if len(sizes) <= 2 * half + 1:
        return np.full(count, float(_lower_third(sizes)) / THIRD)
    # Neighbouring windows hold nearly the same sizes.
    apart = max(1, half // 4)
    scale = _lower_third(windows(sizes, 2 * half + 1, apart)) / THIRD
    return np.interp(np.arange(count), np.arange(len(scale)) * apart + half + 1, scale)


def _lower_third(values: FloatArray) -> FloatArray:
    """Return the value that a third of those along the last axis lies below, between two neighbours by a line."""
    last = values.shape[-1] - 1
    place = last // 3
    ordered = np.partition(values, (place, min(place + 1, last)), axis=-1)
    low, high = ordered[..., place], ordered[..., min(place + 1, last)]
    return np.asarray(low + (last % 3) / 3.0 * (high - low))


def _straightened(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return at each place the line through the widest stretch on which no narrower one says otherwise."""
    count = len(values)
    if count < 3:
        return values
    limit = (SURE[0] + SURE[1] * np.log10(count)) * noise
    best, low, high = values.copy(), values - limit, values + limit
    straight = np.ones(count, dtype=bool)
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
def _stretches(count: int, half: int) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray, FloatArray, FloatArray]:
    """Return of the stretch around each place: first, last, length, the weight of a moment, and the noise it leaves."""
    at = np.arange(count)
    first, last = np.maximum(at - half, 0), np.minimum(at + half, count - 1) + 1
    many = (last - first).astype(np.float64)
    off = at - 0.5 * (first + last - 1)
    weight = off / (many * (many**2 - 1.0) / 12.0)
    return first, last, many, weight, np.sqrt(1.0 / many + off * weight)


@dataclass(frozen=True)
class Sums:
    """Sums of a series up to each place, from which a line through any stretch follows."""

    level: float
    values: FloatArray
    """Sums of the values less their level."""
    moments: FloatArray
    """Sums of these times their places."""

    @classmethod
    def of(cls, values: FloatArray) -> Sums:
        """Sum up a series."""
        level = float(mean(values))
        sums, moments = np.zeros((2, len(values) + 1))
        np.add.accumulate(values - level, out=sums[1:])
        np.add.accumulate((values - level) * np.arange(len(values)), out=moments[1:])
        return cls(level, sums, moments)

    def line(self, half: int) -> tuple[FloatArray, FloatArray]:
        """Fit a line to each value's neighbourhood; return its height there and the share of noise that is left."""
        first, last, many, weight, gain = _stretches(len(self.values) - 1, half)
        total = self.values[last] - self.values[first]
        moment = self.moments[last] - self.moments[first]
        moment -= 0.5 * (first + last - 1) * total
        return self.level + total / many + moment * weight, gain


def _without_bumps(smooth: FloatArray, noise: FloatArray) -> FloatArray:
    """Cut off isolated rises that come back within 10 % of the run, down to the line between their feet."""
    opened = _opened(smooth, SHORT_EVENT)
    cut = smooth - opened
    wider = smooth - _opened(smooth, 2.5 * SHORT_EVENT)
    # An isolated rise stands clear of what is cut off everywhere, and a wide hump would only lose its top.
    tall = np.maximum(np.maximum(3.0 * noise, 5.0 * float(median(cut))), 0.03 * float(np.ptp(smooth)))
    peak = (cut > tall) & (cut > 0.7 * wider)
    if not peak.any():
        return smooth
    stretch = np.cumsum(np.diff(cut > 0.25 * tall, prepend=False))
    event = np.isin(stretch, stretch[peak])
    if event.mean() > CROWDED:
        return smooth
    event[[0, -1]] = False
    at = np.arange(len(smooth))
    # Where one foot stands higher than the other, as on a step that stays, only the rise above both is cut.
    return np.clip(np.interp(at, at[~event], smooth[~event]), opened, smooth)


def _opened(values: FloatArray, share: float) -> FloatArray:
    """Return the highest curve below it without peaks narrower than a share of the run (morphological opening)."""
    half = max(1, round(0.5 * share * len(values)))
    padded = np.pad(values, 2 * half, mode="edge")
    lowest = windows(padded, 2 * half + 1).min(axis=1)
    return np.asarray(windows(lowest, 2 * half + 1).max(axis=1))

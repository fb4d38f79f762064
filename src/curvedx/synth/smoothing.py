"""Trend, short events and noise of a logged loss, told apart as a careful reader tells them apart.

A running median over about 3 % of the run tells which points stand out. With these brought back, the trend is at each
place the line through the widest stretch on which the curve is straight within its noise (intersection of confidence
intervals: Goldenshluger and Nemirovski 1997). So a knee and a step stay sharp, and a long smooth stretch is smooth.

Numpy's calls cost more than its numbers here, so series of equal length are smoothed together: what works on series
works along the last axis, one row a series, and no row knows of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    highest,
    lowest,
    mean,
    median,
    running_median,
    spread,
    spreads,
    windows,
)
from curvedx.synth.breaks import breaks
from curvedx.synth.straight import straightened

BINS = 256
"""A long log is smoothed in so many bins, or up to twice as many."""

SMOOTHING = 0.03
"""Share of the run that the running median spans."""

SHORT_EVENT = 0.1
"""Share of the run within which a short event has come back."""

CROWDED = 0.25
"""Rises that take more of the run than this are no isolated events."""

FEW = 4
"""Fewer points than this are no stretch of their own."""

ALONG = 0.35
"""Correlation of neighbouring points beyond which what a running median takes off is no noise."""

LOCAL = 25
"""Half of the stretch, in points, on which noise is measured, at least."""

THIRD = 0.4307
"""The lower third of the sizes of standard normal values."""

TOGETHER = 32, 1 << 18
"""Series smoothed at once, and the points they have: as many as stay in the cache."""

Rows = tuple[FloatArray, ...]
"""What belongs to one series, or matrices with a row for each of many."""


@dataclass(frozen=True, kw_only=True)
class Smoothed:
    """A loss taken apart; arrays have one value a point."""

    values: FloatArray
    """As logged."""
    trend: FloatArray
    """Without noise and short events."""
    line: FloatArray
    """Without noise and events of single points."""
    clean: FloatArray
    """Without noise."""

    @property
    def noise(self) -> float:
        """Robust standard deviation of what was taken off."""
        return spread(self.values - self.clean)


def smoothed(values: FloatArray) -> Smoothed:
    """Take apart a finite series of losses.

    It is smoothed on a log axis where it spans more than a factor of 50, as it would be plotted.
    """
    return taken_apart([values])[0][0]


def taken_apart(
    series: Sequence[FloatArray], lines: Sequence[FloatArray] = ()
) -> tuple[list[Smoothed], list[FloatArray]]:
    """Take apart many finite series of losses, those of equal length together.

    Parameters
    ----------
    series
        Losses of any lengths.
    lines
        Losses of which no more is asked than what is left without noise and events of single points, at the resolution
        of their bins.

    Returns
    -------
    Each of `series` taken apart, and the line of each of `lines`; what is found of one depends on no other.
    """
    level = _alike(_levelled, [(values,) for values in (*series, *lines)])
    whole, bare = level[: len(series)], level[len(series) :]
    # What happens in the first few hundred steps of a long log happens within a few of its bins.
    long = [axis[:BINS] for axis, _, smooth, _ in whole if len(axis) > len(smooth)]
    begins = iter(_alike(lambda values: _smooth(values, _rough(values)), [(begin,) for begin in long]))
    parts = [one if len(one[0]) == len(one[2]) else (*one, next(begins)[0]) for one in whole]
    found = [
        Smoothed(values=values, trend=trend, line=line, clean=clean)
        for values, (trend, line, clean) in zip(series, _alike(_apart, parts), strict=True)
    ]
    return found, [line for (line,) in _alike(_lines, bare)]


def _alike(step: Callable[..., Rows], items: Sequence[Rows]) -> list[Rows]:
    """Take a step with matrices of those items whose first arrays are of equal length; return each one's rows."""
    numbers: dict[int, list[int]] = {}
    for number, item in enumerate(items):
        numbers.setdefault(len(item[0]), []).append(number)
    found: list[Rows] = [()] * len(items)
    most, points = TOGETHER
    for length, same in numbers.items():
        many = max(1, min(most, points // length))
        for at in range(0, len(same), many):
            some = same[at : at + many]
            if len(some) == 1:
                # A series by itself is not copied.
                matrices = [part[np.newaxis] for part in items[some[0]]]
            else:
                matrices = [np.array(parts) for parts in zip(*(items[number] for number in some), strict=True)]
            for number, *rows in zip(some, *step(*matrices), strict=True):
                found[number] = tuple(rows)
    return found


def _levelled(values: FloatArray) -> Rows:
    """Return series on their axes, whether it is a log axis, their bins without noise, and the noise of each."""
    few = binned(values)
    rough = _rough(few)
    tail = rough[:, min(max(1, round(0.02 * rough.shape[1])), rough.shape[1] - 1) :]
    log = (values.min(axis=1) > 0.0) & (tail.max(axis=1) > LOG_SPAN * tail.min(axis=1))
    if log.any():
        axis = values.copy()
        axis[log] = np.log(values[log])
        few = binned(axis)
        rough[log] = _rough(few[log])
        values = axis
    return values, log, *_smooth(few, rough)


def _apart(
    axis: FloatArray,
    log: NDArray[np.bool_],
    smooth: FloatArray,
    noise: FloatArray,
    begin: FloatArray | None = None,
) -> Rows:
    """Return trends, lines and clean curves of series whose bins are smooth; a long one's beginning is so by points."""
    count = axis.shape[1]
    line = _spread_out(smooth, count)
    if begin is not None:
        line[:, : BINS // 2] = begin[:, : BINS // 2]
    trend = _spread_out(_without_bumps(smooth, noise), count)
    clean = _with_events(axis, line, np.ptp(trend, axis=1, keepdims=True))
    return tuple(_as_loss(part, log) for part in (trend, line, clean))


def _lines(axis: FloatArray, log: NDArray[np.bool_], smooth: FloatArray, _: FloatArray) -> Rows:
    return (_as_loss(_spread_out(smooth, axis.shape[1]), log),)


def _as_loss(axis: FloatArray, log: NDArray[np.bool_]) -> FloatArray:
    if log.any():
        axis[log] = np.exp(axis[log])
    return axis


def stretches(values: FloatArray, breaks: Sequence[int]) -> list[FloatArray]:
    """Return the stretches of a series between breaks, which leave none of few points."""
    edges = [0, *(at for at in breaks if FEW <= at <= len(values) - FEW), len(values)]
    return [values[a:b] for a, b in pairwise(edges) if a < b]


def joined(parts: Sequence[Smoothed]) -> Smoothed:
    """Join stretches that are each smooth; what comes back within one is no event."""
    values, line, clean = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "line", "clean")
    )
    return Smoothed(values=values, trend=line, line=line, clean=clean)


def _smooth(few: FloatArray, rough: FloatArray) -> Rows:
    """Return bins without noise, and the noise of each, given what a running median leaves of them."""
    along = _memory(few) > ALONG
    if along.any():
        # Where neighbours stand out together, the wider median would level swings.
        rough = np.where(along[:, np.newaxis], running_median(few, 1), rough)
    noise = _noise(few)
    smooth = _within(clipped(few, rough - 2.0 * noise, rough + 2.0 * noise), noise)
    # A line may overshoot where the curve bends; no trend lies outside of what was logged.
    return clipped(smooth, few.min(axis=1, keepdims=True), few.max(axis=1, keepdims=True)), noise


def _within(near: FloatArray, noise: FloatArray) -> FloatArray:
    """Return series without noise, smooth but for steps."""
    smooth = straightened(near, noise)
    for row, places in enumerate(breaks(near, noise)):
        for a, b in pairwise([0, *places, near.shape[1]]) if places else ():
            part = np.s_[row : row + 1, a:b]
            smooth[part] = straightened(near[part], noise[part])
    return smooth


def _memory(values: FloatArray) -> FloatArray:
    """Return the correlation of neighbouring deviations from a slow course over the last two thirds; 0 for few."""
    rows, count = values.shape
    if count < 20:
        return np.zeros(rows)
    apart = values[:, count // 3 :] - running_median(values, count // 10, count // 3)
    most = 3.0 * spreads(apart)[:, np.newaxis]
    apart = clipped(apart, -most, most)
    apart -= mean(apart)[:, np.newaxis]
    power = np.vecdot(apart, apart)
    return np.divide(np.vecdot(apart[:, 1:], apart[:, :-1]), power, out=np.zeros(rows), where=power > 0.0)


def _with_events(values: FloatArray, clean: FloatArray, drop: FloatArray) -> FloatArray:
    """Put back what a median hides: points far above the curve, and those above it beside them."""
    above = values - clean
    noise = np.maximum(spreads(above)[:, np.newaxis], 0.005 * drop)
    noise = np.maximum(noise, 1e-12 * np.abs(clean).max(axis=1, keepdims=True))
    tall, high = above > np.maximum(6.0 * noise, 2.0 * _ordinary(above, 6.0 * noise)), above > 2.5 * noise
    event = tall.copy()
    event[:, 1:] |= high[:, 1:] & tall[:, :-1]
    event[:, :-1] |= high[:, :-1] & tall[:, 1:]
    return np.where(event, values, clean)


def _ordinary(values: FloatArray, most: FloatArray) -> FloatArray:
    """Return the quantile of 99 % of those values of each row that do not exceed a limit."""
    ordered = np.sort(values, axis=1)
    place = 0.99 * np.maximum(np.count_nonzero(ordered <= most, axis=1) - 1, 0)
    below = place.astype(np.intp)
    each = np.arange(len(values))
    low, high = ordered[each, below], ordered[each, np.minimum(below + 1, values.shape[1] - 1)]
    return np.asarray(np.where(place == below, low, low + (place - below) * (high - low))[:, np.newaxis])


def median_lines(series: Sequence[FloatArray], share: float) -> list[FloatArray]:
    """Return the running medians over a share of the run, three points at least, of the bins of each series."""
    return [line for (line,) in _alike(lambda values: (_median_line(values, share),), [(one,) for one in series])]


def _median_line(values: FloatArray, share: float) -> FloatArray:
    few = binned(values)
    return _spread_out(running_median(few, max(1, round(0.5 * share * few.shape[1]))), values.shape[1])


def binned(values: FloatArray) -> FloatArray:
    """Return the medians of bins of equal numbers of points, or the values themselves where they are few."""
    *rows, count = values.shape
    each = max(1, count // BINS)
    return values if each == 1 else median(values[..., : count // each * each].reshape(*rows, -1, each))


def _spread_out(bins: FloatArray, count: int) -> FloatArray:
    """Return the bins' values at each of the points they were made of."""
    each = count // bins.shape[1]
    return bins.copy() if each == 1 else _between(bins, each, (each - 1) / 2.0, count)


def _between(values: FloatArray, apart: int, first: float, count: int) -> FloatArray:
    """Return at places 0, 1, ... what lies on the lines between values `apart` places apart; the ends go on level."""
    left, beyond = _lefts(values.shape[1], apart, first, count)
    slopes = np.zeros(values.shape)
    np.divide(differences(values), float(apart), out=slopes[:, :-1])
    found = slopes.take(left, axis=1)
    found *= beyond
    found += values.take(left, axis=1)
    return found


@lru_cache(maxsize=64)
def _lefts(known: int, apart: int, first: float, count: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the last known place before each place, and how far it lies behind it."""
    behind = np.maximum(np.arange(count) - first, 0.0)
    left = np.minimum((behind / apart).astype(np.intp), known - 1)
    return left, np.where(left < known - 1, behind - left * apart, 0.0)


def _rough(values: FloatArray) -> FloatArray:
    # Among few points a median of five would level what is no noise; bumps are looked for anyway.
    count = values.shape[1]
    return running_median(values, max(1 if count < 50 else 2, round(0.5 * SMOOTHING * count)))


def _noise(values: FloatArray) -> FloatArray:
    """Return the local standard deviation of the noise, from second and third differences, which a trend hardly moves.

    The lower third of the differences tells it, so that events in up to half of the neighbourhood do not.
    """
    count = values.shape[1]
    if count < 5:
        return np.zeros(values.shape)
    twice = differences(differences(values))
    second, third = np.abs(twice) / np.sqrt(6.0), np.abs(differences(twice)) / np.sqrt(20.0)
    return np.minimum(_usual(second, count), _usual(third, count))


def _usual(sizes: FloatArray, count: int) -> FloatArray:
    """Return the local scale of normally distributed values, given their sizes, at `count` places."""
    half = max(LOCAL, round(0.1 * count))
    if sizes.shape[1] <= 2 * half + 1:
        return np.repeat(_lower_third(sizes)[:, np.newaxis] / THIRD, count, axis=1)
    # Neighbouring windows hold nearly the same sizes.
    apart = max(1, half // 4)
    return _between(_lower_third(windows(sizes, 2 * half + 1, apart)) / THIRD, apart, half + 1, count)


def _lower_third(values: FloatArray) -> FloatArray:
    """Return the value that a third of those along the last axis lies below, between two neighbours by a line."""
    last = values.shape[-1] - 1
    place = last // 3
    # So few are sorted faster than two of them are found.
    ordered = np.sort(values, axis=-1)
    low, high = ordered[..., place], ordered[..., min(place + 1, last)]
    return np.asarray(low + (last % 3) / 3.0 * (high - low))


def _without_bumps(smooth: FloatArray, noise: FloatArray) -> FloatArray:
    """Cut off isolated rises that come back within 10 % of the run, down to the line between their feet."""
    opened = _opened(smooth, SHORT_EVENT)
    cut = smooth - opened
    wider = smooth - _opened(smooth, 2.5 * SHORT_EVENT)
    # An isolated rise stands clear of what is cut off everywhere, and a wide hump would only lose its top.
    tall = np.maximum(3.0 * noise, 5.0 * median(cut)[:, np.newaxis])
    tall = np.maximum(tall, 0.03 * np.ptp(smooth, axis=1, keepdims=True))
    peak = (cut > tall) & (cut > 0.7 * wider)
    found = smooth
    for row in np.flatnonzero(peak.any(axis=1)).tolist():
        stretch = np.cumsum(np.diff(cut[row] > 0.25 * tall[row], prepend=False))
        event = np.isin(stretch, stretch[peak[row]])
        if event.mean() > CROWDED:
            continue
        event[[0, -1]] = False
        at = np.arange(len(event))
        level = np.interp(at, at[~event], smooth[row, ~event])
        found = smooth.copy() if found is smooth else found
        # Where one foot stands higher than the other, as on a step that stays, only the rise above both is cut.
        found[row] = np.clip(level, opened[row], smooth[row])
    return found


def _opened(values: FloatArray, share: float) -> FloatArray:
    """Return the highest curve below it without peaks narrower than a share of the run (morphological opening)."""
    rows, count = values.shape
    half = max(1, round(0.5 * share * count))
    padded = np.empty((rows, count + 4 * half))
    padded[:, : 2 * half], padded[:, count + 2 * half :] = values[:, :1], values[:, -1:]
    padded[:, 2 * half : count + 2 * half] = values
    return highest(lowest(padded, 2 * half + 1), 2 * half + 1)

"""Two runs' losses laid beside each other on the same steps: where they part for good, and who is there first."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import Channel, FloatArray
from curvedx.diagnosis.measures import Track, half_window, reduce, track
from curvedx.measures import running_median, spread

FEWEST = 3
"""Points of either run within the steps both have, below which they are not compared."""

MATERIAL = 0.01
"""Share of the taller fall by which smoothed losses have to differ at least, noise or none."""

SURE = 3.0
"""Standard errors of the smoothed difference that it has to exceed."""

LASTING = 0.95
"""Share of the steps that follow on which a difference for good is there."""

MEDIAN_ERROR = 1.25
"""Standard error of a median of many normal values, in standard errors of their mean."""

MOST_ALIKE = 0.9
"""Correlation of neighbouring residuals beyond which none is believed."""

SMOOTHING = 0.1
"""Share of the steps that the running median spans: what differs for good is there for longer than that."""

END = 0.03
"""Share of the steps over which the levels at the end are taken, and that a difference for good lasts for at least."""

SAME_RATE = 0.01
"""Learning rates within this share of each other are one; loggers round them."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a channel of the run differs from the baseline's, at equal steps."""

    channel: str
    """The channel's name."""
    since: float | None
    """First step from which they differ: for good, or for a learning rate at all; None where they do not."""
    until: float | None
    """Last step at which they differ; None while they do to the last step compared."""
    run: float | None
    """The run's level over the last steps compared; None where it is not finite."""
    baseline: float | None
    """The baseline's level there."""
    percent: float | None
    """Run minus baseline there, in per cent of the baseline (of its fall, for losses below zero)."""
    ratio: float | None
    """The median of run over baseline where they differ, or at the end where they do not; None for losses below 0."""
    noise: float | None
    """What the smoothed lines had to differ by, as a share of the level on a log axis, else in the channel's unit."""
    first: float
    """First step compared."""
    last: float
    """Last step compared."""
    points: int
    """Steps compared."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """When each run first came down to the level at which the baseline ended."""

    channel: str
    """The channel's name."""
    level: float
    """Where the baseline's loss ended."""
    run: float | None
    """The step at which the run was there, within noise; None if it never was."""
    baseline: float
    """The step at which the baseline was."""
    ratio: float | None
    """How many times as many steps the run took; None where it did not get there or the baseline began there."""
    lowest: float
    """The lowest the smoothed loss of the run came."""
    last: float
    """The run's last step."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return asdict(self)


def shared(run: Channel, baseline: Channel) -> tuple[float, float] | None:
    """Return the first and last step that both cover; None where they share none or one has too few points there."""
    if not len(run) or not len(baseline):
        return None
    first, last = max(run.steps[0], baseline.steps[0]), min(run.steps[-1], baseline.steps[-1])
    inside = [int(((c.steps >= first) & (c.steps <= last)).sum()) for c in (run, baseline)]
    return (float(first), float(last)) if min(inside) >= FEWEST else None


def difference(name: str, run: Channel, baseline: Channel, *, log: bool | None = None) -> Difference | None:
    """Tell from where on a noisy channel of the run differs from the baseline's for good.

    Both are smoothed over the steps they share and read at those of the coarser log. They differ where the smoothed
    lines are further apart than three standard errors, from the joint noise, and than 1 % of the taller fall: for good
    from the first step on at which that is so and after which it is so, on the same side, at 95 % of the steps. All
    is judged on the axis on which the channel would be plotted.

    Parameters
    ----------
    name
        The channel's name.
    run, baseline
        What each logged. A stretch in which only one is finite counts as a difference.
    log
        Whether to judge ratios; where either would be plotted so, when not given.

    Returns
    -------
    Difference or None
        None where they share too few steps, or hold too few finite points there.
    """
    span = shared(run, baseline)
    if span is None:
        return None
    ours, theirs = (_within(channel, span) for channel in (run, baseline))
    grid = min(ours.steps, theirs.steps, key=len)
    a, b = _smoothed(ours), _smoothed(theirs)
    if a is None or b is None:
        return None
    positive = min(a.track.values.min(), b.track.values.min()) > 0.0
    ratios = _as_ratios(a, b, log)
    limit = _limit(a, b, ratios=ratios)
    upper, lower = _line(a, grid), _line(b, grid)
    with np.errstate(all="ignore"):
        apart = np.log(upper / lower) if ratios else upper - lower
    side = np.where(apart > limit, 1, np.where(apart < -limit, -1, 0))
    broken = [_broken(channel, grid) for channel in (ours, theirs)]
    side = np.where(broken[0] & ~broken[1], 1, np.where(broken[1] & ~broken[0], -1, side))
    place = _for_good(side)
    last = max(1, round(END * len(grid)))
    end, base = float(np.median(upper[-last:])), float(np.median(lower[-last:]))
    gone, lost = bool(broken[0][-1]), bool(broken[1][-1])
    of = base if positive else b.track.drop
    return Difference(
        channel=name,
        since=None if place is None else float(grid[place]),
        until=None,
        run=None if gone else end,
        baseline=None if lost else base,
        percent=None if gone or lost or of <= 0.0 else _finite(100.0 * (end - base) / of),
        ratio=None if gone or lost or not positive else _finite(end / base),
        noise=_finite(limit),
        first=span[0],
        last=span[1],
        points=len(grid),
    )


def rate_difference(name: str, run: Channel, baseline: Channel) -> Difference | None:
    """Tell where the run's learning rate differs from the baseline's at all; it has no noise, and may come together.

    Parameters
    ----------
    name
        The channel's name.
    run, baseline
        What each logged.
    """
    span = shared(run, baseline)
    if span is None:
        return None
    ours, theirs = (_within(channel, span) for channel in (run, baseline))
    grid = min(ours.steps, theirs.steps, key=len)
    finite = [np.isfinite(channel.values) for channel in (ours, theirs)]
    if not all(mask.any() for mask in finite):
        return None
    upper, lower = (
        np.interp(grid, channel.steps[mask], channel.values[mask])
        for channel, mask in zip((ours, theirs), finite, strict=True)
    )
    largest = max(float(np.abs(lower).max()), float(np.abs(upper).max()))
    # Near zero, where schedules end, shares mean nothing: there they are one within a thousandth of the largest rate.
    differ = np.abs(upper - lower) > np.maximum(SAME_RATE * np.abs(lower), 1e-3 * largest)
    differ &= _with_neighbour(differ)
    places = np.flatnonzero(differ)
    where = differ & (lower > 0) if len(places) else lower > 0
    with np.errstate(over="ignore"):
        ratio = _finite(float(np.median(upper[where] / lower[where]))) if where.any() else None
    last = int(places[-1]) if len(places) else 0
    return Difference(
        channel=name,
        since=float(grid[places[0]]) if len(places) else None,
        until=float(grid[last]) if len(places) and last < len(grid) - 1 else None,
        run=float(upper[-1]),
        baseline=float(lower[-1]),
        percent=None if lower[-1] <= 0 else _finite(100.0 * (float(upper[-1]) / float(lower[-1]) - 1.0)),
        ratio=ratio,
        noise=None,
        first=span[0],
        last=span[1],
        points=len(grid),
    )


def reached(name: str, run: Channel, baseline: Channel) -> Reached | None:
    """Tell when the run first came down to where the baseline ended, and how many times as many steps it took.

    Either is there once its smoothed loss comes within the noise of that level (see `difference`): on a flat end the
    level itself is crossed at a step that means nothing.

    Parameters
    ----------
    name
        The channel's name.
    run, baseline
        What each logged: the whole runs, not only the steps they share.

    Returns
    -------
    Reached or None
        None where either holds fewer than three finite points, or the baseline did not fall by more than the noise.
    """
    ours, theirs = _smoothed(run), _smoothed(baseline)
    if ours is None or theirs is None:
        return None
    ratios = _as_ratios(ours, theirs, None)
    limit = _limit(ours, theirs, ratios=ratios)
    level = theirs.track.end
    near = level * math.exp(limit) if ratios else level + limit
    then, now = (_first_below(t, near) for t in (theirs, ours))
    if then is None or theirs.track.start <= near:
        return None
    begin = float(min(run.steps[0], baseline.steps[0]))
    return Reached(
        channel=name,
        level=level,
        run=now,
        baseline=then,
        ratio=None if now is None or then <= begin else (now - begin) / (then - begin),
        lowest=float(ours.line.min()),
        last=float(run.steps[-1]),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Smoothed:
    """A channel's finite points under a wider median than one run is measured by."""

    track: Track
    line: FloatArray
    """One value a bin."""
    centre: FloatArray
    """The place of each bin, as an index into the points."""
    over: float
    """How many points one value of the line is the median of."""

    @property
    def steps(self) -> FloatArray:
        return np.asarray(self.track.steps[self.centre.astype(int)])


def _smoothed(channel: Channel) -> _Smoothed | None:
    found = track(channel)
    if found is None:
        return None
    middle, centre = reduce(found.values)
    half = half_window(len(found), len(middle), SMOOTHING)
    over = (2 * half + 1) * len(found) / len(middle)
    return _Smoothed(track=found, line=running_median(middle, half), centre=centre, over=over)


def _first_below(t: _Smoothed, level: float) -> float | None:
    places = np.flatnonzero(t.line <= level)
    return float(t.steps[places[0]]) if len(places) else None


def _within(channel: Channel, span: tuple[float, float]) -> Channel:
    inside = (channel.steps >= span[0]) & (channel.steps <= span[1])
    return Channel(channel.steps[inside], channel.values[inside])


def _as_ratios(a: _Smoothed, b: _Smoothed, asked: bool | None) -> bool:
    positive = min(a.track.values.min(), b.track.values.min()) > 0.0
    return bool(positive and (a.track.logarithmic or b.track.logarithmic if asked is None else asked))


def _limit(a: _Smoothed, b: _Smoothed, *, ratios: bool) -> float:
    """Return by how much two smoothed lines have to differ to be called different, on the axis asked for."""
    errors, heights = [], []
    for t in (a, b):
        points, line = (np.log(t.track.values), np.log(t.line)) if ratios else (t.track.values, t.line)
        rest = points - np.interp(np.arange(len(points)), t.centre, line)
        moves = spread(np.diff(points))
        noise = max(spread(rest), moves / math.sqrt(2.0))
        # Neighbours that go together, as when a logger averages over a window, count for fewer points than they are.
        alike = min(max(1.0 - 0.5 * (moves / noise) ** 2, 0.0), MOST_ALIKE) if noise > 0.0 else 0.0
        errors.append(MEDIAN_ERROR * noise / math.sqrt(t.over * (1.0 - alike) / (1.0 + alike)))
        heights.append(float(line[0] - line.min()))
    return max(SURE * math.hypot(*errors), MATERIAL * max(heights))


def _line(t: _Smoothed, at: FloatArray) -> FloatArray:
    return np.interp(at, t.steps, t.line)


def _broken(channel: Channel, at: FloatArray) -> NDArray[np.bool_]:
    """Tell at which steps the point logged last, or the first, is not finite."""
    before = np.maximum(np.searchsorted(channel.steps, at, side="right") - 1, 0)
    return ~np.isfinite(channel.values[before])


def _for_good(side: NDArray[np.int64]) -> int | None:
    """Return the first place from which on one side is kept; None where that is but a moment at the end."""
    left = np.arange(len(side), 0, -1)
    long = left >= max(FEWEST, END * len(side))
    for which in (1, -1):
        there = side == which
        kept = np.cumsum(there[::-1])[::-1] / left
        places = np.flatnonzero(there & long & (kept >= LASTING))
        if len(places):
            return int(places[0])
    return None


def _with_neighbour(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which marks have another beside them: where a rate is cut, one coarser log may lag by a point."""
    beside: NDArray[np.bool_] = np.append(marked[1:], False) | np.append(False, marked[:-1])
    return beside


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

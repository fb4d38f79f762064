"""The definitions of the labels, measured on what is known of a drawn run; one function a label.

Each returns a degree between 0 and 1: how likely a careful reader of the log would call the pattern present. Every
threshold is the middle of a grey zone (see `grey`), so a degree is near one half close to it. The catalogue states the
definitions in words.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import differences, median, middle, running_median, windows
from curvedx.synth.definitions_base import above_floor, once, quartered, zigzag
from curvedx.synth.grey import all_over, both, over, under
from curvedx.synth.truth import SHORT, Truth, finite

NOTHING = 1e-200
"""A change smaller than this is a rounding of zero."""

NEGLIGIBLE = 0.01
"""A degree that nothing can lift: what else there is to ask need not be."""

UNSEEN = 0.01
"""Share of the drop that may be gained behind the noise, at most: a gain that louder noise hides is no standstill."""


@once
def flat_line(run: Truth) -> float:
    """At no time after the first 2 % clearly below the start, and it ends there."""
    depth = run.start_linear - run.held_low
    limit = max(run.noise_linear, 0.02 * run.size)
    rise = run.end_linear - run.start_linear
    return both(under(depth, limit), under(rise, max(2.0 * run.noise_linear, 0.1 * run.size)), 1.0 - run.failed)


def plateau(run: Truth) -> float:
    """It falls, stops at a knee, and gains less than 2 % of the drop over the last half or more."""
    grid = run.grid
    low = float(grid.min())
    drop = float(grid[0]) - low
    if drop <= 0.0:
        return 0.0
    # A smoothed curve still shakes by what is left of the noise.
    shake = run.noise_linear / drop / np.sqrt(max(1.0, 0.1 * run.count))
    unseen = min(shake, UNSEEN)
    late_gain = (middle(grid[95:106]) - middle(grid[-10:])) / drop - unseen
    # What is left of the drop once the steep beginning is over: a tail that still brings a good part of that gains.
    beyond = max((middle(grid[10:15]) - low) / drop, 0.04)
    swing = float(grid[100:].max() - grid[100:].min()) / drop
    stands = over(middle(grid[-20:]) / run.size, 0.2) if run.positive else 1.0
    if not run.positive or run.count < SHORT:
        # Without a zero to tell a floor by, or with few points, the fall has to be seen: in three points at least.
        start, trend = float(grid[0]), run.loss_trend
        falling = np.count_nonzero((trend < start - 0.08 * drop) & (trend > start - 0.85 * drop))
        stands = both(stands, over(float(falling), 2.5))
    stops = both(
        over(drop / run.size, 0.1),
        under(max(late_gain, 0.0), 0.02),
        under(max(late_gain, 0.0), 0.06 * beyond),
        under(swing, max(0.08, shake)),
        stands,
        1.0 - run.failed,
    )
    stops = stops and both(
        stops,
        1.0 - divergence(run),
        1.0 - flat_line(run),
        1.0 - step_drops(run),
        0.0 if run.decays_early else 1.0,
    )
    # Most runs do not stop at all, and the knee takes long to look for.
    return stops and both(stops, _knee(grid, unseen))


_KNEES = np.append(1, np.arange(2, 101, 2))
_BEFORE = np.clip(_KNEES // 3, 1, 10)


def _knee(grid: FloatArray, unseen: float) -> float:
    """Degree to which the fall stops within 10 % of the run rather than fading away; `grid` has 201 places.

    `unseen` is the share of the drop that may be gained behind the noise.
    """
    start = float(grid[0])
    drop = start - float(grid.min())
    end = middle(grid[-10:])
    knee, wide = _KNEES, _BEFORE
    at, later = grid[knee], grid[knee + 10]
    fallen = start - at
    before = (grid[knee - wide] - at) / wide
    after = (later - grid[knee + 30]) / 20.0
    # What is still gained once the knee is passed, at a pace of 2 % of the drop for half a run.
    tail = (median(windows(grid, 5)[knee + 20]) - end) / drop - unseen
    # Each as a multiple of its threshold, so that one call tells the degrees of all.
    steeper, straighter, left, gained = all_over(
        np.array(
            [
                before / np.maximum(after, 1e-12 * drop) / 10.0,
                before * knee / np.maximum(fallen, 1e-12 * drop) / 0.65,
                (1.0 - (start - later) / drop) / 0.15,
                tail / (180 - knee) / (0.02 / 100.0),
            ]
        ),
        1.0,
    )
    stops = np.minimum(np.minimum(steeper, straighter), 1.0 - np.maximum(left, gained))
    return float((stops * ((fallen > 0.0) & (before > 0.0))).max())


@once
@above_floor
def divergence(run: Truth) -> float:
    """The end stands above the minimum by more than half of the drop, reached over several points, not won back."""
    trend = run.trend
    count = len(trend)
    end = run.end
    lowest = int(trend.argmin())
    low = float(trend[lowest])
    if end - low < NOTHING:
        return 0.0
    drop = run.start - low
    if drop > run.noise:
        tall = over(end - low, 0.5 * drop)
    else:
        tall = over(end - run.start, max(2.0 * run.noise, 0.1 * run.unit))
    stands = both(tall, over(end - low, 2.0 * run.noise))
    if stands < NEGLIGIBLE:
        # Most runs do not end high, and what they win back takes long to look for.
        return stands
    # Swings about a level that has risen win nothing back, nor do the last points of a climb.
    late = max(1, count // 20)
    high = max(end, float(running_median(trend, late)[lowest : max(lowest + 1, count - late)].max()))
    back = (high - end) / (high - low) if high > low else 1.0
    # One step to a new level is a divergence too where nothing is won back; two points at least stand up there.
    points = float(np.count_nonzero(trend[lowest:] > low + 0.4 * (high - low))) + run.failed
    several = over(points, 1.6) if count >= SHORT else over(points, 2.2)
    return both(stands, under(back, 0.2), several, 1.0 - run.waves, 1.0 - (oscillation(run) or 0.0))


def numerical_failure(run: Truth) -> float:
    """NaN or infinity in the train loss, its masked form, or values below zero where there can be none."""
    return run.failed


@once
def collapse_to_zero(run: Truth) -> float:
    """Four orders of magnitude or more within 10 % of the run, down to almost zero, for good."""
    if not run.positive or run.failed > 0.5 or run.start_linear <= 0.0:
        return 0.0
    # Lower than ever before: what falls back from a spike has been there.
    decades = np.log10(np.maximum(np.minimum.accumulate(run.loss_trend), 1e-12 * run.size))
    wide = min(max(1, round(0.1 * len(decades))), len(decades) - 1)
    fall = float((decades[:-wide] - decades[wide:]).max())
    stays = middle(run.loss_trend[-max(1, len(decades) // 10) :]) / run.size
    # A loss that goes on falling by decades after a quick beginning is being learned.
    whole = float(decades[0] - decades[-1])
    return both(over(fall, 4.0), under(stays, 3e-4), over(fall / max(whole, 1e-12), 0.6))


@once
@above_floor
def sawtooth(run: Truth) -> float | None:
    """Noise above 10 % of the drop over most of the run, while the trend falls over at least the first half."""
    if run.count < SHORT:
        return None
    sizes = np.abs(run.scatter)
    quarters = quartered(sizes) if np.isfinite(sizes).all() else map(finite, quartered(sizes))
    scales = sorted(1.4826 * middle(quarter) if len(quarter) else 0.0 for quarter in quarters)
    usual = max(scales[1], 1e-300)
    half = run.level(run.trend, 0.5)
    return both(
        over(usual, 0.1 * run.drop_),
        over((run.start - half) / run.drop_, 0.3),
        # Noise about a level that was reached at once is no drowned progress.
        over((run.level(run.trend, 0.2) - half) / run.drop_, 0.03),
        1.0 - flat_line(run),
        1.0 - divergence(run),
        1.0 - run.failed,
    )


@once
@above_floor
def oscillation(run: Truth) -> float | None:
    """The smoothed loss swings again and again by more than a third of its drop, and gains less than one swing."""
    if run.count < SHORT:
        return None
    if run.explained_switch:
        return 0.0
    trend = run.trend
    half = trend[len(trend) // 3 :]
    drop = run.start - run.lowest
    least = 0.2 * drop
    if drop <= 0.0 or float(half.max() - half.min()) < least:
        return 0.0
    swings = zigzag(half, least)
    if len(swings) < 3:
        return 0.0
    usual = middle(np.abs(swings))
    late = trend[len(trend) // 2 :]
    wide = max(1, len(late) // 4)
    gain = middle(late[:wide]) - middle(late[-wide:])
    period = 2.0 * len(half) / len(swings)
    return both(
        # Smoothing takes some of a swing, so that three tenths of the drop are a third of it.
        over(usual, 0.3 * drop),
        over(len(swings), 4.6),
        # What swings faster is a band of noise to the eye, and to smoothing.
        over(period, max(4.0, 0.03 * run.count)),
        over(usual, abs(gain)),
        over(usual, 1.5 * run.noise),
        1.0 - run.waves,
        1.0 - flat_line(run),
    )


def undertrained(run: Truth) -> float:
    """The last fifth of the run brings more than 10 % of the drop, and nothing explains it."""
    if run.rate_explains:
        return 0.0
    grid = run.grid
    low = float(grid.min())
    drop = float(grid[0]) - low
    if drop <= max(1e-4 * run.size, 0.5 * run.noise_linear):
        return 0.0
    # What is only won back after a rise brings nothing.
    late = min(middle(grid[157:164]), float(grid[:158].min())) - middle(grid[-4:])
    return both(
        over(late / drop, 0.1),
        over(late, 1.5 * run.noise_linear / np.sqrt(max(1.0, 0.1 * run.count))),
        over(drop, 0.006 * run.size),
        1.0 - run.waves,
        1.0 - run.failed,
        1.0 - run.recent_step,
        under(float(len(zigzag(run.trend[run.count // 10 :], 0.7 * max(late, 1e-12)))), 4.5) if not run.log else 1.0,
    )


@once
@above_floor
def step_drops(run: Truth) -> float:
    """Sudden lasting falls after the first 10 %, from a flatter stretch to a flatter stretch."""
    return both(
        max((d for _, d in run.drops()), default=0.0),
        1.0 - epoch_staircase(run),
        1.0 - run.waves,
        1.0 - run.failed,
        1.0 - collapse_to_zero(run),
        1.0 - (oscillation(run) or 0.0),
    )


@once
@above_floor
def epoch_staircase(run: Truth) -> float:
    """Three or more drops at equal distances, flatter in between."""
    found = [(at, degree) for at, degree in run.drops(least=0.015, begun=False) if degree > 0.3]
    if len(found) < 3:
        return 0.0
    places = run.t[[at for at, _ in found]]
    gaps = differences(places)
    # Where stairs are missing, those seen still stand at whole numbers of the shortest, counted from the first point.
    even = _even(gaps / middle(gaps)) or _even(np.append(places[0], gaps) / gaps.min())
    return both(float(np.sort([d for _, d in found])[-3]), float(even))


def _even(lengths: FloatArray) -> bool:
    """Tell whether four in five lengths are whole numbers of a stair."""
    return bool(np.mean(np.abs(lengths - np.round(lengths)) < 0.15) >= 0.8)


def schedule_waves(run: Truth) -> float:
    """Waves in step with a cyclic learning rate whose troughs keep falling."""
    return run.waves


TRAIN_REGISTER: dict[str, Callable[[Truth], float | None]] = {
    f.__name__: f
    for f in (
        numerical_failure,
        divergence,
        collapse_to_zero,
        flat_line,
        oscillation,
        plateau,
        sawtooth,
        undertrained,
        schedule_waves,
        epoch_staircase,
        step_drops,
    )
}
"""Labels that the course of the train loss decides."""

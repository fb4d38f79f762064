"""What the validation loss shows: overfitting, validation below train, grokking, double descent."""

from __future__ import annotations

import numpy as np

from curvedx.curve import TRAIN_LOSS, VAL_LOSS, FloatArray
from curvedx.diagnosis.evidence import Sighting, count, loss, percent, say, say_percent, say_step, step
from curvedx.diagnosis.measures import Track, Tracks, half_window, reduce
from curvedx.measures import running_median, spread

CLEAR = 3.0
"""Times the noise by which a rise has to be clear of it."""

BEST_BINS = 256
"""Bins among which the lowest stretch is looked for; where in it the minimum lies, the points themselves say."""


def best_point(values: FloatArray) -> int:
    """Return the lowest point within the smoothing window of the smoothed minimum, or of any place that ties with it.

    A median is flat at the bottom of a narrow V; the points themselves say where the V is.
    """
    middle, centre = reduce(values, BEST_BINS)
    half = half_window(len(values), len(middle))
    smooth = running_median(middle, half)
    place = np.flatnonzero(smooth <= smooth.min())
    first = np.rint(centre[np.maximum(place - half, 0)]).astype(int).tolist()
    last = np.rint(centre[np.minimum(place + half, len(middle) - 1)]).astype(int).tolist()
    lowest: list[int] = [a + int(np.argmin(values[a : b + 1])) for a, b in zip(first, last, strict=True)]
    return min(lowest, key=lambda point: float(values[point]))


def overfitting(run: Tracks) -> Sighting | None:
    """Find the minimum of the validation loss, from which it rises."""
    t, train = run.of(VAL_LOSS), run.of(TRAIN_LOSS)
    if t is None:
        return None
    best = best_point(t.values)
    at, low = float(t.steps[best]), float(t.values[best])
    rise, of = t.relative(t.end - low, low)
    evidence = [
        percent("rise above the minimum" + of, rise),
        loss("minimum", low),
        step("step of the minimum", at),
        loss("end", t.end),
    ]
    under = np.flatnonzero(
        t.smooth <= low + CLEAR * spread(t.values - np.interp(np.arange(len(t)), t.centre, t.smooth))
    )
    if len(under) and under[-1] + 1 < len(t.smooth):
        evidence.append(step("rise clear of the noise since", t.step(int(under[-1]) + 1)))
    sentence = f"validation loss has risen {say_percent(rise)}{of} since its minimum {say(low)} at step {say_step(at)}"
    if train is not None:
        then = float(np.interp(at, train.steps[train.centre.astype(int)], train.smooth))
        change, of = train.relative(then - train.end, then)
        evidence.append(percent("fall of the train loss since" + of, change))
        sentence += f" while train loss {'fell' if change >= 0 else 'rose'} {say_percent(abs(change))}{of}"
    return Sighting(onset=at, channel=VAL_LOSS, evidence=tuple(evidence), sentence=sentence)


def val_below_train(run: Tracks) -> Sighting | None:
    """Find the evaluation from which at least 70 % of those that follow lie below the train loss."""
    val, train = run.of(VAL_LOSS), run.of(TRAIN_LOSS)
    if val is None or train is None:
        return None
    near = _nearby_mean(train, val.steps)
    gap = near - val.values
    below = gap > 0
    rest = np.cumsum(below[::-1])[::-1] / np.arange(len(below), 0, -1)
    lasting = np.flatnonzero(below & (rest >= 0.7))
    first = int(lasting[0]) if len(lasting) else 0
    share = 100 * float(below[first:].mean())
    median, level = float(np.median(gap[first:])), float(np.median(near[first:]))
    size, of = train.relative(median, level)
    at = float(val.steps[first])
    return Sighting(
        onset=at,
        channel=VAL_LOSS,
        evidence=(
            percent("evaluations below train", share),
            percent("median gap" + of, size),
            count("evaluations", len(below) - first),
        ),
        sentence=(
            f"validation loss is below the train loss in {say_percent(share)} of the evaluations "
            f"from step {say_step(at)} on, by {say_percent(size)}{of} in the median"
        ),
    )


def _nearby_mean(train: Track, at: FloatArray) -> FloatArray:
    """Return the mean train loss of the points nearer to each evaluation than to any other."""
    middles = (at[1:] + at[:-1]) / 2
    edges = np.searchsorted(train.steps, middles)
    low, high = np.append(0, edges), np.append(edges, len(train))
    sums = np.append(0.0, np.cumsum(train.values))
    means: FloatArray = (sums[high] - sums[low]) / np.maximum(high - low, 1)
    return np.where(high > low, means, np.interp(at, train.steps, train.values))


def grokking(run: Tracks) -> Sighting | None:
    """Find the late fall of the validation loss: where it is half-way down from the level it had stayed on."""
    t, train = run.of(VAL_LOSS), run.of(TRAIN_LOSS)
    if t is None or train is None:
        return None
    learned = np.flatnonzero(train.smooth <= train.minimum + 0.05 * train.drop)
    known = train.step(int(learned[0]))
    since = min(int(np.searchsorted(t.steps[t.centre.astype(int)], known)), len(t.smooth) - 1)
    late = t.close[since:]
    after = float(late.min())
    # The highest level counts from which it falls; memorising often lifts the validation loss to it.
    before = float(late.max())
    at = t.step(since + _half_way(late, before, after))
    fall, of = t.relative(before - after, before)
    evidence = [step("train loss near its floor", known), percent("fall of the validation loss" + of, fall)]
    sentence = (
        f"train loss was near its floor by step {say_step(known)}, "
        f"validation loss stayed high and was half-way down at step {say_step(at)}"
    )
    first = float(train.steps[0])
    evidence.append(step("delay", at - known))
    if known > first:
        ratio = (at - first) / (known - first)
        evidence.append(count("delay, in times of the memorising", ratio))
        sentence += f", {say(ratio)} x as long"
    return Sighting(
        onset=at,
        channel=VAL_LOSS,
        evidence=tuple(evidence),
        sentence=f"{sentence}; it fell {say_percent(fall)}{of} in all",
    )


def _half_way(line: FloatArray, high: float, low: float) -> int:
    """Return the first place from which on, up to the minimum, all are nearer to the low level than to the high one."""
    lowest = int(np.argmin(line))
    upper = np.flatnonzero(line[: lowest + 1] >= (high + low) / 2)
    return min(int(upper[-1]) + 1, lowest) if len(upper) else 0


def double_descent(run: Tracks) -> Sighting | None:
    """Find the peak of the validation loss from which it falls a second time.

    Until then nothing tells it from overfitting, so that is where it begins.
    """
    t = run.of(VAL_LOSS)
    if t is None:
        return None
    line = t.close
    up = line - np.minimum.accumulate(line)
    down = line - np.minimum.accumulate(line[::-1])[::-1]
    peak = int(np.argmax(np.minimum(up, down)))
    place = int(np.argmin(line[: peak + 1]))
    first, top, last = (float(v) for v in (line[place], line[peak], line[peak:].min()))
    rise, of = t.relative(top - first, first)
    back = np.flatnonzero(line[peak:] <= first)
    regained = 100 * (top - last) / (top - first) if top > first else 0.0
    at = t.step(peak)
    return Sighting(
        onset=at,
        end=t.step(peak + int(back[0])) if len(back) and peak > place else None,
        channel=VAL_LOSS,
        evidence=(
            percent("rise after the first minimum" + of, rise),
            step("step of the first minimum", t.step(place)),
            step("step of the peak", at),
            loss("loss at the peak", top),
            percent("of the rise undone", regained),
            loss("second minimum", last),
        ),
        sentence=(
            f"validation loss rises {say_percent(rise)}{of} from its first minimum {say(first)} at step "
            f"{say_step(t.step(place))} to step {say_step(at)}, then falls to {say(last)}, "
            f"{say_percent(regained)} of the rise"
        ),
    )

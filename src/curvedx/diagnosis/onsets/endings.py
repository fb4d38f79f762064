"""Runs that break: not finite, diverged, collapsed to zero."""

from __future__ import annotations

import numpy as np

from curvedx.curve import GRAD_NORM, TRAIN_LOSS, Channel, Curve
from curvedx.diagnosis.evidence import Sighting, count, loss, many, percent, say, say_share, say_step, say_steps, step
from curvedx.diagnosis.measures import FEW, TINY, Tracks, rise_begins

DEEP = 1e-5  # of the start: what falls on from there has collapsed before


def numerical_failure(run: Tracks) -> Sighting | None:
    """Find the first value that is not finite, else the masked forms: exact zeros, a loss below zero."""
    channel = run.curve[TRAIN_LOSS]
    broken = np.flatnonzero(~np.isfinite(channel.values))
    if len(broken):
        return _not_finite(channel, broken)
    if not len(channel):
        return None
    zero = np.flatnonzero(channel.values == 0)
    if len(zero):
        return _masked(run.curve, zero)
    negative = np.flatnonzero(channel.values < 0)
    if not len(negative):
        return None
    at, value = float(channel.steps[negative[0]]), float(channel.values[negative[0]])
    return Sighting(
        onset=at,
        evidence=(
            step("first loss below zero", at),
            loss("its value", value),
            count("points below zero", len(negative)),
        ),
        sentence=f"train loss is {say(value)} at step {say_step(at)}, below zero",
    )


def _not_finite(channel: Channel, broken: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Sighting:
    first, last, total = int(broken[0]), int(broken[-1]), len(channel)
    at, value = float(channel.steps[first]), float(channel.values[first])
    word = "NaN" if np.isnan(value) else "infinite loss"
    after = int(np.isfinite(channel.values[first:]).sum())
    # Isolated gaps end; a stretch to the last point does not.
    end = float(channel.steps[last + 1]) if last + 1 < total else None
    if after == 0:
        rest = "no finite loss after it"
    elif end is None:
        rest = f"{many(len(broken), 'point')} of {total:,} not finite, the last among them"
    else:
        rest = f"{many(len(broken), 'point')} of {total:,} not finite, finite again from step {say_step(end)}"
    return Sighting(
        onset=at,
        end=end,
        evidence=(
            step(f"first {word}", at),
            count("points that are not finite", len(broken)),
            percent("share of the points", 100 * len(broken) / total),
            count("finite points after the first", after),
        ),
        sentence=f"first {word} at step {say_step(at)}, {rest}",
    )


def _masked(curve: Curve, zero: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Sighting:
    steps, values = curve[TRAIN_LOSS]
    # The zeros that last to the end are the failure; single ones before it can be chance.
    other = np.flatnonzero(values != 0)
    first = int(other[-1]) + 1 if len(other) and other[-1] + 1 < len(values) else int(zero[0])
    at = float(steps[first])
    sentence = f"train loss is exactly 0 from step {say_step(at)}, as where a logger masks NaN"
    norm = curve.get(GRAD_NORM)
    later = norm.values[norm.steps >= at] if norm is not None else np.zeros(0)
    if len(later) and not np.isfinite(later).any():
        sentence += ", and the gradient norm is not finite from there"
    elif len(later) > 1 and np.ptp(later) == 0:
        sentence += f", and the gradient norm is frozen at {say(float(later[0]))}"
    return Sighting(
        onset=at,
        evidence=(step("first masked loss", at), count("points of exactly 0", len(zero))),
        sentence=sentence,
    )


def divergence(run: Tracks) -> Sighting | None:
    """Find the foot of the rise from the smoothed minimum to the level on which the run ends."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    # The level it ends on may be noisy: the rise is taken to the last place at or above its median.
    ends = float(np.median(t.line[-max(3, t.half) :]))
    top = int(np.flatnonzero(t.line >= ends)[-1])
    low = int(np.argmin(t.line[: top + 1]))
    place = rise_begins(t.line, low, top, t.seen(float(t.line[top] - t.line[low])))
    rise = t.end - t.minimum
    evidence = [loss("minimum", t.minimum), loss("end", t.end), loss("start", t.start)]
    at = t.step(place)
    if t.drop > 0 and t.low > 0:
        evidence.append(percent("rise, of the drop", t.percent_of_drop(rise)))
        sentence = (
            f"train loss has risen from {say(t.minimum)} to {say(t.end)} since step {say_step(at)}, "
            f"{say_share(t.percent_of_drop(rise))} what it had fallen"
        )
    else:
        sentence = (
            f"train loss rises from step {say_step(at)} and ends at {say(t.end)}, having started at {say(t.start)}"
        )
    return Sighting(onset=at, evidence=tuple(evidence), sentence=sentence)


def collapse_to_zero(run: Tracks) -> Sighting | None:
    """Find where the fall to the floor begins: the first point below half of the level before it."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    size = np.abs(t.values)
    if len(t) >= FEW:
        # The median of three: a single low batch is no collapse.
        left, here, right = size[:-2], size[1:-1], size[2:]
        middle = np.maximum(np.minimum(left, here), np.minimum(np.maximum(left, here), right))
        size = np.concatenate([size[:1], middle, size[-1:]])
    # The lowest loss so far: what spikes up from the floor has been there.
    lowest = np.minimum.accumulate(size)
    decades = np.log10(np.maximum(lowest, DEEP * abs(t.start) + TINY))
    wide = max(1, len(t) // 10)
    before = int(np.argmax(decades[:-wide] - decades[wide:])) if len(t) > wide else 0
    # A fall that began earlier than a tenth of the run is measured from the level at that distance.
    level = float(np.median(size[before : before + max(1, wide // 20)]))
    begins = before + int(np.argmax(lowest[before:] < 0.5 * level))
    floor = max(1e-4 * abs(t.start), float(np.median(size[-max(3, len(t) // 20) :])))
    reached = begins + int(np.argmax(lowest[begins:] <= floor))
    at, took = float(t.steps[begins]), float(t.steps[reached] - t.steps[max(0, begins - 1)])
    return Sighting(
        onset=at,
        evidence=(
            loss("level before", level),
            loss("end", t.end),
            step("steps the fall took", took),
            count("ratio of end to start", t.end / t.start if t.start else 0.0),
        ),
        sentence=(
            f"train loss falls from {say(level)} at step {say_step(at)} to {say(t.end)} within {say_steps(took)}"
        ),
    )

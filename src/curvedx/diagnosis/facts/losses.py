"""Facts of the train loss over the whole run: where it starts, where it stands, how it was logged."""

from __future__ import annotations

import numpy as np

from curvedx.catalogue import levels
from curvedx.curve import TRAIN_LOSS
from curvedx.diagnosis.facts.ground import Ground, percent, ratio
from curvedx.measures import median, spread

FALLEN = 0.2
"""Share of its start below which a loss has learned so much that a level it comes near says nothing."""

NEAR = 0.01
"""Share of a level within which a loss is said to stand at it."""


def interval(run: Ground) -> float | None:
    """Return the median distance of two logged train losses, in steps."""
    return run.interval or None


def length(run: Ground) -> float | None:
    """Return the steps from the first logged train loss to the last."""
    return run.length or None


def epochs(run: Ground) -> float | None:
    """Return the epochs of the run."""
    return None if run.epochs is None else float(run.epochs.values[-1])


def epoch(run: Ground) -> float | None:
    """Return the steps of an epoch."""
    return run.epoch


def resumes(run: Ground) -> float | None:
    """Count the resumes that the steps show; None where none shows, for not every logger goes back."""
    return float(len(run.tracks.curve.rewinds)) or None


def broken(run: Ground) -> float | None:
    """Return the share of logged train losses that are NaN or infinite, in per cent."""
    values = run.tracks.curve[TRAIN_LOSS].values
    return percent(~np.isfinite(values))


def zeros(run: Ground) -> float | None:
    """Return the share of train losses that are exactly zero, in per cent."""
    return percent(run.tracks.curve[TRAIN_LOSS].values == 0.0)


def before_zero(run: Ground) -> float | None:
    """Return the last train loss before those that are exactly zero to the end, in times of the first loss."""
    values = run.tracks.curve[TRAIN_LOSS].values
    left = np.flatnonzero(values != 0.0)
    if not len(left) or left[-1] == len(values) - 1 or run.train is None:
        return None
    return ratio(float(values[left[-1]]), float(values[left[0]]))


def negative(run: Ground) -> float | None:
    """Return the share of train losses below zero, in per cent."""
    return percent(run.tracks.curve[TRAIN_LOSS].values < 0.0)


def repeats(run: Ground) -> float | None:
    """Return the share of train losses that repeat the one before to every logged digit, in per cent."""
    values = run.tracks.curve[TRAIN_LOSS].values
    return percent(values[1:] == values[:-1]) if len(values) > 1 else None


def first(run: Ground) -> float | None:
    """Return the level at which the train loss starts."""
    return None if run.train is None else run.train.start


def last(run: Ground) -> float | None:
    """Return the level at which the train loss ends."""
    return None if run.train is None else run.train.end


def end_of_start(run: Ground) -> float | None:
    """Return the last train loss in times of the first, where both are above zero."""
    if run.train is None or run.train.end < 0.0:
        return None
    return ratio(run.train.end, run.train.start)


def early_peak(run: Ground) -> float | None:
    """Return the highest train loss of the first tenth of the run in times of the first one logged."""
    if run.train is None or run.train.signed:
        return None
    values = run.train.values
    return ratio(float(values[: max(2, len(values) // 10)].max()), float(values[0]))


def noise(run: Ground) -> float | None:
    """Return the scatter of the train loss about its trend, in per cent of its drop."""
    t = run.train
    return 100.0 * t.noise / t.height if t is not None and t.height > 0.0 else None


def thinning(run: Ground) -> float | None:
    """Return the scatter from point to point in the last quarter of the run in times of that in its second quarter."""
    if run.train is None or len(run.train) < 40:
        return None
    values, quarter = run.train.values, len(run.train) // 4
    early, late = values[quarter : 2 * quarter], values[-quarter:]
    return ratio(spread(late[1:] - late[:-1]), spread(early[1:] - early[:-1]))


def late_fall(run: Ground) -> float | None:
    """Return by how much the train loss falls in the last half of the run, in per cent of its level then."""
    t = run.train
    if t is None or len(t) < 8 or t.signed:
        return None
    half = t.since(0.5)
    level = float(median(t.smooth[half:]))
    return 100.0 * (float(t.smooth[half]) - t.end) / level if level > 0.0 else None


def standing(run: Ground) -> float | None:
    """Return the level of the last half of the run; None where the loss still moves there."""
    return run.standing


def named(run: Ground) -> str | None:
    """Return the level of `synth/levels.toml` at which the loss stands; None where none is near."""
    at = standing(run)
    if at is None or run.train is None or at <= 0.0 or at < FALLEN * run.train.start:
        return None
    near = min((level for level in levels() if level.value), key=lambda level: abs(at / (level.value or 1.0) - 1.0))
    value = near.value or 1.0
    return f"{near.formula} = {value:g}, {near.name}" if abs(at / value - 1.0) <= NEAR else None


def standing_of_chance(run: Ground) -> float | None:
    """Return the level at which the loss stands in times of chance, ln V or ln C."""
    at, chance = standing(run), run.expected.chance
    return None if at is None or chance is None else at / chance


def standing_of_prior(run: Ground) -> float | None:
    """Return the level at which the loss stands in times of the entropy of the class shares."""
    at, entropy = standing(run), run.expected.entropy
    return None if at is None or not entropy else at / entropy


def first_of_chance(run: Ground) -> float | None:
    """Return the first train loss in times of chance: the very first, for it falls within ten steps."""
    chance = run.expected.chance
    return None if run.train is None or chance is None else float(run.train.values[0]) / chance


def last_of_chance(run: Ground) -> float | None:
    """Return the last train loss in times of chance."""
    end, chance = last(run), run.expected.chance
    return None if end is None or chance is None else end / chance


def cooling(run: Ground) -> float | None:
    """Return how much faster the loss falls while the rate decays than over a stretch as long before it.

    The decay is the last stretch of the run in which the learning rate lies below nine tenths of its peak; it has to
    begin between the middle of the run and its last twentieth, else there is nothing to compare.
    """
    t, rate = run.train, run.rate
    if t is None or rate is None or run.peak_rate <= 0.0 or len(t) < 40:
        return None
    high = np.flatnonzero(rate.values >= 0.9 * run.peak_rate)
    begins = float(rate.steps[high[-1]])
    place = int(np.searchsorted(t.steps[t.centre.astype(int)], begins))
    late = len(t.smooth) - 1 - place
    if not 0.05 * len(t.smooth) <= late <= 0.45 * len(t.smooth):
        return None
    earlier, then, end = float(t.smooth[place - late]), float(t.smooth[place]), t.end
    return ratio(then - end, earlier - then)

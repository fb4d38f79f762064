"""Facts of what surrounds the onset of a finding: what the other channels do there.

The stretch *just before* an onset is the last hundredth of the run before it, three logged points at least, without the
onset itself: what stands there came first. It is held against the tenth of the run before that, five points at least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from curvedx.curve import TRAIN_LOSS, Channel
from curvedx.diagnosis.facts.ground import Ground, after, before, percent, ratio
from curvedx.measures import median, spread

JUST = 0.01  # of the run
WHILE = 0.1  # of the run
NEAR_CUT = 0.02  # of the run: a finder knows the step of a change to about this much
FEWEST = 5  # points of a stretch that others are held against
USUAL = 0.95  # quantile

PERIODS = ("distance of the swings", "distance")
"""Evidence that tells how far apart the repeats of a pattern are."""


@dataclass(frozen=True, eq=False)
class Around:
    """One finding in its run: the step at which it begins, and the numbers its finder gave."""

    ground: Ground
    onset: float | None
    evidence: Mapping[str, float]

    @property
    def just(self) -> float:
        """Steps of the stretch just before the onset."""
        return max(JUST * self.ground.length, 3.0 * self.ground.interval)

    @cached_property
    def usual_norm(self) -> float | None:
        """The ordinary largest gradient norm before the onset."""
        return self.usual(self.ground.norm)

    def usual(self, channel: Channel | None) -> float | None:
        """Return the ordinary largest value of the tenth of the run that ends just before the onset."""
        if channel is None or self.onset is None:
            return None
        earlier = before(channel, self.onset - self.just, WHILE * self.ground.length)
        if len(earlier) < FEWEST:
            return None
        # np.quantile takes ten times as long.
        place = int(USUAL * (len(earlier) - 1))
        return float(np.partition(earlier, place)[place])


def share(at: Around) -> float | None:
    """Return where in the run it begins, in per cent."""
    if at.onset is None or at.ground.length <= 0.0:
        return None
    return 100.0 * (at.onset - at.ground.span[0]) / at.ground.length


def rate(at: Around) -> float | None:
    """Return the learning rate at the onset in times of the largest up to there.

    Not of the largest of the run: where the rate still climbs, it stands at its peak so far.
    """
    channel = at.ground.rate
    if channel is None or at.onset is None:
        return None
    so_far = channel.values[: max(1, int(channel.steps.searchsorted(at.onset, side="right")))]
    return ratio(float(so_far[-1]), float(so_far.max()))


def rate_rise(at: Around) -> float | None:
    """Return the learning rate at the onset in times of that a tenth of the run before."""
    channel = at.ground.rate
    if channel is None or at.onset is None or at.onset - WHILE * at.ground.length < channel.steps[0]:
        return None
    now, then = np.interp([at.onset, at.onset - WHILE * at.ground.length], channel.steps, channel.values)
    return ratio(float(now), float(then))


def rate_change(at: Around) -> float | None:
    """Return the sharpest change of the learning rate near the onset, as a ratio, over that of the points beside it.

    Near is within 2 % of the run, and one logged point on either side at least. On a smooth schedule the points beside
    it change as much, so that it gives about 1.
    """
    channel = at.ground.rate
    if channel is None or at.onset is None or len(channel) < 5 or at.ground.peak_rate <= 0.0:
        return None
    near = max(NEAR_CUT * at.ground.length, at.ground.interval)
    # A change stands between two points: it is near where the stretch between them is; two more are beside.
    low = max(0, int(channel.steps.searchsorted(at.onset - near)) - 2)
    high = min(len(channel), int(channel.steps.searchsorted(at.onset + near, side="right")) + 2)
    logs = np.log(np.maximum(channel.values[low:high], 1e-6 * at.ground.peak_rate))
    change = logs[1:] - logs[:-1]
    if len(change) < 3:
        return None
    sharp = change[1:-1] - 0.5 * (change[:-2] + change[2:])
    return math.exp(float(sharp[np.abs(sharp).argmax()]))


def surge_before(at: Around) -> float | None:
    """Return the largest gradient norm just before the onset in times of the ordinary largest."""
    return _surge(at, at.ground.norm, at.usual_norm)


def surge_at(at: Around) -> float | None:
    """Return the largest gradient norm at the onset, or in the two intervals after it, in times of the ordinary one."""
    channel, usual = at.ground.norm, at.usual_norm
    if channel is None or at.onset is None or usual is None:
        return None
    return ratio(float(after(channel, at.onset, 2.5 * at.ground.interval).max(initial=0.0)), usual)


def level_after(at: Around) -> float | None:
    """Return the median gradient norm of the tenth of the run after the onset in times of that before it."""
    return _levels(at, at.ground.norm)


def broken_norms(at: Around) -> float | None:
    """Count the gradient norms before the onset that are NaN or infinite, but those just before it."""
    channel = at.ground.norms
    if channel is None or at.onset is None:
        return None
    last = int(channel.steps.searchsorted(at.onset - at.just))
    return float(np.count_nonzero(~np.isfinite(channel.values[:last])))


def loss_before(at: Around) -> float | None:
    """Return the largest train loss just before the onset in times of the ordinary largest."""
    channel = _losses(at)
    return _surge(at, channel, at.usual(channel))


def loss_jump(at: Around) -> float | None:
    """Return the train loss after the onset in times of that before it: medians of 2 % of the run."""
    return _levels(at, _losses(at), reach=NEAR_CUT)


def loss_at(at: Around) -> float | None:
    """Return the smoothed train loss at the onset in times of its start."""
    t = at.ground.train
    if t is None or at.onset is None:
        return None
    level = float(np.interp(at.onset, t.steps[np.rint(t.centre).astype(int)], t.smooth))
    return ratio(level, t.start) if level >= 0.0 else None


def finite_after(at: Around) -> float | None:
    """Return the share of the train losses after the onset that are finite, in per cent."""
    steps, values = at.ground.tracks.curve[TRAIN_LOSS]
    if at.onset is None:
        return None
    later = values[steps > at.onset]
    return percent(np.isfinite(later)) if len(later) else None


def thinning(at: Around) -> float | None:
    """Return the scatter from point to point after the onset in times of that before it, over 5 % of the run each."""
    channel = _losses(at)
    if channel is None or at.onset is None:
        return None
    reach = 0.05 * at.ground.length
    earlier, later = before(channel, at.onset, reach), after(channel, at.onset, reach)
    if len(earlier) < 8 or len(later) < 8:
        return None
    return ratio(spread(later[1:] - later[:-1]), spread(earlier[1:] - earlier[:-1]))


def validation_jump(at: Around) -> float | None:
    """Return the validation loss after the onset in times of that before it: medians of up to three evaluations."""
    channel = at.ground.val
    if channel is None or at.onset is None:
        return None
    place, reach = int(channel.steps.searchsorted(at.onset)), WHILE * at.ground.length
    earlier, later = before(channel, at.onset, reach)[-3:], after(channel, at.onset, reach)[:3]
    if not len(earlier) or not len(later) or channel.steps[place] > at.onset + reach:
        return None
    return ratio(float(median(later)), float(median(earlier)))


def from_resume(at: Around) -> float | None:
    """Return the distance to the nearest resume, in per cent of the run; None where the steps show no resume."""
    rewinds = at.ground.tracks.curve.rewinds
    if at.onset is None or not rewinds or at.ground.length <= 0.0:
        return None
    return 100.0 * min(abs(step - at.onset) for step in rewinds) / at.ground.length


def from_boundary(at: Around) -> float | None:
    """Return the distance to the nearest beginning of an epoch, in per cent of an epoch."""
    if at.onset is None or at.ground.epoch is None or not len(at.ground.boundaries):
        return None
    return 100.0 * float(np.abs(at.ground.boundaries - at.onset).min()) / at.ground.epoch


def onset_epoch(at: Around) -> float | None:
    """Return the epoch in which it begins, counted from 0."""
    if at.onset is None or at.ground.epochs is None:
        return None
    return float(np.interp(at.onset, at.ground.epochs.steps, at.ground.epochs.values))


def period(at: Around) -> float | None:
    """Return the distance of the repeats, in epochs."""
    steps = next((at.evidence[name] for name in PERIODS if name in at.evidence), None)
    return None if steps is None or at.ground.epoch is None else steps / at.ground.epoch


def _losses(at: Around) -> Channel | None:
    t = at.ground.train
    return None if t is None else Channel(t.steps, t.values)


def _surge(at: Around, channel: Channel | None, usual: float | None) -> float | None:
    if channel is None or at.onset is None or usual is None:
        return None
    just = before(channel, at.onset, at.just)
    return ratio(float(just.max()), usual) if len(just) else None


def _levels(at: Around, channel: Channel | None, reach: float = WHILE) -> float | None:
    if channel is None or at.onset is None:
        return None
    stretch = max(reach * at.ground.length, 2.0 * at.ground.interval)
    earlier, later = before(channel, at.onset, stretch), after(channel, at.onset, stretch)
    if not len(earlier) or not len(later):
        return None
    return ratio(float(median(later)), float(median(earlier)))

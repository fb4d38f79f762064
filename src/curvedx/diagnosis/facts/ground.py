"""What facts are measured on: the channels of one run, cut to their finite points once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.diagnosis import epochs
from curvedx.diagnosis.measures import Track, Tracks
from curvedx.measures import bounded, median
from curvedx.objectives import Expectations
from curvedx.tools.gap import Gap, generalization_gap

STANDS = 0.01
"""Share of its level by which a loss may move over its last half and still stand."""

EVALUATIONS = 100
"""Evaluations between which the trend of the gap is taken: its cost grows with their square."""


@dataclass(frozen=True, eq=False)
class Ground:
    """One run and what its user knows of it; what several facts need is measured once."""

    tracks: Tracks
    expected: Expectations

    @cached_property
    def train(self) -> Track | None:
        """The train loss; None with fewer than three finite points."""
        return self.tracks.of(TRAIN_LOSS)

    @cached_property
    def val(self) -> Channel | None:
        """The finite evaluations; None without any."""
        return self._finite(VAL_LOSS)

    @cached_property
    def rate(self) -> Channel | None:
        """The finite learning rates; None without any."""
        return self._finite(LR)

    @cached_property
    def peak_rate(self) -> float:
        """The largest learning rate; 0 where it is never above."""
        return 0.0 if self.rate is None else max(0.0, float(self.rate.values.max()))

    @cached_property
    def norm(self) -> Channel | None:
        """The finite gradient norms; None without any."""
        return self._finite(GRAD_NORM)

    @cached_property
    def norms(self) -> Channel | None:
        """All logged gradient norms, finite or not."""
        return self.tracks.curve.get(GRAD_NORM)

    @cached_property
    def median_norm(self) -> float | None:
        """The median of the finite gradient norms."""
        return None if self.norm is None else float(median(self.norm.values))

    @cached_property
    def span(self) -> tuple[float, float]:
        """First and last step of the train loss; the run has a point at least."""
        steps = self.tracks.curve[TRAIN_LOSS].steps
        return float(steps[0]), float(steps[-1])

    @property
    def length(self) -> float:
        """Steps from the first to the last."""
        return self.span[1] - self.span[0]

    @cached_property
    def epochs(self) -> Channel | None:
        """The epoch counter; None where it was not logged or does not rise."""
        return epochs.counter(self.tracks.curve)

    @cached_property
    def boundaries(self) -> FloatArray:
        """The first logged step of each epoch but the first."""
        return epochs.starts(self.epochs)

    @cached_property
    def epoch(self) -> float | None:
        """Steps of an epoch, at which at least two points were logged; None where that is not known."""
        if self.epochs is None:
            return None
        # A counter with fractions tells it exactly; whole ones, by the distance of their changes.
        if bool((self.epochs.values % 1.0 > 1e-6).any()):
            rise = float(self.epochs.values[-1] - self.epochs.values[0])
            steps = float(self.epochs.steps[-1] - self.epochs.steps[0]) / rise
        elif len(self.boundaries) > 1:
            steps = float(median(np.diff(self.boundaries)))
        else:
            return None
        return steps if steps >= 2.0 * self.interval else None

    @cached_property
    def interval(self) -> float:
        """Median distance of two logged train losses, in steps; 0 for one point."""
        steps = self.tracks.curve[TRAIN_LOSS].steps
        return float(median(steps[1:] - steps[:-1])) if len(steps) > 1 else 0.0

    @cached_property
    def standing(self) -> float | None:
        """The level of the last half of the run; None where the train loss still moves there."""
        t = self.train
        if t is None or len(t) < 8:
            return None
        # A smoothed curve says as much in a hundred points.
        late = t.smooth[t.since(0.5) :: max(1, len(t.smooth) // 256)]
        half = len(late) // 2
        level = float(median(late))
        moved = abs(float(median(late[half:])) - float(median(late[:half])))
        return level if moved <= STANDS * abs(level) else None

    @cached_property
    def gap(self) -> Gap | None:
        """The generalisation gap; None without validation loss. Many evaluations are first averaged in blocks."""
        if self.val is None:
            return None
        steps, values = self.val
        if len(steps) > EVALUATIONS:
            starts = np.linspace(0, len(steps), EVALUATIONS, endpoint=False).astype(int)
            sizes = np.diff(starts, append=len(steps))
            steps, values = (np.add.reduceat(part, starts) / sizes for part in (steps, bounded(values)))
        train = self.tracks.curve[TRAIN_LOSS]
        return generalization_gap(Curve({TRAIN_LOSS: train, VAL_LOSS: Channel(steps, values)}))

    def _finite(self, name: str) -> Channel | None:
        channel = self.tracks.curve.get(name)
        if channel is None:
            return None
        known = channel.finite()
        return known if len(known) or not len(channel) else None


def before(channel: Channel, step: float, reach: float) -> FloatArray:
    """Return the values logged in the last so many steps before a step, which is not among them."""
    return channel.values[channel.steps.searchsorted(step - reach) : channel.steps.searchsorted(step)]


def after(channel: Channel, step: float, reach: float) -> FloatArray:
    """Return the values logged from a step on, for so many steps."""
    low = int(channel.steps.searchsorted(step))
    return channel.values[low : max(int(channel.steps.searchsorted(step + reach)), low + 1)]


def percent(those: NDArray[np.bool_]) -> float:
    """Return the share of true values, in per cent."""
    return 100.0 * np.count_nonzero(those) / len(those)


def ratio(value: float, base: float) -> float | None:
    """Return how many times a positive base a value is; None where that means nothing."""
    return value / base if base > 0.0 and np.isfinite(value / base) else None

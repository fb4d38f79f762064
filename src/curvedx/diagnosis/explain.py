"""What was logged beside an event that may explain it: the learning rate, epochs, resumes, the gradient norm."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, Curve, FloatArray
from curvedx.diagnosis import epochs
from curvedx.measures import median, running_median, spread, windows

CUT, RISE, EPOCH, RESUME, SURGE, EARLIER = (
    "cut of the learning rate",
    "rise of the learning rate",
    "epoch boundary",
    "resume",
    "surge of the gradient norm",
    "earlier surge of the gradient norm",
)

BINS = 256  # stretches of a long gradient norm, each with a level of its own
NEAR = 0.01  # of the run: what is so close to an event may explain it
CUT_TO = 0.67  # of the rate before; a rise is as large the other way
SURGES = 2.0  # x the usual gradient norm around it
CLEAR = 6.0  # x its scatter
BEFORE = 0.005  # of the run, before an event: how early a surge may be


class Explain:
    """What was logged beside the train loss of one run, each looked up once."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        steps = curve[TRAIN_LOSS].steps
        self.near = NEAR * float(steps[-1] - steps[0])
        self.row = float(np.median(np.diff(steps))) if len(steps) > 1 else 0.0

    @cached_property
    def _rate(self) -> tuple[FloatArray, FloatArray]:
        """Steps at which the learning rate changes at once, and its ratio there."""
        channel = self.curve.get(LR)
        if channel is None or len(channel) < 2:
            return np.zeros(0), np.zeros(0)
        before, after = channel.values[:-1], channel.values[1:]
        known = (before > 0) & (after > 0)
        ratio = np.divide(after, before, out=np.ones(len(after)), where=known)
        moved = (ratio <= CUT_TO) | (ratio >= 1 / CUT_TO)
        return channel.steps[1:][moved], ratio[moved]

    @cached_property
    def _epochs(self) -> FloatArray:
        """Steps at which a new epoch begins."""
        return epochs.starts(epochs.counter(self.curve))

    @cached_property
    def _norm(self) -> tuple[FloatArray, FloatArray, float]:
        """Steps and values of the gradient norm, against its usual level around each, and their scatter."""
        channel = self.curve.get(GRAD_NORM)
        if channel is None:
            return np.zeros(0), np.zeros(0), 0.0
        steps, values = channel.finite()
        if len(values) < 8:
            return np.zeros(0), np.zeros(0), 0.0
        each = max(1, len(values) // BINS)
        # A few points tell the level of a bin as well as all of them.
        level = median(windows(values, each, each)[:, :: max(1, each // 9)])
        usual = np.repeat(running_median(level, max(2, len(level) // 20)), each)
        usual = np.append(usual, np.full(len(values) - len(usual), usual[-1]))
        ratio = values / np.maximum(usual, 1e-300)
        return steps, ratio, spread(ratio[:: max(1, each // 9)])

    @property
    def has_norm(self) -> bool:
        """Whether the gradient norm tells surges from its scatter."""
        return len(self._norm[0]) > 0

    def of(self, first: float, peak: float) -> tuple[str, ...]:
        """Return what may explain an event between two steps."""
        found = []
        at, ratio = self._rate
        for word, moved in ((CUT, ratio < 1), (RISE, ratio > 1)):
            if _within(at[moved], first - self._close, peak + self._close):
                found.append(word)
        if _within(self._epochs, first - self._close, peak + self._close):
            found.append(EPOCH)
        if _within(np.array(self.curve.rewinds), first - self._close, peak + self._close):
            found.append(RESUME)
        if (surge := self._surge(first, peak)) is not None:
            found.append(EARLIER if surge < first else SURGE)
        return tuple(found)

    def change(self, at: float) -> float | None:
        """Return the learning rate after a step as a multiple of that before it; None where it was not logged.

        Across the stretch that may explain an event, so that a warm-up after a resume is seen too.
        """
        channel = self.curve.get(LR)
        if channel is None or at <= channel.steps[0]:
            return None
        before, after = np.interp([at - self._close, at + self._close], *channel)
        return float(after / before) if before > 0 else None

    @property
    def _close(self) -> float:
        return max(self.near, self.row)

    def _surge(self, first: float, peak: float) -> float | None:
        """Return the first step, shortly before an event or during its rise, at which the gradient norm surges."""
        steps, ratio, scatter = self._norm
        early = max(BEFORE / NEAR * self.near, 2 * self.row)
        low, high = np.searchsorted(steps, first - early), np.searchsorted(steps, peak, side="right")
        surges = np.flatnonzero(ratio[low:high] > max(SURGES, 1 + CLEAR * scatter))
        return float(steps[low + surges[0]]) if len(surges) else None


def _within(places: FloatArray, low: float, high: float) -> bool:
    return bool(((places >= low) & (places <= high)).any())

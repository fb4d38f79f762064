"""The words in which a pattern is defined, measured on one channel: smoothed, noise, start, drop, axis.

A long channel is first reduced to about a thousand bins of equal numbers of points, so that everything but a few linear
passes is independent of its length; a finder goes back to the points where it needs an exact step. Shares of the run
are shares of the logged points, which are also right where these crowd at the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from curvedx.curve import TRAIN_LOSS, Channel, Curve, FloatArray
from curvedx.diagnosis.explain import Explain
from curvedx.measures import LOG_SPAN, finite_points, masked, median, running_median, spread, windows

BINS = 1024
SMOOTHING = 0.03  # of the run
FEWEST = 3  # finite points of a track
FEW = 30  # points among which single ones count
HIDDEN = 2.0  # x what smoothing leaves of the noise: a rise that is no larger cannot be seen
STRAIGHT = 0.05  # of its height: a stretch that bends less has no knee
SHORT = 150  # below this many points a smoothed curve follows the noise it should leave

TINY = 1e-300  # stands for zero where something is divided by it, or its logarithm taken


@dataclass(frozen=True, eq=False, kw_only=True)
class Track:
    """The finite points of a channel and what was measured on them.

    `smooth` has one value a bin; `centre` is the place of each bin as an index into `values`, on which all but
    `steps` are counted. With up to 2,047 points a bin is a point.
    """

    steps: FloatArray
    values: FloatArray
    centre: FloatArray
    smooth: FloatArray
    half: int
    """Half of the smoothing window, in bins."""

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def logarithmic(self) -> bool:
        """Whether a person would plot it on a log axis: the smoothed curve spans more than a factor of 50."""
        late = self.smooth[self.since(0.02) :]
        return bool(late.min() > 0 and self.values.min() > 0 and late.max() > LOG_SPAN * late.min())

    @cached_property
    def line(self) -> FloatArray:
        """The smoothed curve on the axis of the plot, one value a bin."""
        return np.log(self.smooth) if self.logarithmic else self.smooth

    @cached_property
    def close(self) -> FloatArray:
        """The smoothed curve in loss, one value a bin; the points themselves where a window hides what a row shows."""
        return self.smooth if len(self) >= FEW else self.values

    @cached_property
    def points(self) -> FloatArray:
        """The values on the axis of the plot."""
        return np.log(self.values) if self.logarithmic else self.values

    @cached_property
    def residual(self) -> FloatArray:
        """The values minus the smoothed curve, on the axis of the plot."""
        return self.points - np.interp(np.arange(len(self)), self.centre, self.line)

    @cached_property
    def noise(self) -> float:
        """Robust standard deviation of the residual, on the axis of the plot."""
        if len(self) < SHORT:
            return spread(np.diff(self.points)) / np.sqrt(2) if len(self) > 1 else 0.0
        return spread(self.residual)

    @cached_property
    def start(self) -> float:
        """Median of the first 1 % of the points, in loss; the first point where these already fall or blow up.

        Among ten points or more a single towering one does not count, as in `curvedx.measures.first_levels`.
        """
        first = self.values[: max(1, len(self) // 100)]
        level, scatter = float(np.median(first)), spread(np.diff(first)) / np.sqrt(2)
        moved = level - float(first[0]) if len(first) >= 10 else abs(float(first[0]) - level)
        return float(first[0]) if moved > 4 * scatter + 0.1 * abs(level - self.minimum) else level

    @cached_property
    def end(self) -> float:
        """Median of the last 3 % of the points (at least one), in loss."""
        return float(np.median(self.values[-max(1, round(SMOOTHING * len(self))) :]))

    @cached_property
    def low(self) -> int:
        """The bin of the smoothed minimum."""
        return int(np.argmin(self.smooth))

    @cached_property
    def minimum(self) -> float:
        """The smoothed minimum, in loss."""
        return float(self.smooth[self.low])

    @cached_property
    def drop(self) -> float:
        """Start minus smoothed minimum, in loss; never below zero."""
        return max(0.0, self.start - self.minimum)

    @cached_property
    def height(self) -> float:
        """The drop on the axis of the plot."""
        if self.logarithmic and self.start > 0:
            return max(0.0, float(np.log(self.start / self.minimum)))
        return self.drop

    @property
    def signed(self) -> bool:
        """Whether it goes below zero by nature, so that per cents of a level mean nothing."""
        return bool(self.smooth.min() <= 0)

    def relative(self, amount: float, level: float) -> tuple[float, str]:
        """Return an amount in per cent of a level and what to call it; of the drop where losses are negative."""
        base, of = (self.drop, " of its drop") if self.signed else (level, "")
        return (100 * amount / base if base > 0 else 0.0), of

    def percent_of_drop(self, amount: float) -> float:
        """Return an amount of loss in per cent of the drop; 0 without a drop."""
        return 100 * amount / self.drop if self.drop > 0 else 0.0

    def seen(self, rise: float) -> float:
        """Return the share of a rise of the smoothed curve, on the axis of the plot, that noise hides: 1 to 10 %."""
        left = self.noise / np.sqrt(2 * self.half + 1)
        return float(np.clip(HIDDEN * left / max(rise, TINY), 0.01, 0.1))

    def index(self, place: float) -> int:
        """Return the point at the centre of a bin."""
        return round(float(self.centre[int(place)]))

    def step(self, place: int) -> float:
        """Return the step at the centre of a bin."""
        return float(self.steps[self.index(place)])

    def since(self, share: float) -> int:
        """Return the bin at a share of the run."""
        return min(int(share * len(self.smooth)), len(self.smooth) - 1)


class Tracks:
    """The channels of one run as tracks, each measured once however many finders ask for it."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self._known: dict[str, Track | None] = {}

    def of(self, name: str) -> Track | None:
        """Return the track of a channel; None where it was not logged or holds fewer than three finite points."""
        if name not in self._known:
            channel = self.curve.get(name)
            if channel is not None and name == TRAIN_LOSS:
                gone = masked(self.curve)
                channel = Channel(channel.steps[~gone], channel.values[~gone]) if gone.any() else channel
            self._known[name] = None if channel is None else track(channel)
        return self._known[name]

    @cached_property
    def explain(self) -> Explain:
        """What may explain an event."""
        return Explain(self.curve)

    def family(self, prefix: str) -> dict[str, Track]:
        """Return the tracks of the channels under a prefix such as ``"task_loss/"``, by their bare names."""
        return {name: found for name in self.curve.family(prefix) if (found := self.of(prefix + name)) is not None}


def track(channel: Channel) -> Track | None:
    """Measure a channel; None where it holds fewer than three finite points."""
    steps, values = finite_points(channel)
    if len(values) < FEWEST:
        return None
    middle, centre = reduce(values)
    half = half_window(len(values), len(middle))
    return Track(steps=steps, values=values, centre=centre, smooth=running_median(middle, half), half=half)


def half_window(points: int, bins: int, share: float = SMOOTHING) -> int:
    """Return half of a window that spans a share of the run, in bins; a few points at least."""
    return max(1 if points < 20 else 2, round(share * bins / 2))


def reduce(values: FloatArray, bins: int = BINS) -> tuple[FloatArray, FloatArray]:
    """Return the median of each bin and its place as an index; up to twice as many points as bins stay as they are."""
    each = max(1, len(values) // bins)
    if each == 1:
        return values, np.arange(len(values), dtype=np.float64)
    starts = np.minimum(np.arange(0, len(values), each), len(values) - each)
    return median(windows(values, each)[starts]), starts + (each - 1) / 2


def rise_begins(line: FloatArray, low: int, top: int, foot: float = 0.1) -> int:
    """Return where the rise from ``line[low]`` to ``line[top]`` sets in.

    Its knee is the place farthest below the chord from `low` to where three quarters of the rise are made (the idea of
    Satopaa et al. 2011, "Finding a kneedle in a haystack"). A rise that gathers pace has made a good part of its way by
    its knee: as long as that is more than the share `foot` of the whole, the way to the knee is looked at in turn. A
    stretch that is nearly straight has no knee and begins at its low end.
    """
    begins, rise = float(line[low]), float(line[top] - line[low])
    top = low + int(np.argmax(line[low : top + 1] >= begins + 0.75 * rise))
    while True:
        part = line[low : top + 1]
        gap = np.linspace(part[0], part[-1], len(part)) - part
        knee = int(np.argmax(gap))
        if gap[knee] <= STRAIGHT * (part[-1] - part[0]):
            return low
        top = low + knee
        if line[top] - begins <= foot * rise:
            return top


def split(values: FloatArray, low: int, high: int) -> int:
    """Return the index in ``low + 1 .. high - 1`` at which a step between two levels is most likely.

    The maximum of the two-sample contrast (Page 1955, CUSUM with unknown levels): the first point of the second level.
    """
    low, high = max(0, low), min(len(values), high)
    if high - low < 2:
        return low
    # A spike beside a step must not be taken for the step.
    part = np.clip(values[low:high], *np.quantile(values[low:high], [0.1, 0.9]))
    left = np.arange(1, len(part))
    sums = np.cumsum(part)[:-1]
    right = len(part) - left
    contrast = np.abs(sums / left - (part.sum() - sums) / right) * np.sqrt(left * right)
    return low + 1 + int(np.argmax(contrast))


def turns(line: FloatArray, size: float) -> list[int]:
    """Return the places where a curve turns by at least `size`, peaks and troughs in turn, the two ends left out."""
    heights = line.tolist()
    found: list[int] = []
    high = low = 0
    rising: bool | None = None
    for place, value in enumerate(heights):
        high = place if value > heights[high] else high
        low = place if value < heights[low] else low
        if rising is not False and heights[high] - value > size:
            found.append(high)
            rising, low = False, place
        elif rising is not True and value - heights[low] > size:
            found.append(low)
            rising, high = True, place
    return [place for place in found if 0 < place < len(heights) - 1]

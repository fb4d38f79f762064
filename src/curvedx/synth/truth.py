"""`Truth`: what is known of a drawn run after the logger has looked at it, and the words the definitions use.

Start, drop, noise and axis are measured here on the noise-free curve, so that the definitions read like the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import LOG_SPAN, first_level, highest, longest_stretch, middle, spread
from curvedx.synth.grey import both, either, over, under
from curvedx.synth.sudden import Sudden, sudden

SHORT = 20
"""Below this many points, `sawtooth` and `oscillation` are unassessed and events have to be unmistakable."""

FLOOR = 0.01
"""Share of the start below which a loss is at its floor."""


@dataclass(kw_only=True)
class Truth:
    """Everything a label can depend on, at the resolution of the log."""

    t: FloatArray
    """Position of each train point in the run."""
    y: FloatArray
    """Train loss as logged, before rounding; non-finite where it broke."""
    loss_clean: FloatArray
    """Noise-free train loss with its short events."""
    loss_trend: FloatArray
    """Noise-free train loss without short events."""
    positive: bool
    """Whether the loss cannot be negative."""
    rate: FloatArray | None
    """Learning rate if it was logged."""
    rate_explains: bool
    """Whether a decay, a restart or a task switch explains what the last fifth does."""
    explained_switch: bool
    """Whether a task switch explains jumps of the train loss."""
    failed: float
    """1 where the train loss is or hides a numerical failure, else 0."""
    restarts: tuple[float, ...] = ()
    """Positions at which a cyclic schedule restarts."""
    val_t: FloatArray | None = None
    val: FloatArray | None = None
    """Noise-free validation loss."""
    val_y: FloatArray | None = None
    """Validation loss as logged."""
    tasks: dict[str, FloatArray] = field(default_factory=dict)
    classes: dict[str, FloatArray] = field(default_factory=dict)
    grad: FloatArray | None = None
    """Noise-free log10 gradient norm."""
    known: dict[str, float | None] = field(default_factory=dict, repr=False)
    """Degrees already measured."""

    @property
    def count(self) -> int:
        """Logged train points."""
        return len(self.t)

    @cached_property
    def log(self) -> bool:
        """Whether the curve is judged on a logarithmic axis."""
        if not self.positive:
            return False
        tail = self.loss_trend[min(max(1, round(0.02 * self.count)), self.count - 1) :]
        low, high = float(tail.min()), float(tail.max())
        return low > 0 and high / low > LOG_SPAN and bool(min(self.loss_clean.min(), self.loss_trend.min()) > 0.0)

    @cached_property
    def lifted(self) -> Truth | None:
        """The run with everything below its floor lifted to it; None where nothing is judged so far down.

        A loss below 1 % of its start is at its floor: what it does there shows on a log axis alone.
        """
        floor = FLOOR * self.start_linear
        if not self.log or float(self.loss_clean.min()) >= floor:
            return None
        higher = {name: np.maximum(getattr(self, name), floor) for name in ("y", "loss_clean", "loss_trend")}
        return replace(self, **higher, known={})

    def _axis(self, losses: FloatArray) -> FloatArray:
        if not self.log:
            return losses
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(losses))

    @cached_property
    def trend(self) -> FloatArray:
        """The trend on the axis of the curve."""
        return self._axis(self.loss_trend)

    @cached_property
    def clean(self) -> FloatArray:
        """The noise-free curve on its axis."""
        return self._axis(self.loss_clean)

    @cached_property
    def y_axis(self) -> FloatArray:
        """The logged curve on its axis."""
        return self._axis(self.y)

    @cached_property
    def start(self) -> float:
        """Median of the first 1 % on the axis, or the first point where that stretch holds a fall or a blow-up."""
        return first_level(self.clean, max(self.noise, 1e-9 * abs(float(self.clean[0]))))

    @cached_property
    def start_linear(self) -> float:
        """The start as a loss."""
        return float(np.exp(self.start)) if self.log else self.start

    @cached_property
    def size(self) -> float:
        """What per cent of the start or of a level refer to: the start, or the drop of a negative loss."""
        if self.positive:
            return max(abs(self.start_linear), 1e-300)
        return max(self.start_linear - float(self.loss_trend.min()), 1e-9 * abs(self.start_linear), 1e-300)

    @property
    def unit(self) -> float:
        """What per cent of the start refer to on the axis: the size, or one natural logarithm."""
        return 1.0 if self.log else self.size

    @cached_property
    def drop_(self) -> float:
        """Start minus the lowest trend on the axis, never zero."""
        return max(self.start - self.lowest, 1e-6 * self.unit)

    @cached_property
    def lowest(self) -> float:
        """The lowest of the trend on the axis."""
        return float(self.trend.min())

    @cached_property
    def end(self) -> float:
        """The level of the trend on the axis over the last 5 %."""
        return self.level(self.trend, -0.05)

    @cached_property
    def end_linear(self) -> float:
        """The level of the trend as a loss over the last 5 %."""
        return self.level(self.loss_trend, -0.05) if self.log else self.end

    @cached_property
    def reach(self) -> float:
        """How far the trend goes, down or up: beside a divergence nobody would point at what is small against it."""
        return max(self.drop_, float(self.trend.max()) - self.lowest)

    @property
    def beginning(self) -> int:
        """Points at the very beginning, where a bump is no spike: 3 % of the run, by points and by steps."""
        return min(max(2, round(0.03 * self.count), int(self.t.searchsorted(0.02))), self.count // 3)

    @cached_property
    def after_first_bump(self) -> int:
        """First point at which a spike may stand: behind the very beginning and behind a bump that began in it."""
        bumps = self.bumps
        tallest = float(bumps[: self.beginning + 1].max(initial=0.0))
        if tallest <= 0.0:
            return self.beginning
        # It is over once it no longer falls, or has fallen to nothing.
        at = self.beginning
        while at < self.count // 2 and bumps[at] > 0.01 * (tallest := max(tallest, float(bumps[at]))):
            if bumps[at] < 0.25 * tallest and bumps[at] >= bumps[at - 1]:
                break
            at += 1
        return at

    @cached_property
    def bumps(self) -> FloatArray:
        """Short events on the axis: how far the noise-free curve stands above the trend."""
        return self.clean - self.trend

    @cached_property
    def scatter(self) -> FloatArray:
        """Logged minus noise-free, on the axis."""
        return self.y_axis - self.clean

    @cached_property
    def noise(self) -> float:
        """Robust standard deviation of the scatter."""
        return _spread(self.scatter)

    @cached_property
    def noise_linear(self) -> float:
        """The same of the losses."""
        return _spread(self.y - self.loss_clean) if self.log else self.noise

    @cached_property
    def val_noise(self) -> float:
        """Robust standard deviation, about zero, of logged minus noise-free validation."""
        if self.val is None or self.val_y is None:
            return 0.0
        residual = finite(self.val_y - self.val)
        return 1.4826 * middle(np.abs(residual)) if len(residual) else 0.0

    @cached_property
    def grid(self) -> FloatArray:
        """The loss trend at 201 places evenly spread over the logged points."""
        return np.asarray(np.interp(*_places(self.count), self.loss_trend))

    @cached_property
    def held_low(self) -> float:
        """The lowest level the trend holds, over about 3 % of the run, after the first 2 %."""
        tail = self.loss_trend[min(max(1, round(0.02 * self.count)), self.count - 1) :]
        wide = max(1, min(len(tail), round(0.03 * self.count)))
        return float(highest(tail, wide).min())

    def level(self, values: FloatArray, where: float) -> float:
        """Return the median of the last share (negative) or of the 5 % around a position."""
        count = len(values)
        if where < 0:
            return middle(values[-max(1, round(-where * count)) :])
        at = round(where * (count - 1))
        half = max(0, round(0.025 * count))
        return middle(values[max(0, at - half) : at + half + 1])

    def stays(self, height: float, left: float, before: float) -> float:
        """Degree to which a rise is still there 10 % of the run later: most of it, or what would be a jump by itself.

        `left` is what is left of its height then, and `before` the level it rose from.
        """
        return either(
            over(left, 0.4 * height),
            both(
                over(left, 0.15 * height),
                over(left, 0.05 * self.sure * self.local(before)),
                over(left, 4.0 * self.sure * self.noise),
            ),
        )

    def local(self, axis_value: float) -> float:
        """Return what per cent of the local level are, on the axis."""
        if self.log:
            return 1.0
        return abs(axis_value) if self.positive else self.size

    @property
    def sure(self) -> float:
        """How much clearer than usual a spike or jump has to be, to be unmistakable among few points."""
        return 1.6 if self.count < SHORT else 1.0

    @property
    def wide(self) -> int:
        """Points within 3 % of the run: one at least, two where a change may fall between two windows of averaging."""
        return max(1 if self.count < SHORT else 2, round(0.03 * self.count))

    @cached_property
    def rises(self) -> tuple[Sudden, ...]:
        """Sudden rises of the trend, the largest first."""
        return tuple(sudden(self.trend, self.wide, self.noise, up=True))

    @cached_property
    def falls(self) -> tuple[Sudden, ...]:
        """Sudden falls of the trend, the largest first; heights are positive."""
        return tuple(sudden(self.trend, self.wide, self.noise, up=False))

    def drops(self, least: float = 0.05, *, begun: bool = True) -> list[tuple[int, float]]:
        """Return place and degree of each sudden lasting fall by more than `least` of the local level, in order.

        `begun` leaves out those before which nothing had been gained.
        """
        sure = 2.0 if self.count < SHORT else 1.0
        return sorted(
            (place, both(over(share, sure * least), degree, earlier if begun else 1.0))
            for place, share, degree, earlier in self._lasting
        )

    @cached_property
    def _lasting(self) -> list[tuple[int, float, float, float]]:
        """Of each fall: place, share of the local level, how far it is sudden and lasts, how far others went before."""
        sure = 2.0 if self.count < SHORT else 1.0
        found = []
        for fall in self.falls:
            # Between two points far apart a fall began at the first of them.
            if not fall.framed or fall.place < max(0.1 * self.count, 3) or self.t[fall.place - 1] < 0.1:
                continue
            share = (
                1.0 - float(np.exp(-fall.height)) if self.log else fall.height / max(self.local(fall.before), 1e-300)
            )
            # What falls back from a short event is no drop.
            back = float(self.bumps[max(0, fall.place - self.wide - 1) : fall.place + 1].max())
            fallen = self.start - fall.before
            degree = both(
                over(fall.height, sure * 4.0 * self.noise),
                over(fall.height, sure * 2.5 * fall.pace),
                over(fall.kept, 0.6),
                over(fall.beyond, 0.5),
                under(back, 0.5 * fall.height),
            )
            earlier = over(fallen / max(fallen + fall.height, 1e-300), 0.15)
            found.append((fall.place, share, degree, earlier))
        return found

    @cached_property
    def recent_step(self) -> float:
        """Degree to which a sudden drop explains what the last fifth brings."""
        return max((degree for at, degree in self.drops() if self.t[at] > 0.78), default=0.0)

    @cached_property
    def decays_early(self) -> bool:
        """Whether the logged learning rate has gone to zero where the loss stops."""
        return self.rate is not None and middle(self.rate[-self.count // 3 :]) < 0.02

    @cached_property
    def waves(self) -> float:
        """Degree to which the restarts of the schedule are seen as waves with falling troughs."""
        if len(self.restarts) < 2 or self.failed:
            return 0.0
        at = sorted({int(self.t.searchsorted(r)) for r in self.restarts})
        at = [a for a in at if 1 <= a < self.count - 1]
        if len(at) < 2:
            return 0.0
        ends = [*at[1:], self.count]
        rises = [
            float(np.max(self.trend[a:e]) - np.min(self.trend[max(0, a - 2) : a + 1]))
            for a, e in zip(at, ends, strict=True)
        ]
        troughs = [float(np.min(self.trend[max(0, a - 3) : a + 1])) for a in at]
        climbing = float(np.max(np.diff(troughs), initial=0.0))
        usual = middle(np.array(rises))
        return both(
            over(usual, 3.0 * self.noise),
            over(usual, 0.06 * min(self.drop_, float(np.ptp(self.trend[min(self.count // 50 + 1, self.count - 1) :])))),
            under(climbing, 0.5 * usual),
        )

    @cached_property
    def longest_bump(self) -> float:
        """Share of the run that the longest short event takes, at a quarter of the tallest one's height."""
        tallest = float(self.bumps.max(initial=0.0))
        if tallest <= 0.0:
            return 0.0
        return longest_stretch(self.bumps > 0.25 * tallest) / self.count


@lru_cache(maxsize=64)
def _places(count: int) -> tuple[FloatArray, FloatArray]:
    """Return the 201 places of the grid, and those of the points."""
    return np.linspace(0, count - 1, 201), np.arange(float(count))


def finite(values: FloatArray) -> FloatArray:
    """Return the values that are neither NaN nor infinite."""
    known = np.isfinite(values)
    return values if known.all() else values[known]


def _spread(residual: FloatArray) -> float:
    known = finite(residual)
    return spread(known) if len(known) >= 3 else 0.0

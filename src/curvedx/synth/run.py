"""`Run`: the latent state of one run while it is drawn, on the axis on which its loss falls.

Everything is kept noise-free and at the resolution of the log until the logger looks at it, so that a label can be
measured on what is really there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray
from curvedx.synth.objectives import Objective
from curvedx.synth.trends import log_uniform

Rng = np.random.Generator

NO_GRADIENT = -30.0
"""Log10 that stands for a gradient norm of zero."""


@dataclass(kw_only=True)
class Run:
    """A run being drawn. Positions run from 0 (nothing trained) to 1 (the last logged point)."""

    rng: Rng
    objective: Objective
    t: FloatArray
    """Position of each logged train point, ascending."""
    log: bool
    """Whether `trend`, `bumps` and `scatter` are those of the natural logarithm of the loss."""
    positive: bool
    """Whether the loss cannot be negative."""
    trend: FloatArray
    """What stays: the fall and every lasting change, without short events and noise."""
    bumps: FloatArray
    """Short events that pass, added to the trend."""
    spread: FloatArray
    """Standard deviation of the noise at each point."""
    rate: FloatArray
    """Learning rate as a multiple of its peak."""
    rate_explains: bool = False
    """Whether a decay of the rate, a restart or a task switch explains what the last fifth of the run does."""
    val_t: FloatArray | None = None
    """Positions of the evaluations."""
    val: FloatArray | None = None
    """Noise-free validation loss, in units of the loss (never logarithmic)."""
    val_spread: float = 0.0
    """Standard deviation of the noise of the log validation loss."""
    grad: FloatArray | None = None
    """Noise-free log10 gradient norm."""
    grad_stuck: float = np.inf
    """Position from which the gradient norm repeats its last value."""
    tasks: dict[str, FloatArray] = field(default_factory=dict)
    """Noise-free loss of each task."""
    classes: dict[str, FloatArray] = field(default_factory=dict)
    """Noise-free accuracy of each class, at the evaluations."""
    total: float
    """Steps of the whole run."""
    first: float
    """Number of the first step."""
    crowded: bool = False
    """Whether the first few points were logged at every step and the rest far apart."""
    broken: FloatArray | None = None
    """Values logged in place of the train loss (NaN, infinity, exact zeros, garbage) where `broken_at` is true."""
    broken_at: NDArray[np.bool_] | None = None
    """Where `broken` replaces the train loss."""
    onsets: dict[str, list[float]] = field(default_factory=dict)
    """Position at which each intended pattern begins."""

    @property
    def count(self) -> int:
        """Logged train points."""
        return len(self.t)

    @property
    def drop(self) -> float:
        """Fall of the trend on its own axis, a thousandth of the start (or of a unit in the log) at least."""
        # A run that collapsed before its first logged point is zero throughout.
        least = 1e-3 if self.log else max(1e-3 * abs(float(self.trend[0])), 1e-300)
        return max(float(self.trend[0] - self.trend.min()), least)

    def loss(self, values: FloatArray) -> FloatArray:
        """Turn values of this run's axis into losses."""
        return np.asarray(np.exp(values)) if self.log else values

    def axis(self, losses: FloatArray) -> FloatArray:
        """Turn losses into values of this run's axis."""
        return np.asarray(np.log(np.maximum(losses, 1e-300))) if self.log else losses

    @overload
    def step(self, position: float) -> float: ...
    @overload
    def step(self, position: FloatArray) -> FloatArray: ...
    def step(self, position: float | FloatArray) -> float | FloatArray:
        """Return the step number at a position."""
        return position * self.total + self.first

    def index(self, position: float) -> int:
        """Return the first logged point at or after a position (the last one if none is)."""
        return min(int(np.searchsorted(self.t, position)), self.count - 1)

    def since(self, position: float) -> FloatArray:
        """Return how far each point lies behind a position, 0 before it."""
        return np.maximum(self.t - position, 0.0)

    def mark(self, name: str, *positions: float) -> None:
        """Remember where a pattern begins."""
        self.onsets.setdefault(name, []).extend(positions)

    def local_level(self, at: int) -> float:
        """Return the size of the loss at a point, for rules in per cent of the local level."""
        return abs(float(self.loss(self.trend)[at]))

    def pick(self, low: float, high: float) -> float:
        """Draw uniformly."""
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """Draw uniformly in the logarithm."""
        return log_uniform(self.rng, low, high)

    def chance(self, probability: float) -> bool:
        """Toss a coin."""
        return bool(self.rng.random() < probability)

"""Benign twins: what healthy runs do that looks like a pattern and is none.

Each is drawn on purpose, because false alarms on healthy runs are where a tool loses its users. The labels are measured
afterwards like everybody's, so that a twin which happens to cross a threshold is labelled for what it shows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.run import Run
from curvedx.synth.schedules import cooldown
from curvedx.synth.trends import wander


def _bend(run: Run, amount: FloatArray) -> None:
    """Move the trend by shares of its local level, or of the drop where the loss can be negative."""
    if run.log:
        run.trend = run.trend + amount * min(run.drop, 3.0)
    elif run.positive:
        run.trend = run.trend * np.exp(amount)
    else:
        run.trend = run.trend + amount * run.drop


def cool_down(run: Run) -> None:
    """The rate goes down at the end, and the loss falls faster once more."""
    begins = run.pick(0.6, 0.92)
    run.rate = cooldown(run.t, begins, run.pick(0.0, 0.1))
    run.rate_explains = True
    ramp = (run.since(begins) / (1.0 - begins)) ** run.pick(0.7, 1.3)
    _bend(run, -run.scale(0.02, 0.3) * ramp)


def high_first_point(run: Run) -> None:
    """One point near the very beginning lies far above the rest."""
    at = min(int(run.rng.choice([0, 0, 1, 1, 2])), run.count - 1)
    run.bumps[at] += run.scale(0.05, 2.0) * run.drop


def towering_start(run: Run) -> None:
    """The first logged loss is many times the second: an unscaled head, a sum instead of a mean."""
    lift = run.scale(1.0, 30.0)
    run.bumps[0] += np.log1p(lift) if run.log else lift * run.drop


def low_first_points(run: Run) -> None:
    """A few easy batches before the true level shows."""
    few = min(int(run.rng.integers(1, 4)), run.count - 1)
    run.bumps[:few] -= run.pick(0.03, 0.4) * run.drop


def floor_reached(run: Run) -> None:
    """A converged run: gradually level, at a floor as high as the data's own noise."""
    pace = run.scale(0.03, 0.3)
    start, low = float(run.trend[0]), float(run.trend.min())
    run.trend = low + (start - low) * np.exp(-run.t / pace)


def late_start(run: Run) -> None:
    """Level for a while, then it falls for good: a long warm-up, or features that form late."""
    begins = run.pick(0.05, 0.6)
    start = float(run.trend[0])
    fallen = np.interp(run.since(begins) / (1.0 - begins), run.t, start - run.trend)
    run.trend = start - np.where(run.t > begins, fallen, 0.0)
    run.rate_explains = run.rate_explains or begins > 0.5


def wandering(run: Run) -> None:
    """Slow drift that no learning curve's formula holds."""
    _bend(run, run.scale(0.003, 0.1) * wander(run.t, run.rng) * np.minimum(1.0, run.t * 10.0))


def easy_batches(run: Run) -> None:
    """Single points far below the trend: batches of another, easier kind."""
    count = int(run.rng.integers(1, 12))
    places = run.rng.integers(run.count // 20, run.count, size=count)
    depth = run.scale(0.05, 0.8)
    here = run.trend[places] if not run.log else 1.0
    low = here - float(run.trend.min()) + 0.1 * run.drop if not run.log else run.drop
    run.bumps[places] -= depth * low


def growing_noise(run: Run) -> None:
    """Noise that grows, or dies away, over the run."""
    run.spread = run.spread * np.exp(run.pick(-1.5, 1.5) * run.t)


TWINS: dict[str, tuple[float, Callable[[Run], None]]] = {
    "cool_down": (0.08, cool_down),
    "high_first_point": (0.12, high_first_point),
    "towering_start": (0.08, towering_start),
    "low_first_points": (0.03, low_first_points),
    "floor_reached": (0.1, floor_reached),
    "late_start": (0.04, late_start),
    "wandering": (0.35, wandering),
    "easy_batches": (0.04, easy_batches),
    "growing_noise": (0.2, growing_noise),
}
"""How often each is laid over a run that no recipe of the shape stage has taken."""

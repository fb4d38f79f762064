"""The definition of loss spikes: isolated jumps, clear of the noise around them and of the ordinary tail."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import quantile, spread
from curvedx.synth.definitions_base import above_floor
from curvedx.synth.grey import both, over, under
from curvedx.synth.truth import SHORT, Truth

JUDGED = 60
"""Largest residuals among which jumps are looked for."""


@above_floor
def loss_spikes(run: Truth) -> float:
    """Isolated jumps above the trend, clear of noise and ordinary tail, that come back within 10 % of the run."""
    residual = (run.y_axis - run.trend)[run.after_first_bump :]
    residual = residual[np.isfinite(residual)]
    if len(residual) < 4:
        return 0.0
    high = residual > max(6.0 * run.noise, 0.1 * run.reach)
    # A jump and the ragged way back from it are one.
    apart = max(1, run.count // 200)
    jumps = int(high.any()) + int(np.count_nonzero(np.diff(np.flatnonzero(high)) > apart))
    if run.explained_switch and jumps < len(run.tasks):
        return 0.0
    order = np.argsort(-residual, kind="stable")
    tall, candidates = residual[order], high[order]
    most = max(1, min(60, len(tall) // 4))
    # The ordinary tail: what is left when the largest, jump-like residuals are set aside.
    rest = tall[~candidates] if (~candidates).sum() >= 5 else tall[most:]
    ordinary = quantile(rest, 0.99)
    sureness = 1.6 if run.count < SHORT else 1.0

    def clear(at: int) -> float:
        height = float(residual[at])
        return both(
            over(height, 6.0 * max(run.noise, noise_around(residual, at)) * sureness),
            over(height, 0.1 * run.reach * sureness),
            over(height, 2.0 * max(ordinary, 0.0) * sureness),
        )

    return both(
        max(clear(at) for at in _separate(order[:JUDGED].tolist(), apart)),
        # A few dozen, or a handful in a thousand points; what is more frequent is a tail.
        under(float(jumps), min(max(2.5, 0.15 * run.count), max(45.0, 0.015 * run.count))),
        under(run.longest_bump, max(0.12, 1.6 / run.count)),
    )


def _separate(places: list[int], apart: int) -> list[int]:
    """Return the first few of some places that are no neighbours of those before them."""
    found: list[int] = []
    for at in places:
        if len(found) < 5 and all(abs(at - other) > apart for other in found):
            found.append(at)
    return found


def noise_around(residual: FloatArray, at: int) -> float:
    """Return the noise of the fifth of the run around a place: it may be loud early and quiet late."""
    half = max(12, len(residual) // 10)
    around = residual[max(0, at - half) : at + half + 1]
    return spread(around) if len(around) > half else 0.0

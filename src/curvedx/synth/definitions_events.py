"""The definitions of events: the rise at the very beginning, isolated jumps that come back, and jumps that stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import middle, quantile_of_sorted, spread
from curvedx.synth.definitions import divergence, oscillation, sawtooth
from curvedx.synth.definitions_base import above_floor, once, zigzag
from curvedx.synth.grey import both, over, under
from curvedx.synth.truth import Truth, finite

JUDGED = 60
"""Largest residuals among which jumps are looked for."""

DROWNING = 4.0
"""How much taller a jump has to be in a sawtooth."""


@once
def warmup_spike(run: Truth) -> float:
    """Within the first 10 % the loss rises over more than one point, then recovers and trains to below its start."""
    count = run.count
    early = max(3, int(run.t.searchsorted(0.1)), round(0.1 * count))
    early = min(early, count - 1)
    clean = run.clean[: early + 1]
    if len(clean) < 3:
        return 0.0
    rise = float((clean - np.minimum.accumulate(clean)).max())
    ends = run.end
    # On a log axis heights are those of the log loss, as everywhere.
    size = run.drop_ if run.log else run.size
    high = clean > clean[0] + max(3.0 * run.noise, 0.03 * size, 0.05 * rise)
    # Of one hump: what single batches reach here and there in a long log is none.
    hump = np.ones(min(len(high), max(6, round(0.005 * count))))
    together = float(np.convolve(high, hump).max())
    return both(
        over(rise, 0.1 * size),
        over(rise, 3.0 * run.noise),
        over(together, max(1.6, 0.001 * count)),
        over(run.start - ends, max(run.noise, 0.02 * size)),
        1.0 - divergence(run),
    )


@above_floor
def loss_spikes(run: Truth) -> float:
    """Isolated jumps above the trend, clear of noise and ordinary tail, that come back within 10 % of the run."""
    residual = finite((run.y_axis - run.trend)[run.after_first_bump :])
    if len(residual) < 4:
        return 0.0
    ordered = np.sort(residual)
    limit = max(6.0 * run.noise, 0.1 * run.reach)
    high = (residual > limit).nonzero()[0] if ordered[-1] > limit else np.empty(0, dtype=np.intp)
    # A jump and the ragged way back from it are one.
    apart = max(1, run.count // 200)
    jumps = int(len(high) > 0) + int(np.count_nonzero(high[1:] - high[:-1] > apart))
    if run.explained_switch and jumps < len(run.tasks):
        return 0.0
    most = max(1, min(60, len(residual) // 4))
    # The ordinary tail: what is left when the largest, jump-like residuals are set aside.
    kept = len(residual) - len(high)
    ordinary = quantile_of_sorted(ordered[: kept if kept >= 5 else len(residual) - most], 0.99)
    # Noise that drowns the progress is no background of events: only what towers above it is one.
    clear = run.sure * (1.0 + (DROWNING - 1.0) * (sawtooth(run) or 0.0))
    best = 0.0
    for at in _separate(_largest(residual, ordered), apart):
        height = float(residual[at])
        degree = both(
            over(height, 6.0 * run.noise * clear),
            over(height, 0.1 * run.reach * run.sure),
            over(height, 2.0 * max(ordinary, 0.0) * run.sure),
        )
        degree = _past_warm_up(run, run.after_first_bump + at, degree, best)
        if degree > best:
            degree = both(degree, 1.0 - _stays(run, run.after_first_bump + at))
        # The noise around it takes long to measure and lowers the degree at most.
        if degree > best:
            degree = both(degree, over(height, 6.0 * max(run.noise, noise_around(residual, at)) * clear))
        best = max(best, degree)
    return both(
        best,
        # A few dozen, or a handful in a thousand points; what is more frequent is a tail.
        under(float(jumps), min(max(2.5, 0.15 * run.count), max(45.0, 0.015 * run.count))),
        under(run.longest_bump, max(0.12, 1.6 / run.count)),
    )


def _past_warm_up(run: Truth, at: int, degree: float, best: float) -> float:
    """Return the degree of an event if it counts: what rises in the first tenth may be the bump of a warm-up."""
    return both(degree, 1.0 - warmup_spike(run)) if degree > best and run.t[at] < 0.1 else degree


def _stays(run: Truth, at: int) -> float:
    """Degree to which a jump has not come back a tenth of the run later, to the level above the floor it rose from."""
    seen = run.lifted or run
    tenth = max(2, round(0.1 * run.count))
    rest = seen.clean[at + tenth : at + tenth + max(2, run.wide)]
    before = float(seen.trend[max(0, at - tenth) : at + 1].min())
    left = (middle(rest) if len(rest) else float(seen.clean[-1])) - before
    return run.stays(float(seen.y_axis[at]) - before, left, before)


@above_floor
def level_jump(run: Truth) -> float:
    """A sudden step up that is still there 10 % of the run later, and from which training wins back a fifth."""
    if run.explained_switch:
        return 0.0
    best = 0.0
    for jump in run.rises:
        # One jump among several swings of its size is a swing.
        swings = len(zigzag(run.trend[run.count // 20 :], 0.6 * jump.height))
        degree = both(
            over(jump.height, 0.05 * run.sure * run.local(jump.before)),
            over(jump.height, 4.0 * run.noise),
            over(jump.height, 2.5 * jump.pace),
            run.stays(jump.height, jump.kept * jump.height, jump.before),
            over(jump.won_back, 0.2),
            under(float(swings), 3.6),
            float(jump.place > 0.03 * run.count),
        )
        best = max(best, _past_warm_up(run, jump.place, degree, best))
    return both(best, 1.0 - divergence(run), 1.0 - run.waves, 1.0 - (oscillation(run) or 0.0))


def _largest(residual: FloatArray, ordered: FloatArray) -> list[int]:
    """Return the places of the residuals among which jumps are looked for, the largest first; equal ones in order."""
    least = ordered[-min(JUDGED, len(ordered))]
    places = (residual >= least).nonzero()[0]
    chosen: list[int] = places[np.argsort(-residual[places], kind="stable")][:JUDGED].tolist()
    return chosen


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


EVENT_REGISTER: dict[str, Callable[[Truth], float | None]] = {
    f.__name__: f for f in (warmup_spike, loss_spikes, level_jump)
}

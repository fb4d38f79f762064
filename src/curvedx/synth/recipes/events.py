"""Patterns of the train loss that happen at a place in the run."""

from __future__ import annotations

import numpy as np

from curvedx.synth.recipes.base import Draws, recipe
from curvedx.synth.run import Run


def _pulse(run: Run, at: int, width: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A passing event of unit height at a logged point: sudden with a decaying tail, or a rounded hill.

    Widths are in logged points, so that what is drawn survives the log.
    """
    behind = np.arange(run.count, dtype=np.float64) - at
    if width <= 1.0:
        return np.asarray((behind == 0).astype(np.float64))
    if run.chance(0.7):
        return np.where(behind >= 0, np.exp(-np.maximum(behind, 0.0) / (0.4 * width)), 0.0)
    return np.asarray(np.exp(-((2.0 * behind / width) ** 2)))


@recipe("event")
def loss_spikes(run: Run, p: Draws) -> None:
    """Isolated jumps above the trend that come back."""
    count = p.count("count")
    drop = run.drop
    height = p.log("height")
    heights = height * run.rng.lognormal(0.0, 0.5, count) * drop
    widths = np.maximum(1.0, np.exp(run.rng.uniform(0.0, np.log(max(1.5, p.uni("width") * run.count)), count)))
    one_point = run.chance(0.4)
    places = np.sort(run.rng.uniform(*p.ranges["at"], size=count))
    if count >= 4 and run.chance(0.2):
        places = np.linspace(float(places[0]), float(places[-1]), count)
    for place, tall, wide in zip(places, heights, widths, strict=True):
        at = run.index(place)
        run.bumps = run.bumps + tall * _pulse(run, at, 1.0 if one_point else wide)
        run.mark("loss_spikes", float(run.t[at]))


@recipe("event", "beginning")
def warmup_spike(run: Run, p: Draws) -> None:
    """A rise over several points at the very beginning, then training as it should be."""
    if run.crowded:
        peak = float(run.rng.choice([1, 1, 2, 2, 3, 4]))
        width = run.pick(0.5, 6.0)
        where = np.arange(run.count, dtype=np.float64)
    else:
        peak = p.log("at")
        width = max(peak * run.pick(0.4, 1.5), 1.0 / run.count)
        where = run.t - run.t[0]
    rise = np.clip(where / peak, 0.0, 1.0) ** run.pick(0.5, 2.0) * np.exp(-np.maximum(where - peak, 0.0) / width)
    height = np.log1p(p.log("height")) if run.log else p.log("height") * max(abs(float(run.trend[0])), run.drop)
    run.bumps = run.bumps + height * rise
    run.mark("warmup_spike", float(run.t[1]))


@recipe("event", "noise")
def sawtooth(run: Run, p: Draws) -> None:
    """Noise that drowns the progress: every batch tells another story."""
    amount = p.log("noise") * run.drop
    if run.chance(0.4):
        level = run.loss(run.trend)
        share = np.maximum(np.abs(level) / max(float(np.abs(level).max()), 1e-300), 1e-3)
        law = np.ones(run.count) if run.log else share ** run.pick(-0.3, 1.0)
        run.spread = amount * law / float(np.median(law))
    else:
        run.spread = np.full(run.count, amount)
    run.mark("sawtooth", 0.0)


@recipe("event", "jump")
def level_jump(run: Run, p: Draws) -> None:
    """A sudden step up from which training goes on: a resume that forgot something, other data."""
    at = p.uni("at")
    here = run.index(at)
    after = run.t >= run.t[here]
    if run.chance(0.3):
        # An old checkpoint: the way from there is gone once more.
        lost = run.pick(0.15, 0.95) * at
        again = np.interp(np.maximum(run.t - lost, 0.0), run.t, run.trend)
    else:
        jump = p.log("height")
        tall = np.log1p(jump) if run.log else jump * run.local_level(here)
        won_back, pace = p.uni("won_back"), run.scale(0.03, 0.8)
        healing = won_back * (1.0 - np.exp(-run.since(at) / pace)) / (1.0 - np.exp(-max(1.0 - at, 1e-6) / pace))
        again = run.trend + tall * (1.0 - healing)
    run.trend = np.where(after, again, run.trend)
    run.mark("level_jump", float(run.t[here]))


@recipe("event", "jump")
def divergence(run: Run, p: Draws) -> None:
    """The loss turns and climbs, in a moment or for a long time, and does not come back."""
    begin = 0.0 if run.chance(0.35) else p.uni("at")
    here = run.index(begin)
    # One that never falls climbs as high as it would have fallen.
    drop = run.drop
    if begin == 0.0:
        run.trend = np.full(run.count, run.trend[0])
    if run.chance(0.6 if begin == 0.0 else 0.15):
        # A rate far too high: nothing but a climb, to the last point.
        rise_time = (1.0 - begin) * run.pick(0.4, 1.3)
    elif run.chance(0.22):
        rise_time = 0.5 / run.count
    else:
        rise_time = max(p.log("rise"), run.pick(1.5, 4.0) / run.count)
    share = run.since(begin) / rise_time
    style = run.rng.random()
    if style < 0.35:
        climb = np.clip(share, 0.0, 1.0)
    elif style < 0.7:
        climb = 1.0 - np.exp(-2.0 * share)
    else:
        bend = run.scale(1.0, 10.0)
        climb = np.expm1(bend * np.minimum(share, 1.0)) / np.expm1(bend)
    back = p.uni("won_back") * np.clip((share - 1.0) * rise_time / run.pick(0.1, 0.6), 0.0, 1.0)
    if run.chance(0.4):
        climb = climb * (1.0 - back)
    tall = p.log("height") * drop
    if run.chance(0.2) and not run.log:
        tall = tall * run.scale(1.0, 300.0)
    stuck = np.where(run.t > begin, run.trend[here], run.trend)
    run.trend = stuck + tall * climb
    run.spread = np.where(run.t > begin, run.spread * run.scale(1.0, 8.0), run.spread)
    run.mark("divergence", float(run.t[here]))


@recipe("event", "end")
def numerical_failure(run: Run, p: Draws) -> None:
    """NaN or infinity, for good or now and then; or disguised: zeros under a dead gradient norm, garbage."""
    at = run.index(p.uni("at"))
    behind = np.arange(run.count) >= at
    steps_on = np.arange(run.count) - at + 1.0
    bad = np.full(run.count, np.nan)
    style = run.rng.random()
    if style < 0.2:
        behind = behind & (run.rng.random(run.count) < run.scale(0.002, 0.3))
        behind[at] = True
    elif style < 0.35:
        bad = np.where(np.arange(run.count) < at + int(run.rng.integers(1, 4)), np.inf, np.nan)
    elif style < 0.5:
        bad = np.zeros(run.count)
        known = run.grad if run.grad is not None else np.full(run.count, run.pick(-1.0, 1.0))
        if run.chance(0.6):
            run.grad = np.where(behind, np.nan, known)
        else:
            run.grad, run.grad_stuck = known, float(run.t[at])
    elif style < 0.72 and run.positive:
        size = run.local_level(at) * (run.scale(0.05, 1e4) if run.chance(0.4) else run.scale(0.1, 5.0))
        scattered = (
            run.rng.lognormal(0.0, 0.5, run.count)
            if run.chance(0.4)
            else 1.0 - np.exp(-np.maximum(steps_on, 0.0) / run.scale(0.5, 60.0))
        )
        bad = -size * scattered
    elif style < 0.85:
        # The explosion that ends in NaN.
        climb = np.clip((run.t - run.t[at] + 0.05) / 0.05, 0.0, 1.0) ** 2
        run.trend = run.trend + run.scale(0.1, 5.0) * run.drop * climb
    run.broken, run.broken_at = bad, behind
    run.mark("numerical_failure", float(run.t[at]))
